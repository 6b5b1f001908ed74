"""Nothing in the project knows where it was written, or where its packages were fetched from."""

from __future__ import annotations

import re

import pytest

from tests.house.project import files, text


def word(backwards: str) -> str:
    """Forbidden words stand here backwards, so that this file does not contain what it forbids."""
    return backwards[::-1]


FORBIDDEN = {
    "a path of somebody's machine": (
        rf"(?<![\w.~-])/({word('krow')}|{word('toor')}|{word('emoh')}/[a-z]+|{word('sresU')}/\w+|{word('wc/pmt')})"
        r"(?=[/\s`'\")]|$)"
    ),
    "a folder beside the project": rf"\.\./{word('derahs')}\b",
    "an address of a package index": (
        rf"https?://\S*(/{word('elpmis')}\b|{word('ipyp')}\.(org|python|tuna)|{word('detsohnohtyp')}"
        rf"|{word('yrotcafitra')}|pkg\.{word('ved')})"
    ),
    "an option that names an index": (
        rf"--(extra-)?{word('lru-xedni')}\b|--{word('sknil-dnif')}\b|--{word('tsoh-detsurt')}\b"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = [f"{name}: {match.group(0)}" for name in files() for match in pattern.finditer(readable(name))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of somebody's machine", f"see /{word('krow')}/main"),
        ("a path of somebody's machine", f"`/{word('toor')}`"),
        ("a path of somebody's machine", f"/{word('emoh')}/ann/campus"),
        ("a folder beside the project", f"../{word('derahs')}/facts"),
        ("an address of a package index", f"https://mirror.example/{word('elpmis')}/"),
        ("an option that names an index", f"pip install --{word('lru-xedni')} x"),
    ],
)
def test_what_is_forbidden_is_seen(what: str, line: str) -> None:
    assert re.search(FORBIDDEN[what], line)


@pytest.mark.parametrize(
    "line",
    ["docs/work/x", "a simple rule", "/var/lib/campuswatch", "https://example.org/a", "the root of it"],
)
def test_what_is_allowed_is_not_seen(line: str) -> None:
    assert not any(re.search(pattern, line) for pattern in FORBIDDEN.values())


def readable(name: str) -> str:
    """A file's text; nothing for a picture or an archive."""
    try:
        return text(name)
    except UnicodeDecodeError:
        return ""
