"""Strict typed files: YAML into frozen models, every problem with its file, path, found and expected."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from devices.model.errors import ConfigRefused, Problem
from devices.profiles import mistakes

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Frozen, and refuses unknown keys with the path of the key."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _has_tag(event: yaml.Event) -> bool:
    return getattr(event, "tag", None) is not None


class _Loader(yaml.SafeLoader):
    """YAML without anchors that explode, without tags and without silently repeated keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        for what, found in (("aliases", isinstance(event, yaml.AliasEvent)), ("tags", _has_tag(event))):
            if found:
                raise yaml.composer.ComposerError(None, None, f"{what} are not allowed", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the library's signature
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a plain word or number", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# Plain scalars as people mean them: 17:30, 010, 8E1, dates and `on` are text, 1e-3 is a number.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"~|null|", ["~", "n", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,30})|0x[0-9a-fA-F]{1,16}", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*)(?:[eE][-+]?[0-9]+)?|(?:0|[1-9][0-9]*)[eE][-+][0-9]+)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def read_yaml(path: Path) -> Any:
    """Parse a YAML file into plain values.

    Raises:
        ConfigRefused: it cannot be read, is too large, or is not YAML; with line and column.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigRefused(
                [Problem(str(path), "-", f"{path.stat().st_size} bytes", f"at most {MAX_FILE_BYTES}")]
            )
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigRefused([Problem(str(path), "-", str(error), "a readable UTF-8 file")]) from None
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "-"
        found = str(error.problem).removeprefix("but ").removeprefix("found ")
        raise ConfigRefused([Problem(str(path), where, found, "valid YAML")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigRefused([Problem(str(path), "-", str(error), "valid YAML")]) from None


def load(path: Path, model: type[M]) -> M:
    """Read a YAML file as `model`.

    Raises:
        ConfigRefused: with every problem of the file.
    """
    return parse(read_yaml(path), model, str(path))


def parse(values: Any, model: type[M], file: str) -> M:
    """Check plain values against `model`.

    Raises:
        ConfigRefused: with every problem.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigRefused(list(_problems(error, values, file))) from None


def _problems(error: ValidationError, values: object, file: str) -> Iterator[Problem]:
    items = error.errors(include_url=False)
    for item in items:
        if item["type"] == "too_short" and _lies_above(item["loc"], items):
            continue  # pydantic counts only the good entries of a list; the bad ones are told themselves
        yield Problem(file, _path(item, values), mistakes.found(item), mistakes.expected(item))


def _lies_above(loc: tuple[int | str, ...], items: Iterable[Any]) -> bool:
    return any(len(item["loc"]) > len(loc) and item["loc"][: len(loc)] == loc for item in items)


def _path(item: Any, values: object) -> str:
    """The path as the person wrote it: without the names of union variants that pydantic puts between."""
    parts = _led(item["loc"], values, item)
    return ".".join(_furthest(item["loc"], values) if parts is None else parts) or "-"


def _led(loc: tuple[int | str, ...], at: Any, item: Any) -> list[str] | None:
    """The parts of `loc` that lead through `at` to what is wrong; None where no reading of it does.

    A variant may be named like a key: a rule of kind `when` has a key `when`.
    """
    if not loc:
        return [] if at is item["input"] else None
    part, rest = loc[0], loc[1:]
    if not rest and item["type"] == "missing" and at is item["input"]:
        return [str(part)]
    if _has(at, part):
        deeper = _led(rest, at[part], item)
        if deeper is not None:
            return [str(part), *deeper]
    return _led(rest, at, item)


def _furthest(loc: tuple[int | str, ...], at: Any) -> list[str]:
    """The parts of `loc` that are keys, one after the other."""
    parts: list[str] = []
    for part in loc:
        if _has(at, part):
            at = at[part]
            parts.append(str(part))
    return parts


def _has(at: Any, part: int | str) -> bool:
    return part in at if isinstance(at, dict) else isinstance(at, list) and part in range(len(at))
