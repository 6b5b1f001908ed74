"""The report of a backtest as a table for a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

MOST_DEVICES: Final = 20
WHATS: Final = ("gained", "lost", "moved", "same")
SIDES: Final = ("live", "draft")


def table(report: Mapping[str, Any], timezone: ZoneInfo) -> str:
    """All of it, as lines."""
    return "\n".join(_lines(report, timezone)) + "\n"


def _lines(report: Mapping[str, Any], timezone: ZoneInfo) -> Iterator[str]:
    begin, end = (_moment(report[name], timezone) for name in ("from_us", "to_us"))
    yield f"{begin} to {end} ({timezone.key}), {report['cost']['samples']} readings"
    yield ""
    yield from _columns(["", *SIDES, "target"], _totals(report))
    yield ""
    found = report["difference"]
    yield ", ".join(f"{found[what]} {what}" for what in WHATS)
    for title, key in (("rule", "rules"), ("device", "devices")):
        rows = report[key][:MOST_DEVICES] if key == "devices" else report[key]
        yield ""
        yield from _columns(
            [title, *SIDES, *(f"{side} h" for side in SIDES), *WHATS],
            [[row[title], *(row[c] for c in (*SIDES, "live_h", "draft_h", *WHATS))] for row in rows],
        )
        more = len(report[key]) - len(rows) + report.get(f"{key}_cut", 0)
        if more:
            yield f"... and {more} more"
    yield ""
    days = [
        [day["day"], day["live"], day["draft"], day["live_h"], day["draft_h"], day["samples"]]
        for day in report["days"]
    ]
    yield from _columns(["day", *SIDES, *(f"{side} h" for side in SIDES), "readings"], days)
    for word in ("warnings", "notes"):
        for text in report[word]:
            yield f"{word[:-1]}: {text['en']}"


def _totals(report: Mapping[str, Any]) -> list[list[Any]]:
    sides = [report[side] for side in SIDES]
    loads = [side["load"] for side in sides]
    target = report["load_targets"]
    share = [f"{load['flood_share']:.1%}" for load in loads]
    return [
        ["alerts", *(side["alerts"] for side in sides), ""],
        *([name, *(side["by_severity"][name] for side in sides), ""] for name in sides[0]["by_severity"]),
        ["hours out", *(side["active_h"] for side in sides), ""],
        ["out at the end", *(side["open_at_end"] for side in sides), ""],
        ["in 10 minutes, median", *(load["median"] for load in loads), target["per_10_min"]],
        ["in 10 minutes, 95 %", *(load["p95"] for load in loads), ""],
        ["in 10 minutes, most", *(load["max"] for load in loads), target["most_per_10_min"]],
        ["share with a flood", *share, f"{target['flood_share']:.1%}"],
    ]


def _columns(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The first column to the left, the others to the right."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    for line in lines:
        numbers = "  ".join(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        yield f"{line[0]:<{widths[0]}}  {numbers}".rstrip()


def _moment(time_us: int, timezone: ZoneInfo) -> str:
    return f"{dt.datetime.fromtimestamp(time_us / 1e6, timezone):%Y-%m-%d %H:%M}"
