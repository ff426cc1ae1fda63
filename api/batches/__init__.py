"""Uploads of many documents, read as they come."""
