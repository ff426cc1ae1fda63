"""Text in the encodings of old machines, which nothing names: told by its letters, also in frames."""

from __future__ import annotations

import pytest

from extractor.documents.encoding import guess

GERMAN = "Rechnung: Größe der Straße, für Köln"
POLISH = "Faktura: proszę zapłacić za usługi, źródło, Łódź, Gdańsk"
RUSSIAN = "Счёт за услуги, просим оплатить"
SWEDISH = "Faktura för årets första månad. Vänligen betala på förfallodagen. Göteborg, Malmö"


def framed(text: str) -> str:
    rule = "─" * (len(text) + 2)
    return f"┌{rule}┐\n│ {text} │\n├{rule}┤\n│ 12.00{' ' * (len(text) - 4)}│\n└{rule}┘\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(GERMAN, "cp850"), (GERMAN, "cp437"), (POLISH, "cp852"), (RUSSIAN, "cp866"), (SWEDISH, "cp850")],
)
def test_a_table_in_a_frame_of_lines(text: str, encoding: str) -> None:
    data = framed(text).encode(encoding)
    assert data.decode(guess(data) or "ascii") == framed(text)


def test_a_frame_around_plain_letters() -> None:
    data = framed("Total").encode("cp437")
    assert data.decode(guess(data) or "ascii") == framed("Total")


@pytest.mark.parametrize("encoding", ["cp850", "cp437", "mac_roman", "cp1252", "iso8859_15"])
@pytest.mark.parametrize("text", [SWEDISH, "La società è lieta: pagamento più tardi, perché così Forlì"])
def test_no_capital_stands_within_a_word(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert data.decode(guess(data) or "ascii") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Παρακαλούμε πληρώστε εντός δέκα ημερών", "cp737"), ("חשבונית מס עבור שירותים. נא לשלם תוך עשרה", "cp862")],
)
def test_greek_and_hebrew_of_dos(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert data.decode(guess(data) or "ascii") == text
