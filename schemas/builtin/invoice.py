"""An invoice: who asks whom for how much, for what, until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import Field

from schemas.examples import example
from schemas.types import Amount, Currency, Party, Place, PrintedRecord, adds_up, multiplies, should


class InvoiceItem(PrintedRecord):
    description: str
    quantity: Amount | None = None
    unit_price: Amount | None = Field(None, description="price of one")
    amount: Amount | None = Field(None, description="total of the line")


class Invoice(PrintedRecord):
    """A bill for goods or services."""

    number: str | None = Field(None, description="invoice number as printed")
    issue_date: date | None = Field(None, description="date of the invoice")
    due_date: date | None = Field(None, description="latest day to pay")
    seller: Party | None = Field(None, description="who sends the invoice")
    buyer: Party | None = Field(None, description="who has to pay")
    currency: Currency | None = Field(None, description="ISO 4217 code")
    items: list[InvoiceItem] = Field(description="lines of the invoice in order")
    subtotal: Amount | None = Field(None, description="sum before tax")
    tax: Amount | None = Field(None, description="VAT or sales tax")
    total: Amount | None = Field(None, description="amount to pay, tax included")

    @should
    def _dates(self) -> Iterator[Place]:
        if self.issue_date and self.due_date and self.due_date < self.issue_date:
            yield "/due_date", "is before issue_date"

    @should
    def _sums(self) -> Iterator[Place]:
        if not adds_up([self.subtotal, self.tax], [self.total]) and not adds_up([self.subtotal], [self.total]):
            yield "/total", "is neither subtotal + tax nor subtotal"
        net = None if self.total is None or self.tax is None else self.total - self.tax
        if not adds_up([item.amount for item in self.items], [self.subtotal, net, self.total]):
            yield "/items", "the amounts do not sum to subtotal or total"

    @should
    def _lines(self) -> Iterator[Place]:
        for at, item in enumerate(self.items):
            if not multiplies(item.quantity, item.unit_price, item.amount):
                yield f"/items/{at}", "amount is far from quantity times unit_price"

    __examples__ = (
        example(
            """
INVOICE 2024-0117
Brightwater Studio, 14 Quay St, Bristol
To: Harlow & Finch Ltd
Date 3 May 2024, payable by 2 June 2024
Logo design   1 x 480.00   480.00
Total GBP 480.00
""",
            """{"number": "2024-0117", "issue_date": "2024-05-03", "due_date": "2024-06-02",
            "seller": {"name": "Brightwater Studio", "address": "14 Quay St, Bristol", "tax_id": null},
            "buyer": {"name": "Harlow & Finch Ltd", "address": null, "tax_id": null}, "currency": "GBP",
            "items": [{"description": "Logo design", "quantity": 1, "unit_price": 480.00, "amount": 480.00}],
            "subtotal": null, "tax": null, "total": 480.00}""",
        ),
    )
