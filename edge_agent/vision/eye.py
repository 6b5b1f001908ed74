"""The process that decodes the streams of calibrated cameras and measures in them; the agent kills it if it hangs.

To it:   ["watch", key, calibration]   ["codec", key, ...]   ["packet", key, ...]   ["beat", number]
From it: ["pass", key, {...}]          ["alive", number, [[key, counts], ...]]
"""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any, BinaryIO, Final

import av
import av.logging
import cv2
import numpy as np

from devices.campus.calibrations import Calibration
from edge_agent.sources.capture.orders import LENGTH, LONGEST, framed, unpacked
from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.vision.clock import StreamClock
from edge_agent.vision.motion import Grey
from edge_agent.vision.watch import VisionPass, Watch

log = logging.getLogger(__name__)

#: Nothing is gained by more frames a second than this.
MOST_FPS: Final = 13.0
MOST_PIXELS: Final = 9_000_000
#: Formats whose first plane is the grey picture already.
PLANAR: Final = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}
)


class Eye:
    """One camera: its decoder, its clock and its watch. Of its counts, `blind` says that nothing decodes its stream."""

    def __init__(self, calibration: Calibration) -> None:
        self._watch = Watch(calibration)
        self._decoder: Any = None
        self._clock = StreamClock(1.0)
        self._breaks = 0
        self._waits_for_key = True
        self._shown_us = 0
        self._own = Counter[str]()

    @property
    def counts(self) -> dict[str, int]:
        """What was decoded and measured."""
        return {**self._own, **self._watch.counts}

    def begin(self, codec: Codec) -> None:
        """Another connection: its stamps have nothing to do with those before."""
        self._decoder, self._own["blind"] = None, 1
        decoder = av.CodecContext.create(codec.name, "r")
        decoder.thread_count = 1
        if codec.extradata:
            decoder.extradata = codec.extradata
        self._decoder, self._own["blind"] = decoder, 0
        self._clock, self._breaks, self._waits_for_key = StreamClock(codec.tick_us), 0, True
        self._watch.forget()

    def stumble(self) -> None:
        """Go on with the next key frame, or with the next connection where this one has no decoder."""
        self._own["faults"] += 1
        self._waits_for_key = True
        self._watch.forget()

    def take(self, packet: Packet) -> list[VisionPass]:
        """Decode a packet and measure in what comes out."""
        if self._decoder is None or (self._waits_for_key and not packet.is_key):
            return []
        self._waits_for_key = False
        raw = av.Packet(packet.data)
        raw.pts = raw.dts = packet.pts
        try:
            frames = self._decoder.decode(raw)
        except av.FFmpegError:
            self._own["undecodable"] += 1
            self._waits_for_key = True
            return []
        return [found for frame in frames for found in self._seen(frame, packet)]

    def _seen(self, frame: Any, packet: Packet) -> list[VisionPass]:
        if frame.pts is None or frame.width * frame.height > MOST_PIXELS:
            self._own["unusable"] += 1
            return []
        time_us = self._clock.of(frame.pts, packet.pts, packet.time_us)
        if self._clock.breaks != self._breaks:
            self._breaks = self._clock.breaks
            self._watch.forget()
        if time_us is None or 0 <= time_us - self._shown_us < 1e6 / MOST_FPS:
            return []
        self._shown_us = time_us
        return self._watch.step(luma(frame), time_us)


def luma(frame: Any) -> Grey:
    """The grey picture of a decoded frame, uint8 (height, width); mostly it is there already."""
    if frame.format.name not in PLANAR:
        return np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def serve(told: BinaryIO, answers: BinaryIO) -> None:
    """Work until the agent closes our input."""
    eyes: dict[int, Eye] = {}

    def answer(message: list[Any]) -> None:
        answers.write(framed(message))
        answers.flush()

    while (message := _message(told)) is not None:
        match message:
            case ["watch", key, calibration]:
                eyes[key] = Eye(Calibration.model_validate_json(calibration))
            case ["codec" | "packet" as kind, key, *parts]:
                for found in _seen(eyes[key], kind, parts):
                    answer(["pass", key, asdict(found)])
            case ["beat", number]:
                answer(["alive", number, [[key, eye.counts] for key, eye in eyes.items()]])


def _seen(eye: Eye, kind: str, parts: list[Any]) -> list[VisionPass]:
    """What one camera gives; its faults are its own."""
    try:
        if kind == "packet":
            return eye.take(Packet(*parts))
        eye.begin(Codec(*parts))
    except Exception as error:  # boundary: a source's task, one eye of it, counted and told with its health
        if not eye.counts.get("faults"):
            log.warning("vision: a fault of ours (%s)", type(error).__name__, exc_info=True)
        eye.stumble()
    return []


def _message(told: BinaryIO) -> list[Any] | None:
    head = told.read(LENGTH)
    length = int.from_bytes(head, "big")
    if len(head) < LENGTH or length > LONGEST:
        return None
    body = told.read(length)
    return unpacked(body) if len(body) == length else None


def main() -> None:
    """Serve the agent that started us."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", 1 << 16)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no message
    logging.getLogger("libav").addHandler(logging.NullHandler())
    logging.getLogger("libav").propagate = False
    av.logging.set_level(av.logging.PANIC)
    cv2.setNumThreads(1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
