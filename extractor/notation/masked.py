"""Numbers of which only the last digits are printed, and the first perhaps: `XXXX4402`, `411111XXXXXX4402`, `x4402`.
What `*`, `•` and `#` hide needs no rule: they are letters of no word. Pure: regular expressions for whoever cuts words.
"""

from __future__ import annotations

_X = "[xXхХ]"  # Latin and Cyrillic
_LAST = r"(?=\d{2,}(?![^\W_]))"  # to the end of the word
SIGNS = (  # behind digits they are more than one or two, behind letters more still: `DEXXXXXX4402`, but no `FAXX4402`
    rf"(?={_X}|[A-Z][A-Z])(?:(?<![^\W_])(?:{_X}{{2,}}{_LAST}|x(?=\d{{3,}}(?![^\W_]))"
    rf"|[A-Z]{{2}}(?:\d\d)?{_X}{{4,}}{_LAST})|(?<=\d){_X}{{3,}}{_LAST})"
)
FIRST = rf"\d{{4,}}(?={_X}{{3,}}\d\d(?!\w*[^\W\d_]))"  # before them
