"""How much recorders recorded: sums against a twin, the search at the simulated recorder, hours that are missed."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind
from devices.model.errors import Garbled, Refused
from devices.model.frames import FrameBatch
from devices.model.samples import SampleBatch
from devices.profiles.strict import read_yaml
from devices.sim.simulation import Options, Simulation, running
from edge_agent.detect.detection import Detection
from edge_agent.sources.camera import CameraSettings
from edge_agent.sources.camera.away import Away
from edge_agent.sources.camera.decoding import Workers
from edge_agent.sources.camera.fetch import client
from edge_agent.sources.camera.newest import Newest
from edge_agent.sources.camera.onvif import search
from edge_agent.sources.camera.onvif.client import Device
from edge_agent.sources.camera.onvif.recorded import HOUR_US, alike, shares
from edge_agent.sources.camera.onvif.recorders import MOST_HOURS, asked, follow
from edge_agent.sources.camera.onvif.search import Change
from edge_agent.sources.camera.roster import hosts_of
from edge_agent.sources.camera.watch import Desk, Watch
from edge_agent.sources.port import SystemClock
from tests.edge_agent.pictures.conftest import RULES, campus_of
from tests.edge_agent.sources.camera.onvif.test_words import clock
from tests.edge_agent.sources.camera.web_host import Host, ok, serving

HOUR_0 = 1_790_000_000_000_000 // HOUR_US * HOUR_US
MINUTE_US = 60_000_000
CAMERAS = ("lobby-1", "lobby-2", "corridor-1", "meeting-1", "kitchen-1")
TRACK = st.tuples(
    st.none() | st.booleans(),
    st.lists(st.tuples(st.integers(-30, 150), st.booleans()), max_size=6, unique_by=lambda one: one[0]),
)


def twin(tracks: list[tuple[bool | None, list[tuple[int, bool]]]]) -> list[float]:
    """Minute by minute over two hours."""
    recorded = [False] * 120
    is_known = False
    for first, told in tracks:
        later = sorted(one for one in told if 0 < one[0] < 120)
        if first is None and not later:
            continue
        is_known = True
        now = not later[0][1] if first is None else first
        for minute in range(120):
            now = dict(later).get(minute, now)
            recorded[minute] |= now
    return [sum(recorded[h : h + 60]) / 0.6 if is_known else math.nan for h in (0, 60)]


@given(st.lists(TRACK, max_size=3))
def test_the_recorded_part_of_each_hour_is_that_of_its_minutes(
    tracks: list[tuple[bool | None, list[tuple[int, bool]]]],
) -> None:
    changes = [
        Change("r", f"t{n}", HOUR_0 + minute * MINUTE_US, is_there, is_start)
        for n, (first, later) in enumerate(tracks)
        for minute, is_there, is_start in [
            *((minute, there, False) for minute, there in later),
            *([] if first is None else [(0, first, True)]),
        ]
    ]
    found = shares(changes, {"r": [f"t{n}" for n in range(len(tracks))]}, HOUR_0, HOUR_0 + 2 * HOUR_US)
    np.testing.assert_allclose(found["r"], twin(tracks))


def test_gaps_of_one_hour_are_alike_from_two_channels_on_and_unknown_ones_do_not_count() -> None:
    share = np.array([[100.0, 0.0, 50.0], [100.0, 100.0, 98.9], [np.nan, np.nan, np.nan], [99.0, 100.0, 0.0]])
    assert alike(share).tolist() == [0.0, 0.0, 100.0]


def test_what_recorders_tell_beside_video_is_left_out() -> None:
    told = b"""<E><Result><RecordingToken>r</RecordingToken><TrackToken>v</TrackToken><Time>2026-11-22T10:00:00Z</Time>
    <Event><Topic>tns1:RecordingHistory/Recording/State</Topic></Event></Result>
    <Result><RecordingToken>r</RecordingToken><TrackToken>v</TrackToken><Time>2026-11-22T18:00:01.5+08:00</Time>
    <Event><Topic>tns1:RecordingHistory/Track/State</Topic><Message><Source><SimpleItem Name="Track" Value="v"/>
    </Source><Data><SimpleItem Name="IsDataPresent" Value="1"/></Data></Message></Event>
    <StartStateEvent>false</StartStateEvent></Result></E>"""
    assert search.changes(told) == [Change("r", "v", 1_795_341_601_500_000, is_there=True, is_start=False)]
    with pytest.raises(Garbled):
        search.changes(told.replace(b"2026", b"never"))


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_answer_about_recordings_is_read_or_garbled(data: bytes) -> None:
    for read in (search.recordings, search.changes, search.search_of, search.is_complete):
        with contextlib.suppress(Garbled):
            read(data)


def services(*names: str) -> bytes:
    found = "".join(f"<{name}><XAddr>http://x/s</XAddr></{name}>" for name in names)
    return f"<E><Capabilities>{found}</Capabilities></E>".encode()


BEGUN, MORE = b"<E><SearchToken>1</SearchToken></E>", b"<E><SearchState>Searching</SearchState></E>"
BAD = {
    "no search service": ([clock(), services("Media")], Refused),
    "no token": ([clock(), services("Search"), b"<E/>"], Garbled),
    "no XML": ([clock(), services("Search"), BEGUN, b"<html>"], Garbled),
    "never complete": ([clock(), services("Search"), BEGUN, MORE], Garbled),
    "too much": ([clock(), services("Search"), BEGUN, b"<a>" + b" " * 300_000], Garbled),
}


@pytest.mark.parametrize(("told", "error"), BAD.values(), ids=BAD)
async def test_a_recorder_that_makes_no_sense_is_an_error_of_ours(
    told: list[bytes], error: type[Exception]
) -> None:
    answers = iter(told)
    host = Host({path: lambda _: ok(next(answers, told[-1])) for path in ("/onvif/device_service", "/s")})
    async with serving(host), client() as http:
        bad = Device(http, "127.0.0.1", host.port, None, 2.0, SystemClock().now_us)
        with pytest.raises(error):
            await asked(bad, ["recording-1"], HOUR_0, HOUR_0 + HOUR_US)
    assert len(host.asked) < 80


class Story:
    """A clock that jumps to the end of each sleep, and lets happen on its way what was written down."""

    def __init__(self, now_us: int) -> None:
        self.time_us = now_us
        self.coming: list[tuple[int, Callable[[], Awaitable[Any]]]] = []

    def now_us(self) -> int:
        return self.time_us

    def monotonic(self) -> float:
        return self.time_us / 1e6

    async def sleep(self, seconds: float) -> None:
        until_us = self.time_us + max(0, round(seconds * 1e6))
        while self.coming and self.coming[0][0] <= until_us:
            self.time_us, happens = at_us, _ = self.coming.pop(0)
            await happens()
            until_us += self.time_us - at_us  # the clock may have been set
        self.time_us = until_us
        await asyncio.sleep(0)


class Judging:
    """A sink that judges samples by the shipped rules, and ends the story at an hour."""

    def __init__(self, campus: Campus, time: Story, until_us: int) -> None:
        self.table = campus.points_of("edge")
        self.events: list[AlertEvent] = []
        self.all: list[SampleBatch] = []
        self.done = asyncio.Event()
        self._detection = Detection(campus, "edge", self.table, time.now_us())
        self._time, self._until_us = time, until_us

    async def samples(self, batch: SampleBatch) -> None:
        self.all.append(batch)
        self.events += self._detection.step(batch, self._time.now_us()).events
        if batch.time_us.max() == self._until_us:
            self.done.set()
            await asyncio.Event().wait()

    async def frames(self, batch: FrameBatch) -> None:
        raise AssertionError(batch)

    def of(self, name: str) -> dict[float, float]:
        """Value by hour."""
        batch = SampleBatch.joined(self.all)
        mine = batch[batch.point == self.table.row[name]]
        hours = ((mine.time_us - HOUR_0) / HOUR_US).tolist()
        assert len({*hours}) == len(hours), "an hour was told twice"
        return dict(zip(hours, mine.value.tolist(), strict=True))


@asynccontextmanager
async def followed(
    folder: Path,
    hours: int,
    write: Callable[[Story, Simulation], None],
    away: Callable[[list[Watch], Story], None] = lambda *_: None,
) -> AsyncIterator[tuple[Judging, dict[str, int]]]:
    """A recorder of five cameras, followed from HOUR_0 on for some hours in which happens what `write` puts down."""
    rules = read_yaml(RULES)
    rules["rules"] = [
        rule for rule in rules["rules"] if rule["id"] != "recorder-silent"
    ]  # no picture comes here
    campus = campus_of(folder, rules, CAMERAS)
    time = Story(HOUR_0 + 10 * MINUTE_US)
    sink = Judging(campus, time, HOUR_0 + hours * HOUR_US)
    [host] = hosts_of(campus, "edge", sink.table, CameraSettings())
    async with running(campus, Options(ports={"nvr": 0}), time.now_us) as sim, client() as http:
        write(time, sim)
        workers = Workers(1, 0, SystemClock(), 15)
        desk = Desk(CameraSettings(), time, lambda: 0.0, Newest(0), workers, http, sink)
        recorder = Device(http, "127.0.0.1", sim.listeners["nvr"].port, None, 5.0, time.now_us)
        watches = [Watch(desk, host, one) for one in host.cameras]
        away(watches, time)
        task = asyncio.create_task(follow(desk, recorder, watches))
        try:
            await asyncio.wait(
                {asyncio.create_task(sink.done.wait()), task}, return_when=asyncio.FIRST_COMPLETED
            )
            assert sink.done.is_set(), task
            yield sink, host.counts
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def fault(sim: Simulation, time: Story, target: str, kind: str, first: float, last: float) -> None:
    """Put a fault down, from hour to hour."""

    async def begin() -> None:
        sim.board.put(target, kind, time.now_us())

    async def end() -> None:
        sim.board.clear(target, kind)

    time.coming += [(HOUR_0 + round(first * HOUR_US), begin), (HOUR_0 + round(last * HOUR_US), end)]


async def test_a_gap_of_a_channel_is_one_alert_and_a_full_disk_is_one_for_the_whole_recorder(
    tmp_path: Path,
) -> None:
    def write(time: Story, sim: Simulation) -> None:
        fault(sim, time, "lobby-2", "no-recording", 1.25, 1.75)
        fault(sim, time, "nvr", "disk-full", 3.25, 4.5)

    async with followed(tmp_path, 7, write) as (sink, counts):
        told = {hour: sink.of("lobby-2.recorded_share")[hour] for hour in range(1, 8)}
        assert told == {1: 100, 2: 50, 3: 100, 4: 25, 5: 50, 6: 100, 7: 100}
        assert sink.of("kitchen-1.recorded_share")[2] == 100
        assert min(sink.of("lobby-1.many_gaps")) == -23  # the day before the start
        events = [(e.rule, e.device, e.kind) for e in sink.events]
        assert counts["onvif_failures"] == counts["recordings_unknown"] == 0
    gap, disk = ("camera-recording-gap", "lobby-2"), ("camera-recorder-gaps", "lobby-1")
    assert events == [(*one, kind) for one in (gap, disk) for kind in (EventKind.RAISE, EventKind.CLEAR)]


async def test_hours_of_an_outage_are_made_up_for_as_far_as_a_day_back(tmp_path: Path) -> None:
    def write(time: Story, sim: Simulation) -> None:
        nvr = sim.listeners["nvr"]
        time.coming += [(HOUR_0 + 2 * HOUR_US, nvr.refuse), (HOUR_0 + 40 * HOUR_US, nvr.listen)]

    async with followed(tmp_path, 40, write) as (sink, counts):
        told = sink.of("lobby-1.recorded_share")
        failures = counts["onvif_failures"]
    assert sorted(told) == [*range(1 - MOST_HOURS, 2), *range(41 - MOST_HOURS, 41)]
    assert failures > 100


async def test_after_our_clock_was_set_back_hours_are_asked_for_again(tmp_path: Path) -> None:
    """A gateway may start with a time far ahead, until somebody tells it the right one."""

    def write(time: Story, _: Simulation) -> None:
        async def set_back() -> None:
            time.time_us = HOUR_0 + 20 * MINUTE_US

        time.time_us = HOUR_0 + 100 * HOUR_US + 20 * MINUTE_US
        time.coming += [(time.time_us + 40 * MINUTE_US, set_back)]

    async with followed(tmp_path, 2, write) as (sink, _):
        told = sink.of("lobby-1.recorded_share")
    assert sorted(told) == [1, 2, *range(101 - MOST_HOURS, 101)]


async def attempts(watches: list[Watch], time: Story, number: int, first: float, last: float) -> None:
    """A camera asked each 30 s, from hour to hour, that gives no picture; and once more that does."""
    away = watches[number].camera.away
    for moment in np.arange(HOUR_0 + first * HOUR_US, HOUR_0 + last * HOUR_US, 30e6):
        away.note(int(moment), 30_000_000, is_away=True)
    away.note(round(HOUR_0 + last * HOUR_US) + 20_000_000, 30_000_000, is_away=False)


async def test_what_was_not_recorded_while_a_camera_was_away_has_had_its_alert_and_more_has_one(
    tmp_path: Path,
) -> None:
    """Both cameras were away for half an hour, and came back; of one the recorder misses much more."""

    def write(time: Story, sim: Simulation) -> None:
        fault(sim, time, "lobby-2", "no-recording", 1.25, 1.76)
        fault(sim, time, "kitchen-1", "no-recording", 3.1, 3.9)

    def away(watches: list[Watch], time: Story) -> None:
        for number, first in ((1, 1.25), (4, 3.25)):
            time.coming.append(
                (
                    HOUR_0 + round((first + 0.6) * HOUR_US),
                    partial(attempts, watches, time, number, first, first + 0.5),
                )
            )
        time.coming.sort(key=lambda one: one[0])

    async with followed(tmp_path, 6, write, away) as (sink, _):
        shares_ = sink.of("lobby-2.recorded_share")
        alike_ = sink.of("lobby-2.gaps_alike")
        many = sink.of("lobby-1.many_gaps")
        events = [(e.rule, e.device, e.kind) for e in sink.events]
    assert shares_[2] == pytest.approx(49, abs=0.5), "what is recorded is told as it is"
    assert (alike_[1], alike_[2], alike_[3]) == (0, 100, 0)
    assert max(many.values()) == 0
    assert events == [
        ("camera-recording-gap", "kitchen-1", kind) for kind in (EventKind.RAISE, EventKind.CLEAR)
    ]


RUNS = st.lists(st.tuples(st.integers(-4000, 12_000), st.integers(0, 4000)), max_size=8)


@given(RUNS, st.lists(st.floats(0, 100), min_size=1, max_size=3))
def test_a_gap_is_explained_second_by_second_as_by_hours(
    runs: list[tuple[int, int]], told: list[float]
) -> None:
    away, seconds, reached = Away(), np.zeros(3600 * len(told), bool), -4000
    for begin, length in sorted(runs):
        if begin >= reached:
            reached = begin + length
            away.note(begin * 1_000_000, 30_000_000, is_away=True)
            away.note(reached * 1_000_000, 30_000_000, is_away=False)
            seconds[max(0, begin) : max(0, reached)] |= length >= 50
    lost = seconds.reshape(-1, 3600).sum(axis=1)
    wanted = (lost > 0) & ((100 - np.array(told)) * 36 <= lost + 120)
    near = np.abs((100 - np.array(told)) * 36 - lost - 120) < 1e-6
    found = away.explains(np.array(told), 0, HOUR_US, 30_000_000)
    assert (found == wanted)[~near].all()


def test_of_a_camera_that_is_still_away_only_what_raised_an_alert_explains_a_gap() -> None:
    away = Away()
    away.note(HOUR_US - 40_000_000, 30_000_000, is_away=True)
    assert not away.explains(np.array([98.0]), 0, HOUR_US, 30_000_000).any()
    assert away.explains(np.array([98.0, 0.0, np.nan]), 0, HOUR_US, 30_000_000).tolist() == [
        True,
        True,
        False,
    ]
