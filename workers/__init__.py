"""Who does it: the ledger, the queue and the worker. Only `tasks` and `runtime` ever load the extractor (and torch)."""
