"""How a step's rows look at the cache."""
