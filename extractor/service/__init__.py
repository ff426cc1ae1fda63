"""The whole service on one machine: `extractor up`, its store, and the programs it looks after."""
