"""The messages between API and workers. Each holds a tenant and a job's id."""
