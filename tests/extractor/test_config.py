"""Settings and options: read from the environment, frozen, with errors a person can act on."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from extractor import Options, Settings
from extractor.config import read_settings
from extractor.errors import InputError


def test_defaults():
    settings = Settings()
    assert settings.model == "bundled"
    assert settings.drafter is None
    assert settings.drafters == ("grammar", "copy", "mtp")
    assert settings.context is None
    assert settings.max_model_calls is None
    assert settings.schemas == ()


def test_from_the_environment(monkeypatch):
    for name, value in {
        "MODEL": "google/gemma-4-E2B-it",
        "DRAFTERS": "copy, grammar",
        "SCHEMAS": "/a:pkg.schemas,/b",
        "OFFLINE": "1",
        "CONTEXT": "2048",
        "THREADS": "",
        "REDIS_URL": "redis://elsewhere",
    }.items():
        monkeypatch.setenv(f"EXTRACTOR_{name}", value)
    settings = read_settings()
    assert settings.model == "google/gemma-4-E2B-it"
    assert settings.drafters == ("grammar", "copy")
    assert settings.schemas == ("/a", "pkg.schemas", "/b")
    assert settings.offline is True
    assert settings.context == 2048
    assert settings.threads is None


@pytest.mark.parametrize(
    ("text", "drafters"), [("all", ("grammar", "copy", "mtp")), ("none", ()), ("mtp", ("mtp",)), ("mtp,mtp", ("mtp",))]
)
def test_drafters(text, drafters):
    assert Settings(drafters=text).drafters == drafters
    assert Options(drafters=text).drafters == drafters


def test_the_old_name_of_model_calls_is_taken_for_a_version(monkeypatch):
    assert Options.model_validate({"max_asks": 3}).max_model_calls == 3
    assert Options(max_model_calls=4).max_model_calls == 4
    assert Settings(max_model_calls=5).max_model_calls == 5
    monkeypatch.setenv("EXTRACTOR_MAX_ASKS", "1")
    assert read_settings().max_model_calls == 1
    monkeypatch.setenv("EXTRACTOR_MAX_MODEL_CALLS", "3")
    assert read_settings().max_model_calls == 3


def test_a_wrong_number_of_model_calls_names_its_variable(monkeypatch):
    monkeypatch.setenv("EXTRACTOR_MAX_MODEL_CALLS", "9")
    with pytest.raises(InputError, match="EXTRACTOR_MAX_MODEL_CALLS: Input should be less"):
        read_settings()


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().model = "other"


def test_wrong_settings_name_their_variables(monkeypatch):
    monkeypatch.setenv("EXTRACTOR_SLOTS", "many")
    monkeypatch.setenv("EXTRACTOR_DRAFTERS", "guess")
    with pytest.raises(InputError) as caught:
        read_settings()
    assert caught.value.code == "invalid_settings"
    assert "EXTRACTOR_SLOTS: Input should be a valid integer" in caught.value.detail
    assert "EXTRACTOR_DRAFTERS: 'guess' is not one of grammar, copy, mtp" in caught.value.detail


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_output_tokens": 0},
        {"drafters": ["magic"]},
        {"temperature": -1},
        {"temperature": float("nan")},
        {"timeout_s": 0},
        {"timeout_s": float("inf")},
        {"max_model_calls": 6},
        {"unknown": 1},
    ],
)
def test_wrong_options(wrong):
    with pytest.raises(ValidationError):
        Options.model_validate(wrong)


@pytest.mark.parametrize(
    ("model", "drafter", "offline", "expected"),
    [
        ("bundled", None, False, False),
        ("google/gemma-4-E2B-it", None, False, True),
        ("google/gemma-4-E2B-it", None, True, False),
        ("/models/one", None, False, False),
        ("/models/one", "google/gemma-4-E2B-it-assistant", False, True),
        ("./one", "none", False, False),
        ("one.gguf", "none", False, False),
        ("bundled", "google/gemma-4-E2B-it-assistant", False, True),
    ],
)
def test_who_may_have_to_ask_the_hub(model, drafter, offline, expected, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    settings = read_settings(model=model, drafter=drafter, offline=offline)
    assert settings.may_fetch is expected
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert settings.may_fetch is False
