"""The one table that people read."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterator
from typing import Any

from benchmarks.goals import Goal

WIDTH = 110


def lines(measured: dict[str, dict[str, Any]], goals: tuple[Goal, ...]) -> Iterator[str]:
    """The table: measured rows in the order of the goals, then what cannot be measured yet.

    Args:
        measured: row name -> the row as its JSON holds it (``work``, ``peer``, ``figures`` or ``failed``).
        goals: all goals, in the table's order.
    """
    for goal in goals:
        if goal.name in measured:
            yield from row_lines(goal, measured[goal.name])
    unmeasured = [goal for goal in goals if goal.name not in measured]
    if unmeasured:
        yield "not measured:"
    for goal in unmeasured:
        yield f"  {goal.name:<22} {goal.not_yet or 'not asked for in this run'}"


def row_lines(goal: Goal, row: dict[str, Any]) -> Iterator[str]:
    """A row: its name, its work, its goal, and one line for each figure."""
    yield goal.name
    for label, words in (("work", row["work"]), ("peer", row["peer"]), ("goal", goal.good)):
        yield textwrap.fill(words, WIDTH, initial_indent=f"  {label}  ", subsequent_indent=" " * 8)
    if "failed" in row:
        yield textwrap.indent(f"FAILED\n{row['failed'].rstrip()}", "  ")
    for figure in row.get("figures", []):
        yield from figure_lines(figure)
    yield ""


def figure_lines(figure: dict[str, Any]) -> Iterator[str]:
    """A figure: median, least, most; below it each peer's with the ratio."""
    yield f"  {figure['figure']:<34} {spread(figure['median'], figure['samples'], figure['unit'])}"
    for name, samples in figure["peers"].items():
        middle = statistics.median(samples)
        ratio = f"{number(figure['ratios'][name])}x"
        yield f"    {'against ' + name:<32} {spread(middle, samples, figure['unit'])}  {ratio:>8}"


def spread(median: float, samples: list[float], unit: str) -> str:
    """A median with the least and the most of its runs."""
    least, most = number(min(samples)), number(max(samples))
    return f"{number(median):>10} {unit:<12} ({least} to {most}, n={len(samples)})"


def number(value: float) -> str:
    """Three significant digits for small numbers, grouped whole ones above, millions above that."""
    if abs(value) >= 1e7:
        return f"{value / 1e6:,.1f}M"
    return f"{value:,.0f}" if abs(value) >= 1e3 else f"{value:.3g}"
