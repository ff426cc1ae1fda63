"""HTML: what a reader sees, and nothing else."""

from __future__ import annotations

import pytest

from extractor.sandbox import Rejected
from tests.documents.making import read


def text(body: str, head: str = "") -> str:
    return read(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()).text


def test_blocks_lines_and_spaces():
    assert text("<h1>Title</h1><p>One\n  and   the <b>sa</b>me<br> two</p><div>three</div><div>four</div>") == (
        "Title\n\nOne and the same\ntwo\n\nthree\nfour\n"
    )
    assert text("a&nbsp;&nbsp;b &amp; &euro;5 &#x4e2d;&hearts;") == "a  b & €5 中♥\n"
    assert text("<pre>\n one\n   two\tx</pre>end") == " one\n   two        x\n\nend\n"
    assert text("so<wbr>long pay&shy;ment <q>said</q>") == "solong payment “said”\n"
    assert text("<p dir=rtl>فاتورة رقم ٥</p><p>請求書 🧾</p>") == "فاتورة رقم ٥\n\n請求書 🧾\n"


def test_title_is_the_label_of_the_page():
    document = read(b"<html><title>Invoice 17</title><p>x")
    assert (document.text, document.pages[0].label) == ("x\n", "Invoice 17")


def test_what_is_not_seen():
    assert text(
        "<script>let a = '<p>no</p>'</script><style>p{width:1px}</style><!-- no --><noscript>no</noscript>"
        "<template><p>no</p></template><p hidden>no</p><iframe>no</iframe><svg><title>no</title></svg>"
        "<dialog>no</dialog>"
        "<div style='display : none'>no</div><p style='color:red;visibility:hidden'>no</p>"
        "<datalist><option>no</datalist>"
        "<div style='max-height:0;overflow:hidden'>no</div><span style='opacity:0'>no</span>"
        "<textarea hidden>no</textarea>"
        "<span style='position:absolute;left:-9999px'>no</span><input type=hidden value=no><video>no</video>"
        "<object>no</object><p style='opacity:0.9;display:block'>yes</p><div style='height:0'>also</div>",
        head="<title>no</title><meta name=description content=no>",
    ) == ("yes\n\nalso\n")


@pytest.mark.parametrize(
    ("sheet", "seen"),
    [
        (".a{display:none}", False),
        ("p.a, .b { color: red; display:none !important }", False),
        ("#i > .a{visibility:hidden}", False),
        (".a{display:none} .a{display:block}", True),
        ("/* .a{display:none} */", True),
        ("@media print{.a{display:none}} @media (max-width: 600px){.a{display:none}}", True),
        ("@media screen{.a{display:none}}", False),
        ("@import url(x.css); .a{display:none}", False),
        (".a:hover{display:none} .a::after{display:none}", True),
        (".a{display:none} .a:hover{display:block}", False),
        ("<!-- .a{display:none} -->", False),
        ("}{ .a{{{ display:none", True),
        ("!!{display:none}", True),
    ],
)
def test_style_sheets_hide(sheet, seen):
    shown = text("<div id=i><p class=a>words</p></div><p>more", head=f"<style>{sheet}</style>")
    assert ("words" in shown) == seen
    assert "more" in shown


def test_lists():
    assert text("<ul><li>a<li>b<ul><li>c</ul></ul>d") == "• a\n• b\n  • c\n\nd\n"
    assert text("<ol start=3 type=a><li>x<li value=7><p>y</p><p>z</p></li><li></ol>") == "c. x\n\ng. y\n\nz\n"
    assert text("<ol reversed start=2><li>x<li>y</ol><dl><dt>Term<dd>Said</dl>") == "2. x\n1. y\n\nTerm\nSaid\n"


def test_rows_are_lines():
    assert text(
        "<table><caption>Items</caption><thead><tr><th>Item<th>Unit<br>price<th>Total</thead>"
        "<tr><td>Bolt <td> 1,20<td>12,00<tr><td>Nut<td><td>3,00<tr><td colspan=2>Sum<td>15,00</table>after"
    ) == ("Items\nItem | Unit price | Total\nBolt | 1,20 | 12,00\nNut |  | 3,00\nSum |  | 15,00\n\nafter\n")


def test_cells_that_span_rows():
    assert text("<table><tr><td rowspan=2>a<td>b<td rowspan=3>c<tr><td>d<tr><td>e<td>f<tr><td>g<td>h<td>i</table>") == (
        "a | b | c\n | d\ne | f\ng | h | i\n"
    )


def test_figures_of_filings():
    row = "<tr><td>{}</td><td></td><td>$</td><td>{}</td><td>{}</td><td></td></tr>"
    table = "<table><tr><td></td><td></td><td colspan=3>2026</td></tr>" + row.format("Revenue", "1,234", "")
    table += row.format("Loss", "(56", ")") + row.format("Margin", "12", "%") + row.format("Tax", "—", "") + "</table>"
    assert text(table) == " | 2026\nRevenue | $ 1,234\nLoss | $ (56)\nMargin | $ 12%\nTax | $ —\n"
    assert text("<table><tr><td>a<td>-<td>5<tr><td>b<td>1<td>2</table>") == "a | - | 5\nb | 1 | 2\n"


