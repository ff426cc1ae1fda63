"""A bank transaction: one movement on an account, as a statement line or a notice reports it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from schemas.examples import example
from schemas.types import Amount, Currency, Place, PrintedRecord, Unsigned, should


class BankTransaction(PrintedRecord):
    """One movement of money on a bank account."""

    booking_date: date | None = Field(None, description="day it was booked")
    value_date: date | None = Field(None, description="day it counts for interest")
    direction: Literal["credit", "debit"] | None = Field(None, description="credit is money in")
    amount: Unsigned | None = Field(None, description="without sign")
    currency: Currency | None = Field(None, description="ISO 4217 code")
    kind: Literal["transfer", "card", "direct_debit", "cash", "fee", "interest", "other"] | None = None
    counterparty: str | None = Field(None, description="name of the other side")
    counterparty_account: str | None = Field(None, description="IBAN or account number of the other side")
    account: str | None = Field(None, description="IBAN or number of the own account")
    reference: str | None = Field(None, description="reference or transaction number")
    purpose: str | None = Field(None, description="what the payment is for, as written")
    balance_after: Amount | None = None

    @should
    def _dates(self) -> Iterator[Place]:
        if self.booking_date and self.value_date and abs(self.booking_date - self.value_date) > timedelta(days=366):
            yield "/value_date", "is more than a year from booking_date"

    __examples__ = (
        example(
            """
12.03.2025  Incoming transfer  +1,200.00 EUR
from Kessler Handel, ref. RG-5521
Balance 3,410.55 EUR
""",
            """{"booking_date": "2025-03-12", "value_date": null, "direction": "credit", "amount": 1200.00,
            "currency": "EUR", "kind": "transfer", "counterparty": "Kessler Handel", "counterparty_account": null,
            "account": null, "reference": "RG-5521", "purpose": null, "balance_after": 3410.55}""",
        ),
    )
