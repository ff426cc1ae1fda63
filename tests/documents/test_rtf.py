"""RTF as word processors write it."""

from __future__ import annotations

import pytest
from PIL import Image

from extractor.sandbox import Rejected
from tests.documents.making import read
from tests.documents.samples import saved
from tests.documents.test_pictures_within import OTHER, PNG, SMALL, marked

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


def in_digits(data: bytes) -> str:
    return "\n".join(data.hex()[at : at + 64] for at in range(0, 2 * len(data), 64))


def test_pictures_are_read_in_their_place():
    shown = (
        r"{\*\shppict{\pict{\*\picprop{\sp{\sn x}{\sv 1}}}\picwgoal6000\pichgoal2000\pngblip " + in_digits(PNG) + "}}"
    )
    body = r"\pard above\par " + shown + r"{\nonshppict{\pict\wmetafile8 0100}}\par below\par"
    assert marked(read(rtf(body))) == "above\n#\nbelow"
    row = r"\trowd\cellx1\cellx2\pard\intbl Total:\cell " + shown + r"\cell\row\pard below\par " + shown
    assert marked(read(rtf(row))) == "Total:\n#\nbelow"  # the second time it shows what it showed before
    floating = r"{\shp{\*\shpinst{\sp{\sn pib}{\sv {\pict\jpegblip " + in_digits(OTHER) + r"}}}}{\shprslt no}}"
    assert marked(read(rtf(r"\pard above\par " + floating + r"\par below\par"))) == "above\n#\nbelow"
    binary = rtf(r"\pard {\pict\pngblip\bin" + f"{len(PNG)} @" + r"}behind\par").replace(b"@", PNG)
    assert marked(read(binary)) == "behind\n#"
    bitmap = in_digits(saved(Image.new("RGB", (200, 100), "red"), "BMP")[14:])
    assert marked(read(rtf(r"\pard a{\pict\dibitmap0 " + bitmap + r"}\par"))) == "a\n#"


def test_pictures_that_are_not_read_are_told():
    drawn = r"{\pict\wmetafile8\picwgoal6000\pichgoal2000 0100}"
    document = read(
        rtf(r"\pard above\par {\*\shppict{\pict\pngblip 89504e47}}" + drawn + r"\pard below{\v" + drawn + "}")
    )
    assert marked(document) == "above\nbelow"
    assert document.pages[0].warnings == (
        "a picture not read: damaged",
        "a picture not read: of a kind that is not read here (a drawing of Windows, or SVG)",
    )
    assert document.pages[0].pictures_unread == 2
    hidden = r"{\pict\picscalex40\picwgoal6000\pichgoal2000\picscaley40\pngblip " + in_digits(SMALL) + "}"
    assert "too small" in read(rtf(r"\pard a" + hidden)).pages[0].warnings[0]
