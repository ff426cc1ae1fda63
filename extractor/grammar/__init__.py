"""Schema → the grammar the engine decodes under, and what a stranger's schema may cost.

compile.py    grammars by schema, kept           guided.py      a narrowed schema as llguidance's text
forced.py     how much text a schema forces      free_keys.py   whether an answer may have keys of its own
limits.py     what is open in it ends there      vocabulary.py  made-up tokens, where no model is
trial.py      strangers' schemas, tried in a sandbox
judge.py      what runs there                    verdicts.py    what it found, for other processes
rewrite.py    an answer, of which only what was wrong is written again
nullable.py   a schema with some values that may no longer be null

narrow/ makes a schema one that a grammar can follow, lark/ writes what JSON Schema cannot say to llguidance, printed/
holds values to what a document prints.
"""
