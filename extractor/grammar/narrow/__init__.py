"""JSON Schema → the narrower JSON Schema a grammar is made from: `NarrowedSchema(root, Bounds()).whole()`.

narrow.py    the rewriting itself                  site.py      where a schema stands meanwhile
bounds.py    what an answer may hold at most       anything.py  any value, within those
meeting.py   what several schemas say of a value   tags.py      what tells the options of a union apart
keys.py      keys that nobody declares             marks.py     what is said beyond JSON Schema
unfold.py    definitions that lead to themselves   cycles.py    which those are
literals.py  enums of long numbers                 far.py       numbers beyond what llguidance holds
zeros.py     decimals that it leaves out
"""

from extractor.grammar.narrow.bounds import Bounds
from extractor.grammar.narrow.narrow import NarrowedSchema

__all__ = ["Bounds", "NarrowedSchema"]
