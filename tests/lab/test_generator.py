"""The generator: the same for the same seed, answers valid for their schemas, the two sides of the split disjoint."""

from __future__ import annotations

import json
from itertools import islice
from random import Random

import jsonschema_rs
import pytest

from extractor.lab.training import generate, layouts, lexicon, naming, tables, values
from extractor.lab.training.builtin_schemas import KINDS, document
from extractor.lab.training.fields import AnswerPart, Leaf
from extractor.lab.training.generate import Task, drill, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES, TRAIN, Split
from extractor.lab.training.open_fields import Maker
from extractor.lab.training.unseen import unseen

SPLITS = {"train": TRAIN, "values": NEW_VALUES, "everything": NEW_EVERYTHING}


def some(split: Split, count: int = 60, seed: int = 3) -> list[Task]:
    return list(islice(tasks(seed, split), count))


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_same_seed_same_tasks(split: Split) -> None:
    assert some(split, 20) == some(split, 20)
    assert some(split, 20) != some(split, 20, seed=4)


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_answers_fit_their_schemas_and_keep_their_order(split: Split) -> None:
    for task in some(split):
        answer = json.loads(task.answer)
        jsonschema_rs.validator_for(task.schema).validate(answer)
        assert list(answer) == list(task.schema["properties"])
        assert task.document.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_kind_answers_its_own_schema(kind: str) -> None:
    rng = Random(5)
    for _ in range(8):
        _, schema, text, answer, _ = document(rng, kind, TRAIN, Maker(rng, TRAIN, values.style(rng)))
        assert list(json.loads(answer)) == list(schema["properties"])
        jsonschema_rs.validator_for(schema).validate(json.loads(answer))
        assert text


def test_texts_of_an_answer_stand_in_the_document() -> None:
    seen = 0
    for task in some(TRAIN, 80):
        if task.kind != "open":
            continue
        for key, field in task.schema["properties"].items():
            if (
                field.get("type") == "string"
                and not {"enum", "format"} & set(field)
                and "date" not in field.get("description", "").lower()
            ):
                value = json.loads(task.answer)[key]
                if value and ":" not in value:
                    seen += 1
                    assert value in task.document
    assert seen > 20


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def words(task: Task) -> set[str]:
    return {
        word for key in task.schema["properties"] for word in key.lower().replace("-", "_").replace(" ", "_").split("_")
    }


def test_drills_are_forms_and_tables() -> None:
    rng = Random(5)
    drills = [drill(rng) for _ in range(60)]
    tables = [one for one in drills if any(part.get("type") == "array" for part in one.schema["properties"].values())]
    assert 15 < len(tables) < 45
    for one in drills:
        jsonschema_rs.validator_for(one.schema).validate(json.loads(one.answer))
    for one in tables:
        rows = next(value for value in json.loads(one.answer).values() if isinstance(value, list))
        assert 2 <= len(rows) <= 9


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_drills_fit_their_schemas_on_either_side(split: Split) -> None:
    """Those of values that look alike have few to draw from: all of them may be on the other side."""
    rng = Random(1)
    for _ in range(300):
        one = drill(rng, split)
        jsonschema_rs.validator_for(one.schema).validate(json.loads(one.answer))


def test_no_two_concepts_of_one_name_stand_in_a_document() -> None:
    rng = Random(2)
    for _ in range(50):
        maker = Maker(rng, TRAIN, values.style(rng))
        used: list[str] = []
        for concept in rng.sample(list(lexicon.concepts().values()), 40):
            if not concept.value.startswith("list:") and maker.concept_leaf(concept):
                used.append(concept.id)
        assert len(used) > 8
        for id_ in used:
            assert lexicon.namesakes()[id_] & set(used) == {id_}


