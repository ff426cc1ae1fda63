"""(schema, document) → the token ids that a model is asked with."""
