"""The rules that are shipped, each played once on the demo campus: it raises in the right words, and clears."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.rules import StaleRule
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind
from devices.model.samples import SampleBatch
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.long_stories import LONG_STORIES
from tests.edge_agent.detect.rule_stories import DOOR, STORIES, Story, Values

SITE = Path(__file__).parents[3] / "config" / "demo" / "site.yaml"
START = "2026-07-15 10:00"  # a Wednesday in the cooling season


@cache
def demo() -> Campus:
    return load_campus(SITE)


class Played:
    """A detection of the demo campus's first agent, stepped each second from `START`."""

    def __init__(self) -> None:
        self.table = demo().points_of("edge-hq1")
        start = dt.datetime.fromisoformat(START).replace(tzinfo=demo().timezone)
        self.start_us = round(start.timestamp() * 1e6)
        self.detection = Detection(demo(), "edge-hq1", self.table, self.start_us)
        self.events: list[AlertEvent] = []

    def second(self, second: int, said: dict[str, float]) -> None:
        rows = [self.table.row[point] for point in said]
        now_us = self.start_us + second * 1_000_000
        self.events += self.detection.step(SampleBatch.of(rows, now_us, list(said.values())), now_us).events

    def since_s(self, event: AlertEvent) -> float:
        return (event.time_us - self.start_us) / 1e6


def played(rule: str) -> Played:
    player, story = Played(), STORIES[rule]
    is_silence = not story.bad
    other = {"power_w": 1.0, "pressure_mpa": 0.3, **DOOR}
    devices = behind(story) if is_of_link(rule) else [story.device]
    for second in range(400):
        said: dict[str, float] = {}
        if second % story.every_s == 0:
            is_bad = 60 <= second < 300
            values = {**story.good, **story.bad} if is_bad else story.good
            for device in [] if is_bad and is_silence else devices:
                said |= of(device, values)
            for device in story.beside:
                known = {name for name in other if f"{device}.{name}" in player.table.row}
                said |= of(device, {name: other[name] for name in known})
        player.second(second, said)
    return player


def of(device: str, values: Values) -> dict[str, float]:
    return {f"{device}.{name}": value for name, value in values.items()}


@pytest.mark.parametrize("rule", STORIES)
def test_rule_raises_in_the_right_words_and_clears(rule: str) -> None:
    story, player = STORIES[rule], played(rule)
    subject = demo().devices[story.device].link if is_of_link(rule) else story.device
    raised, cleared = [e for e in player.events if e.rule == rule and e.device == subject]
    assert (raised.kind, cleared.kind) == (EventKind.RAISE, EventKind.CLEAR)
    assert (raised.message.zh, raised.message.en) == (story.zh, story.en)
    assert (player.since_s(raised), raised.start_us) == (story.raise_s, player.start_us + begin_us(story))
    assert cleared.id == raised.id
    assert 300 <= player.since_s(cleared) <= 360
    assert raised.site == "hq1"


def behind(story: Story) -> list[str]:
    """Devices of the story's make on its link."""
    own = demo().devices[story.device]
    return [d.id for d in demo().devices.values() if (d.link, d.profile) == (own.link, own.profile)]


def is_of_link(rule: str) -> bool:
    judged = demo().rules[rule]
    return isinstance(judged, StaleRule) and judged.of == "link"


def begin_us(story: Story) -> int:
    return round(story.begin_s * 1e6)


def test_every_rule_of_the_demo_campus_is_played() -> None:
    assert {*STORIES, *LONG_STORIES, "speeding"} == set(demo().rules)


@pytest.mark.parametrize("rule", ["link-silent", "field-silent", "recorder-silent"])
def test_a_silent_link_speaks_for_its_devices(rule: str) -> None:
    devices = behind(STORIES[rule])
    assert len(devices) > 1
    assert [e for e in played(rule).events if e.device in devices] == []


def test_a_silent_device_on_a_link_that_speaks_is_no_silent_link() -> None:
    events = played("device-silent").events
    assert [e for e in events if e.device == "hq1-meters-1"] == []


IN_PICTURES = [
    *("camera-offline", "camera-dark", "camera-no-video", "camera-overexposed", "camera-covered"),
    *("camera-turned", "camera-moved", "camera-blurred", "camera-noisy"),
]


@pytest.mark.parametrize("rule", [*IN_PICTURES, "camera-frozen", "camera-low-rate", "camera-clock-wrong"])
def test_three_bad_pictures_in_a_row_raise(rule: str) -> None:
    story, player = STORIES[rule], Played()
    for second in range(0, 125, 5):
        bad = story.bad if second >= 60 else {}
        player.second(second, of(story.device, {**story.good, **bad}) if second % 30 == 0 else {})
    assert [event.kind for event in player.events if event.rule == rule] == [EventKind.RAISE]


@pytest.mark.parametrize("rule", IN_PICTURES)
def test_one_bad_picture_between_good_ones_raises_nothing(rule: str) -> None:
    story, player = STORIES[rule], Played()
    for second in range(0, 300, 5):
        bad = story.bad if second == 90 else {}
        player.second(second, of(story.device, {**story.good, **bad}) if second % 30 == 0 else {})
    assert [e for e in player.events if e.rule == rule] == []


def vehicle(peak_kmh: float) -> Iterable[Values]:
    return ({"speed_kmh": peak_kmh * share, "direction": 1.0} for share in (0.7, 0.9, 1.0, 0.9))


def test_speeding_is_told_once_when_the_vehicle_has_passed() -> None:
    player = Played()
    for second, values in enumerate(vehicle(34.0)):
        player.second(second, of("hq1-radar-in", values))
    for second in range(4, 12):
        player.second(second, {})
    [event] = [e for e in player.events if e.rule == "speeding"]
    assert event.kind is EventKind.MOMENT
    assert event.message.zh == "大门道路:车速 34 km/h,限速 15 km/h"
    assert event.message.en == "Gate road: 34 km/h where 15 km/h is allowed"
