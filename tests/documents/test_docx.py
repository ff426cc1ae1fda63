"""DOCX: what Word shows, with all changes accepted, in the order in which it is read."""

from __future__ import annotations

import pytest

from extractor.sandbox import Rejected
from tests.documents.making import DOCX, docx, p, read, table, tc, wordml, zipped

RUN = '<w:r><w:t xml:space="preserve">{}</w:t></w:r>'
BREAK = '<w:r><w:br w:type="page"/></w:r>'


def text(body: str, **parts: str) -> str:
    return read(docx(body, **parts)).text


def pages(body: str, **parts: str) -> list[str]:
    document = read(docx(body, **parts))
    return [document.text[page.start : page.stop].rstrip("\n") for page in document.pages]


def test_paragraphs_in_every_script():
    paragraphs = ["Rechnung Nr. 17 – 1.234,50 €", "請求書 発行日", "فاتورة رقم ٥", "🧾 👩‍💻 paid", "Ünïcödé ﬁn"]
    document = read(docx("".join(map(p, paragraphs))))
    assert document.text.split("\n")[:-1] == paragraphs
    assert (document.media_type, len(document.pages), document.warnings) == (DOCX, 1, ())


def test_what_has_no_shape_is_left_out():
    assert text(p("Zah\u00adlungs\u200bziel\u200e 14\u00a0Tage")) == "Zahlungsziel 14 Tage\n"


def test_changes_are_accepted():
    body = (
        p("Price ", runs="<w:del><w:r><w:delText>100</w:delText></w:r></w:del><w:ins>" + RUN.format("120") + "</w:ins>")
        + p(runs="<w:moveFrom>" + RUN.format("moved") + "</w:moveFrom>")
        + p("kept", "<w:rPr><w:del/></w:rPr>")
        + p(" together")
        + p(runs="<w:moveTo>" + RUN.format("moved") + "</w:moveTo>")
        + table("<w:trPr><w:del/></w:trPr>" + tc("gone"), tc("stays") + tc("cut", "<w:cellDel/>"))
    )
    assert [line for line in text(body).split("\n") if line] == ["Price 120", "kept together", "moved", "stays"]


def test_a_paragraph_whose_end_was_deleted_before_a_table_is_not_lost():
    assert text(p("kept", "<w:rPr><w:del/></w:rPr>") + table(tc("a") + tc("b"))) == "kept\na | b\n"
    assert text(p("last", "<w:rPr><w:del/></w:rPr>")) == "last\n"


