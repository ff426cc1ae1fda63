"""Which encoding bytes are in that say nothing about it.

In Latin writing the encoding is right under which the letters beyond ASCII are those of one language, and signs stand
where people print them. In Cyrillic, Greek, Hebrew, Arabic and Thai it is the one under which the letters are those
that are written most. What takes several bytes a letter is left to charset-normalizer, which takes too much for
possible where letters beyond ASCII are few.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from functools import cache

from charset_normalizer import from_bytes

# In order: who comes first wins where nothing speaks for another.
_LATIN = """
    cp1252 cp1250 cp1254 cp1257 iso8859_15 iso8859_2 iso8859_9 iso8859_13 iso8859_16 iso8859_3 iso8859_4 iso8859_10
    iso8859_14 cp1258 cp850 cp437 cp852 cp857 cp860 cp865 mac_roman mac_latin2
""".split()
_OLD = frozenset("cp1258 cp850 cp437 cp852 cp857 cp860 cp865 mac_roman mac_latin2 mac_cyrillic cp737 cp862".split())
_OF_DOS = frozenset("cp850 cp437 cp852 cp857 cp860 cp865 cp866 cp737 cp862".split())
# What frames are drawn with: the same bytes on all machines that had DOS.
_FRAME = bytes.fromhex("b0b1b2b3b4b9babbbcbfc0c1c2c3c4c5c8c9cacbcccdced9dadbdcdffe")
_RULE = re.compile(rb"[\xc4\xc1\xc2\xc5]{5}|[\xcd\xca\xcb\xce]{5}")
_WIDE = "shift_jis euc_jp gb18030 big5 euc_kr".split()
# Of other scripts: letters, the most frequent first, and the encodings they come in.
_SCRIPTS = (
    ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіїєґёъў", "cp1251 koi8_r koi8_u iso8859_5 cp866 mac_cyrillic"),
    ("αοιετσνηυρπκμλωίόςέάδγχήθφύβξώζψ", "cp1253 iso8859_7 cp737"),
    ("יוהלאבמרתשנםדחפקעטכסצגןזךףץ", "cp1255 iso8859_8 cp862"),
    ("الينمرتبعهسودفقكحجطصشخةثذأضزىغظإئءؤآ", "cp1256 iso8859_6"),
    ("านรอกเ่งมยลวด้ทสตะปบคิหัแจีพไขใชูโุซื์ถผศํธ็ึฉณญษภำฟฐ", "cp874"),
)
_FOREIGN = 45  # the rank of a letter that is none of the script's
_LETTERS = 33  # ranks are told as if every script had as many
_TYPICAL = 13.0  # the mean rank of letters in a text, at most
# Letters beyond ASCII, languages that more people write first.
_ALPHABETS = """
    áéíñóúü àâçéèêëîïôœùûü äöüß áâãàçéêíóôõúü àèéìíòóùú çğıöşüâîû ąćęłńóśźż éëïóöüáè ăâîşţșț áčďéěíňóřšťúůýž áéíóöőúüű
    åäöé æøåéó čćđšž áäčďéíĺľňóôŕšťúýž ąčęėįšųūž āčēģīķļņšūž äõöüšž àçéèíïóòúü çë áðéíóúýþæö àċġħżèìòù âêîôûŵŷïáéëö
    ĉĝĥĵŝŭ áčđŋšŧžâåäöõ çəğıöşü ăâđêôơưàảãáạèẻẽéẹìỉĩíịòỏõóọùủũúụỳỷỹýỵ
