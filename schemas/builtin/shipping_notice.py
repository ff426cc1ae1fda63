"""A shipping notice: what is on its way, with whom, and when it should arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field

from schemas.examples import example
from schemas.types import Amount, Place, PrintedRecord, should


class ShippedItem(PrintedRecord):
    sku: str | None = Field(None, description="article number")
    description: str | None = None
    quantity: int | None = None


class ShippingNotice(PrintedRecord):
    """Word that a parcel or pallet has left."""

    order_number: str | None = None
    tracking_number: str | None = None
    carrier: str | None = Field(None, description="company that carries it")
    service: Literal["standard", "express", "overnight", "freight"] | None = None
    ship_date: date | None = Field(None, description="day it left")
    delivery_date: date | None = Field(None, description="day it should arrive")
    sender: str | None = Field(None, description="name of who sends it")
    recipient: str | None = Field(None, description="name of who gets it")
    destination: str | None = Field(None, description="delivery address on one line")
    packages: int | None = Field(None, description="number of parcels")
    weight_kg: Amount | None = None
    items: list[ShippedItem] = Field(description="contents in order")

    @should
    def _dates(self) -> Iterator[Place]:
        if self.ship_date and self.delivery_date and self.delivery_date < self.ship_date:
            yield "/delivery_date", "is before ship_date"

    __examples__ = (
        example(
            """
Good news: order W-8841 left us on 12 Feb 2025 by UPS Express.
Tracking: 1Z44R9
2 x Desk lamp
To: Ivo Blum
""",
            """{"order_number": "W-8841", "tracking_number": "1Z44R9", "carrier": "UPS", "service": "express",
            "ship_date": "2025-02-12", "delivery_date": null, "sender": null, "recipient": "Ivo Blum",
            "destination": null, "packages": null, "weight_kg": null,
            "items": [{"sku": null, "description": "Desk lamp", "quantity": 2}]}""",
        ),
    )
