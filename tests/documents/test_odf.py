"""OpenDocument texts and slides."""

from __future__ import annotations

import pytest

from extractor.sandbox import Rejected
from tests.documents.making import read, zipped

KINDS = ("office", "table", "text", "style", "drawing", "xsl-fo-compatible", "presentation")
PREFIXES = {"drawing": "draw", "xsl-fo-compatible": "fo"}
NAMES = " ".join(
    f'xmlns:{PREFIXES.get(kind, kind)}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in KINDS
)
MIME = "application/vnd.oasis.opendocument."


def odf(kind: str, body: str, automatic: str = "", styles: str = "", **parts: str) -> bytes:
    content = (
        f"<office:document-content {NAMES}><office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    look = f"<office:document-styles {NAMES}>{styles}</office:document-styles>"
    return zipped({"mimetype": MIME + kind, "content.xml": content, "styles.xml": look, **parts})


def text(body: str, automatic: str = "", styles: str = "") -> str:
    return read(odf("text", body, automatic, styles)).text


def pages(body: str, automatic: str = "", styles: str = "") -> list[str]:
    document = read(odf("text", body, automatic, styles))
    return [document.text[page.start : page.stop].rstrip("\n") for page in document.pages]


def p(said: str, style: str = "") -> str:
    return f"<text:p{f' text:style-name={style!r}' if style else ''}>{said}</text:p>"


def style(name: str, family: str, properties: str, more: str = "") -> str:
    kind = {"paragraph": "paragraph", "text": "text", "table": "table"}[family]
    return (
        f'<style:style style:name="{name}" style:family="{family}" {more}>'
        f"<style:{kind}-properties {properties}/></style:style>"
    )


def test_paragraphs_spaces_and_what_is_not_shown():
    said = (
        "Rechnung <text:span>Nr.</text:span><text:s text:c='3'/>17<text:tab/>x<text:line-break/>zwei\n  drei"
        "<office:annotation><text:p>comment</text:p></office:annotation><text:bookmark text:name='b'/>"
        "<text:span text:style-name='H'>secret</text:span><text:a>link</text:a>"
    )
    changes = "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion>"
    changes += "</text:changed-region></text:tracked-changes>"
    hidden = style("H", "text", 'text:display="none"')
    assert (
        text(changes + p(said) + p("請求書 🧾 فاتورة"), hidden)
        == "Rechnung Nr.   17  x\nzwei dreilink\n請求書 🧾 فاتورة\n"
    )


def level(at: int, of: str, more: str = "") -> str:
    return f'<text:list-level-style-{of} text:level="{at}" {more}/>'


LISTS = (
    '<text:list-style style:name="L">'
    + level(1, "number", 'style:num-format="1" style:num-suffix="."')
    + level(2, "number", 'style:num-format="a" style:num-suffix=")"')
    + level(3, "number", 'style:num-format="1" style:num-prefix="§ " text:display-levels="3"')
    + '</text:list-style><text:list-style style:name="B">'
    + level(1, "bullet", 'text:bullet-char="–"')
    + level(2, "bullet", 'text:bullet-char="\uf0b7"')
    + "</text:list-style>"
)


def items(*of: str, more: str = 'text:style-name="L"') -> str:
    return f"<text:list {more}>{''.join(f'<text:list-item>{one}</text:list-item>' for one in of)}</text:list>"


def test_lists_are_counted():
    body = items(p("one") + items(p("in") + items(p("deep"), more=""), p("in too"), more=""), p("two") + p("more"))
    body += p("between") + items(p("anew"))
    body += items(p("goes on"), more='text:style-name="L" text:continue-numbering="true"')
    body += items(p("dash") + items(p("dot"), more=""), more='text:style-name="B"')
    assert [line for line in text(body, LISTS).split("\n") if line] == (
        "1. one|  a) in|    § 1.a.1 deep|  b) in too|2. two|more|between|1. anew|2. goes on|– dash|  • dot".split("|")
    )


def test_headings_have_the_numbers_of_the_outline():
    own = '<text:outline-level-style text:level="1" style:num-format="1" style:num-suffix="."/>'
    outline = f'<text:outline-style style:name="Outline">{own}</text:outline-style>'
    heads = '<text:h text:outline-level="1">First</text:h><text:h text:outline-level="1">Second</text:h>'
    assert text(heads, styles=outline) == "1. First\n2. Second\n"
    assert text(heads) == "First\nSecond\n"


def cell(inner: str, more: str = "") -> str:
    return f"<table:table-cell {more}>{inner}</table:table-cell>"


def test_rows_are_lines():
    covered = "<table:covered-table-cell/>"
    rows = (
        f"<table:table-header-rows><table:table-row>{cell(p('Item'))}{cell(p('Unit') + p('price'))}{cell(p('Total'))}"
        "</table:table-row></table:table-header-rows>"
        f"<table:table-row>{cell(p('Bolt'))}{cell(p('1,20'))}{cell(p('12,00'))}</table:table-row>"
        f"<table:table-row>{cell(p('Sum'), 'table:number-columns-spanned=' + repr('2'))}{covered}{cell(p('12,00'))}"
        "</table:table-row>"
    )
    assert (
        text(f"<table:table>{rows}</table:table>") == "Item | Unit price | Total\nBolt | 1,20 | 12,00\nSum |  | 12,00\n"
    )
    inner = f"<table:table><table:table-row>{cell(p('a'))}{cell(p('b'))}</table:table-row></table:table>"
    outer = f"<table:table><table:table-row>{cell(p('x'))}{cell(inner)}</table:table-row></table:table>"
    assert text(outer) == "x | a | b\n"


def test_pages_notes_and_margins():
    broken = style("P", "paragraph", 'fo:break-before="page"') + style(
        "Q", "paragraph", "", 'style:parent-style-name="P"'
    )
    body = p("one") + p("two", "P") + p("three", "Q") + p("fo<text:soft-page-break/>ur")
    assert pages(body, broken) == ["one", "two", "three\nfo", "ur"]
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>first note</text:p></text:note-body></text:note>"
    )
    margins = (
        "<office:master-styles><style:master-page><style:header><text:p>Muster GmbH</text:p></style:header>"
        "<style:footer><text:p><text:page-number>1</text:page-number></text:p><text:p>IBAN DE00</text:p></style:footer>"
        "</style:master-page><style:master-page><style:header><text:p>Muster GmbH</text:p></style:header>"
        "</style:master-page></office:master-styles>"
    )
    assert pages(p("said" + note) + p("two", "P"), broken, margins) == (
        ["Muster GmbH\n\nsaid[1]\n\n[1] first note", "two\n\nIBAN DE00"]
    )