def test_layout_by_tables():
    inner = "<table><tr><td>Number:<td>17<tr><td>Date:<td>1.2.2026</table>"
    assert text(f"<table><tr><td>Muster GmbH<br>Weg 5<td>{inner}</table>") == (
        "Muster GmbH | Number: | 17\nWeg 5 | Date: | 1.2.2026\n"
    )
    words = "word " * 60
    side = "".join(f"<p>{at} {words}</p>" for at in range(3))
    shown = text(f"<table><tr><td><ul><li>Home<li>News</ul><td>{side}</table>")
    assert shown.index("News") < shown.index("0 word") < shown.index("2 word")
    assert text("<table><tr><td><p>one</p><p>two</p></table>") == "one\n\ntwo\n"


def test_tables_deep_within_tables():
    assert text("<table><tr><td>" * 60 + "deep") == "deep\n"


def test_what_stands_apart_on_the_page_does_so_in_the_text():
    assert text("<div style='display:flex'><span>€</span><span>21</span><sup>90</sup></div>") == "€ 21 90\n"
    assert text(
        "<style>.row{display:flex} .value{display:block}</style><p class=row><b>Tax</b><i>4,00</i></p>"
        "<span class=value>Due</span><span class=value>1 May</span>"
    ) == ("Tax | 4,00\n\nDue\n1 May\n")
    assert text("<p>21<span>,</span><b>90</b><svg><text>label</text></svg></p>") == "21,90\nlabel\n"
    assert text("<style>.a{display:none} .a{display:inline}</style><p>x<span class=a>y</span>z</p>") == "xyz\n"


def test_a_few_words_beside_each_other_are_a_row():
    row = "<div style='display:flex'><div>{}</div> <div><b>{}</b></div></div>"
    assert text(row.format("Subtotal", "20,00") + row.format("Total", "23,80")) == "Subtotal | 20,00\nTotal | 23,80\n"
    assert text("<div style='display:flex'><i hidden>sale</i><b>Total</b><script>x()</script><b>23,80</b></div>") == (
        "Total | 23,80\n"
    )
    whole = "<div style='display:flex'><div><p>Menu</p><p>Home</p></div><div><p>Order</p><p>Total</p></div></div>"
    assert text(whole).split() == ["Menu", "Home", "Order", "Total"]
    assert "|" not in text(whole)
    assert "|" not in text(row.format("Terms " * 40, "They are long."))


def test_forms_show_what_they_hold():
    assert text(
        "<form>Name <input value='Erika'> <input type=checkbox checked>yes <input type=radio>no "
        "<select><option>a<option selected>b</select> <select><option>first<option>x</select> "
        "<textarea>long text</textarea><input type=password value=secret><button>Send</button></form>"
    ) == ("Name Erika ☒ yes ☐ no b first long text Send\n")


def test_xhtml_elements_that_close_at_once():
    page = (
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head>'
        '<body><a id="1"/><p>said<br/>twice</p></body></html>'
    )
    assert read(page.encode()).text == "said\ntwice\n"


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8", ""),
        ("utf-8", "<meta charset=utf-8>"),
        ("cp1252", "<meta charset='iso-8859-1'>"),
        ("cp1252", '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">'),
        ("utf-16", "<meta charset=utf-8>"),
        ("utf-8-sig", "<meta charset=cp1252>"),
        ("cp1252", "<meta charset=utf-8>"),
        ("utf-8", "<meta charset=no-such>"),
        ("cp1252", "<meta charset=rot13>"),
    ],
)
def test_charsets(encoding, head):
    sentence = "Müller zahlt 5 € für die schönen Äpfel und Möhren"
    assert read(f"<html><head>{head}</head><body>{sentence}</body></html>".encode(encoding)).text == f"{sentence}\n"


@pytest.mark.parametrize("charset", ["shift_jis", "euc-jp", "gb2312", "big5", "euc-kr", "windows-1251", "koi8-r"])
def test_charsets_far_away(charset):
    words = {"b": "請求書", "e": "請求書", "s": "請求書", "g": "发票", "w": "Счёт", "k": "Счёт"}[charset[0]]
    words = "송장" if charset == "euc-kr" else words
    page = f"<html><head><meta charset={charset}></head><body>{words}</body></html>"
    assert read(page.encode(charset)).text == f"{words}\n"


@pytest.mark.parametrize("element", ["<div>", "<b>", "<span>", "<font size=1>", "<a href=x>"])
def test_nesting_without_end_is_refused_at_once(element):
    with pytest.raises(Rejected) as caught:
        read(b"<html>" + element.encode() * 60_000)
    assert caught.value.code == "document_too_complex"
    assert text(element * 2_000 + "deep") == "deep\n"


@pytest.mark.process
def test_a_long_page_of_open_paragraphs_is_read():
    assert text("<p>x" * 20_000 + "<table>" + "<tr><td>y" * 20_000).count("x") == 20_000
