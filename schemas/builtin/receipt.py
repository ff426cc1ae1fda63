"""A till receipt: what was bought where, and how it was paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.examples import example
from schemas.types import Amount, ClockTime, Currency, Place, PrintedRecord, adds_up, should


class ReceiptItem(PrintedRecord):
    description: str
    quantity: Amount | None = None
    amount: Amount | None = Field(None, description="price of the line")


class Receipt(PrintedRecord):
    """Proof of a purchase in a shop, restaurant or online."""

    merchant: str | None = Field(None, description="name of the shop")
    address: str | None = Field(None, description="address of the shop on one line")
    purchase_date: date | None = Field(None, description="day of the purchase")
    purchase_time: ClockTime | None = Field(None, description="24-hour HH:MM")
    items: list[ReceiptItem] = Field(description="what was bought, in order")
    tax: Amount | None = None
    tip: Amount | None = None
    total: Amount | None = Field(None, description="amount paid")
    currency: Currency | None = Field(None, description="ISO 4217 code")
    payment_method: Literal["cash", "card", "voucher", "other"] | None = None
    card_last_four: Annotated[str, Field(pattern="^[0-9]{4}$")] | None = Field(None, description="end of card number")

    @should
    def _sums(self) -> Iterator[Place]:
        if self.total is None:
            return
        tax, tip = self.tax or 0, self.tip or 0
        targets = [self.total, self.total - tax, self.total - tip, self.total - tax - tip]
        if not adds_up([item.amount for item in self.items], targets):
            yield "/items", "the amounts do not sum to total, less tax and tip"

    __examples__ = (
        example(
            """
CORNER DELI   22 MILL LANE
09/11/2023 08:14
COFFEE 3.20
BAGEL  2.80
TOTAL USD 6.00   CASH
""",
            """{"merchant": "CORNER DELI", "address": "22 MILL LANE", "purchase_date": "2023-11-09",
            "purchase_time": "08:14",
            "items": [{"description": "COFFEE", "quantity": null, "amount": 3.20},
            {"description": "BAGEL", "quantity": null, "amount": 2.80}], "tax": null, "tip": null, "total": 6.00,
            "currency": "USD", "payment_method": "cash", "card_last_four": null}""",
        ),
    )
