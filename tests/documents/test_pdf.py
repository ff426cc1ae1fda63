"""PDF: the text as it stands on the page, in the order it is read, each character with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from extractor.documents import Document, convert, read
from extractor.documents.context import Context
from extractor.errors import DocumentError
from tests.documents.samples import HEIGHT, PROSE, WIDTH, Pdf, ruled_table, wrapped

SHARED = Path(__file__).parents[3] / "shared" / "documents"


def lines(document: Document) -> list[str]:
    return [line.strip() for line in document.text.split("\n") if line.strip()]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("   ") if cell.strip()]


def test_a_table_without_lines_keeps_its_rows_and_columns() -> None:
    pdf = Pdf()
    rows = [
        ("Item", "Qty", "Total"),
        ("Nougat 250 g", "5", "20,48"),
        ("Olive oil", "", "1.198,00"),
        ("Tea", "12", "7,00"),
    ]
    for number, (item, count, total) in enumerate(rows):
        y = 100 + 14 * number
        pdf.text(60, y, item)
        pdf.text(260, y, count)
        pdf.text(400 - 5 * len(total), y, total)
    found = read(pdf.bytes()).text.rstrip("\n").split("\n")
    assert [cells(line) for line in found] == [[cell for cell in row if cell] for row in rows]
    assert found[1].index(" 5 ") + 1 == found[3].index("12")  # a column is one, and an empty cell stays empty
    assert found[2].rindex("00") == found[1].rindex("48") == found[3].rindex("00")


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    pdf = Pdf()
    left, right = wrapped(PROSE, 44), wrapped(PROSE.upper().replace("THE", "DIE"), 38)
    pdf.text(60, 60, "A heading that stands over both columns of the page and is set in larger letters", 12)
    pdf.lines(60, 100, left)
    pdf.lines(320, 103, right)
    pdf.text(60, 400, "A line below both that goes from one side of the page to its other side, all along the way")
    found = lines(read(pdf.bytes()))
    assert found[0].startswith("A heading")
    assert found[1 : 1 + len(left)] == left
    assert found[1 + len(left) : 1 + len(left) + len(right)] == right
    assert found[-1].startswith("A line below both")


SIDE = [
    "Anna Kowalska",
    "Engineer",
    "CONTACT",
    "+48 601 234 567",
    "Warsaw",
    "SKILLS",
    "Python",
    "Go",
    "LANGUAGES",
    "Polish",
]
MAIN = ["Profile", "Likes small teams", "Experience", "Parcelo, from 2021", "Led a migration", "Cut the costs"]


def test_a_column_beside_the_page_that_goes_its_own_way_is_read_by_itself() -> None:
    pdf = Pdf()
    pdf.lines(40, 60, SIDE, step=17)
    pdf.lines(220, 60, MAIN + MAIN, step=13)
    assert lines(read(pdf.bytes())) == SIDE + MAIN + MAIN


@pytest.mark.parametrize("lower", [1, 4])
def test_a_column_whose_lines_stand_beside_others_is_one_of_a_table(lower: float) -> None:
    pdf = Pdf()
    rows = [(side, main) for side, main in zip(SIDE, MAIN + MAIN, strict=False)]
    for number, (side, main) in enumerate(rows):
        pdf.text(40, 60 + 17 * number, side)
        pdf.text(220, 60 + lower + 17 * number, main)
    assert [tuple(cells(line)) for line in lines(read(pdf.bytes()))] == rows


def test_what_stands_above_and_below_columns_of_prose_is_no_part_of_them() -> None:
    pdf = Pdf()
    left, right = wrapped(PROSE, 44), wrapped(PROSE.upper(), 38)
    pdf.text(60, 60, "Weber & Partner")
    pdf.text(400, 60, "Berlin, 3 October")
    pdf.lines(60, 100, left)
    pdf.lines(320, 100, right)
    below = 130 + 12 * max(len(left), len(right))
    for number, cells_ in enumerate([("Hamburg", "8°"), ("Bremen", "9°")]):
        pdf.text(60, below + 14 * number, cells_[0])
        pdf.text(400, below + 14 * number, cells_[1])
    pdf.lines(60, below + 60, ["1 See the decision of the court.", "2 See the other decision of it.", "3 See both."], 7)
    found = lines(read(pdf.bytes()))
    assert cells(found[0]) == ["Weber & Partner", "Berlin, 3 October"]
    assert found[1 : 1 + len(left) + len(right)] == left + right
    assert [cells(line) for line in found[-5:-3]] == [["Hamburg", "8°"], ["Bremen", "9°"]]
    assert [line[0] for line in found[-3:]] == ["1", "2", "3"]


def test_an_overdrawn_balance_ends_where_the_others_do() -> None:
    pdf = Pdf()
    for number, (text, balance) in enumerate([("Rent", "-2.38 OD"), ("Wages", "-12,544.10 OD"), ("Cash", "199.90 CR")]):
        pdf.text(60, 100 + 14 * number, text)
        pdf.text(400 - stringWidth(balance, "Helvetica", 10), 100 + 14 * number, balance)
    found = read(pdf.bytes()).text.rstrip("\n").split("\n")
    assert len({len(line) for line in found}) == 1


def test_headings_side_by_side_begin_their_columns() -> None:
    pdf = Pdf()
    left, right = wrapped(PROSE, 44), wrapped(PROSE.upper(), 38)
    pdf.text(60, 80, "Petrol and shops")
    pdf.text(320, 80, "Coffee and cake")
    pdf.lines(60, 110, left)
    pdf.lines(320, 110, right)
    assert lines(read(pdf.bytes())) == ["Petrol and shops", *left, "Coffee and cake", *right]


def test_columns_that_end_at_different_heights_are_read_to_their_ends() -> None:
    pdf = Pdf()
    left, right = wrapped(PROSE, 44), wrapped(PROSE.upper(), 38)[:4]
    pdf.lines(60, 100, left[:5])
    pdf.lines(60, 100 + 12 * 7, left[5:])
    pdf.lines(320, 100, right)
    assert lines(read(pdf.bytes())) == left + right


def test_a_mark_that_is_set_a_little_smaller_stands_in_its_line() -> None:
    pdf = Pdf()
    pdf.text(60, 100, "a power of 10", 10)
    pdf.text(60 + stringWidth("a power of 10", "Helvetica", 10), 96, "6", 8.3)  # as large as a browser sets it
    pdf.text(128, 100, "watts", 10)
    pdf.text(60, 112, "and the next line", 10)
    assert lines(read(pdf.bytes())) == ["a power of 10 6 watts", "and the next line"]


def test_addresses_side_by_side_stay_rows() -> None:
    pdf = Pdf()
    pdf.lines(60, 100, ["Muster GmbH", "Musterstraße 12", "12345 Musterstadt"])
    pdf.lines(350, 100, ["Rechnung Nr. 17", "Datum: 05.03.2024", "Kunde: 4711"])
    found = lines(read(pdf.bytes()))
    assert [cells(line) for line in found] == [
        ["Muster GmbH", "Rechnung Nr. 17"],
        ["Musterstraße 12", "Datum: 05.03.2024"],
        ["12345 Musterstadt", "Kunde: 4711"],
    ]


def test_cells_broken_over_lines_are_one_where_the_table_has_rules() -> None:
    rows = [
        ["Position", "Description", "Amount"],
        ["1", "Installation of the new heating system in the basement of the building", "1,250.00"],
        ["2", "Maintenance", "80.00"],
        ["3", "Travel to the site and back, by car, with two engineers and their tools", "45.50"],
    ]
    found = lines(read(ruled_table(rows, [60, 150, 80])))
    assert [cells(line) for line in found] == rows


def test_lines_within_one_pair_of_rules_stay_lines() -> None:
    """Invoices often have one tall box for all their items."""
    pdf = Pdf()
    for x in (50, 250, 350):
        pdf.canvas.line(x, HEIGHT - 80, x, HEIGHT - 200)
    for y in (80, 100, 200):
        pdf.canvas.line(50, HEIGHT - y, 350, HEIGHT - y)
    pdf.lines(60, 94, ["Article"])
    pdf.lines(260, 94, ["Price"])
    pdf.lines(60, 112, ["Bolts M8", "Nuts M8", "Washers 8.4"])
    pdf.lines(260, 112, ["4.20", "2.10", "0.95"])
    found = lines(read(pdf.bytes()))
    assert [cells(line) for line in found] == [
        ["Article", "Price"],
        ["Bolts M8", "4.20"],
        ["Nuts M8", "2.10"],
        ["Washers 8.4", "0.95"],
    ]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turned_pages(turn: int) -> None:
    """The page is shown turned; what is printed runs to the right there, and its box is where people see it."""
    pdf = Pdf()
    pdf.canvas.setPageRotation(turn)
    wide, high = (WIDTH, HEIGHT) if turn % 180 == 0 else (HEIGHT, WIDTH)  # of the sheet, before it is turned
    pdf.canvas.translate(wide / 2, high / 2)
    pdf.canvas.rotate(turn)  # the text is upright again on the page as it is shown
    pdf.canvas.setFont("Helvetica", 10)
    pdf.canvas.drawString(0, 0, "Number 4711")
    pdf.canvas.drawString(0, -14, "Total 12,50")
    document = read(pdf.bytes())
    assert lines(document) == ["Number 4711", "Total 12,50"]
    (page,) = document.pages
    assert (page.width, page.height) == pytest.approx((WIDTH, HEIGHT), abs=0.1)
    (box,) = document.boxes(document.text.index("4711"), document.text.index("4711") + 4)
    assert (box.left, box.bottom) == pytest.approx((0.5 + 40.6 / WIDTH, 0.5), abs=0.01)
    assert box.right - box.left == pytest.approx(22.2 / WIDTH, abs=0.01)


def test_text_that_runs_upwards_is_read_by_itself() -> None:
    pdf = Pdf()
    pdf.lines(100, 100, wrapped(PROSE, 70))
    pdf.canvas.saveState()
    pdf.canvas.translate(40, 200)
    pdf.canvas.rotate(90)
    pdf.canvas.drawString(0, 0, "Archive copy 2024")
    pdf.canvas.restoreState()
    found = lines(read(pdf.bytes()))
    assert found[: len(wrapped(PROSE, 70))] == wrapped(PROSE, 70)
    assert found[-1] == "Archive copy 2024"


def test_words_that_a_hyphen_parts_are_whole_and_have_two_boxes() -> None:
    pdf = Pdf()
    pdf.lines(
        60,
        100,
        ["The agreement ends without any fur-", "ther notice on 31 March, see INV-", "2024 for the Haupt-", "Und"],
    )
    document = read(pdf.bytes())
    assert lines(document) == [
        "The agreement ends without any further",
        "notice on 31 March, see INV-",
        "2024 for the Haupt-",
        "Und",
    ]
    at = document.text.index("further")
    first, second = document.boxes(at, at + len("further"))
    assert first.top < second.top
    assert second.left == pytest.approx(60 / WIDTH, abs=0.002)


def test_boxes_are_where_the_letters_are_printed() -> None:
    pdf = Pdf()
    places = {}
    for number, (text, size) in enumerate([("4711-A", 10), ("1.234,50 €", 8), ("Größe XL", 14), ("x", 10)]):
        places[text] = pdf.text(80 + 100 * number, 120 + 60 * number, text, size)
    document = read(pdf.bytes())
    for text, place in places.items():
        at = document.text.index(text)
        (box,) = document.boxes(at, at + len(text))
        assert (box.left, box.right) == pytest.approx((place[0], place[2]), abs=0.002), text
        assert box.top <= place[1] + 0.003, text
        assert box.bottom >= place[3], text
        assert box.bottom - box.top < 1.5 * (place[3] - place[1]) + 0.004, text


def test_what_is_drawn_in_a_box_is_all_there_is() -> None:
    pdf = Pdf()
    pdf.text(200, 300, "Rechnungsnummer 2024-0815", 11)
    data = pdf.bytes()
    document = read(data)
    (box,) = document.boxes(0, len(document.text))
    image = convert.draw(data, Context("application/pdf"), [1])[1].convert("L")
    ink = image.point(lambda value: 255 * (value < 128)).getbbox()
    assert ink is not None
    wide, high = image.size
    assert box.left * wide - 4 <= ink[0] < ink[2] <= box.right * wide + 4
    assert box.top * high - 2 <= ink[1] < ink[3] <= box.bottom * high + 2


def test_ligatures_letters_set_apart_and_letters_printed_twice() -> None:
    pdf = Pdf()
    pdf.canvas.setFont("Helvetica", 12)
    text = pdf.canvas.beginText(60, HEIGHT - 100)
    text.setCharSpace(3)
    text.textOut("INVOICE")
    pdf.canvas.drawText(text)
    pdf.text(60, 130, "Total due")
    pdf.text(60.3, 130, "Total due")
    assert lines(read(pdf.bytes())) == ["INVOICE", "Total due"]


def test_what_stands_a_little_lower_is_of_its_row() -> None:
    pdf = Pdf()
    for number in range(3):
        y = 100 + 30 * number
        pdf.text(60, y, str(number + 1))
        pdf.text(100, y, ("Hammer", "Anvil", "Tongs")[number])
        pdf.text(300, y, "2 pcs")
        pdf.text(450, y + 8, f"{number + 1}0,00")
    assert [cells(line)[-1] for line in lines(read(pdf.bytes()))] == ["10,00", "20,00", "30,00"]


def test_form_fields_are_read_where_they_stand() -> None:
    pdf = Pdf()
    form = pdf.canvas.acroForm
    for number, label in enumerate(["Name", "Paid", "Country", "Notes", "PIN"]):
        pdf.text(50, 100 + 40 * number, label)
    at = lambda number: HEIGHT - 105 - 40 * number  # noqa: E731
    form.textfield(name="name", x=120, y=at(0), width=200, height=20, value="Müller & Söhne")
    form.checkbox(name="paid", x=120, y=at(1), checked=True)
    form.choice(name="country", x=120, y=at(2), width=120, height=20, options=["Germany", "France"], value="France")
    form.textfield(name="notes", x=120, y=at(3) - 15, width=200, height=40, value="one\ntwo", fieldFlags="multiline")
    form.textfield(name="pin", x=120, y=at(4), width=200, height=20, value="1234", fieldFlags="password")
    document = read(pdf.bytes())
    found = [cells(line) for line in lines(document)]
    assert found[:3] == [["Name", "Müller & Söhne"], ["Paid", "[x]"], ["Country", "France"]]
    assert sorted(cell for line in found[3:] for cell in line) == ["Notes", "PIN", "one", "two"]
    at_name = document.text.index("Müller")
    (box,) = document.boxes(at_name, at_name + 6)
    assert box.left == pytest.approx(120 / WIDTH, abs=0.01)


def test_files_within_are_not_its_text() -> None:
    """An e-invoice carries its XML, which nobody sees on its pages."""
    pdf = Pdf()
    pdf.text(60, 100, "Total 12,50")
    xml = b"<rsm:CrossIndustryInvoice>GrandTotalAmount 12.50</rsm:CrossIndustryInvoice>"
    from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFStream, PDFString

    held = PDFStream(PDFDictionary({"Type": PDFName("EmbeddedFile")}), xml)
    spec = PDFDictionary(
        {
            "Type": PDFName("Filespec"),
            "F": PDFString("factur-x.xml"),
            "EF": PDFDictionary({"F": pdf.canvas._doc.Reference(held)}),
        }
    )
    pdf.canvas._doc.Catalog.Names = PDFDictionary(
        {"EmbeddedFiles": PDFDictionary({"Names": [PDFString("factur-x.xml"), spec]})}
    )
    data = pdf.bytes()
    assert b"EmbeddedFile" in data
    assert lines(read(data)) == ["Total 12,50"]


def test_a_blank_page_is_no_picture() -> None:
    pdf = Pdf()
    pdf.text(60, 100, "first")
    pdf.page()
    pdf.page()
    pdf.text(60, 100, "third")
    document = read(pdf.bytes())
    assert [(page.how, page.stop > page.start) for page in document.pages] == [
        ("layout", True),
        ("layout", False),
        ("layout", True),
    ]


def test_a_password() -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    pdf = Pdf(encrypt=StandardEncryption("open sesame", ownerPassword="owner", strength=128))
    pdf.text(60, 100, "Confidential")
    data = pdf.bytes()
    for given, code in ((None, "password_required"), ("open", "password_wrong")):
        with pytest.raises(DocumentError) as caught:
            read(data, password=given)
        assert caught.value.code == code
        assert "open" not in caught.value.detail.replace("does not open", "")
    assert lines(read(data, password="open sesame")) == ["Confidential"]


def test_pages_are_numbered_and_limits_are_kept() -> None:
    pdf = Pdf()
    for number in range(1, 4):
        pdf.text(60, 100, f"page {number}")
        pdf.page()
    data = pdf.bytes()
    document = read(data)
    assert [document.text[page.start : page.stop].strip() for page in document.pages] == ["page 1", "page 2", "page 3"]
    assert [page.how for page in document.pages] == ["layout"] * 3
    from extractor.documents.limits import ReadLimits

    with pytest.raises(DocumentError, match="more than 2 pages") as caught:
        read(data, limits=ReadLimits(pages=2))
    assert caught.value.code == "document_too_complex"


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_cut_off_file_is_an_error_or_what_is_left_of_it(cut: float) -> None:
    pdf = Pdf()
    pdf.lines(60, 100, wrapped(PROSE, 60))
    data = pdf.bytes()
    try:
        document = read(data[: int(cut * len(data))])
    except DocumentError as error:
        assert error.code in ("unreadable_document", "empty_document")  # noqa: PT017
    else:
        assert document.text


@pytest.mark.skipif(not SHARED.exists(), reason="the shared documents are not here")
def test_tables_of_others() -> None:
    """Cells of public tables, by row, as people wrote them down."""
    import xml.etree.ElementTree as ElementTree

    cells_found = cells_all = rows_found = rows_all = 0
    for gold in sorted((SHARED / "tables").glob("*-str.xml")):
        text = read(gold.with_name(gold.name.replace("-str.xml", ".pdf"))).text
        whole = " ".join(text.split())
        by_line = [" ".join(line.split()) for line in text.split("\n")]
        for region in ElementTree.parse(gold).getroot().iter("region"):
            rows: dict[int, list[tuple[int, str]]] = {}
            for cell in region.iter("cell"):
                content = " ".join((cell.findtext("content") or "").split())
                if content:
                    rows.setdefault(int(cell.get("start-row", 0)), []).append((int(cell.get("start-col", 0)), content))
            for row in rows.values():
                wanted = [content for _, content in sorted(row)]
                cells_all, rows_all = cells_all + len(wanted), rows_all + 1
                cells_found += sum(content in whole for content in wanted)
                rows_found += any(_in_order(wanted, line) for line in by_line)
    assert cells_found >= 0.99 * cells_all
    assert rows_found >= 0.95 * rows_all


def _in_order(wanted: list[str], line: str) -> bool:
    at = 0
    for content in wanted:
        at = line.find(content, at)
        if at < 0:
            return False
        at += len(content)
    return True


def test_a_minus_keeps_its_number_though_it_is_set_a_bit_apart() -> None:
    pdf = Pdf()
    pdf.text(60, 80, "Potential")
    pdf.text(200, 80, "-")
    pdf.text(206, 80, "0.9393")
    pdf.text(60, 100, "5")
    pdf.text(68.6, 100, "-")
    pdf.text(74.9, 100, "3 pieces")
    potential, pieces = lines(read(pdf.bytes()))
    assert potential.endswith(" -0.9393")
    assert pieces == "5 - 3 pieces"


def test_a_minus_that_the_file_does_not_name_is_told_by_its_shape() -> None:
    """Fonts of journals map it to nothing; a symbol of another shape stays without a meaning."""
    glyphs = {
        "bar": b"500 0 50 300 450 350 d1 50 300 400 50 re f",
        "block": b"500 0 50 0 450 700 d1 50 0 400 700 re f",
        "below": b"500 0 0 -100 500 -50 d1 0 -100 500 50 re f",
    }
    for shape, sign in (("bar", "-"), ("block", None), ("below", None)):
        parts = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R "
            b"/Resources << /Font << /F 5 0 R /S 6 0 R >> >> >>",
            _stream(b"BT /F 10 Tf 20 150 Td (Potential at rest, measured thrice) Tj ET "
                    b"BT /S 10 Tf 20 120 Td <03> Tj /F 10 Tf (12.50) Tj ET"),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Type /Font /Subtype /Type3 /FontBBox [0 -200 500 800] /FontMatrix [0.001 0 0 0.001 0 0] "
            b"/FirstChar 3 /LastChar 3 /Widths [500] /CharProcs << /g3 7 0 R >> "
            b"/Encoding << /Type /Encoding /Differences [3 /g3] >> /Resources << >> >>",
            _stream(glyphs[shape]),
        ]  # fmt: skip
        body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number + 1, part) for number, part in enumerate(parts))
        document = read(b"%PDF-1.4\n" + body + b"trailer << /Root 1 0 R /Size 8 >>\n%%EOF\n")
        last = lines(document)[-1]
        assert last.endswith("12.50")
        assert last.startswith("-") is (sign == "-"), (shape, last)


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def test_a_mark_beside_small_print_stands_in_its_line() -> None:
    pdf = Pdf()
    pdf.text(60, 80, "Density (A/cm", 6)
    pdf.text(99, 77, "2", 4)
    pdf.text(103, 80, ")", 6)
    for number in range(12):
        pdf.text(60 + 20 * number, 120, "ab", 4.5)
    assert lines(read(pdf.bytes()))[0].replace(" ", "") == "Density(A/cm2)"


def test_columns_within_a_ruled_cell_stay_apart() -> None:
    pdf = Pdf()
    for x in (50, 200, 330, 420):
        pdf.canvas.line(x, HEIGHT - 90, x, HEIGHT - 190)
    for y in (90, 130, 150, 170, 190):
        pdf.canvas.line(50, HEIGHT - y, 420, HEIGHT - y)
    for x, y, text in ((60, 112, "Article"), (215, 105, "Unit"), (215, 117, "price"), (290, 111, "Disc.")):
        pdf.text(x, y, text)
    pdf.text(340, 112, "Amount")
    for y, row in ((144, ("Nougat", "4.55", "10%", "20.48")), (164, ("Oil", "19.80", "", "198.00"))):
        for x, text in zip((60, 215, 290, 340), row, strict=True):
            pdf.text(x, y, text)
    found = [cells(line) for line in lines(read(pdf.bytes()))]
    assert found[:3] == [
        ["Article", "Unit price", "Disc.", "Amount"],
        ["Nougat", "4.55", "10%", "20.48"],
        ["Oil", "19.80", "198.00"],
    ]


def test_a_cell_set_wide_stays_whole() -> None:
    rows = [["Name", "Number of companies"], ["a", "1"], ["b", "2"]]
    pdf = Pdf()
    for x in (50, 200, 330):
        pdf.canvas.line(x, HEIGHT - 90, x, HEIGHT - 190)
    for y in (90, 150, 170, 190):
        pdf.canvas.line(50, HEIGHT - y, 330, HEIGHT - y)
    pdf.text(60, 112, rows[0][0])
    for x, y, word in ((205, 105, "Number"), (300, 105, "of"), (205, 117, "companies"), (205, 129, "analysed")):
        pdf.text(x, y, word)
    for y, row in zip((164, 184), rows[1:], strict=True):
        pdf.text(60, y, row[0])
        pdf.text(210, y, row[1])
    assert cells(lines(read(pdf.bytes()))[0]) == ["Name", "Number of companies analysed"]
