"""Attention masks: how the rows of a step look at the cache."""
