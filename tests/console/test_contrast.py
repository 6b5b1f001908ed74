"""Text stands at least 4.5:1 against every ground it can stand on, marks at least 3:1, in both themes."""

from __future__ import annotations

import re

import pytest

from hub.console import STATIC

TOKENS = (STATIC / "style" / "tokens.css").read_text("utf-8")
GROUNDS = ("ground", "panel", "raised", "select")
TEXTS = (
    "text",
    "text-2",
    "text-3",
    "critical-text",
    "high-text",
    "medium-text",
    "low-text",
    "suppressed-text",
)
#: Pairs that stand together in one place only.
OWN_GROUND = [
    ("action-text", "action"),
    ("lost-text", "lost-ground"),
    ("text", "fire-ground"),
    ("text-2", "fire-ground"),
    ("critical-text", "fire-ground"),
    ("text", "field"),
    ("text-3", "field"),
]
MARKS = ("critical", "high", "medium", "low", "suppressed", "fire")


def tokens(theme: str) -> dict[str, str]:
    block = re.search(rf'\[data-theme="{theme}"\] \{{(.*?)\n\}}', TOKENS, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block.group(1)))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_defined() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_colour_is_readable_on_every_ground(theme: str) -> None:
    colour = tokens(theme)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS] + OWN_GROUND
    weak = {
        pair: round(ratio, 2) for pair in pairs if (ratio := contrast(*(colour[name] for name in pair))) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_mark_stands_out_by_its_fill_or_by_its_edge(theme: str) -> None:
    colour = tokens(theme)
    weak = {
        (mark, ground): round(contrast(colour[mark], colour[ground]), 2)
        for mark in MARKS
        for ground in GROUNDS
        if contrast(colour[mark], colour[ground]) < 3
        and contrast(colour.get("mark-edge", colour["panel"]), colour[ground]) < 3
    }
    assert weak == {}


def test_no_style_names_a_colour_beside_the_tokens() -> None:
    named = {
        path.name: found
        for path in (STATIC / "style").glob("*.css")
        if path.name != "tokens.css"
        and (
            found := re.findall(
                r"#[0-9a-fA-F]{3,8}\b(?!\s*\{)", path.read_text("utf-8").replace("#console", "")
            )
        )
    }
    assert named == {}
