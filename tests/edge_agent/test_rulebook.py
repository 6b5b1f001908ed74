"""Published rules in an agent: taken up whole, tried, kept or given back, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from devices.campus.rule_documents import document, text_of
from devices.campus.rules import RuleFile
from devices.campus.site import Campus
from devices.model.alerts import EventKind
from devices.model.codes import PumpPosition
from devices.model.errors import Garbled
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from devices.wire.messages import Kind, Message, decode, encode
from devices.wire.rule_sets import NONE, RuleSet, rules_message
from edge_agent.detect.counters import Meters
from edge_agent.detect.detection import Detection, Outcome
from edge_agent.errors import NotStored
from edge_agent.pictures import Looking, PictureSettings
from edge_agent.pipeline import Pipeline
from edge_agent.rulebook import MOST_STARTS, STATE, Rulebook, unpacked
from tests.edge_agent.detect.small_campus import small_campus
from tests.edge_agent.test_pipeline import Bench, Pace
from tests.hub.waiting import until

MANUAL, AUTO = float(PumpPosition.MANUAL), float(PumpPosition.AUTO)


class Fragile(Detection):
    """A detection that cannot judge rules of version 13."""

    def __init__(self, campus: Campus, agent: str, table: PointTable, now_us: int) -> None:
        super().__init__(campus, agent, table, now_us)
        self.breaks = 13 in self.rule_versions.values()

    def step(self, batch: SampleBatch, until_us: int) -> Outcome:
        if self.breaks and len(batch):
            raise ZeroDivisionError("thirteen")
        return super().step(batch, until_us)


class Gateway(Bench):
    """A bench with a rulebook that began with what is on the disk."""

    def __init__(self, campus: Campus, saved: Mapping[str, bytes] | None = None, trial_s: float = 60) -> None:
        super().__init__(campus)
        self.start(dict(saved or {}), trial_s)

    def start(self, saved: dict[str, bytes], trial_s: float = 60) -> None:
        self.disk.states = dict(saved)
        self.told = 0
        self.book = Rulebook(self.campus, "edge", self.table, self.clock, trial_s=trial_s, judge=Fragile)
        self.book.told = self._tell
        self.rest = {name: data for name, data in saved.items() if name != STATE}
        memory = self.book.recall(saved.get(STATE))
        self.disk.states |= memory.packed()
        meters = Meters(self.campus, "edge", self.table)
        looking = Looking(self.campus, "edge", self.table, PictureSettings())
        self.pipeline = Pipeline(
            self.book.begin(), self.table, self.disk, self.clock, Pace(), meters, looking
        )
        self.pipeline.keep(self.book.memory.packed())

    def _tell(self) -> None:
        self.told += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.pipeline.begin(self.rest)
        async with asyncio.TaskGroup() as tasks:
            jobs = [tasks.create_task(self.pipeline.run()), tasks.create_task(self.book.run(self.pipeline))]
            ticking = tasks.create_task(self._tick())
            yield
            for job in (*jobs, ticking):
                job.cancel()

    async def _tick(self) -> None:
        while True:
            await self.pass_time(0.1)

    def offer(self, rules: RuleSet) -> None:
        self.book.offer(decode(encode(rules_message("edge", rules, 1))))

    async def take_up(self, rules: RuleSet) -> dict[str, Any]:
        told = self.told
        self.offer(rules)
        await until(lambda: self.told > told)
        return self.book.about()

    async def read(self, value: float) -> None:
        await self.pipeline.samples(self.batch("pump.position", value))

    async def kept(self, number: int) -> None:
        await until(lambda: unpacked(self.disk.states.get(STATE)).running.number == number)


def published(campus: Campus, number: int = 1, name: str = "pump-not-auto", **keys: Any) -> RuleSet:
    """A set that changes one rule of the campus."""
    values = {**document(campus.rules[name]), "version": 2, **keys}
    return RuleSet(number, text_of(RuleFile.model_validate({"rules": [values]}).rules))


@pytest.fixture
async def gateway(tmp_path: Path) -> Gateway:
    return Gateway(small_campus(tmp_path))


@pytest.mark.promise("P-rules-5")
async def test_a_published_rule_runs_without_a_reading_lost(gateway: Gateway) -> None:
    async with gateway.running():
        assert gateway.book.about()["versions"]["pump-not-auto"] == 1
        await gateway.read(MANUAL)
        await until(lambda: (EventKind.RAISE, "pump-not-auto") in gateway.disk.alerts())
        about = await gateway.take_up(published(gateway.campus))
        assert (about["number"], about["versions"]["pump-not-auto"], about["trial"]) == (1, 2, True)
        assert about["refused"] is None
        await gateway.read(AUTO)
        await gateway.read(MANUAL)
    values = [value for _, value in gateway.disk.samples()]
    assert values == [MANUAL, AUTO, MANUAL]
    assert gateway.disk.alerts()[:2] == [
        (EventKind.RAISE, "pump-not-auto"),
        (EventKind.CLEAR, "pump-not-auto"),
    ], "the alert of the old version is cleared: nobody judges it any more"


async def test_the_set_and_the_state_of_its_rules_are_one_commit(gateway: Gateway) -> None:
    async with gateway.running():
        await gateway.read(MANUAL)
        await until(gateway.disk.alerts)
        await gateway.take_up(published(gateway.campus))
    with_set = next(
        (records, states)
        for records, states in gateway.disk.commits
        if STATE in states and unpacked(states[STATE]).running.number == 1
    )
    records, states = with_set
    assert records, "the clear of the old version's alert goes with it"
    assert any(":2" in name for name in states)
    assert any(":1" in name and not data for name, data in states.items())


@pytest.mark.promise("P-rules-5")
async def test_a_running_delay_of_another_rule_goes_on(gateway: Gateway) -> None:
    """Publishing one rule must not make the others forget how long they have held."""
    async with gateway.running():
        await gateway.read(MANUAL)
        await gateway.take_up(published(gateway.campus, name="setpoint", dead_band_c=0.5))
        await until(lambda: (EventKind.RAISE, "pump-not-auto") in gateway.disk.alerts())
    assert gateway.disk.alerts() == [(EventKind.RAISE, "pump-not-auto")]


@pytest.mark.promise("P-rules-6")
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("nonsense", "-"),
        ('[{"id": "x"}]', "rules.0"),
        ('[{"id": "pump-not-auto", "kind": "when"}]', "rules.0.title"),
    ],
)
async def test_a_set_that_does_not_fit_is_refused_and_the_former_runs_on(
    gateway: Gateway, text: str, path: str
) -> None:
    async with gateway.running():
        await gateway.take_up(published(gateway.campus))
        about = await gateway.take_up(RuleSet(2, text))
        assert (about["number"], about["versions"]["pump-not-auto"]) == (1, 2)
        assert (about["refused"]["number"], about["refused"]["problems"][0]["path"]) == (2, path)
        await gateway.kept(1)
        await until(lambda: (unpacked(gateway.disk.states[STATE]).refused or {}).get("number") == 2)


async def test_a_rule_about_devices_that_are_not_here_is_refused(gateway: Gateway) -> None:
    async with gateway.running():
        about = await gateway.take_up(published(gateway.campus, select={"devices": ["elsewhere"]}))
    (problem, *_) = about["refused"]["problems"]
    assert (problem["path"], problem["found"]) == ("rules.pump-not-auto.select.devices", "'elsewhere'")
    assert (problem["expected"], problem["expected_zh"]) == ("a known id", "已有的编号")


@pytest.mark.promise("P-rules-6")
async def test_rules_that_cannot_be_judged_are_given_back_and_no_reading_is_lost(gateway: Gateway) -> None:
    async with gateway.running():
        await gateway.take_up(published(gateway.campus))
        await gateway.take_up(published(gateway.campus, 2, version=13))
        assert gateway.book.about()["number"] == 2
        await gateway.read(MANUAL)
        about = gateway.book.about()
        assert (about["number"], about["versions"]["pump-not-auto"]) == (1, 2)
        assert "thirteen" in about["refused"]["problems"][0]["found"]
        await gateway.kept(1)
        await until(lambda: (EventKind.RAISE, "pump-not-auto") in gateway.disk.alerts())
        assert gateway.pipeline.counts["rules_given_back"] == 1
        told = gateway.told
        gateway.offer(published(gateway.campus, 2, version=13))
        await until(lambda: gateway.told > told)
        assert gateway.book.about()["number"] == 1, "what was refused is not tried again"
    assert [value for _, value in gateway.disk.samples()] == [MANUAL]


async def test_a_set_given_back_while_the_next_waits_for_its_turn_is_not_the_former_of_that(
    gateway: Gateway,
) -> None:
    async with gateway.running():
        await gateway.take_up(published(gateway.campus, 1))
        await gateway.take_up(published(gateway.campus, 2, version=13))
        told = gateway.told
        async with gateway.pipeline._turn:
            gateway.offer(published(gateway.campus, 3, version=3))
            await until(lambda: gateway.pipeline._turn._waiters)
            reading = asyncio.create_task(gateway.read(MANUAL))
            await until(lambda: gateway.pipeline._count)
            await gateway.pipeline._step()  # the second set errs on it and is given back
            await reading
        await until(lambda: gateway.told > told + 1)
        await gateway.kept(3)
    memory = unpacked(gateway.disk.states[STATE])
    assert (memory.running.number, memory.former.number) == (3, 1)


async def test_a_clock_set_during_the_trial_keeps_delays_true_when_the_rules_are_given_back(
    gateway: Gateway,
) -> None:
    async with gateway.running():
        await gateway.take_up(published(gateway.campus, 1, on_delay_s=600))
        await gateway.read(MANUAL)
        both = [
            json.loads(published(gateway.campus, 2, on_delay_s=600).text)[0],
            json.loads(published(gateway.campus, 2, "setpoint", version=13).text)[0],
        ]
        await gateway.take_up(RuleSet(2, text_of(RuleFile.model_validate({"rules": both}).rules)))
        gateway.clock.step_wall(3600)
        await gateway.read(MANUAL)
        assert gateway.book.about()["number"] == 1
        await gateway.read(MANUAL)
    assert gateway.disk.alerts() == [], "ten minutes are not over because the clock was set"


async def test_an_error_after_the_trial_is_not_laid_to_the_rules(tmp_path: Path) -> None:
    gateway = Gateway(small_campus(tmp_path), trial_s=0.05)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with gateway.running():
            await gateway.take_up(published(gateway.campus, version=13))
            await until(lambda: not gateway.book.about()["trial"])
            await gateway.kept(1)
            await gateway.read(MANUAL)
    assert caught.group_contains(ZeroDivisionError)


@pytest.mark.promise("P-rules-7")
async def test_after_a_power_cut_the_last_committed_set_runs(gateway: Gateway) -> None:
    async with gateway.running():
        await gateway.read(MANUAL)
        await until(gateway.disk.alerts)
        await gateway.take_up(published(gateway.campus))
        await gateway.kept(1)
    for cut in range(len(gateway.disk.commits) + 1):
        states: dict[str, bytes] = {}
        for _, written in gateway.disk.commits[:cut]:
            states |= written
        again = Gateway(gateway.campus, states)
        async with again.running():
            memory = unpacked(states.get(STATE))
            about = again.book.about()
            assert about["number"] == memory.running.number
            assert about["versions"]["pump-not-auto"] == (2 if about["number"] else 1)
            await again.read(AUTO)
    assert again.book.about()["number"] == 1


async def test_a_set_that_the_agent_does_not_survive_is_given_back(gateway: Gateway) -> None:
    async with gateway.running():
        await gateway.take_up(published(gateway.campus))
        await gateway.kept(1)
    states = gateway.disk.states
    for start in range(1, MOST_STARTS + 2):
        again = Gateway(gateway.campus, states)
        states = again.disk.states  # killed before anything else was written
        about = again.book.about()
        assert about["number"] == (1 if start <= MOST_STARTS else 0)
    assert about["refused"]["number"] == 1
    assert str(MOST_STARTS) in about["refused"]["problems"][0]["found"]


async def test_a_saved_set_that_no_longer_fits_the_site_file_is_refused_at_the_start(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with gateway.running():
        await gateway.take_up(published(gateway.campus))
        await gateway.kept(1)
    memory = json.loads(gateway.disk.states[STATE])
    memory["running"]["text"] = memory["running"]["text"].replace('"pump"', '"ac"', 1)
    again = Gateway(gateway.campus, {**gateway.disk.states, STATE: json.dumps(memory).encode()})
    assert again.book.about()["number"] == 0
    assert again.book.about()["refused"]["number"] == 1


@pytest.mark.parametrize("saved", [b"", b"\xff", b"[]", b"{}", b'{"running": {"number": 1}}'])
async def test_published_rules_that_cannot_be_read_from_disk_leave_the_site_file(
    tmp_path: Path, saved: bytes
) -> None:
    gateway = Gateway(small_campus(tmp_path), {STATE: saved})
    assert gateway.book.about()["number"] == 0


async def test_taking_all_published_rules_away_leaves_the_site_file(gateway: Gateway) -> None:
    async with gateway.running():
        await gateway.take_up(published(gateway.campus))
        about = await gateway.take_up(NONE)
    assert (about["number"], about["versions"]["pump-not-auto"]) == (0, 1)


async def test_a_disk_that_takes_nothing_delays_the_set_on_disk_and_not_the_judging(gateway: Gateway) -> None:
    async with gateway.running():
        gateway.disk.fails = NotStored
        await gateway.take_up(published(gateway.campus))
        assert STATE not in gateway.disk.states or unpacked(gateway.disk.states[STATE]).running == NONE
        gateway.disk.fails = None
        await gateway.kept(1)


@pytest.mark.promise("P-rules-8")
@pytest.mark.parametrize(
    "message",
    [
        Message(Kind.ACK, {}),
        Message(Kind.RULES, {}),
        Message(Kind.RULES, {**rules_message("edge", NONE, 1).header, "agent": "other"}),
        Message(Kind.RULES, {**rules_message("edge", NONE, 1).header, "number": 1}),
        Message(Kind.RULES, {**rules_message("edge", NONE, 1).header, "number": True}),
        Message(Kind.RULES, {**rules_message("edge", NONE, 1).header, "number": -1}),
        Message(Kind.RULES, {**rules_message("edge", NONE, 1).header, "rules": "[ ]"}),
        Message(Kind.RULES, {**rules_message("edge", NONE, 1).header, "rules": ["x"]}),
        rules_message("edge", RuleSet(1, " " * (512 * 1024 + 1)), 1),
    ],
    ids=lambda message: str(sorted(message.header.items()))[:40],
)
async def test_what_is_no_set_for_this_agent_changes_nothing(gateway: Gateway, message: Message) -> None:
    with pytest.raises(Garbled):
        gateway.book.offer(message)
    async with gateway.running():
        await gateway.read(AUTO)
        assert (gateway.book.about()["number"], gateway.told) == (0, 0)
