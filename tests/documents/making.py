"""Office files made in code, part by part, and how they read."""

from __future__ import annotations

import io
import zipfile

from extractor.documents import Document
from extractor.documents.context import Context
from extractor.documents.convert import convert
from extractor.documents.limits import ReadLimits
from extractor.documents.sniff import sniff

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NAMES = " ".join(
    f'xmlns:{prefix}="{name}"'
    for prefix, name in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": OFFICE,
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "v": "urn:schemas-microsoft-com:vml",
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    }.items()
)


def read(data: bytes, filename: str | None = None, **limits: int) -> Document:
    return convert(data, Context(sniff(data, None, filename), filename=filename, limits=ReadLimits(**limits)))


def zipped(parts: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def relationships(of: dict[str, tuple[str, str]]) -> str:
    """By id: the kind and the target."""
    rows = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>' for name, (kind, target) in of.items()
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def wordml(tag: str, inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{tag} {_NAMES}>{inner}</w:{tag}>'


def docx(body: str, **parts: str) -> bytes:
    """`parts`: the contents of other parts by the kind of their relationship (`numbering`, `header1`, …), whose id is
    their name."""
    files: dict[str, str | bytes] = {
        "_rels/.rels": relationships({"d": ("officeDocument", "word/document.xml")}),
        "word/document.xml": wordml("document", f"<w:body>{body}</w:body>"),
    }
    links = {}
    for name, inner in parts.items():
        kind = name.rstrip("0123456789")
        tag = {"header": "hdr", "footer": "ftr"}.get(kind, kind)
        files[f"word/{name}.xml"] = wordml(tag, inner)
        links[name] = (kind, f"{name}.xml")
    files["word/_rels/document.xml.rels"] = relationships(links)
    return zipped(files)


def p(text: str = "", properties: str = "", runs: str = "") -> str:
    """A paragraph of one run of `text`, then `runs`."""
    inner = f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>' if text else ""
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{inner}{runs}</w:p>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def tc(inner: str, properties: str = "") -> str:
    """A cell of a paragraph, or of what is given as markup."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner if inner.startswith('<') else p(inner)}</w:tc>"
