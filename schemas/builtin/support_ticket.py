"""A support ticket: a customer's message to a help desk."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from schemas.examples import example
from schemas.types import Email, PrintedRecord


class SupportTicket(PrintedRecord):
    """A customer's request for help."""

    ticket_id: str | None = Field(None, description="number of the ticket")
    reported_on: date | None = Field(None, description="day of the message")
    customer_name: str | None = None
    customer_email: Email | None = None
    company: str | None = None
    subject: str | None = Field(None, description="subject line as written")
    category: Literal["bug", "question", "billing", "account", "feature_request", "other"]
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    product: str | None = None
    version: str | None = Field(None, description="version of the product")
    error_code: str | None = None
    order_number: str | None = None
    refund_requested: bool = Field(description="whether money back is asked for")
    attachments: list[str] = Field(description="names of attached files")

    __examples__ = (
        example(
            """
From: Lena Storm <lena@storm.example>
Subject: Export crashes
Priority: high
Since 4.2 the export in Tably stops with E-1017. See log.txt.
""",
            """{"ticket_id": null, "reported_on": null, "customer_name": "Lena Storm",
            "customer_email": "lena@storm.example", "company": null, "subject": "Export crashes", "category": "bug",
            "priority": "high", "product": "Tably", "version": "4.2", "error_code": "E-1017", "order_number": null,
            "refund_requested": false, "attachments": ["log.txt"]}""",
        ),
    )
