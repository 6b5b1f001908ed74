"""All rules of one agent: samples in, alert events and derived samples out, state saved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any, Final

import numpy as np

from devices.campus.rules import SetpointRule, StaleRule, StateRule, WhenRule
from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule
from devices.model.alerts import AlertEvent
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from edge_agent.detect import saving
from edge_agent.detect.block import Block, Flags, Held
from edge_agent.detect.findings import Findings
from edge_agent.detect.judge import Judge
from edge_agent.detect.setpoint import SetpointJudge
from edge_agent.detect.silence import SilenceJudge
from edge_agent.detect.speeding import Radars
from edge_agent.detect.subjects import Register
from edge_agent.detect.track import Track
from edge_agent.detect.when import WhenJudge

#: What the names of saved parts begin with, before rule and version.
PART: Final = {"now": "judge:", "past": "past:"}
#: The part that says up to when all had been judged. To go on from an earlier moment finds the same, so it need not
#: be written when nothing else is.
UNTIL: Final = "until"
#: What was saved may be so far ahead of the clock; further, and the clock was set in between.
AHEAD_US: Final = 2_000_000


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
        self._until_us = now_us
        judges = [_judge(rule, register, now_us) for rule in rules if not isinstance(rule, SpeedingRule)]
        self._judges = {judge.rule.id: judge for judge in judges if judge.subjects}
        for judge in self._judges.values():
            judge.explained_by(self._judges)
        causes = {name: [rule for rule, _ in judge.causes] for name, judge in self._judges.items()}
        #: Saved parts of rules that are judged no more, to be emptied.
        self._gone: dict[str, bytes] = {}
        self._order = tuple(TopologicalSorter(causes).static_order())
        self._radars = Radars([rule for rule in rules if isinstance(rule, SpeedingRule)], register)

    @property
    def rule_versions(self) -> dict[str, int]:
        """Version of each rule that runs here."""
        return {rule.id: rule.version for rule in self._campus.rules.values() if rule.enabled}

    def step(self, batch: SampleBatch, until_us: int) -> Outcome:
        """Take the samples since the last step in; `until_us` is the moment up to which all is known."""
        derived, events = self.passes(batch, until_us)
        for findings in self.find(batch, until_us):
            events.extend(findings.events())
        self._radars.turned(events)
        return Outcome(events, derived)

    def find(self, batch: SampleBatch, until_us: int) -> list[Findings]:
        """The same about slow states, as columns: nothing is written out; passes are not looked for."""
        return self.follow(Track.of_batch(self._held, batch, until_us))

    def passes(self, batch: SampleBatch, until_us: int) -> tuple[SampleBatch, list[AlertEvent]]:
        """Cut readings of speed into passes: what is derived from them, and their events."""
        return self._radars.step(batch, until_us)

    def play(self, block: Block) -> list[Findings]:
        """Judge slow states that are already on steps, such as a month in memory.

        Cutting a block anywhere, or stepping through it sample by sample, finds the same.
        """
        return self.follow(Track.of_block(self._held, block)) if block.steps else []

    def follow(self, track: Track) -> list[Findings]:
        """Judge a track; one may be made for several that hold the same."""
        self._held, self._until_us = track.after, track.until_us
        found = {name: self._judges[name].judge(track, self._judges) for name in self._order}
        return [findings for name in self._judges if (findings := found[name]) is not None and len(findings)]

    @cached_property
    def reads(self) -> Flags:
        """Points whose values some rule reads, bool (points,); that a device is silent, any point tells."""
        flags = np.zeros(len(self._table), np.bool_)
        for judge in self._judges.values():
            flags[judge.reads()] = True
        for subject in self._radars.subjects:
            flags[list(subject.points.values())] = True
        return flags

    def shift(self, by_us: int) -> None:
        """The clock was set by `by_us`: move all that is remembered, so that ages and delays stay true."""
        self._until_us += by_us
        self._held = self._held.shifted(by_us)
        self._radars.shift(by_us)
        for judge in self._judges.values():
            judge.shift(by_us)

    def save_judged(self) -> dict[str, bytes]:
        """The parts that decide when an alert raises or clears: those that changed are kept with the records.

        A part that is empty replaces one of a rule that is no longer judged here.
        """
        judged = {
            f"{PART[part]}{judge.rule.id}:{judge.rule.version}": data
            for judge in self._judges.values()
            for part, data in judge.packed().items()
        }
        radars = [[s.id for s in self._radars.subjects], saving.columns_packed(self._radars.columns())]
        return self._gone | judged | {"radars": saving.part(radars), UNTIL: saving.part(self._until_us)}

    def save_held(self) -> dict[str, bytes]:
        """The parts that change with every reading and may be old: the next poll brings them again."""
        held = saving.packed(self._table.names, {"value": self._held.value, "at_us": self._held.at_us})
        return {"held": saving.part(held)}

    def restore(self, parts: dict[str, bytes], now_us: int) -> list[AlertEvent]:
        """Continue from saved parts; a part that is not there begins anew.

        Returns:
            Clears for alerts whose rule or device is no longer judged here: nobody else would clear them.

        Raises:
            Garbled: a part cannot be read; nothing was changed.
        """
        state = {name: saving.read_part(data) for name, data in parts.items() if data}
        judged = {
            name[len(PART["now"]) :]: value for name, value in state.items() if name.startswith(PART["now"])
        }
        judged |= state.get("judges", {})  # as an older agent saved them, in one part
        if "held" in state:
            fresh = {"value": self._held.value, "at_us": self._held.at_us}
            self._held = Held(**saving.reordered(state["held"], self._table.names, fresh))
        if "radars" in state:
            is_same = state["radars"][0] == [s.id for s in self._radars.subjects]
            go_on = self._radars.restore if is_same else self._radars.recall
            go_on(saving.columns_unpacked(state["radars"][1]))
        self._until_us = state.get(UNTIL, now_us)
        orphans = self._restore_judges(judged, state, now_us)
        if self._until_us > now_us + AHEAD_US:  # the clock is behind what was saved, or was far ahead then
            self.shift(now_us - self._until_us)
            for judge in self._judges.values():
                judge.resumed(now_us)
        here = self.save_judged()
        self._gone = {
            name: b"" for name in parts if name.startswith((*PART.values(), "judges")) and name not in here
        }
        return orphans

    def _restore_judges(self, judged: dict[str, Any], state: dict[str, Any], now_us: int) -> list[AlertEvent]:
        orphans: list[AlertEvent] = []
        running = {f"{judge.rule.id}:{judge.rule.version}": judge for judge in self._judges.values()}
        for name, packed in judged.items():
            judge = running.get(name)
            kept = [] if judge is None else [subject.id for subject in judge.subjects]
            orphans += saving.orphans(name, packed, kept, now_us)
            if judge is None:
                continue
            fresh = judge.columns()
            saved_names = set(packed[0])
            known = np.array([subject in saved_names for subject in kept], np.bool_)
            columns = saving.reordered(packed, kept, fresh)
            past = state.get(f"{PART['past']}{name}")
            if past is not None and past[-1] == judge.follows:
                columns |= saving.reordered(past, kept, {n: fresh[n] for n in past[1] if n in fresh})
            if len(packed) == saving.QUEUES:  # an older agent did not save what it judged by
                known[:] = False
            queues = saving.queues_unpacked(packed, kept, judge.queues())
            judge.restore(columns, queues, known, state.get(UNTIL, now_us))
            judge.resumed(now_us)
        for name, judge in running.items():
            if name not in judged:
                _hand_on(judge, state, now_us)
            for value in judge.values():
                self._held = value.newer(self._held)
        return orphans


def _hand_on(judge: Judge, state: dict[str, Any], now_us: int) -> None:
    """Let a rule that is new go on with what an earlier version of it learnt of the past, if it follows the same."""
    for name, past in state.items():
        if name.startswith(f"{PART['past']}{judge.rule.id}:") and past[-1] == judge.follows:
            fresh = judge.columns()
            kept = [subject.id for subject in judge.subjects]
            learnt = saving.reordered(past, kept, {column: fresh[column] for column in past[1]})
            judge.restore(fresh | learnt, judge.queues(), np.zeros(len(kept), np.bool_), now_us)


def _judge(rule: StateRule, register: Register, now_us: int) -> Judge:
    match rule:
        case WhenRule():
            return WhenJudge(rule, register, now_us)
        case SetpointRule():
            return SetpointJudge(rule, register, now_us)
        case StaleRule():
            return SilenceJudge(rule, register, now_us)
        case _:
            raise TypeError(f"no judge for rules like {type(rule).__name__}")
