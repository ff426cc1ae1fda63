"""The fit that comes with the bundled pair: it is read, it is of the pair, and it doubts what was missed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from extractor.calibration.calibration import read
from extractor.calibration.calibrator import Calibrator
from extractor.calibration.features import NULL, VALUE
from extractor.calibration.find import BUNDLED, FILE, calibration_of
from extractor.documents import Document
from extractor.engine.sequence import Completion, RequestStats
from extractor.evidence.ground import ground
from schemas import Registry

# Business cards whose answer is right but for a missed address of mail, or for none.
CARDS = [
    (
        "Tidewater Trust\nAyumi Brennan, head of grants\n+1 206 555 0144\nayumi.brennan@tidewater.example",
        "Ayumi Brennan",
    ),
    ("Name: Tomas Lind\nCompany: Norrby Verkstad\nE-mail: tomas@norrby.example\nPhone: 040 11 22 33", "Tomas Lind"),
    ("Dr. Ilse Kranz · Kanzlei Kranz\nMarkt 4, 37073 Göttingen\nMail kranz@kanzlei.example", "Ilse Kranz"),
]
SURE = -1e-4  # of each token: as good as certain


def confidences(text: str, name: str) -> dict[str, float]:
    answer = (
        f'{{"name":"{name}","title":null,"job_title":null,"company":null,"email":null,"phones":[],"website":null,'
        '"address":null}'
    )
    size = len(answer.encode())
    completion = Completion([0] * size, answer.encode(), "stop", [SURE] * size, [1] * size, RequestStats())
    document = Document(text)
    fields = ground(answer, document, completion.logprobs, completion.sizes)
    schema = Registry.discover().get("contact").json_schema
    calibrated = Calibrator(read(BUNDLED / FILE)).calibrated(fields, answer, document, schema, completion, "declared")
    return {pointer: known["confidence"] or 0.0 for pointer, known in calibrated.items()}


def test_the_pair_has_its_fit_of_values_and_of_nulls():
    fit = calibration_of(None, "bundled")
    assert fit is not None
    assert fit.model == "bundled"
    assert set(fit.curves) == {VALUE, NULL}
    assert fit.documents > 500
    for kind in (VALUE, NULL):
        after, before = fit.report[kind]["after"], fit.report[kind]["before"]
        assert after["ece"] <= 0.05
        assert after["ece"] < before["ece"]
        assert after["auroc"] > before["auroc"]
        unseen = fit.report[kind]["unseen_kinds"]
        assert unseen["ece"] <= 0.05, "of kinds of documents that were not fitted"
        assert unseen["auroc"] > before["auroc"]


def without_mail() -> Iterator[tuple[str, str]]:
    for text, name in CARDS:
        lines = [line for line in text.split("\n") if "@" not in line]
        yield "\n".join(lines), name


@pytest.mark.parametrize(("text", "name"), CARDS)
def test_a_missed_address_of_mail_is_more_likely_wrong_than_right(text: str, name: str):
    assert confidences(text, name)["/email"] < 0.5


@pytest.mark.parametrize(("missed", "absent"), list(zip(CARDS, without_mail(), strict=True)))
def test_and_an_absent_one_is_believed_more(missed: tuple[str, str], absent: tuple[str, str]):
    assert confidences(*absent)["/email"] > confidences(*missed)["/email"] + 0.2
