"""A request's body → a job that the ledger will keep, or a problem that says what to change."""
