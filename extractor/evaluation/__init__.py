"""Answers against right ones: how many values are right, and how well confidence says which."""
