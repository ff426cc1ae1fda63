"""The messages between API and workers, each a tenant and a job's id; and queues within a process in which tenants
take turns."""
