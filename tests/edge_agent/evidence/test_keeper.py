"""From packets and an alert to files: a clip that plays, pictures, and a manifest without the plate."""

from __future__ import annotations

import asyncio
import dataclasses
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from devices.model.alerts import AlertEvent, EventKind, Severity
from devices.model.plates import encode
from devices.model.texts import Text
from edge_agent.evidence.facts import facts_of, lines_of
from edge_agent.evidence.fan import Fan
from edge_agent.evidence.keeper import PATIENCE_S, Keeper
from edge_agent.evidence.maker import clip, folded, pictures, with_facts
from edge_agent.evidence.manifest import NAME
from edge_agent.evidence.nals import with_start_codes
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.evidence.store import problems
from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.sources.port import SystemClock
from tests.edge_agent.detect.test_speeding import campus_of
from tests.edge_agent.detect.test_views import WATCHED
from tests.edge_agent.vision.test_source import NOW_US
from tests.edge_agent.vision.test_source import clip as recorded
from tests.fake_clock import FakeClock

PLATE = encode("浙B12345")


def alert(from_s: float, to_s: float, device: str = "first") -> AlertEvent:
    assert PLATE is not None
    return AlertEvent(
        id="ab" * 12,
        kind=EventKind.MOMENT,
        rule="speeding",
        rule_version=1,
        family="traffic",
        severity=Severity.HIGH,
        site="hq",
        device=device,
        time_us=NOW_US + round(to_s * 1e6),
        start_us=NOW_US + round(from_s * 1e6),
        value=31.4,
        limit=15.0,
        unit="km/h",
        message=Text("超速", "too fast"),
        evidence={"direction": 1.0, "check": 1.0, "vision_kmh": 30.2, "plate": PLATE},
        parent="field",
    )


