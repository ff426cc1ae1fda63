"""Logs and traces of workers and the ledger."""
