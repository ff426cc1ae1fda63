"""Where draft tokens come from, and how many are worth drafting."""
