"""Finding schemas: the built-in ones, a user's, and files that cannot be used."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from schemas import Registry, UnknownSchema, ValidationProblem
from schemas.registry import HERE, MACHINERY, of_file

BUILT_IN = "bank_transaction contact invoice purchase_order receipt resume shipping_notice support_ticket".split()

GOOD = """
from __future__ import annotations
from pydantic import BaseModel, Field
from schemas.types import Amount

__version__ = "3"

class Part(BaseModel):
    name: str

class Machine(BaseModel):
    "A machine."
    parts: list[Part]
    weight: Amount | None = Field(None, description="in kg")
"""


@pytest.fixture(scope="module")
def built_in() -> Registry:
    return Registry.discover()


def test_eight_schemas_are_there_and_none_is_broken(built_in):
    assert [schema.name for schema in built_in.list()] == BUILT_IN
    assert built_in.problems == {}


def test_each_file_of_the_folder_is_a_schema_or_machinery():
    assert {path.stem for path in HERE.glob("*.py")} == set(BUILT_IN) | MACHINERY


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_schema_is_whole(built_in, name):
    schema = built_in.get(name)
    assert built_in.get(f"{name}@1") is schema
    assert schema.ref == f"{name}@1"
    assert len(schema.sha256) == 64
    assert schema.description
    assert 8 <= len(schema.json_schema["properties"]) <= 14
    assert len(str(schema.json_schema)) < 3_000
    assert '"title":' not in str(schema.json_schema["properties"]).replace("'", '"') or name == "contact"
    assert schema.examples
    for example in schema.examples:
        assert list(example.answer) == list(schema.json_schema["properties"])
        schema.validate(example.answer)
        assert len(example.document) < 400


def test_examples_copy_what_their_documents_say(built_in):
    """Every string of an answer that is not a date, an enum or a code stands in its document, letter for letter."""
    for schema in built_in.list():
        for example in schema.examples:
            for value in _strings(example.answer, schema.json_schema):
                assert value in " ".join(example.document.split()), (schema.name, value)


def _strings(answer, json_schema):
    enums = str(json_schema)
    stack = [answer]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str) and f"'{value}'" not in enums and not value[:4].isdigit() and len(value) > 3:
            yield value


def test_unknown_names_and_versions(built_in):
    with pytest.raises(UnknownSchema, match=r"there are: .*invoice"):
        built_in.get("nope")
    with pytest.raises(UnknownSchema, match="version '1', not '2'"):
        built_in.get("invoice@2")


def test_a_users_folder(tmp_path):
    (tmp_path / "machine.py").write_text(GOOD)
    (tmp_path / "_helper.py").write_text("raise RuntimeError")
    before = set(sys.modules)
    registry = Registry.discover([str(tmp_path)])
    schema = registry.get("machine@3")
    assert registry.problems == {}
    assert set(sys.modules) - before == set()
    assert not (tmp_path / "__pycache__").exists()
    value = schema.validate({"parts": [{"name": "axle"}], "weight": Decimal("12.50")})
    assert str(value.weight) == "12.50"
    with pytest.raises(ValidationProblem) as caught:
        schema.validate({"parts": [{"name": 3}]})
    assert [where for where, _ in caught.value.errors] == ["/parts/0/name"]


def test_a_single_file_and_the_model_it_names(tmp_path):
    file = tmp_path / "two.py"
    file.write_text(GOOD + "\nclass Other(BaseModel):\n    x: int\n\n__extract__ = Machine\n")
    assert list(Registry.discover([str(file)]).get("two").json_schema["properties"]) == ["parts", "weight"]


def test_a_module_and_a_package(tmp_path, monkeypatch):
    package = tmp_path / "shop_schemas"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "machine.py").write_text(GOOD)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert Registry.discover(["shop_schemas"]).get("machine").version == "3"
    assert Registry.discover(["shop_schemas.machine"]).get("machine").version == "3"


MODEL = "from pydantic import BaseModel, Field, RootModel\nfrom schemas import example\nclass A(BaseModel):\n    "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("class X(:", "SyntaxError.*line 1"),
        ("import nothing_of_that_name", "ModuleNotFoundError.*line 1"),
        ("x = 1\n1 / 0", "ZeroDivisionError.*line 2"),
        ("import sys; sys.exit('bye')", "SystemExit"),
        ("x = 1", "no pydantic model"),
        ("__extract__ = 3", "not a pydantic model"),
        (MODEL + "x: Nowhere", "PydanticUndefinedAnnotation|NameError"),
        (MODEL + "x: 'Nowhere'", "not fully defined|Nowhere"),
        (MODEL + "f: type = int\n    g: object = print\n    h: 'Callable' = 1", "Callable"),
        (MODEL + "x: int\nclass B(RootModel[list[int]]): pass", "top level must be an object"),
        (MODEL + "x: str = Field(json_schema_extra={'$ref': 'http://a/b'})", "outside the document"),
        (MODEL + "x: int\n    __examples__ = [example('d', '{\"x\": \"no\"}')]", "example 1"),
    ],
)
def test_a_broken_file_is_reported_by_name_and_takes_nobody_along(tmp_path, text, reason):
    (tmp_path / "broken.py").write_text(text)
    (tmp_path / "machine.py").write_text(GOOD)
    registry = Registry.discover([str(tmp_path)])
    assert list(registry.problems) == ["broken.py"]
    assert re.search(reason, registry.problems["broken.py"]), registry.problems
    assert registry.get("machine")
    with pytest.raises(UnknownSchema, match="'broken' could not be loaded: broken"):
        registry.get("broken@1")


def test_what_a_file_prints_is_no_answer(tmp_path, capsys):
    (tmp_path / "chatty.py").write_text(GOOD + '\nprint("hello from the file")\n')
    assert Registry.discover([str(tmp_path)]).get("chatty").version == "3"
    of_file(tmp_path / "chatty.py")
    said = capsys.readouterr()
    assert (said.out, said.err.count("hello from the file")) == ("", 2)


def test_other_ways_to_be_wrong(tmp_path):
    (tmp_path / "Bad-Name.py").write_text(GOOD)
    (tmp_path / "invoice.py").write_text(GOOD)
    empty = tmp_path / "empty"
    empty.mkdir()
    registry = Registry.discover([str(tmp_path), str(empty), "no.such.module", ""])
    assert "lower-case" in registry.problems["Bad-Name.py"]
    assert "taken" in registry.problems["invoice.py"]
    assert "no .py file" in registry.problems[str(empty)]
    assert "neither a folder nor a module" in registry.problems["no.such.module"]
    assert registry.get("invoice").version == "1"


def test_a_place_nobody_may_look_into_takes_nobody_along(monkeypatch):
    is_dir = Path.is_dir

    def refuse(self):
        if "secret" in str(self):
            raise PermissionError(13, "Permission denied", str(self))
        return is_dir(self)

    monkeypatch.setattr("pathlib.Path.is_dir", refuse)
    registry = Registry.discover(["~nobody-of-that-name/x", "/secret/schemas"])
    assert "~nobody-of-that-name/x" in registry.problems
    assert "Permission denied" in registry.problems["/secret/schemas"]
    assert registry.get("invoice")


def test_importing_schemas_loads_no_model_library():
    code = (
        "import sys; from schemas import Registry; Registry.discover(); "
        "print([m for m in ('torch', 'transformers', 'outlines', 'llguidance', 'extractor') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(HERE).parent
    )
    assert out.stdout.strip() == "[]"


def test_a_version_that_a_star_import_brings_is_not_the_schemas(tmp_path):
    fields = "\nclass Note(BaseModel):\n    text: str\n"
    (tmp_path / "starred.py").write_text("from pydantic import *" + fields)
    (tmp_path / "named.py").write_text("from pydantic import *\n__version__ = '7'" + fields)
    registry = Registry.discover([str(tmp_path)])
    assert registry.get("starred").version == "1"
    assert registry.get("named").version == "7"
