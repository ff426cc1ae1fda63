"""RTF as word processors write it."""

from __future__ import annotations

import pytest

from extractor.sandbox import Rejected
from tests.documents.making import read

FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset128 MS Gothic;}{\f3\fcharset2 Symbol;}}"


def rtf(body: str) -> bytes:
    return (
        r"{\rtf1\ansi\ansicpg1252\deff0" + FONTS + r"{\colortbl;\red0\green0\blue0;}{\*\generator x;}" + body + "}"
    ).encode("latin-1")


def text(body: str) -> str:
    return read(rtf(body)).text


def pages(body: str) -> list[str]:
    document = read(rtf(body))
    return [document.text[page.start : page.stop].rstrip("\n") for page in document.pages]


def test_characters():
    assert (
        text(r"\pard F\'fcr \'80 5\par {\f1 \'d1\'f7\'b8\'f2} {\f2 \'90\'bf\'8b\'81\'8f\'91}\par")
        == "Für € 5\nСчёт 請求書\n"
    )
    assert text(r"\u8364?5 \u-10179?\u-8704? {\uc2 \u228ae} \uc0\u246\par") == "€5 😀 ä ö\n"
    assert text(r"a\~b\-c\_d\emdash \ldblquote e\rdblquote\{\}\\ \bullet\line f\tab g") == "a bc-d—“e”{}\\ •\nf     g\n"
    assert text("gr\xfc\xdfe") == "grüße\n"


def test_what_is_not_shown():
    assert (
        text(
            r"{\info{\title no}}{\*\unknown no}{\pict\pngblip 89504e47}{\stylesheet{\s1 no;}}"
            r"a{\v no}{\deleted no}{\field{\*\fldinst HYPERLINK no}{\fldrslt link}}{\annotation no}"
            r"{\*\bkmkstart no}\bin3 abcb"
        )
        == "alinkb\n"
    )
    assert text(r"{\upr{no}{\*\ud{yes}}}{\object{\*\objdata 00}{\result shown}}{\nonshppict{\pict 00}}") == "yesshown\n"


def test_lists_are_as_they_were_counted():
    assert text(r"{\listtext\pard 1.\tab}First\par{\listtext\f3\'b7\tab}Second\par{\pntext 2)\tab}Third\par") == (
        "1. First\n• Second\n2) Third\n"
    )


def test_rows_are_lines():
    row = r"\trowd\cellx1\cellx2\cellx3\pard\intbl {}\cell {}\cell {}\cell\row"
    rows = row.replace("{}", "%s") % ("Item", "Unit price", "Total") + row.replace("{}", "%s") % ("Bolt", "", "12,00")
    assert text(rows + r"\pard after\par") == "Item | Unit price | Total\nBolt |  | 12,00\nafter\n"
    merged = r"\trowd\clvmgf\cellx1\clvmrg\cellx2\pard\intbl a\cell no\cell\row"
    assert text(merged) == "a\n"
    assert text(r"\trowd\cellx1\cellx2 x\cell y\cell\row") == "x | y\n"


def test_rows_within_cells():
    inner = (
        r"\pard\intbl\itap2 n1\nestcell n2\nestcell{\*\nesttableprops\trowd\cellx1\cellx2\nestrow}{\nonesttables\par}"
    )
    assert text(r"\trowd\cellx1\cellx2\pard\intbl x\cell" + inner + r"\pard\intbl\itap1\cell\row\pard end\par") == (
        "x | n1 | n2\nend\n"
    )


def test_pages_notes_and_margins():
    assert pages(r"one\par\page two\sect\sectd\sbknone same\par\sect\sectd\pard three\par\pard\pagebb four\par") == (
        ["one", "two\nsame", "three", "four"]
    )
    body = (
        r"{\header Muster GmbH\par}{\footer Seite {\field{\*\fldinst PAGE}{\fldrslt 1}}\par{\b IBAN DE00}\par}"
        r"One{\footnote \chftn  first}\par\page two\sect\sectd{\header Muster GmbH\par}three\par"
    )
    assert pages(body) == ["Muster GmbH\n\nOne[1]\n\n[1] first", "two", "three\n\nSeite 1\nIBAN DE00"]
    assert text(r"{\shp{\*\shpinst{\sp{\sn no}{\sv no}}{\shptxt boxed\par}}{\shprslt no}}") == "boxed\n"


@pytest.mark.process
def test_files_that_end_early():
    whole = rtf(r"{\b one\par two\par}")
    document = read(whole[: whole.index(b"two") + 2])
    assert document.text == "one\ntw\n"
    assert document.pages[0].warnings == ("the file ends early: what may have followed is lost",)
    with pytest.raises(Rejected) as caught:
        read(b"{\\rtf1" + b"{" * 50_000)
    assert caught.value.code == "document_too_complex"
    assert read(b"{\\rtf1 a}}}}}} trailing").text == "a\n"
    assert read(b"{\\rtf1 \\bin999999999999 a").text == ""


def test_pictures_are_told():
    picture = r"{\*\shppict{\pict\picwgoal900\pngblip 89504e47}}{\nonshppict{\pict\wmetafile8 0100}}"
    document = read(rtf(r"\pard above\par " + picture + r"\pard below\par"))
    assert document.text == "above\nbelow\n"
    assert document.pages[0].warnings == ("1 picture not read: pictures in RTF are not looked at",)
