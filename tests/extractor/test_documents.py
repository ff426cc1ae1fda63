"""Documents: every encoding people send, and a clear error for what is no text."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.documents import Document, Page, read
from extractor.documents.formats import TEXT
from extractor.errors import DocumentError

GERMAN = "Rechnung Nr. 17 – Müller & Söhne, Straße 5\r\nGebühr: 1.234,50 €\r"


@pytest.mark.parametrize(
    "encoding", "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be cp1252".split()
)
def test_encodings_of_one_text(encoding):
    document = read(GERMAN.encode(encoding))
    assert document.text == GERMAN.replace("\r\n", "\n").replace("\r", "\n")
    assert document.pages == (Page(1, 0, len(document.text)),)
    assert document.media_type == "text/plain"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "Facture café à payer, numéro déjà reçu"),
        ("cp1252", "für x"),
        ("cp1252", "Total: 30 €"),
        ("cp1250", "Faktura nr 12: Łódź, ulica Świętokrzyska, należność za usługę"),
        ("cp1254", "Fatura tarihi: Şişli, İstanbul, ödeme koşulları değişti"),
        ("iso8859_9", "Toplam tutar ve açıklama: müşteri şirketi"),
        ("cp1257", "Sąskaita faktūra Nr. 5, Klaipėda, mokėtojas, šimtas eurų"),
        ("iso8859_13", "Rēķins Nr. 5, Rīga, kopā apmaksai, ķīmija, ģimene, ļoti"),
        ("iso8859_2", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
        ("iso8859_3", "Fattura numru 5, ħlas, ġurnata, żmien, ċekk"),
        ("iso8859_15", "Œuvre d'art, prix TTC : 30 €"),
        ("cp1250", "Kwota: 120 zł, termin płatności"),
        ("cp1252", "Reikningur númer 5, þjónusta, greiðsla á gjalddaga, Ísland"),
        ("cp866", "Сумма: 500 руб."),
        ("iso8859_5", "Счёт на оплату номер пять от двадцать третьего мая"),
        ("iso8859_7", "Αριθμός τιμολογίου πέντε, σύνολο χίλια ευρώ"),
        ("cp1255", "חשבונית מספר חמש, סך הכל לתשלום"),
        ("cp1256", "فاتورة رقم خمسة، المبلغ الإجمالي"),
        ("cp874", "ใบแจ้งหนี้เลขที่ห้า ยอดรวมทั้งหมด"),
        ("cp1251", "Счёт на оплату номер пять от двадцать третьего мая"),
        ("koi8_r", "Счёт на оплату номер пять от двадцать третьего мая"),
        ("cp1253", "Αριθμός τιμολογίου πέντε, σύνολο χίλια ευρώ"),
        ("shift_jis", "請求書の番号は五番です。合計は千円です。"),
        ("gb18030", "发票号码是五号，合计一千元。"),
        ("euc_kr", "송장 번호는 오번입니다. 합계는 천원입니다."),
    ],
)
def test_old_encodings_are_guessed(encoding, text):
    assert read(text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "gb18030", "euc_kr"])
def test_a_long_one_is_looked_at_up_to_the_end_of_a_character(encoding):
    chinese, korean = "发票号码是五号，合计一千元。\n", "송장 번호는 오번입니다. 합계는 천원입니다.\n"
    text = {"gb18030": chinese, "euc_kr": korean}.get(encoding, "請求書の番号は五番です。合計は千円です。\n")
    for start in ("", "a"):
        long = start + text * (80_000 // len(text.encode(encoding)))
        assert read(long.encode(encoding)).text == long


def test_what_xml_declares_is_believed_where_the_bytes_allow_it():
    said = '<?xml version="1.0" encoding="ISO-8859-9"?><a>{}</a>'
    assert read(said.format("ğ").encode("iso8859_9")).text == said.format("ğ")
    wrong = said.replace("ISO-8859-9", "utf-8").format("für 5 €")
    assert read(wrong.encode("cp1252")).text == wrong
    assert read(said.format("Ж").encode("cp1251"), charset="cp1251").text == said.format("Ж")


def test_a_named_charset_is_believed_and_checked():
    assert read("Ж".encode("cp1251"), media_type="text/plain; charset=windows-1251").text == "Ж"
    codes = {"ascii": "undecodable_document"}
    for charset in ("ascii", "nonsense", "idna", "rot13"):
        for how in ({"media_type": f'text/plain; charset="{charset}"'}, {"charset": charset}):
            with pytest.raises(DocumentError) as caught:
                read(b"\xc4\xd6", **how)
            assert caught.value.code == codes.get(charset, "unsupported_media_type")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_document"),
        ("", "empty_document"),
        (b" \r\n\t", "empty_document"),
        (b"\xef\xbb\xbf", "empty_document"),
        (b"text\x00more", "binary_document"),
        ("text\x00more", "binary_document"),
        ("half \ud800 pair", "undecodable_document"),
        (bytes(range(256)), "binary_document"),
        (b"\x01\x02\x03\x04abc\x05\x06", "binary_document"),
        (b"\xff\xfeab\x00\xd8", "undecodable_document"),
        (b"%PDF-1.7 ...", "unreadable_document"),
        (b"\x89PNG\r\n\x1a\n", "unreadable_document"),
        (b"PK\x03\x04docx", "unsupported_media_type"),
    ],
)
def test_what_is_no_text(data, code):
    with pytest.raises(DocumentError) as caught:
        read(data)
    assert caught.value.code == code
    assert not caught.value.retryable


def test_garbage_is_never_text():
    source = random.Random(7)
    for size in (20, 100, 5_000):
        for _ in range(20):
            with pytest.raises(DocumentError, match="not text"):
                read(b"\xfe" + bytes(source.randrange(1, 256) for _ in range(size)))


def test_the_limit_is_named():
    assert read(b"12345", max_bytes=5).text == "12345"
    for data in (b"123456", "12345é"):
        with pytest.raises(DocumentError, match=r"is \d bytes; the limit is 5") as caught:
            read(data, max_bytes=5)
        assert caught.value.code == "document_too_large"


def test_media_types():
    for media_type in TEXT:
        assert read(b"{}", media_type=media_type).media_type == media_type
    assert read(b"x", media_type="Application/Octet-Stream").media_type == "text/plain"
    for media_type in ("application/pdf", "image/png", "video/mp4", "x"):  # what is text is text
        assert read(b"x", media_type=media_type).media_type == "text/plain"
    assert read(b"x", media_type="image/png").warnings == ("sent as image/png, but it is text",)


def test_names_are_hints():
    for name, media_type in [
        ("a.md", "text/markdown"),
        ("a.csv", "text/csv"),
        ("a.JSON", "application/json"),
        ("a.html", "text/html"),
        ("a.log", "text/plain"),
        ("a", "text/plain"),
        (".txt", "text/plain"),
    ]:
        assert read(b"text", filename=name).media_type == media_type
    assert read(b"text", filename="scan.jpg").media_type == "text/plain"


def test_files(tmp_path):
    file = tmp_path / "note.md"
    file.write_bytes(b"# Hi\r\n")
    document = read(file)
    assert (document.text, document.filename, document.media_type) == ("# Hi\n", "note.md", "text/markdown")
    with pytest.raises(DocumentError, match="is 6 bytes"):
        read(file, max_bytes=3)
    for missing in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(DocumentError, match="cannot be read") as caught:
            read(missing)
        assert caught.value.code == "unreadable_document"
        assert str(tmp_path) not in caught.value.detail


def test_a_document_is_given_back_and_shows_no_text():
    document = Document("secret")
    assert read(document) is document
    assert "secret" not in repr(document)


@given(st.text(min_size=1))
@settings(max_examples=300)
def test_text_comes_through_or_is_refused(text):
    try:
        document = read(text)
    except DocumentError as error:
        assert error.code in ("empty_document", "undecodable_document", "binary_document")  # noqa: PT017
    else:
        assert document.text == read(text.encode()).text
        assert "\r" not in document.text


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_document_or_an_error(data):
    try:
        assert read(data).text.strip()
    except DocumentError as error:
        assert error.detail  # noqa: PT017
