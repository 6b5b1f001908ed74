"""Silence: who is silent, who speaks for whom, and what a restart must not do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent
from devices.model.samples import SampleBatch
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.small_campus import small_campus

AFTER = 60
LINK_AFTER = 45
START_US = 1_790_000_000_000_000
Said = tuple[str, str, float, float]


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    return small_campus(Path(tmp_path_factory.mktemp("silence")))


def told(events: list[AlertEvent]) -> list[Said]:
    """Kind, device, when and since when, in seconds after the start."""
    return sorted(
        (e.device, e.kind.value, (e.time_us - START_US) / 1e6, (e.start_us - START_US) / 1e6)
        for e in events
        if e.rule in {"silent", "link-silent"} and e.device in {"ac-1", "gw"}
    )


def stepped(campus: Campus, readings: list[tuple[float, str]], moments: list[float]) -> list[Said]:
    table = campus.points_of("edge")
    detection, events, before = Detection(campus, "edge", table, START_US), [], -1.0
    for moment in moments:
        part = [(second, device) for second, device in readings if before < second <= moment]
        batch = SampleBatch.of(
            [table.row[f"{device}.room_c"] for _, device in part],
            [START_US + round(second * 1e6) for second, _ in part],
            [20.0] * len(part),
        )
        events += detection.step(batch, START_US + round(moment * 1e6)).events
        before = moment
    return told(events)


def slow_silence(readings: list[tuple[float, str]], until: float) -> list[Said]:
    """A device counts as silent from the first moment after AFTER at which its link spoke lately; a link at once."""
    own = sorted({second for second, device in readings if device == "ac-1"})
    link = sorted({second for second, _ in readings})
    found: list[Said] = []
    for heard, after, name in ((own, AFTER, "ac-1"), (link, LINK_AFTER, "gw")):
        for last, following in zip([0.0, *heard], [*heard, float("inf")], strict=True):
            due = last + after
            if name == "ac-1":
                lately = max((s for s in [0.0, *link] if s <= due), default=0.0)
                if due - lately > after / 2:
                    due = min((s for s in link if s > due), default=float("inf"))
            if due < following and due <= until:
                found.append((name, "raise", due, last))
                if following <= until:
                    found.append((name, "clear", following, last))
    return sorted(found)


@given(
    st.lists(st.tuples(st.integers(1, 400), st.sampled_from(["ac-1", "ac-2", "ac-3"])), max_size=12),
    st.lists(st.integers(1, 499), max_size=6),
)
def test_equals_the_loop_however_it_is_cut(
    campus: Campus, said: list[tuple[int, str]], cuts: list[int]
) -> None:
    readings = sorted({(float(second), device) for second, device in said})
    moments = [*sorted({float(cut) for cut in cuts}), 500.0]
    assert stepped(campus, readings, moments) == slow_silence(readings, 500.0)


def test_a_dead_link_speaks_for_its_devices(campus: Campus) -> None:
    readings = [(float(s), d) for s in range(0, 31, 10) for d in ("ac-1", "ac-2")]
    assert stepped(campus, readings, [float(s) for s in range(200)]) == [("gw", "raise", 75.0, 30.0)]


def test_one_dead_device_on_a_living_link_raises_once(campus: Campus) -> None:
    readings = [(30.0, "ac-1"), *((float(s), "ac-2") for s in range(0, 300, 10))]
    assert stepped(campus, sorted(readings), [50.0, 90.0, 91.0, 299.0]) == [("ac-1", "raise", 90.0, 30.0)]


def restarted(campus: Campus, detection: Detection, now_us: int) -> Detection:
    fresh = Detection(campus, "edge", campus.points_of("edge"), now_us)
    assert fresh.restore({**detection.save_judged(), **detection.save_held()}, now_us) == []
    return fresh


def heard_at(campus: Campus, second: float) -> SampleBatch:
    return SampleBatch.of(
        [campus.points_of("edge").row["ac-1.room_c"]], [START_US + round(second * 1e6)], [20.0]
    )


@pytest.mark.promise("P-detect-4")
@pytest.mark.parametrize("away_s", [0, 59, 61, 100_000])
def test_the_agents_own_absence_is_nobodys_silence(campus: Campus, away_s: int) -> None:
    detection = Detection(campus, "edge", campus.points_of("edge"), START_US)
    detection.step(heard_at(campus, 10), START_US + 10_000_000)
    now_us = START_US + (10 + away_s) * 1_000_000
    detection = restarted(campus, detection, now_us)
    assert told(detection.step(SampleBatch.empty(), now_us + (LINK_AFTER - 1) * 1_000_000).events) == []
    late = detection.step(SampleBatch.empty(), now_us + LINK_AFTER * 1_000_000).events
    assert told(late) == [("gw", "raise", 10.0 + away_s + LINK_AFTER, 10.0 + away_s)]


def test_a_silence_that_is_told_stays_told_over_a_restart(campus: Campus) -> None:
    detection = Detection(campus, "edge", campus.points_of("edge"), START_US)
    detection.step(heard_at(campus, 10), START_US + 10_000_000)
    assert told(detection.step(SampleBatch.empty(), START_US + 200_000_000).events) == [
        ("gw", "raise", 55.0, 10.0)
    ]
    detection = restarted(campus, detection, START_US + 500_000_000)
    assert told(detection.step(SampleBatch.empty(), START_US + 600_000_000).events) == []
    back = detection.step(heard_at(campus, 610), START_US + 611_000_000).events
    assert told(back) == [("gw", "clear", 610.0, 10.0)]