def test_hidden_text_placeholders_and_codes_are_not_shown():
    def character(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    begin, separate, end = map(character, ("begin", "separate", "end"))
    code = "<w:r><w:instrText>IF</w:instrText></w:r>" + begin + separate + RUN.format("x") + end
    field = begin + code + separate + RUN.format("shown") + end
    control = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>" + RUN.format("content") + "</w:sdtContent></w:sdt>"
    assert text(p("a", runs="<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>")) == "a\n"
    assert text(p(runs=field)) == "shown\n"
    assert text(p("a ", runs=control.format(""))) == "a content\n"
    assert text(p("a", runs=control.format("<w:showingPlcHdr/>"))) == "a\n"
    around = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>" + p("inner") + "</w:sdtContent></w:sdt>"
    assert text(around.format("") + around.format("<w:showingPlcHdr/>") + p("end")) == "inner\nend\n"
    both = "<mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{}</mc:Fallback></mc:AlternateContent>"
    assert text(both.format(p("new"), p("old")) + p("end")) == "new\nend\n"
    assert text(p(runs=begin + RUN.format("x")) + p("after a code without end")) == ("after a code without end\n")
    styles = '<w:style w:type="character" w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>'
    hidden = '<w:r><w:rPr><w:rStyle w:val="H"/></w:rPr><w:t>secret</w:t></w:r>'
    assert text(p("b", runs=hidden), styles=styles) == "b\n"


def test_form_fields_and_symbols():
    box = '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox>{}</w:checkBox></w:ffData></w:fldChar></w:r>'
    assert text(p(runs=box.format('<w:default w:val="0"/><w:checked/>') + RUN.format(" yes"))) == "☒\n"
    end = '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    assert text(p(runs=box.format('<w:default w:val="0"/>') + end + RUN.format(" no"))) == "☐ no\n"
    choice = '<w:ddList><w:result w:val="1"/><w:listEntry w:val="net"/><w:listEntry w:val="gross"/></w:ddList>'
    field = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{choice}</w:ffData></w:fldChar></w:r>' + end
    assert text(p("Amount: ", runs=field)) == "Amount: gross\n"
    assert text(p(runs='<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>' + RUN.format(" paid"))) == "☑ paid\n"
    assert text(p(runs="<m:oMath><m:r><m:t>a+b</m:t></m:r></m:oMath>")) == "a+b\n"


def level(at: int, style: str, words: str, start: int = 1, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{style}"/>'
        f'<w:lvlText w:val="{words}"/>{more}</w:lvl>'
    )


def item(number: int, at: int, words: str = "x") -> str:
    return p(words, f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{number}"/></w:numPr>')


NUMBERING = (
    f'<w:abstractNum w:abstractNumId="0">{level(0, "decimal", "%1.")}{level(1, "lowerLetter", "%2)")}'
    f"{level(2, 'decimal', '%1.%2.%3', more='<w:isLgl/>')}</w:abstractNum>"
    f'<w:abstractNum w:abstractNumId="1">{level(0, "bullet", chr(0xF0B7))}{level(1, "bullet", "–")}</w:abstractNum>'
    f'<w:abstractNum w:abstractNumId="2">{level(0, "upperRoman", "§ %1", start=4)}</w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num>'
    '<w:num w:numId="4"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
)


@pytest.mark.process
def test_lists_are_counted():
    body = (
        item(1, 0, "one")
        + item(1, 1, "inner")
        + item(1, 2, "deep")
        + item(1, 0, "two")
        + item(1, 1, "again")
        + item(2, 0, "dot")
        + item(2, 1, "dash")
        + item(3, 0, "four")
        + item(1, 0, "three")
        + item(4, 0, "anew")
        + item(4, 0, "next")
        + item(9, 0, "no such list")
    )
    assert text(body, numbering=NUMBERING).split("\n")[:-1] == (
        "1. one,  a) inner,    1.1.1 deep,2. two,  a) again,• dot,  – dash,§ IV four,3. three,1. anew,2. next,"
        "no such list"
    ).split(",")


def test_lists_by_style_and_items_that_were_deleted():
    styles = (
        '<w:style w:type="paragraph" w:styleId="L"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="M"><w:basedOn w:val="L"/></w:style>'
    )
    gone = p("", '<w:pStyle w:val="L"/>', "<w:del><w:r><w:delText>x</w:delText></w:r></w:del>")
    body = p("one", '<w:pStyle w:val="L"/>') + gone + p("two", '<w:pStyle w:val="M"/>')
    off = p("plain", '<w:pStyle w:val="L"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    lines = [line for line in text(body + off, numbering=NUMBERING, styles=styles).split("\n") if line]
    assert lines == ["1. one", "2. two", "plain"]


def test_rows_are_lines():
    body = table(
        tc("Item") + tc("Unit\u00a0price") + tc("Total"),
        tc("Bolt | nut") + tc("1,20") + tc(p("12,00") + p()),
        tc("Sum", '<w:gridSpan w:val="2"/>') + tc("12,00"),
        tc("") + tc("") + tc("net"),
    )
    assert text(body) == "Item | Unit price | Total\nBolt | nut | 1,20 | 12,00\nSum |  | 12,00\n |  | net\n"


def test_merged_cells_are_read_once():
    body = table(
        tc("a", '<w:vMerge w:val="restart"/>') + tc("b", '<w:gridSpan w:val="2"/>'),
        tc("never", "<w:vMerge/>") + tc("c") + tc("d"),
    )
    assert text(body) == "a | b\n | c | d\n"


def test_a_cell_of_many_paragraphs():
    address = p("Muster GmbH") + p("Weg 5") + p("10115 Berlin")
    particulars = p("Number: 17") + p("Date: 1.2.2026")
    assert text(table(tc(address) + tc(particulars))) == (
        "Muster GmbH | Number: 17\nWeg 5 | Date: 1.2.2026\n10115 Berlin\n"
    )
    assert text(table(tc("1") + tc(p("Bolt") + p("steel")) + tc("12,00"))) == "1 | Bolt steel | 12,00\n"
    parallel = table(tc(p("Bolt") + p("Nut")) + tc(p("1") + p("2")) + tc(p("1,00") + p("2,00")))
    assert text(parallel) == "Bolt | 1 | 1,00\nNut | 2 | 2,00\n"
    heading = table(tc(p("Unit") + p("price")) + tc(p("Total") + p("net")) + tc("VAT"))
    assert text(heading) == "Unit price | Total net | VAT\n"


def test_tables_within_tables():
    inner = table(tc("e") + tc("f"), tc("g") + tc("h"))
    assert text(table(tc("d") + tc(inner + p()) + tc("i"))) == "d | e | f | g | h | i\n"
    assert text(table(tc(inner + p()))) == "e | f\ng | h\n"


def test_tabs_keep_their_columns():
    stops = '<w:tabs><w:tab w:val="left" w:pos="3450"/><w:tab w:val="right" w:pos="6900"/></w:tabs>'
    row = "<w:r><w:t>{}</w:t><w:tab/><w:t>{}</w:t><w:tab/><w:t>{}</w:t></w:r>"
    laid_out = text(
        p("", stops, row.format("Bolt", "2", "1,00")) + p("", stops, row.format("A long nut", "10", "100,00"))
    )
    first, second = laid_out.split("\n")[:-1]
    assert first.index("2") == second.index("10") == 30
    assert len(first) == len(second) == 60
    assert text(p("", "", row.format("Number:", "17", "x"))) == "Number:     17    x\n"


def test_page_breaks():
    assert pages(p("one", runs=BREAK) + p("two")) == ["one", "two"]
    assert pages(p("one", runs=BREAK) + p("", "", "<w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r>")) == (
        ["one", "two"]
    )
    assert pages(p("one ", runs="<w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r>")) == ["one", "two"]
    assert pages(p("one") + p("two", "<w:pageBreakBefore/>") + p("three", '<w:pageBreakBefore w:val="0"/>')) == (
        ["one", "two\nthree"]
    )
    assert pages(p("first", "<w:pageBreakBefore/>")) == ["first"]
    broken = "<w:r><w:lastRenderedPageBreak/><w:t>b</w:t></w:r>"
    assert pages(table(tc("a") + tc("1"), tc(p("", runs=broken)) + tc("2"))) == ["a | 1", "b | 2"]


def section(inner: str = "", kind: str = "") -> str:
    return f"<w:sectPr>{inner}{f'<w:type w:val={kind!r}/>' if kind else ''}</w:sectPr>"


def test_sections_begin_pages():
    body = p("one", section()) + p("same", section(kind="continuous")) + p("two") + section(kind="nextPage")
    assert pages(body) == ["one\nsame", "two"]


def test_headers_and_footers_stand_once():
    def named(kind: str, name: str, which: str = "default") -> str:
        return f'<w:{kind}Reference w:type="{which}" r:id="{name}"/>'

    all_of = named("header", "header1") + named("footer", "footer1")
    body = (
        p("one", section(all_of + named("header", "header3", "first") + named("header", "header3", "even")))
        + p("two", section(all_of))
        + p("three")
        + section(named("header", "header2") + "<w:titlePg/>" + named("footer", "footer1"))
    )
    found = pages(body, header1=p("Muster GmbH"), header2=p("Annex"), header3=p("never"), footer1=p("IBAN DE00"))
    assert found == ["Muster GmbH\n\none\n\nIBAN DE00", "two", "Annex\n\nthree"]


def test_headers_that_differ_in_the_page_only_are_one():
    def header(page: int) -> str:
        return p("Page ", runs=f'<w:fldSimple w:instr="PAGE">{RUN.format(page)}</w:fldSimple>')

    one, two = (f'<w:headerReference w:type="default" r:id="header{at}"/>' for at in (1, 2))
    body = p("one", section(one)) + p("two") + section(two)
    assert pages(body, header1=header(1), header2=header(2)) == ["Page 1\n\none", "two"]


def test_notes_stand_at_the_foot_of_their_page():
    def note(at: int, words: str, kind: str = "footnote") -> str:
        return f'<w:{kind} w:id="{at}">{p(words)}</w:{kind}>'

    def reference(at: int, kind: str = "footnote") -> str:
        return f'<w:r><w:{kind}Reference w:id="{at}"/></w:r>'

    body = p("One", runs=reference(2) + RUN.format(" more") + reference(1, "endnote"))
    body += p("", runs=BREAK) + p("two", runs=reference(3) + reference(7))
    separator = f'<w:footnote w:type="separator" w:id="-1">{p("never")}</w:footnote>'
    found = pages(body, footnotes=separator + note(2, "first") + note(3, "second"), endnotes=note(1, "last", "endnote"))
    assert found == ["One[1] more[i]\n\n[1] first", "two[2]\n\n[2] second\n\n[i] last"]


def test_text_boxes_are_read_once():
    content = f"<w:txbxContent>{p('in the box')}</w:txbxContent>"
    both = (
        f'<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx>{content}</wps:txbx></w:drawing>'
        f"</mc:Choice><mc:Fallback><w:pict><v:textbox>{content}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent>"
    )
    assert text(p("before", runs=f"<w:r>{both}</w:r>") + p("after")) == "before\nin the box\nafter\n"
    assert text(p("x", runs=f"<w:r><w:pict><v:textbox>{content}</v:textbox></w:pict></w:r>")) == "x\nin the box\n"


def test_strict_files():
    strict = wordml("document", f"<w:body>{p('strict')}</w:body>")
    for part in ("wordprocessingml/2006/main", "officeDocument/2006/relationships"):
        strict = strict.replace(
            f"http://schemas.openxmlformats.org/{part}", "http://purl.oclc.org/ooxml/" + part.replace("/2006", "")
        )
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" '
        'Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument" Target="/word\\document.xml"/>'
        "</Relationships>"
    )
    assert read(zipped({"_rels/.rels": rels, "Word/Document.xml": strict, "word/x": ""})).text == "strict\n"


def test_depth_has_a_bound():
    nested = p("deep")
    for _ in range(30):
        nested = table(tc(nested + p()))
    assert text(nested) == "deep\n"
    for _ in range(300):
        nested = table(tc(nested + p()))
    with pytest.raises(Rejected, match="not well-formed"):
        text(nested)
