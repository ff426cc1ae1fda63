"""Faults injected into a running fleet (`make chaos`); a fast selection runs with every test."""
