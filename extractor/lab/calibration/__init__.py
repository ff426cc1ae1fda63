"""The bundled pair's own fit: the documents that it is made of, and the command that makes and measures it."""
