"""What ends a value of a JSON text where the grammar leaves it open: limits, and loops that the document does not
print. Functions of the bytes written and nothing else, so drafts change nothing.

In each step `narrowing.py` reads what a row has written. Up to `calm_to` bytes nothing can have to end, whatever comes:
then that is all. Behind it, it asks for each token of the draft what is `due`. A string or a number ends now. A
container that is *full* gets no further member: it reached a limit, or its members repeat more often than the document
prints them, or they stand nowhere. It is *starving* where a dozen members in succession, of whatever is open, said
nothing new: then what begins within it stays empty, too. What was ended, and why, stands in `ended`.

limits.py       how much there may be at most, and why a value was ended
narrowing.py    masks of a step → the same, narrowed to what ends a value that has to end
text.py         a JSON text while it is written: what of it has to end (`due`), and until when nothing can (`calm_to`)
nesting.py      the lists and objects that are open     container.py  one of them
items.py        whether a list goes on without end      members.py    the same of an object
said.py         what an answer has said already         repeats.py    how often a document says something
loops.py        whether a text ends in a loop           json_string.py  strings and values of a text
"""
