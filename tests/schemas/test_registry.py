"""Finding schemas: the built-in ones, a user's, and files that cannot be used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
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
    assert {path.stem for path in HERE.glob("*.py")} == MACHINERY
    assert {path.stem for path in (HERE / "builtin").glob("*.py")} == {*BUILT_IN, "__init__"}


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
    with pytest.raises(UnknownSchema, match=r"no schema 'invoise' \(did you mean invoice\?\); there are: .*receipt"):
        built_in.get("invoise")
    with pytest.raises(UnknownSchema, match=r"^there is no schema '[^']*'; there are: .*invoice"):
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
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("hello from the file")) == ("", 2)


def test_other_ways_to_be_wrong(tmp_path):
    (tmp_path / "Bad-Name.py").write_text(GOOD)
    (tmp_path / "machine.py").write_text(GOOD)
    other = tmp_path / "other"
    other.mkdir()
    (other / "machine.py").write_text(GOOD.replace('"3"', '"4"'))
    empty = tmp_path / "empty"
    empty.mkdir()
    registry = Registry.discover([str(tmp_path), str(other), str(empty), "no.such.module", ""])
    assert "lower-case" in registry.problems["Bad-Name.py"]
    assert "taken by another file" in registry.problems["machine.py"]
    assert "no .py file" in registry.problems[str(empty)]
    assert "no such folder, file or module" in registry.problems["no.such.module"]
    assert registry.get("machine").version == "3"


def test_a_file_of_ones_own_takes_the_place_of_a_built_in_one(tmp_path, caplog):
    (tmp_path / "invoice.py").write_text(GOOD)
    registry = Registry.discover([str(tmp_path)])
    assert registry.get("invoice").version == "3"
    assert registry.problems == {}
    assert [record.getMessage() for record in caplog.records] == [
        "schemas: invoice.py takes the place of the built-in schema 'invoice'"
    ]
    (tmp_path / "receipt.py").write_text("1/0")
    broken = Registry.discover([str(tmp_path)])
    assert "receipt.py" in broken.problems
    assert broken.get("receipt").version == "1", "one that cannot be used takes nobody's place"


PLAIN = "from pydantic import BaseModel\nclass Invoice(BaseModel):\n    number: str\n"


@pytest.mark.parametrize(
    ("rest", "taken", "left"),
    [
        ("class Helper(BaseModel):\n    x: int\n", "Helper", ["Invoice"]),
        ("class Helper(BaseModel):\n    x: int\nclass Other(BaseModel):\n    x: int\n", "Other", ["Invoice", "Helper"]),
        ("class Bigger(Invoice):\n    x: int\n", "Bigger", []),
        ("class Page(BaseModel):\n    all: dict[str, list[Invoice | None]]\n", "Page", []),
        ("class Page(BaseModel):\n    one: Invoice\nclass Odd(BaseModel):\n    x: int\n", "Odd",
         ["Invoice", "Page"]),
        ("class Helper(BaseModel):\n    x: int\n__extract__ = Helper\n", "Helper", []),
        ("class Helper(BaseModel):\n    x: int\n__extract__ = Invoice\n", "Invoice", []),
        ("", "Invoice", []),
    ],
)  # fmt: skip
def test_which_class_is_taken_is_said_where_another_may_be_meant(tmp_path, caplog, rest, taken, left):
    (tmp_path / "several.py").write_text(PLAIN + rest)
    registry = Registry.discover([str(tmp_path)])
    assert registry.get("several").model.__name__ == taken
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == len(registry.notes) == bool(left)
    for note in messages:
        assert f"several.py: its class {taken} is taken" in note
        assert f"of which {', '.join(left)} is no part" in note
        assert f"__extract__ = {taken}" in note


def test_files_that_come_later_are_found_without_a_restart(tmp_path):
    registry = Registry.discover([str(tmp_path)])
    assert "no .py file" in registry.problems[str(tmp_path)]
    with pytest.raises(UnknownSchema, match="there is no schema 'machine'"):
        registry.get("machine")
    (tmp_path / "machine.py").write_text(GOOD)
    assert registry.get("machine@3").model.__name__ == "Machine"
    assert registry.problems == {}
    (tmp_path / "second.py").write_text(PLAIN)
    assert "second" in [schema.name for schema in registry.list()]


def test_a_file_that_was_mended_is_found_without_a_restart(tmp_path):
    file = tmp_path / "machine.py"
    for place in (tmp_path, file):
        file.write_text("1/0")
        registry = Registry.discover([str(place)])
        for _ in range(2):
            with pytest.raises(UnknownSchema, match=r"could not be loaded: machine\.py: ZeroDivisionError"):
                registry.get("machine")
        file.write_text(GOOD)
        os.utime(file, ns=(1, 1))
        assert registry.get("machine").version == "3"
        assert registry.problems == {}


def test_what_is_known_stays_as_it_is_and_that_is_said(tmp_path):
    """API and workers are to mean the same by a name until they are restarted."""
    file = tmp_path / "machine.py"
    file.write_text(GOOD)
    registry = Registry.discover([str(tmp_path)])
    file.write_text(GOOD.replace('"3"', '"4"'))
    os.utime(file, ns=(1, 1))
    (tmp_path / "invoice.py").write_text(GOOD)
    for _ in range(2):
        assert {schema.name: schema.version for schema in registry.list()}["machine"] == "3"
        assert registry.get("invoice").version == "1"
    assert sorted(registry.notes) == [
        "invoice.py: has come; it is used after a restart",
        "machine.py: was changed; it is used after a restart",
    ]


def test_modules_are_found_after_a_restart_and_the_error_says_so(tmp_path, monkeypatch):
    package = tmp_path / "later_schemas"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry.discover(["later_schemas"])
    (package / "machine.py").write_text(GOOD)
    with pytest.raises(UnknownSchema, match="modules that come later are found after a restart"):
        registry.get("machine")


def test_many_ask_at_once(tmp_path):
    registry = Registry.discover([str(tmp_path)])
    (tmp_path / "machine.py").write_text(GOOD + "\nimport time\ntime.sleep(0.1)\n")
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: registry.get("machine"), range(16)))
    assert len({id(schema) for schema in found}) == 1, "the file ran once"


PATTERNED = "from pydantic import BaseModel, constr\n\nclass A(BaseModel):\n    code: list[constr(pattern={pattern!r})]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nimport dateparser_of_mine.core",
         r"^needs the package 'dateparser_of_mine', which is not installed here .*\(line 2\)$"),
        ("from pydantic import BaseModel\n\nclass A(BaseModel):\n    x: int\n\nA(x='no')",
         r"^ValidationError: 1 validation error for A x Input should be a valid integer, .*\(line 6\)$"),
        (PATTERNED.format(pattern=r"^(?=a)b"),
         r'Field "code": regex parse error: \^\(\?=a\)b error: look-around, .*python-re'),
        (PATTERNED.format(pattern=r"(a)\1"),
         r'Field "code": .* backreferences are not supported.*python-re.*\(line 3\)$'),
        (PATTERNED.format(pattern="^[a"),
         r'Field "code": regex parse error: \^\[a error: unclosed character class \(line 3\)$'),
        ("import json\njson.loads('{')", r"^JSONDecodeError: .*\(line 2\)$"),
    ],
)  # fmt: skip
def test_the_reason_names_the_line_of_the_file_and_what_to_do(tmp_path, text, said):
    (tmp_path / "broken.py").write_text(text)
    why = Registry.discover([str(tmp_path)]).problems["broken.py"]
    assert re.search(said, why), why


MAIL = "from pydantic import BaseModel, EmailStr\n\n\nclass Person(BaseModel):\n    mail: EmailStr\n"


def test_an_address_of_mail_is_a_type_like_others(tmp_path):
    (tmp_path / "person.py").write_text(MAIL)
    schema = Registry.discover([str(tmp_path)]).get("person")
    assert schema.validate({"mail": "ada@example.org"}).mail == "ada@example.org"
    with pytest.raises(ValidationProblem):
        schema.validate({"mail": "ada"})


@pytest.mark.process
def test_a_missing_package_for_addresses_is_named(tmp_path):
    """In an installation without it: the reader is told which one and how to get it."""
    (tmp_path / "person.py").write_text(MAIL)
    code = (
        "import sys; sys.modules['email_validator'] = None\n"
        "import importlib.metadata as m; version = m.version\n"
        "def gone(name):\n"
        "    if 'email' in name: raise m.PackageNotFoundError(name)\n"
        "    return version(name)\n"
        "m.version = gone\n"
        f"from schemas import Registry; print(Registry.discover([{str(tmp_path)!r}]).problems['person.py'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent)
    missing = "an EmailStr needs the package email-validator, which is not installed here"
    assert done.stdout.strip() == f"{missing}: pip install email-validator (line 4)"


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


@pytest.mark.process
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
