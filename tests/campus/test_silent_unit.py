"""One of twenty units on a link dies: by what the hub has stored, the other nineteen keep their period.

The link has a twin of twenty healthy units, which a busy machine slows as much: only against that is it judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import Any

import pytest

from tests.campus.site_text import SHARED, SHARED_POLL_S, TWIN, UNITS
from tests.campus.stack import Stack

pytestmark = [pytest.mark.timeout(300), pytest.mark.needs("nats-server")]
DEAD = f"{SHARED}-7"
ROUNDS = 10
#: A busy machine can take a round from one link and not from the other, but not again and again.
WINDOWS = 4
#: So late does each unit answer: a round takes 0.3 s of 0.5, so there is no room to wait for the dead one.
SLOW_S = "0.015"
Periods = dict[str, float]


@dataclass(frozen=True)
class Stored:
    """Readings of one point, as they are in the hub's series."""

    good_us: list[int]
    missed_us: list[int]


def stored(stack: Stack, link: str, since_us: int) -> dict[str, Stored]:
    """All that was stored of the units of a link since then."""
    points = {f"{link}-{n}.pressure_mpa": f"{link}-{n}" for n in range(1, UNITS + 1)}
    query = {"points": ",".join(points), "from_us": since_us, "to_us": 2**52, "step_s": 0}
    answer = stack.get("/api/series", **query)
    assert not answer["truncated"]
    found = {}
    for point, unit in points.items():
        columns: dict[str, list[Any]] = answer["series"].get(point, {"time_us": [], "value": []})
        rows = list(zip(columns["time_us"], columns["value"], strict=True))
        good = [time_us for time_us, value in rows if value is not None]
        found[unit] = Stored(good, [time_us for time_us, value in rows if value is None])
    return found


def newest_us(stack: Stack, *units: str) -> int:
    """When the unit that was read least recently was read; 0 if it never was."""
    values = stack.get("/api/latest")["values"]
    return min(int(values.get(f"{unit}.pressure_mpa", (0,))[0]) for unit in units)


def shown(stack: Stack, unit: str) -> float | None:
    """The value that a screen shows; None where there is no reading."""
    value: float | None = stack.get("/api/latest")["values"][f"{unit}.pressure_mpa"][1]
    return value


def periods(stack: Stack, link: str, from_us: int, to_us: int) -> Periods:
    """Mean time between the readings of each living unit of a link in a window."""
    found = {}
    for unit, rows in stored(stack, link, from_us).items():
        times = [time_us for time_us in rows.good_us if time_us <= to_us]
        if unit != DEAD:
            assert len(times) > 1, f"{unit} was read {len(times)} times while its twins were {ROUNDS} times"
            found[unit] = (times[-1] - times[0]) / (len(times) - 1) / 1e6
    return found


def window(stack: Stack) -> tuple[Periods, Periods]:
    """Periods on the link with the dead unit while its twin does some rounds, and those of the twin."""
    from_us = newest_us(stack, f"{TWIN}-1")
    length_us = round(ROUNDS * SHARED_POLL_S * 1e6)
    for link in (TWIN, SHARED):
        stack.until(
            lambda link=link: newest_us(stack, f"{link}-1") > from_us + length_us, f"{link} goes on", 60
        )
    to_us = from_us + length_us
    return periods(stack, SHARED, from_us, to_us), periods(stack, TWIN, from_us, to_us)


def wrong(measured: Periods, twins: Periods) -> str:
    """What is wrong: with one period against the slowest twin's, or with all against all twins; "" if nothing."""
    slowest_s, mean_s = max(twins.values()), mean(twins.values())
    late = {unit: period for unit, period in measured.items() if period > 1.1 * slowest_s}
    early = {unit: period for unit, period in measured.items() if period < 0.9 * SHARED_POLL_S}
    if late or early:
        return f"{late or early}, the slowest twin {slowest_s:.3f} s"
    together_s = mean(measured.values())
    return "" if together_s <= 1.1 * mean_s else f"{together_s:.3f} s, where the twins have {mean_s:.3f} s"


def shown_silent(stack: Stack) -> list[str]:
    """Devices of the link that the page of gateways shows as silent."""
    links = [link for row in stack.get("/api/gateways")["rows"] for link in row["links"]]
    return list(next(link["silent_devices"] for link in links if link["id"] == SHARED))


@pytest.mark.promise("P-modbus-1")
def test_one_of_twenty_units_dies_and_the_other_nineteen_keep_their_period(stack: Stack) -> None:
    units = [f"{link}-{n}" for link in (SHARED, TWIN) for n in range(1, UNITS + 1)]
    stack.until(lambda: newest_us(stack, *units), "all forty are read", 60)
    for link in (SHARED, TWIN):
        stack.simulate("fault", link, "slow", "--value", SLOW_S)
    before = {row["id"] for row in stack.alerts("device-silent")}
    stack.simulate("fault", DEAD, "silent")
    stack.until(lambda: shown(stack, DEAD) is None, "it has no reading any more", 30)
    died_us = newest_us(stack, DEAD)

    for _ in range(WINDOWS):
        if not (found := wrong(*window(stack))):
            break
    assert not found

    def raised() -> list[dict[str, Any]]:
        return [row for row in stack.alerts("device-silent") if row["id"] not in before]

    stack.until(raised, "an alert for it", 30)
    stack.until(lambda: shown_silent(stack) == [DEAD], "it is listed as silent", 30)
    dead = stored(stack, SHARED, died_us)[DEAD]
    assert (dead.good_us, shown(stack, DEAD)) == ([], None)
    assert dead.missed_us, "each of its rounds is in the series as one without a reading"
    stack.simulate("clear", DEAD)
    stack.until(lambda: all(row["cleared_us"] for row in raised()), "its alert is cleared", 40)
    assert [row["device"] for row in raised()] == [DEAD], "one cause, one alert"
    assert shown(stack, DEAD) is not None
