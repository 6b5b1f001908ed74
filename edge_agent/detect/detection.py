"""All rules of one agent: samples and pictures in, alert events and derived samples out, state saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from devices.campus.rules import SetpointRule, StaleRule, WhenRule
from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule
from devices.model.alerts import AlertEvent
from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from devices.profiles.profile import DeviceKind
from edge_agent.detect import saving
from edge_agent.detect.block import Block, Held
from edge_agent.detect.cells import Changes
from edge_agent.detect.day import Day
from edge_agent.detect.judges import Judge, SetpointJudge, StaleJudge, WhenJudge
from edge_agent.detect.pictures import Seen, look
from edge_agent.detect.speeding import Radars
from edge_agent.detect.subjects import Register, rows_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step found: events in the order of rules, and samples that were derived."""

    events: list[AlertEvent]
    derived: SampleBatch


class Detection:
    """The rules of one agent. Calls must come in the order of time; nothing here waits or asks the clock."""

    def __init__(self, campus: Campus, agent: str, table: PointTable, now_us: int) -> None:
        register = Register(campus, agent, table)
        rules = [rule for rule in campus.rules.values() if rule.enabled]
        self._campus = campus
        self._table = table
        self._held = Held.nothing(len(table))
        self._day = Day.of(now_us, campus.timezone)
        self._judges = [
            _judge(rule, register, now_us) for rule in rules if not isinstance(rule, SpeedingRule)
        ]
        self._judges = [judge for judge in self._judges if judge.subjects]
        self._radars = Radars([rule for rule in rules if isinstance(rule, SpeedingRule)], register)
        cameras = [d for d in campus.devices_of(agent) if campus.profile_of(d).kind is DeviceKind.CAMERA]
        subjects = [register.subject(camera) for camera in cameras]
        self._looks = {name: rows_of(subjects, name) for name in ("mean_level", "std_level", "same_pictures")}
        self.cameras = tuple(camera.id for camera in cameras)
        self._seen = Seen.nothing(len(cameras))

    @property
    def rule_versions(self) -> dict[str, int]:
        """Version of each rule that runs here."""
        return {rule.id: rule.version for rule in self._campus.rules.values() if rule.enabled}

    def step(self, batch: SampleBatch, until_us: int) -> Outcome:
        """Take the samples since the last step in; `until_us` is the moment up to which all is known."""
        derived, events = self._radars.step(batch, until_us)
        for day, part, part_until_us in self._days(batch, until_us):
            self._held, block = self._held.take(part, part_until_us)
            changes = Changes.of(block)
            for judge in self._judges:
                events.extend(judge.judge(block, changes, day))
        return Outcome(events, derived)

    def play(self, block: Block) -> list[AlertEvent]:
        """Judge slow states that are already on steps, such as a stored month; passes are not looked for.

        Cutting a block anywhere, or stepping through it sample by sample, gives the same events.
        """
        events: list[AlertEvent] = []
        first = 0
        while first < block.steps:
            if not self._day.first_us <= block.until_us[first] <= self._day.last_us:
                self._day = Day.of(int(block.until_us[first]), self._campus.timezone)
            last = int(np.searchsorted(block.until_us, self._day.last_us, "right"))
            part = block.cut(first, max(last, first + 1))
            self._held = Held(part.value[:, -1].copy(), part.at_us[:, -1].copy())
            changes = Changes.of(part)
            for judge in self._judges:
                events.extend(judge.judge(part, changes, self._day))
            first += part.steps
        return events

    def frames(self, frames: FrameBatch) -> SampleBatch:
        """Judge pictures; `camera` counts in the order of `cameras`. Each camera at most once in a batch."""
        self._seen, looks = look(self._seen, frames)
        columns = (looks.mean_level, looks.std_level, looks.same_pictures)
        rows = [self._looks[name][frames.camera] for name in ("mean_level", "std_level", "same_pictures")]
        return SampleBatch.of(
            np.concatenate(rows),
            np.tile(frames.time_us, 3),
            np.concatenate([np.asarray(c, np.float64) for c in columns]),
        )

    def _days(self, batch: SampleBatch, until_us: int) -> Iterator[tuple[Day, SampleBatch, int]]:
        """Cut samples at each midnight of the campus: seasons and exemptions change with the day."""
        while until_us > self._day.last_us:
            yield self._day, batch[batch.time_us <= self._day.last_us], self._day.last_us
            batch = batch[batch.time_us > self._day.last_us]
            self._day = self._day.next(until_us)
        if until_us < self._day.first_us:  # the clock was set back
            self._day = Day.of(until_us, self._campus.timezone)
        yield self._day, batch, until_us

    def shift(self, by_us: int) -> None:
        """The clock was set by `by_us`: move all that is remembered, so that ages and delays stay true."""
        self._held = self._held.shifted(by_us)
        self._radars.shift(by_us)
        for judge in self._judges:
            judge.shift(by_us)

    def save_judged(self) -> dict[str, bytes]:
        """The parts that decide when an alert raises or clears: kept with the records of the step."""
        judges = {
            f"{judge.rule.id}:{judge.rule.version}": saving.packed(
                [s.id for s in judge.subjects], judge.columns()
            )
            for judge in self._judges
        }
        radars = [[s.id for s in self._radars.subjects], saving.columns_packed(self._radars.columns())]
        return {"judges": saving.part(judges), "radars": saving.part(radars)}

    def save_held(self) -> dict[str, bytes]:
        """The parts that change with every reading and may be old: the next poll brings them again."""
        held = saving.packed(self._table.names, {"value": self._held.value, "at_us": self._held.at_us})
        seen = saving.packed(self.cameras, {"mark": self._seen.mark, "same": self._seen.same})
        return {"held": saving.part(held), "seen": saving.part(seen)}

    def restore(self, parts: dict[str, bytes], now_us: int) -> list[AlertEvent]:
        """Continue from saved parts; a part that is not there begins anew.

        Returns:
            Clears for alerts whose rule or device is no longer judged here: nobody else would clear them.

        Raises:
            Garbled: a part cannot be read; nothing was changed.
        """
        state = {name: saving.read_part(data) for name, data in parts.items()}
        if "held" in state:
            fresh = {"value": self._held.value, "at_us": self._held.at_us}
            self._held = Held(**saving.reordered(state["held"], self._table.names, fresh))
        if "seen" in state:
            fresh = {"mark": self._seen.mark, "same": self._seen.same}
            self._seen = Seen(**saving.reordered(state["seen"], self.cameras, fresh))
        if "radars" in state and state["radars"][0] == [s.id for s in self._radars.subjects]:
            self._radars.restore(saving.columns_unpacked(state["radars"][1]))
        return self._restore_judges(state.get("judges", {}), now_us)

    def _restore_judges(self, saved: dict[str, Any], now_us: int) -> list[AlertEvent]:
        orphans: list[AlertEvent] = []
        running = {f"{judge.rule.id}:{judge.rule.version}": judge for judge in self._judges}
        for name, columns in saved.items():
            judge = running.get(name)
            kept = [] if judge is None else [subject.id for subject in judge.subjects]
            orphans += saving.orphans(name, columns, kept, now_us)
            if judge is not None:
                judge.restore(saving.reordered(columns, kept, judge.columns()), now_us)
        return orphans


def _judge(rule: WhenRule | SetpointRule | StaleRule, register: Register, now_us: int) -> Judge:
    match rule:
        case WhenRule():
            return WhenJudge(rule, register)
        case SetpointRule():
            return SetpointJudge(rule, register)
        case StaleRule():
            return StaleJudge(rule, register, now_us)
