"""Grammars under which a value can only be one that the document prints, where a schema or a call demands it.

mark.py        which values of a schema have to be printed: `x-printed` in JSON Schema, or all of a call
words.py       a document as stretches of words that a text may be
runs.py        whether it prints a text
candidates.py  its numbers, days, times and words of one kind, as JSON spells them
reading.py     what it prints for each kind of value: a terminal of the grammar, or nothing at all
place.py       the same of one short place of it, such as the cell behind a label
check.py       the same of a finished answer, where no grammar could hold it
grammars.py    schema and document → grammar, written by ../lark
"""
