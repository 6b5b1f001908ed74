"""What each check of a picture costs, one picture at a time as cameras deliver them, and in batches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from benchmarks.row import RUNS, Result
from benchmarks.rows.cameras import MOST_PIXELS, learn, pictures
from benchmarks.sites import AGENT, campus_of
from devices.model.frames import FrameBatch
from edge_agent.pictures import Looking, PictureSettings, edges, plain
from edge_agent.pictures.against import compared
from edge_agent.pictures.grid import Greys, halved
from edge_agent.pictures.shift import shifts
from edge_agent.pictures.sides import like_side
from edge_agent.sources.capture.picture import seen_of

NAME = "cameras, checks"
BATCH: Final = 16
REPEATS: Final = 40
WORK = f"a 1080p picture reduced to 320x180 against its reference, {REPEATS} times; batches of {BATCH}"
PEER = "the same picture decoded from its JPEG, which comes before all checks"


def run() -> list[Result]:
    """Microseconds of processor time a picture, for each check and for all together."""
    jpegs = list(pictures(BATCH))
    decoding = [_us(lambda: seen_of(jpegs[0], MOST_PIXELS)) for _ in range(RUNS)]
    grey = np.stack([seen_of(jpeg, MOST_PIXELS).grey for jpeg in jpegs])
    one = _checks(grey[:1])
    looking = _looking(grey)
    results = [
        Result(
            "all, one picture", "us", [_us(looking[0]) for _ in range(RUNS)], {"decoding": decoding}, False
        ),
        Result(
            f"all, {BATCH} at once, each", "us", [_us(looking[1]) / BATCH for _ in range(RUNS)], {}, False
        ),
    ]
    return results + [
        Result(name, "us", [_us(work) for _ in range(RUNS)], {}, False) for name, work in one.items()
    ]


def _us(work: Callable[[], object]) -> float:
    begun_s = time.process_time()
    for _ in range(REPEATS):
        work()
    return (time.process_time() - begun_s) / REPEATS * 1e6


def _checks(grey: Greys) -> dict[str, Callable[[], object]]:
    half = halved(grey)
    slopes, outline = edges.slopes(half), edges.outline(half)
    focus, there = edges.focus(outline.strong, grey), edges.kept(outline, slopes)
    seen, camera = plain.Seen.nothing(1), np.zeros(1, np.int32)
    return {
        "light, flat, same": lambda: plain.look(seen, camera, grey, camera.astype(np.int64), 0),
        "half size": lambda: halved(grey),
        "slopes": lambda: edges.slopes(half),
        "edges of the reference": lambda: edges.outline(half),
        "kept, texture, covered": lambda: edges.kept(outline, slopes),
        "like side": lambda: like_side(half, half, slopes, there.tiles),
        "sharpness, noise": lambda: edges.sharpness(focus, edges.focus(outline.strong, grey), there.tiles),
        "shift": lambda: shifts(half, outline, half, slopes),
        "all against a reference": lambda: compared(outline, outline, half, focus, grey, half),
    }


def _looking(grey: Greys) -> tuple[Callable[[], object], Callable[[], object]]:
    """Everything with its samples, for one picture and for a batch."""
    link = {"id": "recorder", "kind": "http", "host": "127.0.0.1"}
    cameras = [
        {"id": f"camera-{n}", "profile": "campus-camera", "link": "recorder", "parameters": {"channel": n}}
        for n in range(BATCH)
    ]
    campus = campus_of([link], cameras)
    looking = Looking(campus, AGENT, campus.points_of(AGENT), PictureSettings(learn_s=0))
    learn(looking, 10_000_000_000)

    def look(count: int) -> Callable[[], object]:
        rows, colour = np.arange(count, dtype=np.int32), np.full(count, 60, np.float32)
        times = np.full(count, 20_000_000_000)
        return lambda: looking.look(FrameBatch(rows, times, grey[:count], colour))

    return look(1), look(BATCH)
