"""Errors are caught by name, a catch-all is a boundary and says which, a cancellation is never swallowed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.project import PACKAGES, ours, text

ALL = {"Exception", "BaseException"}
CANCELLED = {"CancelledError", "BaseException"}
BOUNDARY = re.compile(r"#.*\bboundary: \S")
#: A task that this very function cancelled may be awaited to its end.
OUR_CANCEL = re.compile(r"#.*\bcancelled here\b")


def test_each_catch_all_is_marked_as_a_boundary() -> None:
    wrong = [
        f"{name}:{line} {what}"
        for name in ours(".py", under=PACKAGES)
        for line, what in unmarked_catch_alls(text(name))
    ]
    assert not wrong, "catch it by name, or mark the line '# boundary: why':\n" + "\n".join(wrong)


def test_no_cancellation_is_swallowed() -> None:
    wrong = [
        f"{name}:{line} {what}"
        for name in ours(".py", under=PACKAGES)
        for line, what in swallowed_cancellations(text(name))
    ]
    assert not wrong, "raise it again, or mark the line '# cancelled here' if it is:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    f()\nexcept Exception:\n    g()",
        "try:\n    f()\nexcept:\n    g()",
        "try:\n    f()\nexcept (OSError, BaseException) as error:\n    g()",
        "with contextlib.suppress(Exception):\n    f()",
        "with suppress(OSError, Exception):\n    f()",
    ],
)
def test_a_catch_all_is_seen_in_every_spelling(code: str) -> None:
    assert list(unmarked_catch_alls(code))


def test_a_marked_catch_all_and_a_named_one_pass() -> None:
    marked = "try:\n    f()\nexcept Exception:  # boundary: a source's task\n    g()\n"
    named = "try:\n    f()\nexcept (OSError, KeyError):\n    g()\n"
    assert not list(unmarked_catch_alls(marked + named))


@pytest.mark.parametrize(
    ("code", "swallows"),
    [
        ("try:\n    f()\nexcept asyncio.CancelledError:\n    g()", True),
        ("try:\n    f()\nexcept BaseException:  # boundary: why\n    g()", True),
        ("with suppress(asyncio.CancelledError):\n    await task", True),
        ("with suppress(asyncio.CancelledError):  # cancelled here\n    await task", False),
        ("try:\n    f()\nexcept asyncio.CancelledError:\n    g()\n    raise", False),
    ],
)
def test_a_swallowed_cancellation_is_seen(code: str, *, swallows: bool) -> None:
    assert bool(list(swallowed_cancellations(code))) is swallows


def unmarked_catch_alls(code: str) -> Iterator[tuple[int, str]]:
    lines = code.splitlines()
    for line, names, _ in catches(code):
        if (not names or names & ALL) and not BOUNDARY.search(lines[line - 1]):
            yield line, lines[line - 1].strip()


def swallowed_cancellations(code: str) -> Iterator[tuple[int, str]]:
    lines = code.splitlines()
    for line, names, body in catches(code):
        raises = any(isinstance(node, ast.Raise) for statement in body for node in ast.walk(statement))
        if (not names or names & CANCELLED) and not raises and not OUR_CANCEL.search(lines[line - 1]):
            yield line, lines[line - 1].strip()


def catches(code: str) -> Iterator[tuple[int, set[str], list[ast.stmt]]]:
    """Line, names of exceptions and what is done about them, for each handler and each suppress()."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ExceptHandler):
            yield node.lineno, names_in(node.type), node.body
        elif isinstance(node, ast.Call) and names_in(node.func) == {"suppress"}:
            yield node.lineno, set().union(*(names_in(argument) for argument in node.args)), []


def names_in(node: ast.AST | None) -> set[str]:
    """The last words of dotted names: ``asyncio.CancelledError`` is CancelledError."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case ast.Tuple(elts=parts):
            return set().union(*(names_in(part) for part in parts))
        case _:
            return set()
