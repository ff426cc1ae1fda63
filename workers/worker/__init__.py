"""One worker process: what it takes, runs, keeps alive and repairs."""
