"""Strict typed files: YAML into frozen pydantic models, every problem reported with its file, path, found and expected."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from devices.model.errors import ConfigRefused, Problem

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Frozen, and refuses unknown keys with the path of the key."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Loader(yaml.SafeLoader):
    """YAML without anchors that explode and without silently repeated keys; `on`, `off`, `yes`, `no` stay strings."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    letter: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
    ]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool",
    re.compile(r"^(?:true|false)$"),
    list("tf"),
)


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
        raise ConfigRefused([Problem(str(path), where, str(error.problem), "valid YAML")]) from None
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
        raise ConfigRefused(list(_problems(error, file))) from None


def _problems(error: ValidationError, file: str) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"]) or "-"
        yield Problem(file, path, _found(item), _expected(item))


def _found(item: Any) -> str:
    if item["type"] == "missing":
        return "nothing"
    if item["type"] == "extra_forbidden":
        return f"an unknown key with value {_shortened(item['input'])}"
    return _shortened(item["input"])


def _expected(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "only known keys"
    if item["type"] == "missing":
        return "a value"
    return str(item["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
