"""The calls of the API, one file a resource; each endpoint reads its input, asks one collaborator, and answers."""
