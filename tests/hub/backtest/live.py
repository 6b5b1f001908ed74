"""Two agents that judge live what a seed makes their devices say, and a hub's store that gets their readings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind
from devices.model.samples import Quality, SampleBatch
from devices.wire.messages import decode, encode
from devices.wire.records import samples_from, samples_message
from edge_agent.detect.detection import Detection
from hub.series.port import Entry, SeriesStore

S = 1_000_000
#: 2026-07-14 21:00 on the campus: a working day in the cooling season, and midnight is near.
START_US = 1_784_034_000 * S
Known = tuple[str, str, int, int | None, int]


@dataclass
class Live:
    """One agent. Whatever it judges, it also sends to the hub, as the wire carries it."""

    campus: Campus
    agent: str
    random: np.random.Generator
    events: list[AlertEvent] = field(default_factory=list)
    sent: list[Entry] = field(default_factory=list)
    now_us: int = START_US

    def __post_init__(self) -> None:
        self.table = self.campus.points_of(self.agent)
        self.detection = Detection(self.campus, self.agent, self.table, self.now_us)
        self.devices = list(self.campus.devices_of(self.agent))
        self.silent_until: dict[str, int] = {}
        self.value: dict[str, float] = {}

    def run(self, to_us: int, late_us: int = 0) -> None:
        """Poll every 20 s, as an agent does: each device at its own moment, some answers known a little late."""
        while self.now_us < to_us:
            polls = sorted((self.now_us + int(self.random.integers(0, 20 * S)), d.id) for d in self.devices)
            for asked_us, device in polls:
                batch = self._answer(device, asked_us if late_us else max(asked_us, self.now_us + 1))
                known_us = int(batch.time_us[-1]) + int(self.random.integers(1, late_us + 2))
                self.step(batch, max(self.now_us, known_us))
            self.step(SampleBatch.empty(), max(self.now_us, polls[-1][0]) + 1)
            self.now_us = max(self.now_us, polls[0][0] - polls[0][0] % (20 * S) + 20 * S)

    def step(self, batch: SampleBatch, until_us: int) -> None:
        """Judge, and send as the wire carries it."""
        outcome = self.detection.step(batch, until_us)
        self.now_us = until_us
        self.events += outcome.events
        kept = SampleBatch.joined([batch, outcome.derived])
        if len(kept):
            data = encode(samples_message(kept, self.table.names))
            self.sent.append(Entry(*samples_from(decode(data))))

    def restart(self, away_s: float) -> None:
        """The agent was killed, and comes back with what it had saved."""
        saved = {**self.detection.save_judged(), **self.detection.save_held()}
        self.now_us += round(away_s * S)
        self.detection = Detection(self.campus, self.agent, self.table, self.now_us)
        self.events += self.detection.restore(saved, self.now_us)

    def _answer(self, device: str, time_us: int) -> SampleBatch:
        if "radar" in device:
            return self._driven(device, time_us)
        points = [p for p in self.table.names if p.startswith(f"{device}.") and ".pass_" not in p]
        rows = [self.table.row[point] for point in points]
        if self.random.random() < 0.01:
            self.silent_until[device] = time_us + int(self.random.integers(30, 400)) * S
        if self.silent_until.get(device, 0) > time_us:
            return SampleBatch.of(rows, time_us, np.nan, Quality.NO_ANSWER)
        values = np.array([self._said(point) for point in points])
        garbled = self.random.random(len(points)) < 0.02
        quality = np.where(garbled, Quality.GARBLED, Quality.GOOD)
        return SampleBatch.of(rows, time_us, np.where(garbled, np.nan, values), quality)

    def _driven(self, device: str, time_us: int) -> SampleBatch:
        """A vehicle passes: three readings, a quarter of a second apart."""
        row = self.table.row[f"{device}.speed_kmh"]
        speed = self.random.choice([10.0, 25.0, 40.0])
        return SampleBatch.of([row] * 3, time_us + np.arange(3) * S // 4, speed + np.arange(3))

    def _said(self, point: str) -> float:
        if point not in self.value or self.random.random() < 0.08:
            self.value[point] = float(self._drawn(point.partition(".")[2]))
        return self.value[point]

    def _drawn(self, name: str) -> float:
        if name == "setpoint_c":
            return self.random.choice([22.0, 25.0, 26.0, 27.0])
        return float(self.random.integers(0, 3))


async def stored(store: SeriesStore, agents: Sequence[Live]) -> None:
    """What all agents sent arrives at the hub, in the order in which they sent it."""
    for agent in agents:
        await store.write(agent.sent)


def alerts(events: Sequence[AlertEvent], to_us: int) -> dict[str, Known]:
    """Alert id to (rule, device, raised, cleared, severity at the raise) of what was raised before `to_us`."""
    found: dict[str, Known] = {}
    for event in sorted(events, key=lambda one: (one.time_us, one.kind is EventKind.CLEAR)):
        if event.time_us >= to_us:
            continue
        if event.kind is EventKind.CLEAR:
            if event.id in found:
                rule, device, raised, _, severity = found[event.id]
                found[event.id] = (rule, device, raised, event.time_us, severity)
        elif event.kind is not EventKind.CHANGE:
            end = event.time_us if event.kind is EventKind.MOMENT else None
            found[event.id] = (event.rule, event.device, event.time_us, end, int(event.severity))
    return found


def by_rule(known: dict[str, Known]) -> Iterator[tuple[str, int]]:
    """How many alerts each rule has."""
    rules = [rule for rule, *_ in known.values()]
    return ((rule, rules.count(rule)) for rule in sorted(set(rules)))
