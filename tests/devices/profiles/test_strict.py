from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from devices.model.errors import ConfigRefused, Problem
from devices.profiles.strict import MAX_FILE_BYTES, Strict, load, parse, read_yaml


class Leaf(Strict):
    number: int
    word: str = ""


class Cat(Strict):
    kind: Literal["cat"]
    lives: int = Field(ge=1)


class Dog(Strict):
    kind: Literal["dog"]
    tricks: tuple[str, ...]


class Tree(Strict):
    leaves: tuple[Leaf, ...] = ()
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    amount: str | float = 0.0
    by_name: dict[str, Leaf] = Field({})


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path, model: type[Strict] = Tree) -> tuple[Problem, ...]:
    with pytest.raises(ConfigRefused) as caught:
        load(path, model)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("Y", "Y"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("17:30", "17:30"),
        ("1:30:00", "1:30:00"),
        ("2025-10-01", "2025-10-01"),
        ("2025-10-01T08:00:00Z", "2025-10-01T08:00:00Z"),
        ("0301", "0301"),
        ("010", "010"),
        ("00", "00"),
        ("0", 0),
        ("-7", -7),
        ("0x2006", 0x2006),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("8E1", "8E1"),
        ("8N1", "8N1"),
        ("1e-3", 0.001),
        ("1.5e3", 1500.0),
        ("0.1", 0.1),
        (".5", 0.5),
        ("-2.", -2.0),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("~", None),
        ("null", None),
        ("", None),
        ("=", "="),
        ("'12'", "12"),
        ("园区", "园区"),
    ],
)
def test_plain_scalar_means_what_a_person_means(tmp_path: Path, text: str, value: object) -> None:
    read = read_yaml(written(tmp_path, f"key: {text}\n"))["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "says", "where"),
    [
        ("a: 1\nb: 2\na: 3\n", "key 'a' stands twice", "line 3, column 1"),
        ("x: {a: 1, a: 1}\n", "key 'a' stands twice", "line 1, column 11"),
        ("a: &x [1]\nb: *x\n", "aliases are not allowed", "line 2, column 4"),
        ("a: !!int 1\n", "tags are not allowed", "line 1, column 4"),
        ("a: !!python/object/apply:os.system [ls]\n", "tags are not allowed", "line 1, column 4"),
        ("a: !!binary aGk=\n", "tags are not allowed", "line 1, column 4"),
        ("? [1, 2]\n: 3\n", "a key must be a plain word or number", "line 1, column 3"),
        ("a: [1\n", "expected ',' or ']'", "line 2, column 1"),
        ("a: b: c\n", "mapping values are not allowed", "line 1, column 5"),
        ("a: 1\n---\na: 2\n", "another document", "line 2, column 1"),
    ],
)
def test_yaml_that_could_mislead_is_refused_with_line_and_column(
    tmp_path: Path, text: str, says: str, where: str
) -> None:
    (problem,) = refusal(written(tmp_path, text))
    assert says in problem.found
    assert problem.path == where
    assert problem.expected


def test_merge_key_is_just_an_unknown_key(tmp_path: Path) -> None:
    (problem,) = refusal(written(tmp_path, "<<: {amount: 1}\n"))
    assert problem.path == "<<"


def test_exploding_anchors_are_refused_at_once(tmp_path: Path) -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (problem,) = refusal(written(tmp_path, text))
    assert "aliases" in problem.found


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"a: \xc3\x28\n", b"a: \x00\n", b"[" * 5000, b"a: " + b"[" * 2000 + b"]" * 2000],
)
def test_bytes_that_are_no_text_or_too_deep_are_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(written(tmp_path, content))


def test_number_of_five_thousand_digits_is_refused(tmp_path: Path) -> None:
    (problem,) = refusal(written(tmp_path, f"leaves: [{{number: {'1' * 5000}}}]"))
    assert problem.path == "leaves.0.number"
    assert len(problem.found) <= 80


def test_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    (problem,) = refusal(path)
    assert problem.expected == f"at most {MAX_FILE_BYTES}"


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.yaml")[0].expected == "a readable UTF-8 file"
    assert refusal(tmp_path)[0].expected == "a readable UTF-8 file"


@pytest.mark.parametrize("text", ["", "7\n", "[1]\n", "text\n"])
def test_file_that_is_no_map_is_refused(tmp_path: Path, text: str) -> None:
    (problem,) = refusal(written(tmp_path, text))
    assert problem.path == "-"


def test_every_problem_is_named_with_path_found_and_expected(tmp_path: Path) -> None:
    text = """
leaves:
  - {number: twelve}
  - {word: [a]}
  - {number: 1, colour: red}
pet: {kind: cat, lives: 0}
by_name:
  first: {number: 1.5}
amount: {a: 1}
extra: true
"""
    problems = refusal(written(tmp_path, text))
    assert {(problem.path, problem.found) for problem in problems} == {
        ("leaves.0.number", "'twelve'"),
        ("leaves.1.number", "nothing"),
        ("leaves.1.word", "['a']"),
        ("leaves.2.colour", "an unknown key with value 'red'"),
        ("pet.lives", "0"),
        ("by_name.first.number", "1.5"),
        ("amount", "{'a': 1}"),
        ("extra", "an unknown key with value True"),
    }
    assert all(problem.expected for problem in problems)


@pytest.mark.parametrize(
    ("pet", "path"),
    [
        ({"kind": "fish"}, "pet"),
        ({}, "pet"),
        ({"kind": "dog"}, "pet.tricks"),
        ({"kind": "dog", "tricks": 1}, "pet.tricks"),
    ],
)
def test_path_holds_no_names_that_only_the_schema_knows(pet: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigRefused) as caught:
        parse({"pet": pet}, Tree, "f")
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_number_without_end_is_refused(value: float) -> None:
    with pytest.raises(ConfigRefused):
        parse({"amount": value}, Tree, "f")


def test_value_once_read_cannot_be_changed() -> None:
    leaf = parse({"number": 1}, Leaf, "f")
    with pytest.raises(ValueError, match="frozen"):
        leaf.number = 2


def test_long_values_are_cut_where_people_read_them() -> None:
    with pytest.raises(ConfigRefused) as caught:
        parse({"number": "x" * 10_000}, Leaf, "f")
    assert len(caught.value.problems[0].found) <= 80
