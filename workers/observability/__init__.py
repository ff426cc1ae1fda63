"""Logs and traces of workers and the ledger; which troubles are told again, and when."""
