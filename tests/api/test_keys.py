"""API keys: made, stored as hashes, refused when malformed; and the refusal to be open to others without them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from api.config import ApiSettings, is_loopback
from api.keys.keys import ApiKeys, KeyConfigError, check_exposure, new_key, without


def tenant_of(keys: ApiKeys, key: str) -> str | None:
    entry = keys.find(key)
    return entry and entry.tenant


def test_a_new_key_opens_its_tenant_and_only_its_hash_is_in_the_entry() -> None:
    key = new_key("acme")
    assert tenant_of(ApiKeys.load(key.entry), key.key) == "acme"
    assert key.key not in key.entry
    assert key.entry == f"acme:{hashlib.sha256(key.key.encode()).hexdigest()}"
    assert len(key.key) >= 43  # 256 bits as base64url
    assert new_key("acme").key != key.key


def test_each_key_has_its_tenant_and_a_tenant_may_have_two() -> None:
    first, second, other = new_key("acme"), new_key("acme"), new_key("globex")
    keys = ApiKeys.load(f"{first.entry},{second.entry}, {other.entry}")
    assert [tenant_of(keys, made.key) for made in (first, second, other)] == ["acme", "acme", "globex"]
    assert keys.find("ex_nobody") is None
    assert keys.find(first.entry.partition(":")[2]) is None, "the stored hash is not a key"


def test_keys_from_a_file_with_comments(tmp_path: Path) -> None:
    key = new_key("acme")
    file = tmp_path / "keys"
    file.write_text(f"# who may ask\n\n{key.entry}  # the office\n")
    assert tenant_of(ApiKeys.load(str(file)), key.key) == "acme"


@pytest.mark.parametrize("entry", ["acme:1234", "acme", "Ac me:" + "0" * 64, ":" + "0" * 64, "a:" + "0" * 64 + ",b:12"])
def test_a_malformed_entry_is_refused_and_never_repeated(entry: str) -> None:
    with pytest.raises(KeyConfigError) as caught:
        ApiKeys.load(entry)
    assert entry not in str(caught.value)


def test_an_empty_file_is_not_an_open_door(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# none yet\n")
    with pytest.raises(KeyConfigError):
        ApiKeys.load(str(file))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.com", ""])
def test_no_keys_means_loopback_only(host: str) -> None:
    with pytest.raises(KeyConfigError, match="EXTRACTOR_API_KEYS"):
        check_exposure(ApiSettings(host=host), ApiKeys())
    check_exposure(ApiSettings(host=host), ApiKeys.load(new_key().entry))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"])
def test_loopback_is_open_without_keys(host: str) -> None:
    check_exposure(ApiSettings(host=host), ApiKeys())


@pytest.mark.parametrize("host", ["127.0.0.1.example.com", "localhost.example.com", "1270.0.0.1", "::ffff:8.8.8.8"])
def test_names_that_only_look_like_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "form", ["{0}\n{1}\n", "{0},{1}", "{1}, {0}", "# the office: é\n{0} # Ada\r\n{1}", "\t{0} ,\n{1}"]
)
def test_an_entry_is_blanked_where_it_stands(form: str) -> None:
    gone, stays = new_key("acme"), new_key("acme")
    text = form.format(gone.entry.upper().replace("ACME", "acme"), stays.entry)
    left = without(text, gone.entry.partition(":")[2])
    assert len(left.encode()) == len(text.encode()), "written over what was there it ends where that did"
    assert [entry.digest for entry in ApiKeys.parse(left).entries] == [stays.entry.partition(":")[2]]