def test_values_are_on_their_side() -> None:
    looks = [values.style(Random(i)) for i in range(40)]
    for split in (TRAIN, NEW_VALUES):
        for i, look in enumerate(looks):
            for kind in (
                "code",
                "person",
                "company",
                "amount",
                "date",
                "phrase",
                "email",
                "address",
                "iban",
                "product",
            ):
                made = values.draw(Random(i), kind, look, split)
                assert len(made.json) < 6 or lexicon.held(made.json) == split.values


def test_drill_words_are_on_their_side_as_values_too() -> None:
    for split in (TRAIN, NEW_VALUES):
        maker = Maker(Random(5), split, values.style(Random(5)))
        words = [maker._short("word") for _ in range(60)]
        assert all(lexicon.held(word.printed) == split.values for word in words)
        assert all(values.sided(word, split.values) for word in words)


def test_no_answer_of_training_holds_what_is_called_unseen() -> None:
    rng = Random(8)
    made = [generate.task(rng, TRAIN, size, 0.4) for _ in range(250) for size in (0.0, 0.5, 1.0)]
    met = [one.json for task in made for one in task.origins if one]
    assert len(met) > 5000
    assert not [json for json in met if unseen(json)]
    new = [one.json for task in some(NEW_VALUES) for one in task.origins if one]
    assert len(new) / 3 < sum(map(unseen, new)) < len(new)


@pytest.mark.parametrize(
    ("json", "new"),
    [
        ("true", False),
        ("null", False),
        ("4700.5", True),
        ("4701.5", False),  # on the training side
        ("711.52", False),  # may be a weight
        ('"AB-1002"', True),
        ('"10003"', False),  # may be a postal code
        ('"Abbott"', False),  # may be a last name by itself
        ('"direct_debit"', False),  # an option
        ('"badge"', False),  # a drill's word
        ('"blanket"', True),
    ],
)
def test_what_training_cannot_have_met(json: str, new: bool) -> None:
    assert unseen(json) == new


def test_names_and_labels_are_on_their_side() -> None:
    for i in range(300):
        for held_out in (True, False):
            label = naming.open_label(Random(i), held_out)
            assert {lexicon.held(word) for word in label.split(" ")} == {held_out}


def test_concept_labels_are_on_the_training_side() -> None:
    rng = Random(1)
    for concept in lexicon.concepts().values():
        if not concept.value.startswith("list:"):
            leaf = Maker(rng, TRAIN, values.style(rng)).concept_leaf(concept)
            assert leaf is None or not lexicon.held(leaf.label)


def test_layouts_are_on_their_side() -> None:
    trained = {layout for layout, _ in layouts.TRAIN} | set(tables.TABLES)
    held = {layout for layout, _ in layouts.HELD} | set(tables.HELD_TABLES)
    assert not trained & held
    pairs = [("Alpha beta", "x1"), ("Gamma", "y2")]
    for layout, _ in [*layouts.TRAIN, *layouts.HELD]:
        text = "\n".join(layout(Random(2), pairs))
        assert "x1" in text
        assert "y2" in text


@pytest.mark.parametrize(("digits", "comma", "thousands", "printed"), [
    ("1234.50", True, ".", "1.234,50"), ("1234567.05", False, ",", "1,234,567.05"), ("-12.5", True, ".", "-12,5"),
    ("999", False, ",", "999"), ("1234.00", False, "'", "1'234.00"),
])  # fmt: skip
def test_numbers_keep_their_digits(digits: str, comma: bool, thousands: str, printed: str) -> None:
    look = values.Style(comma, thousands, "EUR", "", "en", 0)
    made = values.number(digits, look, Random(0), money=True)
    assert (made.printed, made.json) == (printed, digits)


def test_a_lone_group_of_three_never_looks_like_decimals() -> None:
    for i in range(50):
        look = values.Style(True, ".", "EUR", "", "en", 0)
        assert "." not in values.number("1234", look, Random(i), money=True).printed


def test_parts_know_null() -> None:
    part: AnswerPart = Leaf("a", "code", "A", None, nullable=True, note="why")
    assert part.answer() == "null"
    assert part.schema() == {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "why"}
