"""H.264 of drawn pictures, by FFmpeg."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, Final

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from devices.sim.wires.rtp import TICKS_PER_S
from devices.sim.wires.scenery import HEIGHT, WIDTH, Picture

#: How coarse: by a fixed measure, not by a bit rate, so that equal pictures give equal key frames.
QUANTISER: Final = 25
OPTIONS: Final = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "forced-idr": "1",
    "x264-params": f"qp={QUANTISER}:keyint=infinite:scenecut=0:threads=1",
}


class Encoder:
    """Encodes the pictures of one stream; key frames come when they are asked for, and not else."""

    def __init__(self) -> None:
        self._codec = _codec()

    def encode(self, picture: Picture, ticks: int, *, is_key: bool) -> bytes:
        """An access unit (Annex B) of a picture, uint8 (HEIGHT, WIDTH, 3) BGR. Takes a few milliseconds."""
        frame: Any = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = ticks, self._codec.time_base
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


@cache
def parameter_sets() -> bytes:
    """What a decoder must know beforehand (Annex B); the same for every stream here."""
    return Encoder().encode(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0, is_key=True)


def _codec() -> VideoCodecContext:
    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, TICKS_PER_S), Fraction(10)
    codec.max_b_frames, codec.thread_count = 0, 1
    codec.options = OPTIONS
    found: VideoCodecContext = codec
    return found
