"""854 snapshot cameras: fetched, decoded, looked at. Processor time is counted, of which 30 seconds have 30 a core.

The agent's own and that of its capture workers, which decode. Beside it, how late a camera gets while a recorder
keeps silent: 32 cameras that do not answer, and 32 of another recorder.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import psutil

from benchmarks.loopback import HOSTS, running
from benchmarks.row import RUNS, Result
from benchmarks.sites import AGENT, campus_of
from devices.campus.loading import with_rules
from devices.campus.rules import RuleFile
from devices.campus.site import Campus
from devices.model.frames import FrameBatch
from devices.model.samples import SampleBatch
from devices.profiles.strict import load
from edge_agent.detect.counters import Meters
from edge_agent.detect.detection import Detection
from edge_agent.pictures import Looking, PictureSettings
from edge_agent.pictures.references import NEEDED
from edge_agent.pipeline import Pipeline
from edge_agent.settings import DetectSettings
from edge_agent.sources.camera import CameraSettings, CameraSource
from edge_agent.sources.capture.picture import seen_of
from edge_agent.sources.port import SystemClock

NAME = "cameras"
CAMERAS: Final = 854
PERIOD_S: Final = 30.0
#: The pictures of 30 seconds are asked for in this time; what they cost is the same.
HURRIED_S: Final = 14.0
PICTURES: Final = 24
#: Cameras of each of the two recorders of which one keeps silent, and their period.
SILENT: Final = 32
RULES: Final = Path(__file__).parents[2] / "config" / "rules" / "camera.yaml"
MOST_PIXELS: Final = 1e7
SILENCE_S: Final = 2.0
WORK = (
    f"{CAMERAS} cameras behind {len(HOSTS)} recorders, one 1080p JPEG each in {PERIOD_S:g} s (asked for in "
    f"{HURRIED_S:g} s), fetched over HTTP, decoded, every check of a picture against its reference, all rules for "
    "cameras; recorders in a process of their own"
)
PEER = "decoding the same pictures in full size, grey, without fetching them"


def run() -> list[Result]:
    """Cores that 854 cameras keep busy, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        jpegs = list(pictures(PICTURES))
        for number, jpeg in enumerate(jpegs):
            Path(folder, f"{number:02}.jpg").write_bytes(jpeg)
        with running("camera", Path(folder)) as port:
            ours, workers_mb = asyncio.run(_watch(_campus(port)))
            late = asyncio.run(_beside_silence(port))
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 + workers_mb
    decoding = [_full_decoding(jpegs) for _ in range(RUNS)]
    return [
        Result("cores", "cores", ours, {"full decoding": decoding}, more_is_better=False),
        Result("memory, most", "MB", [memory_mb] * RUNS, more_is_better=False),
        Result("delay beside a silent host, most", "periods", late, more_is_better=False),
    ]


class Nowhere:
    """An outbox that only counts."""

    def __init__(self) -> None:
        self.commits = 0

    async def commit(self, records: object, states: object) -> None:  # noqa: ARG002 - the face of an outbox
        """Count, and forget."""
        self.commits += 1


def pipeline_of(campus: Campus) -> Pipeline:
    """The agent's own way from pictures to alerts under the shipped rules, with references of every camera."""
    table, now_us = campus.points_of(AGENT), SystemClock().now_us()
    looking = Looking(campus, AGENT, table, PictureSettings(learn_s=0))
    learn(looking, now_us)
    detection, meters = Detection(campus, AGENT, table, now_us), Meters(campus, AGENT, table)
    return Pipeline(detection, table, Nowhere(), SystemClock(), DetectSettings(), meters, looking)


def learn(looking: Looking, now_us: int) -> None:
    """Show each camera the same scene often enough for a reference; afterwards every check has work."""
    grey = np.stack([seen_of(jpeg, MOST_PIXELS).grey for jpeg in pictures(NEEDED)])
    for number in range(NEEDED):
        for row in range(len(looking.cameras)):
            looking.look(
                FrameBatch(
                    np.array([row], np.int32),
                    np.array([now_us - (NEEDED - number) * 1_000_000]),
                    grey[number : number + 1],
                    np.full(1, 60, np.float32),
                )
            )
    known = looking.health()["day_unconfirmed"]
    assert known == len(looking.cameras), f"{known} of {len(looking.cameras)} references were learnt"


