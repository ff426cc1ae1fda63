"""Names of files in a text, which a reader wrote there so that whoever reads it knows what is attached: a value of
fields that ask for files, and of no others. How to read a text without them, and which fields ask for files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from extractor.notation.key_words import key_words, plain

NOTHING = "\0"  # no document has it
_ENDING = 5  # characters of a name's, at most

# Words for a file, for what is attached, and for a document's name.
_WORDS = """
file files filename filenames attachment attachments enclosure enclosures anlage anlagen beilage beilagen fichier
fichiers archivo archivos fichero ficheros adjunto adjuntos allegato allegati arquivo arquivos anexo anexos ficheiro
ficheiros bijlage bijlagen bestandsnaam bilaga bilagor bilagan vedlegg bilag fil filer filnavn filnamn vedhæftning
dosya dosyası dosyalar ekler liite liitteet plik pliki pliku plików fitxer fitxers adjunt adjunts lampiran berkas tệp
failas failai fails faili viðhengi
"""
_BEGIN = (  # such a word, in languages that write on after it
    "datei anhang anhäng anhaeng mailanhang mailanhäng liitetiedosto tiedosto załącznik soubor příloh "
    "súbor prílo csatolmány melléklet fájl fișier atașament datotek privitak privitk prilog priponk pielikum "
    "файл вложени вкладен прикріплен приложени прилог συνημμέν αρχεί"
)
_PHRASES = """
document name; document names; name of the document; documentname; dokumentname; dokumentenname; name des dokuments
nom du document; pièce jointe; pièces jointes; nombre del documento; nome del documento; nome do documento
documentnaam; naam van het document; đính kèm
attached document; attached documents; enclosed document; enclosed documents
"""
_WHOLE = "attached enclosed 文件"  # where a field is called that and nothing else
_UNSPACED = "附件 文件名 檔案 檔名 ファイル 添付 파일 첨부 ไฟล์ แนบ קובץ קבצים מצורף צרופ ملف مرفق فایل پیوست फ़ाइल संलग्नक"
_SPELLED = str.maketrans({"ł": "l", "ı": "i", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe"})
_NUMBERED = frozenset("number no nr num ref reference id".split())  # `file number` is that of a case


def without(text: str, names: Iterable[tuple[int, int]]) -> str:
    """`text` with NOTHING in the place of each character of `names`, spans of it in order: offsets stay."""
    pieces, at = [], 0
    for start, stop in names:
        pieces += [text[at:start], NOTHING * (stop - start)]
        at = stop
    return "".join([*pieces, text[at:]])


def forms(names: Iterable[str]) -> Iterator[str]:
    """As what a value may give each of them: whole, and without its ending; and all of them, as the text lists them."""
    listed = [" ".join(name.split()) for name in names if name.strip()]
    for name in (*listed, ", ".join(listed)) if len(listed) > 1 else listed:
        yield name
        stem, _, ending = name.rpartition(".")
        if name in listed and stem and ending.isalnum() and len(ending) <= _ENDING:
            yield stem


def asks_for_files(name: str) -> bool:
    """Whether a field of this key, or of which a schema says this, may be what a file is called."""
    words = _plain(" ".join(key_words(unicodedata.normalize("NFC", name)))).split()
    if any(word in _KNOWN or word.startswith(_STEMS) for word in _not_of_cases(words)):
        return True
    joined, letters = f" {' '.join(words)} ", _plain(name)
    if joined.strip() in _ALONE or any(f" {phrase} " in joined for phrase in _SEVERAL):
        return True
    return any(word in letters for word in _LETTERS)


def _not_of_cases(words: list[str]) -> list[str]:
    return [word for word, after in zip(words, [*words[1:], ""], strict=False) if after not in _NUMBERED]


def _plain(text: str) -> str:
    """As keys of programs spell it, in Latin letters."""
    return plain(text).translate(_SPELLED)


_KNOWN = frozenset(_plain(_WORDS).split())
_STEMS = tuple(_plain(_BEGIN).split())
_SEVERAL = tuple(phrase for phrase in re.split(r"\s*[;\n]\s*", _plain(_PHRASES)) if phrase)
_LETTERS = tuple(_plain(_UNSPACED).split())
_ALONE = frozenset(_plain(_WHOLE).split())
