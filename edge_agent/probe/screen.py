"""Answers of probes and checks as tables for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

MARKS: Final = {"good": "ok", "no_value": "--", "refused": "--", "no_answer": "--"}
OTHERS: Final = 3


def probe_table(answer: dict[str, Any]) -> str:
    """What was found, one line for each place, other readings behind it."""
    return "\n".join(_probe_lines(answer)) + "\n"


def check_table(answer: dict[str, Any]) -> str:
    """Each point with its value and verdict."""
    return "\n".join(_check_lines(answer)) + "\n"


def _probe_lines(answer: dict[str, Any]) -> Iterator[str]:
    yield f"unit {answer['unit']}, {answer['table']}, {answer['requests']} requests; * is plausible"
    for row in answer["rows"]:
        chosen = row["candidates"][row["chosen"] or 0]
        others = [_said(one) for one in row["candidates"] if one is not chosen][:OTHERS]
        mark = "*" if row["chosen"] is not None else " "
        moved = "" if chosen["first"] in {None, chosen["value"]} else f" (was {chosen['first']:.10g})"
        yield f"{mark} {_addr(row['addr'])} {' '.join(row['words']):<20} {_said(chosen)}{moved}" + (
            f"   or {'; '.join(others)}" if others else ""
        )
    for text in answer["texts"]:
        yield f"* {_addr(text['addr'])} text {text['text']!r} or, bytes swapped, {text['swapped']!r}"
    for first, last in answer["zeros"]:
        yield f"  {_addr(first)} to {_addr(last)}: zero"
    for first, last in answer["ones"]:
        yield f"  {_addr(first)} to {_addr(last)}: ffff, nothing there"
    for left in answer["refused"]:
        yield f"- {_addr(left['first'])} to {_addr(left['last'])}: {left['why']}"


def _said(one: dict[str, Any]) -> str:
    scale = "" if one["scale"] == 1.0 else f" x {one['scale']:g}"
    meaning = f" {one['unit']} {one['meaning']}" if one["meaning"] else ""
    return f"{one['type']} {one['order']}{scale} = {one['value']:.10g}{meaning}"


def _check_lines(answer: dict[str, Any]) -> Iterator[str]:
    counts = f"{answer['good']} good, {answer['wrong']} wrong, {answer['open']} open"
    yield f"{answer['profile']} on unit {answer['unit']}: {counts}"
    for point in answer["points"]:
        value = "-" if point["value"] is None else f"{point['value']:.10g} {point['unit']}"
        instead = "; ".join(_instead(one) for one in point["instead"])
        mark = MARKS.get(point["verdict"], "!!")
        yield (
            f"{mark} {point['point']:<20} {point['table']:<8} {_addr(point['addr'])} {value:<20} {point['verdict']}"
            + (f"   perhaps {instead}" if instead else "")
        )


def _instead(one: dict[str, Any]) -> str:
    return f"{one['type']} {one['order']} x {one['scale']:g} = {one['value']:.10g}"


def _addr(addr: int) -> str:
    return f"{addr:5d} (0x{addr:04X})"
