"""What of a pydantic model a grammar can hold: its JSON Schema, narrowed to what its types take."""
