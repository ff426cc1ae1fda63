"""What the programs of the service have in common: how one is started and with which environment, its heartbeat, and
what it says when a package is missing."""
