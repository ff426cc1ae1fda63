"""A contact: a person's business card, e-mail signature or address-book entry."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.examples import example
from schemas.types import Email, PrintedRecord


class Phone(PrintedRecord):
    kind: Literal["mobile", "work", "home", "fax"] | None = None
    number: str = Field(description="as printed")


class Address(PrintedRecord):
    street: str | None = Field(None, description="street and house number")
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


class Contact(PrintedRecord):
    """How to reach a person."""

    name: str | None = Field(None, description="full name without title")
    title: str | None = Field(None, description="academic or courtesy title, such as Dr.")
    job_title: str | None = Field(None, description="position")
    company: str | None = None
    email: Email | None = None
    phones: list[Phone] = Field(description="phone numbers in order")
    website: str | None = None
    address: Address | None = None

    __examples__ = (
        example(
            """
Dr. Mina Okafor
Head of Research, Larkspur Labs
m.okafor@larkspur.example
Mobile +44 7700 900123
""",
            """{"name": "Mina Okafor", "title": "Dr.", "job_title": "Head of Research", "company": "Larkspur Labs",
            "email": "m.okafor@larkspur.example", "phones": [{"kind": "mobile", "number": "+44 7700 900123"}],
            "website": null, "address": null}""",
        ),
    )
