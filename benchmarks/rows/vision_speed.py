"""What it costs to measure vehicles in a frame, and to decode it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.row import RUNS, Result
from devices.campus.calibrations import Calibration
from edge_agent.vision.watch import Watch

NAME = "vision speed"
CLIP: Final = Path(__file__).resolve().parents[2] / "tests/data/car-detection/car-detection.mp4"
SECONDS: Final = 15.0
WIDTH, HEIGHT = 640, 360
WORK = f"{SECONDS:.0f} s of the real clip (three cars), {WIDTH}x{HEIGHT} at 12.5 frames/s, one thread"
PEER = "OpenCV's mixture model (MOG2) with connected components on the same frames, which makes no speeds yet"

Grey = npt.NDArray[np.uint8]


def run() -> list[Result]:
    """Processor time a frame, and the share of a core that one camera takes."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        frames, decode_ms = _frames()
        ours = [_ms(frames, Watch(_calibration()).step) for _ in range(RUNS)]
        theirs = [_ms(frames, _mixture()) for _ in range(RUNS)]
    finally:
        cv2.setNumThreads(threads)
    fps = len(frames) / SECONDS
    shares = [(cost + decode_ms) * fps / 10 for cost in ours]
    return [
        Result("measuring, a frame", "ms", ours, {"MOG2": theirs}, more_is_better=False),
        Result("one camera with decoding, share of a core", "%", shares, {}, more_is_better=False),
    ]


def _frames() -> tuple[list[tuple[Grey, int]], float]:
    """Frames with their times in the stream, and what decoding one cost in ms."""
    found, begun_s = [], time.process_time()
    with av.open(str(CLIP)) as container:
        stream: Any = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            seconds = float(frame.pts * stream.time_base)
            if seconds > SECONDS:
                break
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            found.append((luma[:, : plane.width].copy(), round(seconds * 1e6)))
    cost_ms = (time.process_time() - begun_s) * 1e3 / len(found)
    return [(np.asarray(cv2.resize(one, (WIDTH, HEIGHT)), np.uint8), at) for one, at in found], cost_ms


def _ms(frames: list[tuple[Grey, int]], work: Callable[[Grey, int], object]) -> float:
    begun_s = time.process_time()
    for frame, time_us in frames:
        work(frame, time_us)
    return (time.process_time() - begun_s) * 1e3 / len(frames)


def _mixture() -> Callable[[Grey, int], object]:
    model = cv2.createBackgroundSubtractorMOG2(detectShadows=True)

    def work(frame: Grey, _time_us: int) -> object:
        mask = np.asarray(model.apply(frame) > 200, np.uint8)  # 127 is a shadow
        return cv2.connectedComponentsWithStats(mask)

    return work


def _calibration() -> Calibration:
    return Calibration.model_validate(
        {
            "camera": "clip",
            "picture": (768, 432),
            "corners_px": ((60, 420), (700, 420), (600, 30), (130, 30)),
            "lengths_m": (10, 10),
            "widths_m": (8, 8),
            "lanes": ({"radar": "r", "from_m": -20, "to_m": 40},),
        }
    )