def test_text_boxes_and_sections():
    box = "<draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame>"
    assert (
        text(p("before" + box) + f"<text:section>{p('in a section')}</text:section>") == "before\nboxed\nin a section\n"
    )


def test_slides():
    def frame(said: str, more: str = "") -> str:
        return f"<draw:frame {more}><draw:text-box>{said}</draw:text-box></draw:frame>"

    notes = f"<presentation:notes>{frame(p('say this'), 'presentation:class=' + repr('notes'))}</presentation:notes>"
    body = (
        f'<draw:page draw:name="First">{frame(p("Title"))}{frame(items(p("a"), p("b"), more=""))}{notes}</draw:page>'
        f'<draw:page draw:name="Second"><draw:custom-shape>{p("shape")}</draw:custom-shape></draw:page>'
    )
    document = read(odf("presentation", body))
    assert document.text == "Title\na\nb\n\nNotes:\nsay this\nshape\n"
    assert [page.label for page in document.pages] == ["First", "Second"]


def test_a_password():
    manifest = '<manifest:manifest xmlns:manifest="x"><manifest:encryption-data/></manifest:manifest>'
    with pytest.raises(Rejected) as caught:
        read(odf("text", p("x"), **{"META-INF/manifest.xml": manifest}))
    assert caught.value.code == "password_required"