class Told(Counter[str]):
    """Counters that say when they change."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def __setitem__(self, name: str, number: int) -> None:
        super().__setitem__(name, number)
        self.changed.set()


async def counted(keeper: Keeper, name: str, task: asyncio.Task[None]) -> None:
    """Wait until a counter stands at one; what else was counted, or the end of the task, fails at once."""
    told = Told()
    told.update(keeper.counts)
    keeper.counts = told
    async with asyncio.timeout(50):
        change = asyncio.ensure_future(told.changed.wait())
        if not told:
            await asyncio.wait((change, task), return_when=asyncio.FIRST_COMPLETED)
        change.cancel()
    assert not task.done(), task
    assert dict(told) == {name: 1}


@pytest.fixture(scope="module")
def stream() -> tuple[Codec, list[Packet]]:
    return recorded(28)


def test_a_clip_has_the_pictures_as_they_came_at_their_times(stream: tuple[Codec, list[Packet]]) -> None:
    codec, packets = stream
    with av.open(io.BytesIO(clip(codec, packets[60:180]))) as container:
        video = container.streams.video[0]
        frames = [
            (frame.pts * video.time_base, frame.to_ndarray(format="gray"))
            for frame in container.decode(video)
        ]
    assert len(frames) == 120, "the last one is shown too"
    times = np.array([float(time) for time, _ in frames])
    assert np.diff(times) == pytest.approx(0.08, abs=1e-6)
    by_decoder = dict(pictures(codec, packets[60:180], [NOW_US + 8_000_000]))
    [(time_us, picture)] = by_decoder.items()
    assert abs(time_us - NOW_US - 8_000_000) <= 80_000
    same = frames[round((time_us - packets[60].time_us) / 80_000)][1]
    assert np.abs(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(int) - same).mean() < 12


def test_pictures_with_start_codes_come_out_as_they_are_and_with_lengths_with_codes(
    stream: tuple[Codec, list[Packet]],
) -> None:
    codec, packets = stream
    changed = with_start_codes(codec, packets[:3])
    assert all(packet.data.startswith(b"\x00\x00\x00\x01") for packet in changed)
    assert [packet.pts for packet in changed] == [packet.pts for packet in packets[:3]]
    bare = Codec(codec.name, b"", codec.width, codec.height, codec.tick_us, 1)
    assert with_start_codes(bare, changed) == changed


def test_facts_stand_below_the_picture_in_both_languages(tmp_path: Path) -> None:
    facts = facts_of(alert(15, 16), campus_of(tmp_path, site=WATCHED), "cam")
    lines = lines_of(facts, NOW_US + 15_250_000)
    assert lines == [
        "时间 Time 2025-11-22 16:26:55.250   地点 Place 大门 Gate",
        "车速 Speed 31 km/h   限速 Limit 15 km/h   方向 Direction 驶近 approaching",
        "设备 Device first   cam",
        "号牌 Plate 浙B12345   视频核对 Camera 视频已核实 confirmed 30 km/h",
    ]
    picture = np.full((360, 640, 3), 90, np.uint8)
    shown = with_facts(picture, lines)
    assert (shown[:360] == picture).all()
    band = shown[360:]
    heights = len(band) // 5 * np.arange(5)
    assert all((band[top : top + len(band) // 5] > 200).sum() > 200 for top in heights[:4])


def test_long_facts_are_folded_and_none_is_cut_off_at_the_edge_of_a_small_picture() -> None:
    place = "南门主干道（教学楼东侧） South gate main road, east of the teaching building"
    long = [f"地点 Place {place}", "号牌 Plate 浙B12345   视频核对 Camera 视频已核实 confirmed", "京" * 60]
    shown = with_facts(np.zeros((288, 352, 3), np.uint8), long)
    assert shown[288:, 1:-9].any()
    assert not shown[288:, -9:].any(), "nothing runs into the margin"
    rows = [row for line in long for row in folded(line, lambda text: len(text) <= 20)]
    assert max(map(len, rows)) <= 20
    assert "".join(rows).replace(" ", "") == "".join(long).replace(" ", "")
    assert list(folded("ab", lambda _: False)) == ["a", "b"]
    assert list(folded("", lambda _: False)) == [""]


def test_a_picture_has_the_time_at_which_it_was_taken_not_that_of_the_first_packet(
    stream: tuple[Codec, list[Packet]],
) -> None:
    codec, packets = stream
    late = [packet._replace(time_us=packet.time_us + 2_000_000) for packet in packets[60:65]]
    moments = [NOW_US + 8_000_000]
    [(time_us, picture)] = pictures(codec, packets[60:180], moments)
    [(again_us, same)] = pictures(codec, [*late, *packets[65:180]], moments)
    assert again_us == time_us
    assert (same == picture).all()


async def test_who_waited_behind_a_camera_that_stands_still_does_not_wait_anew(tmp_path: Path) -> None:
    campus, clock = campus_of(tmp_path, site=WATCHED), FakeClock(NOW_US, auto=True)
    calibrations = list(campus.calibrations.values())
    keeper = Keeper(campus, calibrations, EvidenceSettings(), tmp_path, lambda _camera, _take: None, clock)
    for _ in range(5):
        assert await keeper._cut("cam", alert(-40, -20)) is None
    assert clock.now_us() == NOW_US
    assert await keeper._cut("cam", alert(3600, 3601)) is None, "the clock was set back by an hour"
    assert clock.monotonic() <= 5 + PATIENCE_S + 1


async def test_vehicles_that_no_rule_of_the_site_file_but_a_published_one_judged_get_their_evidence(
    tmp_path: Path,
) -> None:
    campus, clock = campus_of(tmp_path, site=WATCHED), FakeClock(NOW_US)
    calibrations = list(campus.calibrations.values())
    keeper = Keeper(campus, calibrations, EvidenceSettings(), tmp_path, lambda _camera, _take: None, clock)
    passed = dataclasses.replace(alert(15, 16), rule="speeding-by-night")
    others = [
        dataclasses.replace(passed, evidence={"speed_kmh": 30.0}),
        dataclasses.replace(passed, kind=EventKind.RAISE),
        dataclasses.replace(passed, device="elsewhere"),
    ]
    keeper.note([passed, *others])
    assert keeper.health()["waiting"] == 1


async def test_an_alert_becomes_a_clip_and_pictures_before_and_after(
    tmp_path: Path, stream: tuple[Codec, list[Packet]]
) -> None:
    codec, packets = stream
    campus = campus_of(tmp_path, site=WATCHED)
    takers: dict[str, Callable[[Codec, Packet], None]] = {}
    seen: list[Packet] = []
    fan = Fan(takers.__setitem__)
    folder = tmp_path / "evidence"
    calibrations = list(campus.calibrations.values())
    keeper = Keeper(campus, calibrations, EvidenceSettings(), folder, fan.on_packets, SystemClock())
    fan.on_packets("cam", lambda _, packet: seen.append(packet))
    for packet in packets:
        takers["cam"](codec, packet)
    assert seen == packets
    task = asyncio.create_task(keeper.run(None), name="evidence")  # type: ignore[arg-type]
    keeper.note([alert(15, 16.5, "second"), alert(15, 16.5)])
    await counted(keeper, "taken", task)
    health = keeper.health()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (health["taken"], health["kept"]) == (1, 1)
    [found] = [path for path in folder.iterdir() if path.is_dir()]
    names = sorted(path.name for path in found.iterdir())
    assert names == [*(f"{n}-{kind}.jpg" for n in (1, 2, 3) for kind in ("clean", "facts")), "clip.mp4"]
    assert list(problems(folder)) == []
    manifest = (folder / NAME).read_text("utf-8")
    assert "浙" not in manifest
    with av.open(str(found / "clip.mp4")) as container:
        lasts = float(container.duration / 1e6)
    assert 11.5 <= lasts <= 11.5 + 4.8 + 0.2, "5 s before and after, from a key frame on"
    assert (EvidenceSettings().before_s, EvidenceSettings().after_s) == (5.0, 5.0)


async def test_packets_that_make_no_picture_cost_their_evidence_and_nothing_else(tmp_path: Path) -> None:
    campus = campus_of(tmp_path, site=WATCHED)
    takers: dict[str, Callable[[Codec, Packet], None]] = {}
    calibrations = list(campus.calibrations.values())
    folder = tmp_path / "evidence"
    keeper = Keeper(campus, calibrations, EvidenceSettings(), folder, takers.__setitem__, SystemClock())
    rubbish = Codec("no-such-codec", b"", 640, 360, 1000.0, 1)
    for n in range(300):
        takers["cam"](rubbish, Packet(n * 100, NOW_US + n * 100_000, n % 10 == 0, b"\x00" * 50))
    task = asyncio.create_task(keeper.run(None), name="evidence")  # type: ignore[arg-type]
    keeper.note([alert(15, 16.5)])
    await counted(keeper, "not_made", task)
    assert keeper.health()["not_made"] == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [path.name for path in folder.iterdir()] == []


async def test_a_fault_in_one_alert_or_of_the_disk_does_not_end_the_keeper(
    tmp_path: Path, stream: tuple[Codec, list[Packet]]
) -> None:
    codec, packets = stream
    campus = campus_of(tmp_path, site=WATCHED)
    takers: dict[str, Callable[[Codec, Packet], None]] = {}
    calibrations = list(campus.calibrations.values())
    folder = tmp_path / "evidence"
    keeper = Keeper(campus, calibrations, EvidenceSettings(), folder, takers.__setitem__, SystemClock())
    for packet in packets:
        takers["cam"](codec, packet)
    keeper.store.open()
    keeper.store.keep("cd" * 12, {"clip.mp4": b"old"}, {"severity": 1}, 1)
    (folder / NAME).unlink()
    (folder / NAME).mkdir()  # the manifest can be written no more, as on a full disk
    assert not await keeper._works(keeper.store.prune, NOW_US)
    assert keeper.health()["disk_errors"] == 1
    await keeper._take(dataclasses.replace(alert(15, 16.5), evidence={"direction": 1.0, "plate": "none"}))  # type: ignore[dict-item]
    assert keeper.health()["failed"] == 1
    await keeper._take(alert(15, 16.5))
    assert keeper.health()["not_stored"] == 1
    assert sorted(path.name for path in folder.iterdir()) == ["cd" * 12, NAME], "nothing is left of it"
