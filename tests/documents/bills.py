"""Invoices as PDF, each with its right answer and where that stands on the page, in several layouts, notations and
languages, with amounts and quantities that come more than once: `python -m tests.documents.bills FOLDER 30`."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth

from tests.documents.samples import HEIGHT, Pdf, wrapped

Place = list[float]  # page, left, top, right, bottom
_GOODS = "Oak shelf|Desk lamp, brass|Cable USB-C 2m|Paper A4 80g|Ink BK12|Chair Model 7|Window seal 5mm|Tea, 100 bags"
_SELLERS = "Nordhafen Handel GmbH|Atelier Lumière SARL|Brightwater Studio Ltd|Kestrel & Sons"
_BUYERS = "Holm Bibliotek|Maison Verte|Larkspur Labs|Quayside Books"
_TOWNS = "Lübeck|Annecy|Bristol|Cardiff"
_WORDS = {
    "de": "Rechnung Nr.|Rechnungsdatum|Fällig am|Verkäufer|Käufer|Pos|Artikel|Menge|Einzelpreis|Betrag|"
    "Nettobetrag|Umsatzsteuer|Gesamtbetrag|Seite",
    "fr": "Facture n°|Date de facture|Échéance|Vendeur|Acheteur|N°|Description|Quantité|Prix unitaire|Montant|"
    "Total HT|TVA|Total TTC|Page",
    "en": "Invoice number|Issue date|Due date|Seller|Buyer|No|Description|Quantity|Unit price|Amount|"
    "Subtotal|Tax|Total|Page",
}


@dataclass
class Bill:
    """`places`: by pointer, the boxes that are right; a value in two lines has two."""

    name: str
    pdf: Pdf
    answer: dict[str, Any] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)
    page: int = 1

    def put(self, pointer: str, x: float, y: float, text: str, size: float = 10, right: bool = False) -> None:
        """Text at (x, y), or ending there (`right`), which is where the value of `pointer` stands."""
        begin = x - stringWidth(text, "Helvetica", size) if right else x
        box = self.pdf.text(begin, y, text, size)
        if pointer:
            self.places.setdefault(pointer, []).append([self.page, *box])

    def new_page(self) -> None:
        self.pdf.page()
        self.page += 1

    def save(self, folder: Path) -> None:
        (folder / f"{self.name}.pdf").write_bytes(self.pdf.bytes())
        (folder / f"{self.name}.gold.json").write_text(json.dumps(self.answer, ensure_ascii=False))
        (folder / f"{self.name}.places.json").write_text(json.dumps(self.places))


def bills(count: int, seed: int = 5) -> Iterator[Bill]:
    layouts: list[Callable[[Bill, random.Random, str], None]] = [_labelled, _columns, _over_pages]
    for number in range(count):
        rng = random.Random(seed * 1_000 + number)
        language = rng.choice(list(_WORDS))
        layout = layouts[number % len(layouts)]
        bill = Bill(f"{number:02}-{language}{layout.__name__}", Pdf())
        layout(bill, rng, language)
        yield bill


def _labelled(bill: Bill, rng: random.Random, language: str) -> None:
    """Labels with their values behind them, a table below, totals to the right."""
    words = _WORDS[language].split("|")
    _heads(bill, rng, language, words, rng.choice((170, 240)))
    y = _table(bill, rng, language, words, 300, rng.randint(2, 6))
    _totals(bill, language, words, y + 30)


def _columns(bill: Bill, rng: random.Random, language: str) -> None:
    """The two parties beside each other, each under its label; the name of the seller again at the foot."""
    words = _WORDS[language].split("|")
    seller, buyer, town = (rng.choice(names.split("|")) for names in (_SELLERS, _BUYERS, _TOWNS))
    for x, label, name, key in ((60, words[3], seller, "seller"), (330, words[4], buyer, "buyer")):
        bill.put("", x, 70, label, 9)
        bill.put(f"/{key}", x, 84, name)
        bill.put("", x, 98, f"{rng.randint(1, 90)} Mill Lane")
        if key == "buyer":
            bill.put("/buyer_city", x, 112, town)
    bill.answer = {"seller": seller, "buyer": buyer, "buyer_city": town}
    _numbers(bill, rng, language, words, 60, 160, 150)
    y = _table(bill, rng, language, words, 260, rng.randint(2, 5))
    _totals(bill, language, words, y + 30)
    bill.put("/seller", 60, 800, seller, 8)


def _over_pages(bill: Bill, rng: random.Random, language: str) -> None:
    """More rows than a page has room for, and pages that are numbered."""
    words = _WORDS[language].split("|")
    _heads(bill, rng, language, words, 200)
    y = _table(bill, rng, language, words, 560, rng.randint(9, 14))
    _totals(bill, language, words, y + 30)


def _heads(bill: Bill, rng: random.Random, language: str, words: list[str], x: float) -> None:
    seller, buyer, town = (rng.choice(names.split("|")) for names in (_SELLERS, _BUYERS, _TOWNS))
    bill.answer = {"seller": seller, "buyer": buyer, "buyer_city": town}
    for at, (label, key, value) in enumerate(((words[3], "seller", seller), (words[4], "buyer", buyer))):
        bill.put("", 60, 70 + 28 * at, f"{label}:")
        bill.put(f"/{key}", x, 70 + 28 * at, value)
    bill.put("/buyer_city", x, 112, town)
    _numbers(bill, rng, language, words, 60, x, 150)


def _numbers(
    bill: Bill, rng: random.Random, language: str, words: list[str], x: float, value_x: float, y: float
) -> None:
    number = f"{rng.choice('RFA')}-{rng.randint(2019, 2027)}/{rng.randint(10, 9999):04}"
    day, due = (rng.randint(1, 28), rng.randint(1, 6), 2026), (rng.randint(1, 28), rng.randint(7, 12), 2026)
    bill.answer |= {"number": number, "issue_date": _iso(day), "due_date": _iso(due)}
    rows = ("number", number), ("issue_date", _day(day, language)), ("due_date", _day(due, language))
    for at, (label, (key, said)) in enumerate(zip(words, rows, strict=False)):
        bill.put("", x, y + 16 * at, label)
        bill.put(f"/{key}", value_x, y + 16 * at, said)


def _table(bill: Bill, rng: random.Random, language: str, words: list[str], y: float, rows: int) -> float:
    """Names may take two lines. → where it ends"""
    columns = (60, 90, 350, 440, 535)
    for x, label, right in zip(columns, words[5:10], (False, False, True, True, True), strict=True):
        bill.put("", x, y, label, 9, right)
    bill.answer["lines"] = []
    for at in range(rows):
        y += 20
        if y > HEIGHT - 80:
            bill.put("", 500, HEIGHT - 30, f"{words[13]} {bill.page}", 8)
            bill.new_page()
            y = 80
        name = rng.choice(_GOODS.split("|")) + rng.choice(
            ("", f" {rng.choice('XYZ')}{rng.randint(2, 9)}", " in two colours")
        )
        quantity, price = rng.choice((1, 2, 2, 3, 5, 10)), rng.choice((450, 980, 1250, 2000, 123456)) / 100
        bill.answer["lines"].append(
            {"name": name, "quantity": quantity, "unit_price": price, "amount": round(quantity * price, 2)}
        )
        bill.put("", 60, y, str(at + 1), 9)
        bill.put(f"/lines/{at}/quantity", 350, y, str(quantity), 9, True)
        bill.put(f"/lines/{at}/unit_price", 440, y, _amount(price, language), 9, True)
        bill.put(f"/lines/{at}/amount", 535, y, _amount(quantity * price, language), 9, True)
        for number, line in enumerate(wrapped(name, 20)):
            y += 11 * (number > 0)
            bill.put(f"/lines/{at}/name", 90, y, line, 9)
    return y


def _totals(bill: Bill, language: str, words: list[str], y: float) -> None:
    if y > HEIGHT - 100:
        bill.new_page()
        y = 80
    net = round(sum(line["amount"] for line in bill.answer["lines"]), 2)
    tax = round(net * 0.2, 2)
    bill.answer |= {"subtotal": net, "tax": tax, "total": round(net + tax, 2)}
    for at, (key, label) in enumerate(zip(("subtotal", "tax", "total"), words[10:13], strict=True)):
        bill.put("", 360, y + 16 * at, label)
        bill.put(f"/{key}", 535, y + 16 * at, _amount(bill.answer[key], language), right=True)


def _amount(value: float, language: str) -> str:
    english = f"{value:,.2f}"
    german = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    return {"en": english, "de": german, "fr": german.replace(".", " ") + " €"}[language]


def _iso(day: tuple[int, int, int]) -> str:
    return f"{day[2]}-{day[1]:02}-{day[0]:02}"


def _day(day: tuple[int, int, int], language: str) -> str:
    months = "January February March April May June July August September October November December".split()
    return {
        "en": f"{day[0]} {months[day[1] - 1]} {day[2]}",
        "de": f"{day[0]:02}.{day[1]:02}.{day[2]}",
        "fr": f"{day[0]:02}/{day[1]:02}/{day[2]}",
    }[language]


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    for bill in bills(int(sys.argv[2])):
        bill.save(Path(sys.argv[1]))