""".split()
_SIGNS = frozenset("«»„“”‚‘’–—…•°²³§€£¥©®™½¼¾ªº¿¡·×±µ¹‰‹›\xa0")
_IN_WORDS = frozenset("·’‘–—×ªº°")
_SELDOM = 0.15  # what a point in the middle of a word costs: Catalan has it
_OPENING = frozenset("‚„¿¡")  # stand behind no letter
_RARE = 0.6  # what a sign costs that nobody prints, of what a wrong letter costs
_UNUSUAL, _OLDER = 0.02, 1.0  # what an encoding of old machines costs, in Latin letters and in ranks
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff]{1,2}(?![\x80-\xff])")
_WITHIN = re.compile(rb"(?<=[A-Za-z])([\x80-\xff])(?=[A-Za-z\x80-\xff])")
_BEHIND_SMALL = re.compile(rb"(?<=[a-z])[\x80-\xff]")
_AFTER_SMALL = re.compile(rb"(?<=[\x80-\xff])[\x80-\xff]")
_SAMPLE_BYTES = 65_536


def guess(data: bytes) -> str | None:
    """The name of the encoding, or None where none makes text of the bytes. `data` is neither UTF-8 nor UTF-16."""
    sample = data[:_SAMPLE_BYTES]
    if len(data) > len(sample):  # which may end within a character: cut behind what is none's second byte
        end = max(sample.rfind(byte) for byte in (b"\n", b" ", b",", b"."))
        sample = sample[: end + 1] if end > len(sample) // 2 else sample
    if _RULE.search(sample):
        return _of_dos(sample.translate(_BLANK))
    high = sum(byte > 0x7F for byte in sample)
    alone = sum(map(len, _ALONE.findall(sample)))  # in Latin letters they stand alone; elsewhere they come in rows
    if alone > high / 2:
        return _latin(sample)
    found = _other_script(sample)
    if found is not None:
        return found
    matches = list(from_bytes(sample, cp_isolation=_LATIN[:4] + _WIDE, threshold=0.2))
    matches = [match for match in matches if any(unicodedata.category(char).startswith("L") for char in str(match))]
    return matches[0].encoding if matches else None


_BLANK = bytes(0x20 if byte in _FRAME else byte for byte in range(256))


def _of_dos(sample: bytes) -> str | None:
    """Of text in frames, which are left out here."""
    if not any(byte > 0x7F for byte in sample):
        return "cp437"
    high = sum(byte > 0x7F for byte in sample)
    in_latin = sum(map(len, _ALONE.findall(sample))) > high / 2
    return _latin(sample, _OF_DOS) if in_latin else _other_script(sample, _OF_DOS)


def _latin(sample: bytes, among: Collection[str] = _LATIN) -> str | None:
    counts = Counter(byte for byte in sample if byte > 0x7F)
    within = Counter(match[1][0] for match in _WITHIN.finditer(sample))
    best: tuple[float, str] | None = None
    behind_small = Counter(match[0][0] for match in _BEHIND_SMALL.finditer(sample))
    for place, encoding in enumerate(_LATIN):
        cost = _cost(counts, within, behind_small, encoding) if encoding in among else None
        if cost is None:
            continue
        cost += _UNUSUAL * (encoding in _OLD) + place * 1e-6
        if best is None or cost < best[0]:
            best = cost, encoding
    return best[1] if best is not None and best[0] < 0.5 else None


def _other_script(sample: bytes, among: Collection[str] | None = None) -> str | None:
    counts = Counter(byte for byte in sample if byte > 0x7F)
    within = Counter(match[0][-1] for match in _AFTER_SMALL.finditer(sample))
    best: tuple[float, str] | None = None
    for order, encodings in _SCRIPTS:
        for encoding in encodings.split():
            rank = _mean_rank(counts, within, order, encoding) if among is None or encoding in among else None
            if rank is not None and (best is None or rank + _OLDER * (encoding in _OLD) < best[0]):
                best = rank, encoding
    return best[1] if best is not None and best[0] <= _TYPICAL else None


def _mean_rank(counts: Counter[int], within: Counter[int], order: str, encoding: str) -> float | None:
    """How far down the list of frequent letters those of a text are; capitals within words are foreign."""
    table = _table(encoding)
    ranks, letters = 0.0, 0
    for byte, count in counts.items():
        char = table[byte - 0x80]
        if char is None or unicodedata.category(char) == "Cc":
            return None
        if char in _SIGNS:
            continue
        rank = order.find(char.lower())
        foreign = within[byte] if char.isupper() else 0
        ranks += (count - foreign) * (rank if rank >= 0 else _FOREIGN) + foreign * _FOREIGN
        letters += count
    return ranks / letters * _LETTERS / len(order) if letters else None


def _cost(counts: Counter[int], within: Counter[int], behind_small: Counter[int], encoding: str) -> float | None:
    """The share of characters beyond ASCII that are odd under an encoding; None where a byte is nothing in it.
    `within`: how often each byte stands between letters, where a sign does not; `behind_small`: and how often behind a
    small letter, where no capital does."""
    table = _table(encoding)
    letters: Counter[str] = Counter()
    odd = 0.0
    for byte, count in counts.items():
        char = table[byte - 0x80]
        if char is None:
            return None
        if char.isalpha() and char not in _SIGNS:
            letters[char.lower() if char != "İ" else "ı"] += count
            odd += behind_small[byte] if char.isupper() else 0
        elif unicodedata.category(char) == "Cc":
            return None
        elif char not in _SIGNS:
            odd += _RARE * count
        elif char not in _IN_WORDS:
            odd += behind_small[byte] if char in _OPENING else within[byte]
        elif char == "·":
            odd += _SELDOM * within[byte]
    foreign, rank = min(
        (sum(count for letter, count in letters.items() if letter not in alphabet), rank)
        for rank, alphabet in enumerate(_ALPHABETS)
    )
    return (odd + foreign) / sum(counts.values()) + rank * 1e-4


@cache
def _table(encoding: str) -> tuple[str | None, ...]:
    """What each byte from 0x80 on is."""
    return tuple(_char(byte, encoding) for byte in range(0x80, 0x100))


def _char(byte: int, encoding: str) -> str | None:
    try:
        return bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return None
