"""Checkpoints → a target and its drafter that can be stepped."""
