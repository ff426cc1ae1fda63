"""Long documents made up of pages with rows of a table."""

from __future__ import annotations

from extractor.documents import Document, Page

HEADER = "Code   Day   What   Amount"


def ledger(pages: int, rows: int, *, prose: int = 3) -> tuple[Document, list[tuple[str, str, str, str]]]:
    """`rows` rows over `pages` pages, some of them alike but for their code, with `prose` lines on each page; and the
    rows."""
    printed_rows, text, spans = [], "", []
    for page in range(pages):
        lines = [f"Statement of account, page {page + 1} of {pages}", ""]
        if page == 0:
            lines += ["Number: A-17", "Holder: Harlow and Finch", "", HEADER]
        for at in range(page * rows // pages, (page + 1) * rows // pages):
            row = f"R{at:05}", f"20{10 + at % 15}-{1 + at % 12:02}-{1 + at % 28:02}", f"Work {at % 7}", f"{at % 90}.50"
            printed_rows.append(row)
            lines.append("   ".join(row))
        terms = f"The terms of page {page + 1}, line {{}}, hold for what was said before."
        lines += ["", *(terms.format(at) for at in range(prose))]
        if page == pages - 1:
            lines.append(f"Total: {sum(float(amount) for *_, amount in printed_rows):.2f}")
        start, text = len(text), text + "\n".join(lines) + "\n"
        spans.append(Page(page + 1, start, len(text)))
    return Document(text, pages=tuple(spans)), printed_rows
