"""Webhooks: who wants to is told that an extraction or a batch has ended."""
