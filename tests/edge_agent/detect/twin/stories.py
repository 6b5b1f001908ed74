"""Campuses with a few devices, readings as they may come, and ways to cut them into batches."""

from __future__ import annotations

import datetime as dt
import functools
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from devices.campus.loading import load_campus, with_rules
from devices.campus.rules import RuleFile
from devices.campus.site import Campus
from devices.model.samples import Quality, SampleBatch
from devices.profiles.strict import parse

AGENT = "edge"
SITE = """
campus: {id: twins, name: {zh: 双生, en: Twins}}
agents: [{id: edge, name: {zh: 网关, en: Gateway}}]
sites: [{id: hq, name: {zh: 院区, en: Compound}, agent: edge, calendar: office}]
buildings: [{id: main, site: hq, name: {zh: 主楼, en: Main}}]
zones: [{id: east, name: {zh: 东区, en: East}, owner: {zh: 东区班, en: East team}}]
areas:
  - {id: room, building: main, zone: east, kind: office, name: {zh: 办公室, en: Office}}
  - {id: plant, building: main, zone: east, kind: plant_room, name: {zh: 机房, en: Plant}}
links:
  - {id: gw-a, agent: edge, kind: modbus-tcp, name: {zh: 甲, en: A}, host: 127.0.0.1, port: 1502, poll_s: 0.1}
  - {id: gw-b, agent: edge, kind: modbus-tcp, name: {zh: 乙, en: B}, host: 127.0.0.1, port: 1503, poll_s: 0.1}
devices:
  - {id: meter, profile: eastron-sdm630, link: gw-a, area: plant, unit: 1, name: {zh: 电表, en: Meter}}
  - {id: pump, profile: campus-pump-panel, link: gw-a, area: plant, unit: 2, name: {zh: 泵, en: Pump}}
  - {id: ac, profile: intesis-inmbs, link: gw-b, area: room, unit: 1, name: {zh: 空调, en: AC}}
  - {id: split, profile: daikin-dta116a, link: gw-b, area: room, unit: 2, name: {zh: 分体, en: Split}}
seasons: [{cooling: {first: 06-01, last: 09-30}, heating: {first: 12-01, last: 03-15}}]
calendars:
  - id: office
    holidays: [{name: {zh: 休, en: Off}, first: 2026-07-16, last: 2026-07-16}]
    make_up_workdays: [2026-07-18]
exemptions:
  - {rule: free, device: pump, until: 2026-07-15, reason: {zh: 检修, en: Repair}}
  - {rule: free, area: room, until: 2026-07-16, reason: {zh: 装修, en: Works}}
rules:
"""
HEAD = {
    "title": {"zh": "规则", "en": "Rule"},
    "message": {"zh": "{device} {value} {limit}", "en": "{device} {value} {limit} {unit} {hold}"},
    "advice": {"zh": "查看", "en": "Look"},
    "family": "fire",
    "severity": "medium",
    "on_delay_s": 0,
}
Rules = list[dict[str, Any]]


def rule(name: str, kinds: Sequence[str] = ("pump",), **more: Any) -> dict[str, Any]:
    """One rule as it stands in a file, of kind `when` unless `more` says otherwise."""
    return {**HEAD, "id": name, "kind": "when", "select": {"kinds": list(kinds)}, **more}


@functools.cache
def _plain_campus() -> Campus:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.yaml"
        spare = "".join(
            f"  - {{id: {name}, kind: when, enabled: false, title: {{zh: 无, en: None}}, message: {{zh: 无, en: None}},"
            " advice: {zh: 无, en: None}, family: fire, severity: low, select: {kinds: [pump]},"
            " when: [{point: fault, equals: on}]}\n"
            for name in ("free", "spare")
        )
        file.write_text(SITE + spare, "utf-8")
        return load_campus(file)


def campus_with(rules: Rules) -> Campus:
    """The small campus with these rules."""
    return with_rules(_plain_campus(), parse({"rules": rules}, RuleFile, "rules").rules)


