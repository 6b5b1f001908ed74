"""What a stream is made of as the agent sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Codec:
    """How the packets of one connection are to be read.

    name: "h264", "hevc", "mjpeg" or another name that FFmpeg knows.
    extradata: parameter sets that came with the description of the stream; may be empty.
    tick_us: microseconds of one tick of `Packet.pts`.
    epoch: grows with each connection; ticks of two epochs cannot be compared.
    """

    name: str
    extradata: bytes
    width: int
    height: int
    tick_us: float
    epoch: int


class Packet(NamedTuple):
    """One encoded picture. time_us: UTC of `pts`, by the packets that were least delayed."""

    pts: int
    time_us: int
    is_key: bool
    data: bytes


class Seen(NamedTuple):
    """A picture as the detectors see it.

    grey: uint8 (FRAME_HEIGHT, FRAME_WIDTH), luma; colour: mean difference between the strongest and the weakest
    of the three primaries, 0 to 255; 0 is a picture in grey, as by infrared.
    """

    grey: Grey
    colour: float


class Sight(NamedTuple):
    """A decoded key frame, and the whole picture as a JPEG."""

    time_us: int
    seen: Seen
    jpeg: bytes


class Counts(NamedTuple):
    """What the packets of a while say without being decoded. NaN: too few to say.

    fps: pictures a second, by their own times; kbps: thousands of bits a second;
    gap_s: longest pause between two arrivals; key_s: seconds between key frames.
    """

    fps: float
    kbps: float
    gap_s: float
    key_s: float
    packets: int
