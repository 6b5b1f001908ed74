"""Other people's code is what it says it is, and is named with version, licence and sum."""

from __future__ import annotations

import hashlib
import re

import pytest

from hub.console import STATIC

VENDOR = STATIC / "vendor"
ROW = re.compile(
    r"^\| (?P<file>\S+\.js) \| (?P<package>\S+) \| (?P<version>\S+) \| (?P<licence>[^|]+) \| (?P<sum>[0-9a-f]{64}) \|$"
)
ROWS = [
    match.groupdict()
    for line in (VENDOR / "README.md").read_text().splitlines()
    if (match := ROW.match(line))
]


def test_every_vendored_script_has_its_line() -> None:
    assert {row["file"] for row in ROWS} == {path.name for path in VENDOR.glob("*.js")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["package"])
def test_a_vendored_script_is_the_one_that_was_published(row: dict[str, str]) -> None:
    data = (VENDOR / row["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == row["sum"]
    assert row["version"] in row["file"]
    named = re.findall(r"[a-z]+\.(?:LICENSE|NOTICE)[-a-z0-9]*", row["licence"])
    assert named
    assert [name for name in named if not (VENDOR / name).is_file()] == []


def test_the_console_imports_only_what_is_vendored() -> None:
    imported = {
        found
        for path in STATIC.rglob("*.js")
        if path.parent != VENDOR
        for found in re.findall(r"vendor/([^'\"]+)", path.read_text("utf-8"))
    }
    assert imported == {row["file"] for row in ROWS}
    assert "vendor/" + next(row["file"] for row in ROWS if row["package"] == "vue") in (
        STATIC / "index.html"
    ).read_text("utf-8")
