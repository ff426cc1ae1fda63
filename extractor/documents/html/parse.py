"""HTML → Lexbor's tree, which is the one a browser makes (WHATWG, HTML, 13.2).

For each start tag that standard has the open elements looked through. Deep nesting makes that slow: 200,000 open `div`s
took 125 s. So the work is estimated first, and what is too much is refused.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from extractor.sandbox import Rejected

_MOST_STEPS = 300_000_000  # about two seconds
_MOST_TAGS = 1_000_000
_MOST_ATTRIBUTES = 2_000  # of one element, each of which is looked for among those before
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{8000,}")
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_CLOSED_ALONE = frozenset(  # that have no end, or end where the next of them begins
    "area base br col embed hr img input link meta source track wbr param p li dt dd td th tr tbody thead tfoot option "
    "optgroup colgroup rp rt body html head".split()
)
_EMPTY = re.compile(r"<((?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*))((?:\s[^<>]*)?)/>")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr param".split())


def parse(markup: str) -> LexborHTMLParser:
    """Raises Rejected `document_too_complex` for what takes too long."""
    if any(len(_QUOTED.sub("", tag).split()) > _MOST_ATTRIBUTES for tag in _LONG_TAG.findall(markup)):
        raise Rejected("document_too_complex", f"the HTML has an element of more than {_MOST_ATTRIBUTES:,} attributes")
    depth = steps = 0
    for count, found in enumerate(_TAG.finditer(markup)):
        if count > _MOST_TAGS:
            raise Rejected("document_too_complex", f"the HTML has more than {_MOST_TAGS:,} tags", limit=_MOST_TAGS)
        if found[2].lower() in _CLOSED_ALONE:
            steps += depth
        elif found[1]:
            depth -= depth > 0
        else:
            depth += 1
            steps += depth
        if steps > _MOST_STEPS:
            raise Rejected("document_too_complex", "the HTML has elements within each other without end")
    return LexborHTMLParser(markup)


def opened(markup: str) -> str:
    """XHTML as HTML: an element that XML closes at once (`<title/>`, `<a id="x"/>`) would take all that follows."""

    def close(found: re.Match[str]) -> str:
        name, plain, attributes = found.groups()
        return found.group() if plain.lower() in _VOID else f"<{name}{attributes}></{name}>"

    return _EMPTY.sub(close, markup)
