"""What a value looks like by the name of its field."""

import pytest

from extractor.notation.field_looks import look_of


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
