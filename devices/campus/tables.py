"""Registers kept as CSV (areas, devices): what people edit in a spreadsheet, one line each, typed by a model."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from devices.model.errors import ConfigRefused, Problem
from devices.profiles.strict import MAX_FILE_BYTES, parse

M = TypeVar("M", bound=BaseModel)
PAIRS: Final = frozenset({"parameters"})
LISTS: Final = frozenset({"tags"})


def read_table(path: Path, model: type[M]) -> list[M]:
    """Read a CSV file (UTF-8, comma, header line); `zh` and `en` columns become `name`, empty cells are left out.

    `parameters` is written `ct=40;unit=km/h`, `tags` as `a;b`.

    Raises:
        ConfigRefused: with line and column of every problem.
    """
    problems: list[Problem] = []
    rows: list[M] = []
    for line, cells in _lines(path):
        try:
            rows.append(parse(_values(cells, f"{path}: line {line}"), model, f"{path}: line {line}"))
        except ConfigRefused as refused:
            problems.extend(refused.problems)
    if problems:
        raise ConfigRefused(problems)
    return rows


def _lines(path: Path) -> Iterator[tuple[int, dict[str | None, Any]]]:
    """Each row with the number of its last line; a short or long row has None among its cells or keys."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigRefused(
                [Problem(str(path), "-", f"{path.stat().st_size} bytes", f"at most {MAX_FILE_BYTES}")]
            )
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigRefused([Problem(str(path), "-", str(error), "a readable UTF-8 file")]) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = list(reader.fieldnames or ())
        if twice := sorted({name for name in columns if columns.count(name) > 1}):
            raise ConfigRefused([Problem(str(path), "line 1", f"columns twice: {twice}", "each column once")])
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        where = f"line {reader.line_num}"
        raise ConfigRefused([Problem(str(path), where, str(error), "valid CSV")]) from None


def _values(row: dict[str | None, Any], where: str) -> dict[str, Any]:
    if None in row or None in row.values():
        given = sum(cell is not None for cell in row.values()) + len(row.get(None) or ()) - (None in row)
        raise ConfigRefused([Problem(where, "-", f"{given} cells", f"{len(row) - (None in row)} cells")])
    values: dict[str, Any] = {str(key): cell.strip() for key, cell in row.items() if cell.strip()}
    if "zh" in values or "en" in values:
        values["name"] = {key: values.pop(key) for key in ("zh", "en") if key in values}
    for key in PAIRS & values.keys():
        values[key] = dict(pair.partition("=")[::2] for pair in values[key].split(";"))
    for key in LISTS & values.keys():
        values[key] = values[key].split(";")
    return values
