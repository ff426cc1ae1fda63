"""A purchase order: what a buyer orders from a supplier, at which price, for when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import Field

from schemas.examples import example
from schemas.types import Amount, Currency, Party, Place, PrintedRecord, adds_up, multiplies, should


class OrderItem(PrintedRecord):
    sku: str | None = Field(None, description="article number")
    description: str | None = None
    quantity: Amount | None = None
    unit_price: Amount | None = Field(None, description="price of one")
    amount: Amount | None = Field(None, description="total of the line")


class PurchaseOrder(PrintedRecord):
    """An order of goods or services by a company."""

    number: str | None = Field(None, description="order number as printed")
    order_date: date | None = None
    delivery_date: date | None = Field(None, description="day the goods are wanted")
    buyer: Party | None = Field(None, description="who orders")
    supplier: Party | None = Field(None, description="who is to deliver")
    ship_to: str | None = Field(None, description="delivery address on one line")
    payment_terms: str | None = Field(None, description="such as net 30")
    currency: Currency | None = Field(None, description="ISO 4217 code")
    items: list[OrderItem] = Field(description="lines of the order in order")
    shipping: Amount | None = Field(None, description="cost of delivery")
    tax: Amount | None = None
    total: Amount | None = Field(None, description="total of the order")

    @should
    def _dates(self) -> Iterator[Place]:
        if self.order_date and self.delivery_date and self.delivery_date < self.order_date:
            yield "/delivery_date", "is before order_date"

    @should
    def _sums(self) -> Iterator[Place]:
        if self.total is None:
            return
        tax, shipping = self.tax or 0, self.shipping or 0
        targets = [self.total, self.total - tax, self.total - shipping, self.total - tax - shipping]
        if not adds_up([item.amount for item in self.items], targets):
            yield "/items", "the amounts do not sum to total, less tax and shipping"

    @should
    def _lines(self) -> Iterator[Place]:
        for at, item in enumerate(self.items):
            if not multiplies(item.quantity, item.unit_price, item.amount):
                yield f"/items/{at}", "amount is far from quantity times unit_price"

    __examples__ = (
        example(
            """
PURCHASE ORDER 7719 / 2024-10-01
Supplier: Steelworks AG    Terms: net 30
Pos  Art.   Qty  Price   Sum
1    B-204  40   1.25    50.00
Total EUR 50.00
""",
            """{"number": "7719", "order_date": "2024-10-01", "delivery_date": null, "buyer": null,
            "supplier": {"name": "Steelworks AG", "address": null, "tax_id": null}, "ship_to": null,
            "payment_terms": "net 30", "currency": "EUR",
            "items": [{"sku": "B-204", "description": null, "quantity": 40, "unit_price": 1.25, "amount": 50.00}],
            "shipping": null, "tax": null, "total": 50.00}""",
        ),
    )