async def _watch(campus: Campus) -> tuple[list[float], float]:
    """Cores in each run of 854 pictures, after one that is not counted, and MB of the workers."""
    pipeline = pipeline_of(campus)
    source = CameraSource(campus, AGENT, CameraSettings(), campus.points_of(AGENT), SystemClock())
    tasks = [asyncio.create_task(work) for work in (pipeline.run(), source.run(pipeline))]
    cores = []
    for _ in range(RUNS + 1):
        begun_s, begun = _busy_s(source), pipeline.counts["pictures"]
        await asyncio.sleep(HURRIED_S)
        fetched = pipeline.counts["pictures"] - begun
        cores.append((_busy_s(source) - begun_s) / max(1, fetched) * CAMERAS / PERIOD_S)
    seen = pipeline.counts["pictures"]
    assert seen > 0.9 * RUNS * CAMERAS, f"only {seen} pictures: {source.health()}"
    workers_mb = sum(worker.memory_info().rss for worker in _workers(source)) / 1e6
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return cores[1:], workers_mb


def _workers(source: CameraSource) -> list[psutil.Process]:
    told = source.health()["workers"].values()
    return [psutil.Process(worker["pid"]) for worker in told if worker["pid"] is not None]


def _busy_s(source: CameraSource) -> float:
    """Processor time of the agent and its capture workers."""
    times = [worker.cpu_times() for worker in _workers(source)]
    return time.process_time() + sum(spent.user + spent.system for spent in times)


async def _beside_silence(port: int) -> list[float]:
    """Longest delay of any healthy camera in each run, in periods, while another host keeps silent."""
    silent = socket.create_server((HOSTS[1], 0), backlog=1000)  # the kernel connects, and nobody answers
    campus = _campus(port, 2 * SILENT, SILENCE_S, {HOSTS[1]: silent.getsockname()[1]})
    table = campus.points_of(AGENT)
    healthy = np.array([table.row[f"camera-{number:03}.link"] for number in range(0, 2 * SILENT, 2)])
    seen: list[SampleBatch] = []
    sink = Keeping(seen)
    source = CameraSource(campus, AGENT, CameraSettings(), table, SystemClock())
    task = asyncio.create_task(source.run(sink))
    await asyncio.sleep(SILENCE_S * (RUNS + 3.5))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    silent.close()
    told = SampleBatch.joined(seen)
    gaps_s = [np.diff(told.time_us[told.point == row])[1 : RUNS + 1] / 1e6 for row in healthy]
    return [float(max(gaps[run] for gaps in gaps_s) / SILENCE_S - 1) for run in range(RUNS)]


class Keeping:
    """A sink that keeps samples and counts pictures."""

    def __init__(self, seen: list[SampleBatch]) -> None:
        self._seen = seen
        self.pictures = 0

    async def samples(self, batch: SampleBatch) -> None:
        """Keep."""
        self._seen.append(batch)

    async def frames(self, batch: FrameBatch) -> None:
        """Count."""
        self.pictures += len(batch)


def _full_decoding(jpegs: list[bytes]) -> float:
    begun_s = time.process_time()
    for jpeg in jpegs:
        cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return (time.process_time() - begun_s) / len(jpegs) * CAMERAS / PERIOD_S


def pictures(count: int) -> Iterator[bytes]:
    """Detailed scenes with the noise of a sensor, about 400 KB each."""
    random = np.random.default_rng(854)
    scene = cv2.resize(
        random.integers(30, 220, (135, 240, 3), np.uint8), (1920, 1080), interpolation=cv2.INTER_CUBIC
    )
    for _ in range(count):
        noise = random.normal(0, 4, scene.shape)
        noisy = np.clip(scene + noise, 0, 255).astype(np.uint8)
        yield bytes(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 82])[1])


def _campus(
    port: int, cameras: int = CAMERAS, poll_s: float = HURRIED_S, silent: Mapping[str, int] | None = None
) -> Campus:
    """Cameras behind as many recorders as there are hosts, or behind two of which the second is silent."""
    link = {"kind": "http", "poll_s": poll_s, "timeout_s": 5, "sessions": 4}
    hosts = HOSTS[:2] if silent else HOSTS
    campus = campus_of(
        [
            {"id": f"recorder-{number}", "host": host, "port": (silent or {}).get(host, port), **link}
            for number, host in enumerate(hosts)
        ],
        [
            {
                "id": f"camera-{number:03}",
                "profile": "campus-camera",
                "link": f"recorder-{number % len(hosts)}",
                "parameters": {"channel": number},
            }
            for number in range(cameras)
        ],
    )
    return with_rules(campus, load(RULES, RuleFile).rules, str(RULES))
