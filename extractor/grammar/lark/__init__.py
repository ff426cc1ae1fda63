"""JSON Schema as rules of llguidance's Lark, where its `%json` cannot say what has to be written.

rules.py         rules and terminals by name: objects and lists of parts that are given
writer.py        a rewritten schema → rules, down to values that are `%json`, text, or what a document prints
leaf.py          a printed value on which several schemas meet, as one
key_patterns.py  keys of a pattern, as JSON writes them
"""

from extractor.grammar.lark.writer import LarkWriter, in_lark

__all__ = ["LarkWriter", "in_lark"]
