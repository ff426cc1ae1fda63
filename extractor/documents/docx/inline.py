"""What stands within one paragraph: runs, fields, symbols, references, and the text boxes that are anchored in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from extractor.documents import tree
from extractor.documents.blocks import cleaned
from extractor.documents.docx.styles import DocxStyles
from extractor.documents.ooxml import W, chosen, on
from extractor.documents.tree import Element

PAGE = "\f"  # in the text of a paragraph: a new page begins
_CHECKED, _UNCHECKED = "☒", "☐"
_CODE, _RESULT = "code", "result"
_SYMBOLS = {  # of Wingdings, by the last two digits of their code
    **dict.fromkeys((0xFE, 0x53, 0x52), "☑"),
    **dict.fromkeys((0xFD, 0x78, 0x54), _CHECKED),
    **dict.fromkeys((0xA8, 0x6F, 0x71, 0x72), _UNCHECKED),
    **dict.fromkeys((0xFC,), "✓"),
    **dict.fromkeys((0xFB,), "✗"),
    **dict.fromkeys((0xE0, 0xE8), "→"),
}
_PLAIN = {"tab": "\t", "ptab": "\t", "cr": "\n", "noBreakHyphen": "-", "lastRenderedPageBreak": PAGE}
_WITHIN = frozenset(  # what only holds other things
    "r ins moveTo hyperlink smartTag customXml fldSimple dir bdo sdtContent ruby rubyBase oMath oMathPara".split()
    + "f num den e sup sub rad deg nary d func fName lim limLow limUpp sSup sSub sSubSup m mr acc bar box eqArr".split()
)


@dataclass
class Fields:
    """Fields that have begun: of those whose code has not ended nothing is shown."""

    open: list[str] = field(default_factory=list)

    @property
    def hidden(self) -> bool:
        return _CODE in self.open

    def on_field_char(self, kind: str) -> None:
        if kind == "begin":
            self.open.append(_CODE)
        elif kind == "separate" and self.open:
            self.open[-1] = _RESULT
        elif kind == "end" and self.open:
            self.open.pop()

    def end_paragraph(self) -> None:
        """A code never goes on in the next paragraph; a file that says so lacks its end."""
        self.open = [state for state in self.open if state != _CODE]


@dataclass
class DocxInline:
    """`text` may hold PAGE and tabs. `boxes` are the contents of text boxes; `drawings` what only shows."""

    text: str = ""
    boxes: list[Element] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)  # (footnote or endnote, its id)
    drawings: list[Element] = field(default_factory=list)
    gone: bool = False  # nothing is left of it, since what stood in it was deleted or moved


def inline(paragraph: Element, styles: DocxStyles, fields: Fields, mark: Callable[[str, str], str]) -> DocxInline:
    """`mark(kind, id)` is what stands in the text for a note."""
    out = DocxInline()
    out.text = cleaned_text("".join(_pieces(paragraph, out, styles, fields, mark)))
    changed = any(tree.local(child) in ("del", "moveFrom") for child in paragraph)
    out.gone = changed and not out.text.strip() and not out.drawings
    fields.end_paragraph()
    return out


def cleaned_text(text: str) -> str:
    """Cleaned, but for the marks that are ours."""
    return PAGE.join(cleaned(piece) for piece in text.split(PAGE))


def _pieces(
    element: Element, out: DocxInline, styles: DocxStyles, fields: Fields, mark: Callable[[str, str], str]
) -> Iterator[str]:
    for child in element:
        name = tree.local(child)
        if name == "t":
            if not fields.hidden:
                yield child.text or ""
        elif name == "r" and _is_hidden(child, styles):
            continue
        elif name in _WITHIN:
            yield from _pieces(child, out, styles, fields, mark)
        elif name in _PLAIN:
            yield _PLAIN[name]
        elif name == "br":
            yield PAGE if child.get(f"{W}type") == "page" else "\n"
        elif name == "fldChar":
            fields.on_field_char(child.get(f"{W}fldCharType", ""))
            yield _form_field(child)
        elif name == "sym":
            yield _symbol(child)
        elif name == "sdt":
            yield from _control(child, out, styles, fields, mark)
        elif name in ("footnoteReference", "endnoteReference"):
            kind, number = name.removesuffix("Reference"), child.get(f"{W}id", "")
            out.notes.append((kind, number))
            yield mark(kind, number)
        elif name == "AlternateContent":
            if (shown := chosen(child)) is not None:
                yield from _pieces(shown, out, styles, fields, mark)
        elif name in ("drawing", "pict", "object"):
            _drawing(child, out)


def _is_hidden(run: Element, styles: DocxStyles) -> bool:
    properties = run.find(f"{W}rPr")
    if properties is None:
        return False
    own = properties.find(f"{W}vanish")
    if own is not None:
        return on(own)
    style = properties.find(f"{W}rStyle")
    return style is not None and styles.hides(style.get(f"{W}val"))


def _form_field(character: Element) -> str:
    """What a field of a form shows that has no text: a box to tick, a choice from a list."""
    box = character.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        state = box.find(f"{W}checked")
        return _CHECKED if on(state if state is not None else box.find(f"{W}default")) else _UNCHECKED
    choices = character.find(f"{W}ffData/{W}ddList")
    if choices is None:
        return ""
    entries = [entry.get(f"{W}val", "") for entry in choices.iterfind(f"{W}listEntry")]
    result = choices.find(f"{W}result")
    at = tree.number(result.get(f"{W}val")) if result is not None else 0
    return entries[at] if 0 <= at < len(entries) else ""


def _symbol(element: Element) -> str:
    code = element.get(f"{W}char", "")
    try:
        at = int(code, 16)
    except ValueError:
        return ""
    if "wingdings" in element.get(f"{W}font", "").lower() or 0xE000 <= at <= 0xF8FF:
        return _SYMBOLS.get(at & 0xFF, "•")
    return chr(at) if at < 0x110000 and not 0xD800 <= at < 0xE000 else ""


def _control(
    control: Element, out: DocxInline, styles: DocxStyles, fields: Fields, mark: Callable[[str, str], str]
) -> Iterator[str]:
    """A control for content; the words that only ask to fill it in are none."""
    if not is_placeholder(control):
        for content in control.iterfind(f"{W}sdtContent"):
            yield from _pieces(content, out, styles, fields, mark)


def is_placeholder(control: Element) -> bool:
    return on(control.find(f"{W}sdtPr/{W}showingPlcHdr"))


def _drawing(element: Element, out: DocxInline) -> None:
    boxes = [found for found in element.iter(f"{W}txbxContent") if not _within_a_box(found, element)]
    out.boxes += boxes
    if not boxes or any(tree.local(each) in ("blip", "imagedata") for each in element.iter()):
        out.drawings.append(element)


def _within_a_box(found: Element, top: Element) -> bool:
    """Also whether it is the older of two wordings of one thing."""
    parent = found.getparent()
    while parent is not None and parent is not top:
        if parent.tag == f"{W}txbxContent" or (tree.local(parent) == "Fallback" and _has_choice(parent)):
            return True
        parent = parent.getparent()
    return False


def _has_choice(fallback: Element) -> bool:
    return any(tree.local(other) == "Choice" and len(other) for other in fallback.getparent())
