"""The gate for documents: what is certainly none that is read is refused there, everything else goes on to a reader."""

from __future__ import annotations

import encodings
import io
import random
import tracemalloc
import zipfile

import pytest

from extractor.documents import Document, gate, read
from extractor.documents.context import Context
from extractor.documents.convert import convert
from extractor.documents.formats import ACCEPTED, FORMATS
from extractor.documents.gate import DocumentRefused, DocumentType
from extractor.documents.readers import Readers
from extractor.errors import DocumentError
from tests.documents import making
from tests.documents.ole import compound

TEXT = "text/plain"
PDF = b"%PDF-1.7\n..."


def check(document: bytes, given: str | None = TEXT, filename: str | None = None, limit: int = 100_000) -> DocumentType:
    return gate.check(document, given, filename, max_bytes=limit)


def refused(document: bytes, given: str | None = TEXT, limit: int = 100_000) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        check(document, given, limit=limit)
    return caught.value


def code_of(document: bytes, given: str = TEXT) -> str:
    return refused(document, given).code


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (b"Total 12", TEXT),
        ("Größe 3 €".encode(), TEXT),
        ("Größe 3".encode("latin-1"), TEXT),  # in no encoding it claims: the worker decides
        ("Größe".encode("utf-16"), TEXT),  # NUL bytes, but with its mark
        ("Größe".encode("utf-16-le"), "text/plain; charset=utf-16-le"),
        ("Total 12".encode("utf-16-be"), TEXT),  # neither mark nor charset: the worker finds out
        ("Total 12".encode("utf-32-le"), TEXT),
        ("合計".encode("shift_jis"), 'TEXT/Plain; Charset="Shift_JIS"'),
        (b"# Title", "text/markdown"),
    ],
)
def test_text_passes(document: bytes, media_type: str) -> None:
    assert check(document, media_type).form == "plain"


@pytest.mark.parametrize(
    ("document", "given", "filename", "kind", "form"),
    [
        (PDF, "image/png", "a.txt", "application/pdf", "file"),
        (PDF, None, None, "application/pdf", "file"),
        (b"\x89PNG\r\n\x1a\n....", TEXT, "a.pdf", "image/png", "picture"),
        (b"\xff\xd8\xff\xe0....", "text/html", None, "image/jpeg", "picture"),
        (b"GIF89a....", None, None, "image/gif", "picture"),
        (making.docx(making.p("Total 12")), "application/zip", None, making.DOCX, "file"),
        (b"{\\rtf1 Total}", TEXT, None, "application/rtf", "file"),
        (b"<!DOCTYPE html><p>Total 12", TEXT, "a.txt", "text/html", "file"),
        (b"<html>\0<p>Total 12", None, None, "text/html", "file"),  # a stray byte makes no page of anything else
        (b"Message-ID: <a@b>\nFrom: a@b\nSubject: c\n\nTotal", TEXT, None, "message/rfc822", "file"),
        (b"a,b\n1,2\n", "text/csv; header=present", None, "text/csv", "file"),
        (b"a,b\n1,2\n", "application/octet-stream", "A.CSV", "text/csv", "file"),
        (b"# a", None, "A.MD", "text/markdown", "plain"),
        (b"Total 12", "image/png", "a.png", TEXT, "plain"),
        (b"Total 12", "nonsense", None, TEXT, "plain"),
        (b"Total 12", None, None, TEXT, "plain"),
        (b'{"a": 1}', "application/json", None, "application/json", "plain"),
    ],
)
def test_the_bytes_say_what_it_is(
    document: bytes, given: str | None, filename: str | None, kind: str, form: str
) -> None:
    assert check(document, given, filename) == DocumentType(kind, None, form)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "given", "kind"),
    [
        ("%PDF- is how they begin", None, DocumentType("text/plain", "utf-8", "text")),
        ("ID3 of a song", "image/png", DocumentType("text/plain", "utf-8", "text")),
        ("<html><p>Total 12", None, DocumentType("text/html", "utf-8", "file")),
    ],
)
def test_what_came_as_text_is_text(text: str, given: str | None, kind: DocumentType) -> None:
    found = gate.check(text.encode(), given, max_bytes=100, text=True)
    assert found == kind


def test_binary_garbage_is_refused() -> None:
    assert code_of(random.Random(0).randbytes(900)) == "binary_document"
    assert code_of(bytes(range(1, 9)) * 20) == "binary_document"
    assert code_of(b"a\0b", "text/plain; charset=utf-8") == "binary_document"


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("document", "code", "said"),
    [
        (zipped(a=b"1", b=b"2"), "unsupported_media_type", "ZIP archive of 2 files ('a', 'b')"),
        (b"PK\x05\x06" + bytes(18), "unsupported_media_type", "ZIP archive of 0 files"),
        (b"\x1f\x8b\x08" + bytes(9), "unsupported_media_type", "gzip archive"),
        (b"\x7fELF" + bytes(20), "unsupported_media_type", "program"),
        (compound({"WordDocument": b"x"}), "unsupported_media_type", "save it as DOCX or PDF"),
        (compound({"EncryptedPackage": b"x"}), "password_required", "save it without one"),
    ],
)
def test_what_is_not_read_is_named(document: bytes, code: str, said: str) -> None:
    problem = refused(document)
    assert (problem.code, problem.at) == (code, "document")
    assert said in problem.detail


