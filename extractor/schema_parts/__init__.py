"""Schemas whose own prompt does not fit a model's context: cut at the properties of their objects into parts, each a
JSON Schema of its own, whose answers are put together again.

definitions.py  a schema whose references all lead to `$defs`      objects.py  objects that can be cut, and how
pack.py         a schema → the properties of each part             part.py     those properties → a part's schema
sketch.py       what an answer is at least                         join.py     answers of parts → one
planner.py      how a document and a schema are divided, by what a model's context holds
likely_windows.py which windows speak of a field
put_together.py what became of each window and each part → one answer
"""
