"""A text as it is seen and as people would type it: without characters that nobody sees, and with plain letters where
it has ligatures, wide ones or accents apart. What a document prints in the one way a value may say in the other. Pure.
"""

from __future__ import annotations

import re
import unicodedata

# Zero-width spaces, marks of direction, hyphens that are there only where a line ends, tags.
UNSEEN = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # as within brackets of a pattern
JOINERS = "\u200c\u200d"
TAGS = "\U000e0020-\U000e007f"  # that make a region's flag of a black one
# Below, the character comes before what has to stand before it: where no such character is, the look costs nothing.
_UNSEEN = re.compile(rf"[{UNSEEN}{TAGS}](?:(?<=[{UNSEEN}])|(?<![{TAGS}\U0001f3f4].)[{TAGS}]*)")
# What joins letters or parts them says something in scripts behind Greek and Cyrillic, and between pictures.
_LOOSE_JOINER = re.compile(rf"[{JOINERS}](?:(?<![^\x00-\u058f].)|(?![^\x00-\u058f\s{JOINERS}]))")
_JOINED = re.compile(rf"[{JOINERS}](?:(?<=[^\W_].)|(?<=[\u0900-\u0dff].))")  # of letters, no pictures
_STYLES = re.compile("[\ufe00-\ufe0f]")  # as text or as a picture
_COMPATIBLE = re.compile(  # ligatures, Arabic letters as they are printed, wide letters and narrow kana
    "[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdff\ufe70-\ufefc\uff01-\uff5e\uff61-\uffdc]+"
)


def seen(text: str) -> str:
    """Without what nobody sees. A value without it is the same."""
    if text.isascii():
        return text
    return _LOOSE_JOINER.sub("", _UNSEEN.sub("", text))


def typed(text: str) -> str:
    """As plain letters say it: composed, without joiners of letters and styles of pictures."""
    if text.isascii():
        return text
    plain = _COMPATIBLE.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    return unicodedata.normalize("NFC", _STYLES.sub("", _JOINED.sub("", seen(plain))))
