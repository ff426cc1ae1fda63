"""The ledger, the queue and the worker. Only modules of `worker/` load the extractor (and torch)."""