def test_a_bomb_is_told_without_unpacking_it() -> None:
    """The member that names a document's kind, whose size is a lie; and more members than anybody lists."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", bytes(50_000_000))
    bomb = bytearray(buffer.getvalue())
    entry = bomb.index(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    many = b"PK\x03\x04" + (b"PK\x01\x02" + bytes(42)) * 100_000
    tracemalloc.start()
    try:
        for document in (bytes(bomb), many):
            assert refused(document, limit=10**8).code == "unsupported_media_type"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_what_is_refused_is_all_that_no_worker_reads() -> None:
    """The gate and the readers have one table of formats between them."""
    for kind, known in FORMATS.items():
        assert (kind in ACCEPTED) == (known.reader is not None)


@pytest.mark.parametrize("document", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe \x00"])
def test_nothing_to_read_is_empty(document: bytes) -> None:
    assert code_of(document) == "empty_document"


def test_the_limit_is_named() -> None:
    too_large = refused(b"x" * 11, limit=10)
    assert (too_large.code, too_large.limit) == ("document_too_large", 10)
    check(b"x" * 10, limit=10)


NO_CHARSETS = "no-such zlib punycode unicode_escape idna hex rot13 utf-7 charmap aliases mbcs x a\0b a/b ütf-8".split()


@pytest.mark.parametrize("charset", [*NO_CHARSETS, "utf 8", "utf!8", "u" * 99])
def test_a_charset_that_is_none_is_refused(charset: str) -> None:
    problem = refused(b"abc", f"text/plain; charset={charset}")
    assert (problem.code, problem.at) == ("unsupported_media_type", "media_type")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("text/plain", "text/plain"),
        ("Text/PLAIN; Charset=Latin-1", "text/plain; charset=latin-1"),
        ('text/markdown; variant=GFM; charset="UTF-8"; x=y', "text/markdown; charset=utf-8"),
        ("text/plain; charset='windows-1252'", "text/plain; charset=windows-1252"),
        ("text/plain; charset=koi8-u", "text/plain; charset=koi8-u"),
        ("text/plain; charset=", "text/plain"),
        ("text/plain; charset*=utf-8''klingon", "text/plain"),
        ("text/plain; charset=utf-8; charset=klingon", "text/plain; charset=utf-8"),
        ("text/plain;;;", "text/plain"),
    ],
)
def test_of_a_media_type_its_name_and_a_known_charset_are_kept(given: str, kept: str) -> None:
    assert str(check(b"abc", given)) == kept


def test_names_that_are_made_up_are_not_remembered() -> None:
    before = len(encodings._cache)  # type: ignore[attr-defined]
    for number in range(100):
        assert code_of(b"abc", f"text/plain; charset=klingon-{number}") == "unsupported_media_type"
    assert len(encodings._cache) == before  # type: ignore[attr-defined]


def test_bytes_that_are_not_in_the_charset_claimed() -> None:
    assert code_of("Größe".encode("latin-1"), "text/plain; charset=utf-8") == "undecodable_document"


def test_a_large_text_is_decoded_in_pieces() -> None:
    text = "Größe 合計\n" * 60_000
    for charset in ("utf-8", "shift_jis", "utf-16"):
        some = text if charset != "shift_jis" else text.replace("Größe", "")
        assert check(some.encode(charset), f"text/plain; charset={charset}", limit=10**8).form == "plain"
    cut = refused(text.encode()[:-3] + b"\xe5", "text/plain; charset=utf-8", limit=10**8)
    assert cut.code == "undecodable_document"


def test_control_characters_are_counted_to_the_end() -> None:
    """As many as the reader of text would refuse, wherever they are: no 202 for what certainly fails later."""
    some = b"Total 12\n" * 10_000
    assert check(some + b"\x01" * 900).form == "plain"
    assert code_of(some + b"\x01" * 1_000) == "binary_document"
    assert check(b"\x01" * 900 + some).form == "plain"


@pytest.mark.process
@pytest.mark.parametrize(
    ("source", "media_type"),
    [
        (b"a,b\n1,2\n", "text/csv"),
        (b"PK\x05\x06" + bytes(18), None),
        (b"abc", "text/plain; charset=klingon"),
        (bytes(range(1, 9)) * 20, None),
        ("Größe".encode("latin-1"), "text/plain; charset=utf-8"),
        (b" ", None),
        ("<html><p>Total 12</p></html>", None),
        ("ID3 of a song", None),
        ("%PDF-1.7 is how they begin", "application/pdf"),
        ("a\0b", None),
    ],
)
def test_the_library_asks_the_gate(source: str | bytes, media_type: str | None, readers: Readers) -> None:
    """What the gate says of a document is what `read` makes of it, and what it refuses `read` refuses alike."""
    data, text = (source, False) if isinstance(source, bytes) else (source.encode(), True)

    def outcome(call: object) -> object:
        try:
            return call()  # type: ignore[operator]
        except DocumentError as error:
            return error.code, error.detail

    by_gate = outcome(lambda: gate.check(data, media_type, max_bytes=100_000, text=text))
    found = outcome(lambda: read(source, media_type=media_type, max_bytes=100_000, readers=readers))
    if isinstance(found, Document):
        assert isinstance(by_gate, DocumentType)
        assert found.media_type == by_gate.media_type
    else:
        assert found == by_gate


@pytest.mark.process
def test_a_reader_reads_what_the_gate_said() -> None:
    """A page that came as text is a page, though it holds the mark of another format near its beginning."""
    page = "<html><p>%PDF-1.7 is how they begin</p></html>"
    known = gate.check(page.encode(), max_bytes=100, text=True)
    assert known.media_type == "text/html"
    document = convert(page.encode(), Context(known.media_type, known.charset))
    assert document.text.strip() == "%PDF-1.7 is how they begin"
