"""How to ask: the HTTP API. It knows the schemas and the ledger; it knows no model and never loads torch."""
