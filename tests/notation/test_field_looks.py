"""What a value looks like by the name of its field."""

import pytest

from extractor.notation.field_looks import look_of, look_of_field, looks_like, number_at_label, text_at_label


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("email", "mail"),
        ("customerEmail", "mail"),
        ("E-Mail", "mail"),
        ("correo", "mail"),
        ("emails", "mail"),
        ("telefono_oficina", "phone"),
        ("phone2", "phone"),
        ("Telefonnummer", "phone"),
        ("電話", "phone"),
        ("fax", "phone"),
        ("website", "web"),
        ("vendor_iban", "iban"),
        ("plz", "postcode"),
        ("site_postcode", "postcode"),
        ("kod_pocztowy", "postcode"),
    ],
)
def test_the_look_of_a_telling_name(name: str, look: str) -> None:
    assert look_of(name) == look


@pytest.mark.parametrize("name", ["name", "number", "account", "email_subject", "phone_model", "mobile_plan", "", "x"])
def test_other_names_do_not_tell(name: str) -> None:
    assert look_of(name) is None


@pytest.mark.parametrize(
    ("kind", "key", "format", "look"),
    [
        ("number", "vat_rate", "", "percent"),
        ("number", "rate_paid", "", "amount"),
        ("number", "pages", "", "number"),
        ("date", "created", "", "date"),
        ("date", "hora", "", "time"),
        ("text", "sent_to", "idn-email", "mail"),
        ("text", "customer_email", "", "mail"),
        ("text", "order_date", "", "date"),
        ("text", "name", "", None),
        ("choice", "currency", "", None),
    ],
)
def test_the_look_of_a_field(kind: str, key: str, format: str, look: str | None) -> None:
    assert look_of_field(kind, key, format) == look


@pytest.mark.parametrize(
    ("key", "format", "look"),
    [
        ("order_date", "", "date"),
        ("contact", "email", "mail"),
        ("order_no", "", "number"),
        ("tax_id", "", "number"),
        ("handy", "", "phone"),
        ("plz", "", "postcode"),
        ("name", "", None),
        ("", "", None),
    ],
)
def test_the_look_behind_a_label(key: str, format: str, look: str | None) -> None:
    assert text_at_label(key, format) == look


def test_a_share_is_a_percentage_and_any_other_number_an_amount() -> None:
    assert [number_at_label(key) for key in ("tauxTva", "vat_rate", "total", "pages")] == ["percent"] * 2 + [
        "amount"
    ] * 2


def test_a_value_looks_as_its_field_says() -> None:
    assert looks_like("email", "", "ann@post.example")
    assert not looks_like("email", "", "Ann Lee")
    assert looks_like("phone", "", "30 12 34")
    assert looks_like("name", "", "anything")
