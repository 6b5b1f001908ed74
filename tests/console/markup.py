"""Reads the console's JavaScript just far enough to find words in markup and the keys that are looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

WORDS = re.compile(r"[A-Za-z\u3400-\u9fff]{2,}|\b[A-Z]\b")
#: Attributes whose value a person sees or hears.
SHOWN = re.compile(r"(?:aria-label|placeholder|title|alt)=\"([^\"]*)\"")
EXACT = re.compile(r"\bt\('([a-zA-Z0-9_.-]+)'")
OPENING = re.compile(r"\bt\(`([a-zA-Z0-9_.-]*)\$\{")
CHOICE = re.compile(r"\bt\([^'`()]*\? '([a-zA-Z0-9_.-]+)' : (?:'([a-zA-Z0-9_.-]+)'|`([a-zA-Z0-9_.-]*)\$\{)")


def templates(source: str) -> Iterator[str]:
    """The text of every html`...` with its ${...} taken out; nested ones come on their own."""
    for start in re.finditer(r"html`", source):
        yield _template(source, start.end())


def _template(source: str, at: int) -> str:
    kept = []
    while source[at] != "`":
        if source.startswith("${", at):
            at = _after_expression(source, at + 2)
            kept.append("\0")
        else:
            kept.append(source[at])
            at += 1
    return "".join(kept)


def _after_expression(source: str, at: int) -> int:
    """Position after the brace that closes an expression; strings and templates inside are stepped over."""
    while source[at] != "}":
        sign = source[at]
        if sign == "{":
            at = _after_expression(source, at + 1)
        elif sign in "'\"":
            at = source.index(sign, at + 1) + 1
        elif sign == "`":
            at = _after_template(source, at + 1)
        else:
            at += 1
    return at + 1


def _after_template(source: str, at: int) -> int:
    while source[at] != "`":
        at = _after_expression(source, at + 2) if source.startswith("${", at) else at + 1
    return at + 1


def literals(source: str) -> list[str]:
    """Words that stand in markup itself, between tags or in attributes that are shown."""
    found = []
    for template in templates(source):
        between = re.sub(r"<[^>]*>", "\n", template)
        pieces = [piece.strip() for piece in re.split(r"[\n\0]", between)]
        shown = [value.strip("\0 ") for value in SHOWN.findall(template)]
        found += [piece for piece in [*pieces, *shown] if WORDS.search(piece)]
    return found


def key_uses(sources: Iterable[Path]) -> tuple[set[str], set[str]]:
    """Keys that are looked up as they stand, and the beginnings of those that are put together."""
    exact: set[str] = set()
    openings: set[str] = set()
    for path in sources:
        text = path.read_text("utf-8")
        exact |= set(EXACT.findall(text))
        openings |= set(OPENING.findall(text))
        for one, other, opening in CHOICE.findall(text):
            exact |= {one, other} - {""}
            openings |= {opening} - {""}
    return exact, openings
