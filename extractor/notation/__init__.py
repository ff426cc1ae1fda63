"""Numbers, dates and times as people print them, for the engine's drafts and for evidence."""
