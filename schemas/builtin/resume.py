"""A resume: a person's jobs, studies and skills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from schemas.examples import example
from schemas.types import Email, Place, PrintedRecord, YearMonth, should


class Job(PrintedRecord):
    title: str | None = None
    employer: str | None = None
    start: YearMonth | None = Field(None, description="YYYY-MM or YYYY")
    end: YearMonth | None = Field(None, description="YYYY-MM or YYYY, null if it goes on")

    @should
    def _dates(self) -> Iterator[Place]:
        # A bare year covers all its months, so only what both sides say is compared.
        if self.start and self.end:
            length = min(len(self.start), len(self.end))
            if self.end[:length] < self.start[:length]:
                yield "/end", "is before start"


class Study(PrintedRecord):
    degree: str | None = None
    school: str | None = None
    year: int | None = Field(None, description="year of graduation")


class Language(PrintedRecord):
    name: str
    level: Literal["basic", "intermediate", "fluent", "native"] | None = None


class Resume(PrintedRecord):
    """A person's curriculum vitae."""

    name: str | None = Field(None, description="full name")
    headline: str | None = Field(None, description="profession or title under the name")
    email: Email | None = None
    phone: str | None = None
    location: str | None = Field(None, description="where the person lives")
    experience: list[Job] = Field(description="jobs in order")
    education: list[Study] = Field(description="degrees in order")
    skills: list[str]
    languages: list[Language]

    __examples__ = (
        example(
            """
ANA RUIZ - Welder
ana.ruiz@post.example
2018-04 to 2021: Welder, Norte Yards
Skills: TIG, MIG
Spanish (native)
""",
            """{"name": "ANA RUIZ", "headline": "Welder", "email": "ana.ruiz@post.example", "phone": null,
            "location": null,
            "experience": [{"title": "Welder", "employer": "Norte Yards", "start": "2018-04", "end": "2021"}],
            "education": [], "skills": ["TIG", "MIG"], "languages": [{"name": "Spanish", "level": "native"}]}""",
        ),
    )
