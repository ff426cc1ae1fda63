"""Answers against right ones: how many values are right, leaf by leaf, and how well confidence says which."""