def moment(text: str) -> int:
    """Campus time as microseconds."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=_plain_campus().timezone).timestamp() * 1e6)


@dataclass(frozen=True)
class Case:
    """Some rules, and what is read.

    points: by name, with the values that they may have.
    start, hours: when the story begins and how long it lasts.
    grain_s: readings and batches are on whole multiples of it, so that they fall on due times and on each other.
    most: how many samples there are at most.
    """

    rules: Rules
    points: dict[str, tuple[float, ...]]
    start: str = "2026-07-20 10:00"
    hours: float = 1
    grain_s: int = 60
    most: int = 24

    @functools.cached_property
    def campus(self) -> Campus:
        """The campus with the rules."""
        return campus_with(self.rules)

    @property
    def since_us(self) -> int:
        """When the story begins."""
        return moment(self.start)

    @property
    def until_us(self) -> int:
        """When it ends."""
        return self.since_us + round(self.hours * 3.6e9)


@dataclass(frozen=True)
class Delivery:
    """Some samples with the moment up to which all is known.

    returns_us: the agent stops after them, and starts anew then.
    """

    batch: SampleBatch
    until_us: int
    returns_us: int | None = None


#: How good a sample is; the last one has no value beside.
QUALITIES = (*(Quality.GOOD,) * 16, *(Quality.UNCERTAIN,) * 2, Quality.DEVICE_ERROR, Quality.GOOD)
KINDS = len(QUALITIES)
#: Divisible by how many values any point may have.
VALUES = 60
#: A prime.
SPREAD = 1_000_003


@st.composite
def samples_of(draw: st.DrawFn, case: Case) -> SampleBatch:
    """Samples in the order of time: gaps, missing values, bad quality, and two for one moment."""
    steps = int(case.hours * 3600) // case.grain_s
    table, names = case.campus.points_of(AGENT), list(case.points)
    size = draw(st.sampled_from([0, 1, 3, case.most // 3, case.most, case.most]))
    # One number a sample: several to draw for each would take most of the time.
    total = steps * len(names) * VALUES * KINDS
    drawn = draw(st.lists(st.integers(0, total - 1), min_size=size, max_size=size))
    # Small numbers are drawn more often than others; spread, they do not all mean the first moment.
    lines = [_line(number * SPREAD % total, len(names)) for number in drawn]
    lines.sort(key=lambda line: line[0])
    possible = [case.points[name] for name in names]
    values = [
        float("nan") if kind == KINDS - 1 else possible[point][value % len(possible[point])]
        for _, point, value, kind in lines
    ]
    return SampleBatch.of(
        [table.row[names[point]] for _, point, _, _ in lines],
        [case.since_us + (step + 1) * case.grain_s * 1_000_000 for step, _, _, _ in lines],
        values,
        [QUALITIES[kind] for _, _, _, kind in lines],
    )


def _line(number: int, points: int) -> tuple[int, int, int, int]:
    """Step, point, number of a value, and kind."""
    rest, kind = divmod(number, KINDS)
    rest, value = divmod(rest, VALUES)
    step, point = divmod(rest, points)
    return step, point, value, kind


@st.composite
def deliveries(draw: st.DrawFn, case: Case, samples: SampleBatch, *, may_restart: bool) -> list[Delivery]:
    """The samples in batches: cut anywhere, shuffled within a batch, with repeats of what is known already."""
    steps = int(case.hours * 3600) // case.grain_s * 2
    cuts = sorted(draw(st.sets(st.integers(1, steps), max_size=8)) | {steps})
    restarts = draw(st.sets(st.integers(0, len(cuts)), max_size=3)) if may_restart else set()
    shuffle = random.Random(draw(st.integers(0, 1 << 16)))
    found: list[Delivery] = []
    before_us = 0
    for number, cut in enumerate(cuts):
        until_us = case.since_us + cut * case.grain_s * 500_000
        mine = np.flatnonzero((samples.time_us > before_us) & (samples.time_us <= until_us))
        known = samples[samples.time_us <= before_us]
        batch = SampleBatch.joined([samples[_shuffled(mine, samples, shuffle)], _repeats(known, shuffle)])
        returns_us = _while_nothing_is_read(case, samples, until_us, shuffle) if number in restarts else None
        found.append(Delivery(batch, until_us, returns_us))
        before_us = until_us
    return found


def _while_nothing_is_read(case: Case, samples: SampleBatch, from_us: int, shuffle: random.Random) -> int:
    """A moment before the next sample, at once or later."""
    later = samples.time_us[samples.time_us > from_us]
    next_us = int(later.min()) if len(later) else case.until_us
    return shuffle.choice([from_us, from_us + (next_us - from_us) * 3 // 4])


def _shuffled(rows: np.ndarray[Any, Any], samples: SampleBatch, shuffle: random.Random) -> list[int]:
    """Rows out of order, but of two samples of one point and time the first stays first."""
    place = {time: shuffle.random() for time in sorted(set(samples.time_us[rows].tolist()))}
    return sorted(rows.tolist(), key=lambda row: place[int(samples.time_us[row])])


def _repeats(known: SampleBatch, shuffle: random.Random) -> SampleBatch:
    """Readings that come again, or too late, with another value: nothing may come of them."""
    good = known[(known.quality <= Quality.UNCERTAIN) & ~np.isnan(known.value)]
    again = good[[shuffle.randrange(len(good)) for _ in range(shuffle.randrange(3))] if len(good) else []]
    late = np.array([shuffle.choice([0, 0, 1, 70_000_000]) for _ in range(len(again))], np.int64)
    return SampleBatch.of(again.point, again.time_us - late, again.value + 1.0, again.quality)
