"""PPTX: a slide a page, in the order in which it is read."""

from __future__ import annotations

from tests.documents.making import OFFICE, read, relationships, zipped

P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
NAMES = f'xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{OFFICE}"'


def shape(said: str, place: tuple[int, int] | None = None, kind: str = "", more: str = "") -> str:
    """`place`: left and top in EMU. `said`: text, or paragraphs as markup."""
    body = said if said.startswith("<") else f"<a:p><a:r><a:t>{said}</a:t></a:r></a:p>"
    offset = f'<a:xfrm><a:off x="{place[0]}" y="{place[1]}"/></a:xfrm>' if place else ""
    holder = f"<p:ph {kind}/>" if kind else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="x" {more}/><p:nvPr>{holder}</p:nvPr></p:nvSpPr>'
        f"<p:spPr>{offset}</p:spPr><p:txBody>{body}</p:txBody></p:sp>"
    )


def slide(*shapes: str, tag: str = "sld", more: str = "") -> str:
    return f"<p:{tag} {NAMES} {more}><p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld></p:{tag}>"


def pptx(*slides: str, layout: str = "", notes: str = "", **parts: str) -> bytes:
    """The layout is that of all slides, the notes those of the first."""
    files: dict[str, str | bytes] = {"_rels/.rels": relationships({"d": ("officeDocument", "ppt/presentation.xml")})}
    ids = "".join(f'<p:sldId id="{at}" r:id="s{at}"/>' for at in range(len(slides)))
    files["ppt/presentation.xml"] = f"<p:presentation {NAMES}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>"
    files["ppt/_rels/presentation.xml.rels"] = relationships(
        {f"s{at}": ("slide", f"slides/slide{at}.xml") for at in range(len(slides))}
    )
    for at, one in enumerate(slides):
        files[f"ppt/slides/slide{at}.xml"] = one
        links = {"l": ("slideLayout", "../slideLayouts/slideLayout1.xml"), "c": ("chart", "../charts/chart1.xml")}
        if notes and not at:
            links["n"] = ("notesSlide", "../notesSlides/notesSlide1.xml")
        files[f"ppt/slides/_rels/slide{at}.xml.rels"] = relationships(links)
    files["ppt/notesSlides/notesSlide1.xml"] = notes
    if layout:
        files["ppt/slideLayouts/slideLayout1.xml"] = layout
    return zipped(files | parts)


def text(*shapes: str, **more: str) -> str:
    return read(pptx(slide(*shapes), **more)).text


def test_the_title_then_from_top_to_bottom():
    inch = 914_400
    made = text(
        shape("below", (0, 4 * inch)),
        shape("right", (5 * inch, 2 * inch)),
        shape("left", (0, 2 * inch + 50_000)),
        shape("Title", (0, 6 * inch), 'type="title"'),
        shape("3", (0, 7 * inch), 'type="sldNum"'),
        shape("unseen", (0, 0), more='hidden="1"'),
        shape("Muster GmbH", (0, 7 * inch), 'type="ftr"'),
    )
    assert made == "Title\n\nleft\n\nright\n\nbelow\n\nMuster GmbH\n"


def test_places_that_only_the_layout_knows():
    far = slide(shape("", (0, 9_000_000), 'idx="1"'), shape("", (0, 100), 'type="pic" idx="2"'), tag="sldLayout")
    assert text(shape("second", kind='idx="1"'), shape("first", kind='type="pic" idx="2"'), layout=far) == (
        "first\n\nsecond\n"
    )


def test_groups_and_alternatives():
    group = (
        '<p:grpSp><p:grpSpPr><a:xfrm><a:off x="0" y="5000000"/><a:chOff x="0" y="0"/></a:xfrm></p:grpSpPr>'
        f"{shape('grouped', (0, 0))}</p:grpSp>"
    )
    choice = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice Requires='x'>{shape('new', (0, 6_000_000))}</mc:Choice>"
        f"<mc:Fallback>{shape('old', (0, 6_000_000))}</mc:Fallback></mc:AlternateContent>"
    )
    assert text(group, shape("above", (0, 3_000_000)), choice) == "above\n\ngrouped\n\nnew\n"


def test_paragraphs_with_bullets_and_numbers():
    def line(said: str, properties: str = "", level: int = 0) -> str:
        return f'<a:p><a:pPr lvl="{level}">{properties}</a:pPr><a:r><a:t>{said}</a:t></a:r></a:p>'

    number = '<a:buAutoNum type="arabicPeriod"/>'
    body = (
        line("one", number)
        + line("in", '<a:buAutoNum type="alphaLcParenR"/>', 1)
        + line("two", number)
        + line("dot", '<a:buChar char="•"/>')
        + "<a:p><a:r><a:t>a</a:t></a:r><a:br/><a:fld><a:t>b</a:t></a:fld></a:p>"
    )
    assert text(shape(body)) == "1. one\n  a) in\n2. two\n• dot\na\nb\n"


def test_tables_are_rows():
    def cell(said: str, more: str = "") -> str:
        return f"<a:tc {more}><a:txBody><a:p><a:r><a:t>{said}</a:t></a:r></a:p></a:txBody></a:tc>"

    rows = (
        f"<a:tr>{cell('Item')}{cell('Price', 'gridSpan=' + repr('2'))}{cell('', 'hMerge=' + repr('1'))}</a:tr>"
        f"<a:tr>{cell('Bolt')}{cell('1,20')}{cell('EUR')}</a:tr>"
    )
    frame = (
        "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id='1' name='t'/><p:nvPr/></p:nvGraphicFramePr>"
        f"<a:graphic><a:graphicData><a:tbl>{rows}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )
    assert text(frame) == "Item | Price\nBolt | 1,20 | EUR\n"


def test_charts_are_tables():
    C = "http://schemas.openxmlformats.org/drawingml/2006/chart"

    def points(*of: str) -> str:
        return "".join(f'<c:pt idx="{at}"><c:v>{one}</c:v></c:pt>' for at, one in enumerate(of))

    series = (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points('2026')}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{points('East', 'West')}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache>{points('1.5', '2')}</c:numCache></c:numRef></c:val></c:ser>"
    )
    chart = (
        f'<c:chartSpace xmlns:c="{C}" xmlns:a="{A}"><c:chart><c:title><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:title>'
        f"<c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )
    frame = (
        "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id='1' name='t'/><p:nvPr/></p:nvGraphicFramePr>"
        f"<a:graphic><a:graphicData><c:chart xmlns:c='{C}' r:id='c'/></a:graphicData></a:graphic></p:graphicFrame>"
    )
    assert text(frame, **{"ppt/charts/chart1.xml": chart}) == "Sales\n | 2026\nEast | 1.5\nWest | 2\n"


def test_slides_are_pages_hidden_ones_are_said():
    notes = slide(shape("say this", kind='type="body"'), shape("2", kind='type="sldNum"'), tag="notes")
    document = read(
        pptx(slide(shape("one")), slide(shape("never"), more='show="0"'), slide(shape("three")), notes=notes)
    )
    assert [document.text[page.start : page.stop] for page in document.pages] == [
        "one\n\nNotes:\nsay this\n",
        "three\n",
    ]
    assert [page.label for page in document.pages] == ["Slide 1", "Slide 3"]
    assert document.pages[0].warnings == ("slide 2 is hidden and was left out",)
