"""Which fields ask for what a file is called, and a text without such names."""

from __future__ import annotations

import pytest

from extractor.notation.file_names import asks_for_files, forms, without


@pytest.mark.parametrize(
    "said",
    "file_name|fileName|attachments|Attached files|as it is called: document name|Dateiname|Anhänge"
    "|anhaenge der Mail: Datei|pièces jointes|Nom du document|archivo adjunto|allegato|arquivo|bijlagen|Bestandsnaam"
    "|plik|załączniki|příloha|vedlegg|bilaga|liitteet|файл|Вложения|附件名称|添付ファイル|첨부 파일|ไฟล์แนบ|ملف|קובץ"
    "|קבצים|צרופות|anhaenge|zalacznik|vedhaeftning|dosyasi|檔名|文件|приложения|прилог|संलग्नक|tệp đính kèm"
    "|ten_tep|lampiran|پیوست|datoteka|privitak|fitxers|enclosures|attached|Attached documents|viðhengi"
    "".split("|"),
)
def test_a_field_that_asks_for_files(said: str) -> None:
    assert asks_for_files(said)


@pytest.mark.parametrize(
    "said",
    "|number|order number|file_number|number of the case: File No|document|documents|document number|profile|Name|title"
    "|date|Akte|Bestand|Dokumentnummer|文件编号|番号|what is attached|philatelist|filed on|refill"
    "|the total of the attached invoice|plikter|文件日期".split("|"),
)
def test_a_field_that_does_not(said: str) -> None:
    assert not asks_for_files(said)


def test_a_text_without_them_is_as_long() -> None:
    assert without("see a.pdf, b.pdf here", [(4, 9), (11, 16)]) == "see \0\0\0\0\0, \0\0\0\0\0 here"
    assert without("see", []) == "see"


def test_as_what_a_value_may_give_them() -> None:
    assert list(forms(["a.b.pdf", "note"])) == ["a.b.pdf", "a.b", "note", "a.b.pdf, note"]
    assert list(forms(["No. 4 of the minutes"])) == ["No. 4 of the minutes"]
    assert list(forms([" cut  off.txt"])) == ["cut off.txt", "cut off"]
    assert list(forms([])) == []
