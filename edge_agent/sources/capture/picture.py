"""An encoded picture to the small grey one that the detectors see."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from devices.model.errors import Garbled
from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH
from edge_agent.sources.capture.jpeg import check
from edge_agent.sources.capture.packets import Grey, Seen, Sight

#: The decoder itself can reduce by these; less work, and much less memory for a large picture.
REDUCED: Final = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)
#: Formats whose first plane is the grey picture already, one byte each.
WITH_LUMA: Final = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}
)
#: libavutil's number for levels from 0 to 255; otherwise black is 16 and white 235.
FULL_RANGE: Final = 2
STRETCHED: Final = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)
#: Width of the JPEG made of a stream's picture, at most.
MOST_WIDE: Final = 1280
QUALITY: Final = 80
#: A still picture for people at the hub: so wide, and of so many bytes, at most, for a thin line.
SHOWN_WIDE: Final = 960
SHOWN_BYTES: Final = 150_000
SHOWN_QUALITIES: Final = (75, 50, 25)


def seen_of(data: bytes, max_pixels: float) -> Seen:
    """Decode a JPEG into what the detectors see; another shape of picture is squeezed.

    Raises:
        Garbled: it is no JPEG of bearable size.
    """
    small = _small(_decoded(data, max_pixels, FRAME_WIDTH, FRAME_HEIGHT))
    return Seen(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), _colour(small))


def shrunk(data: bytes, max_pixels: float) -> bytes:
    """A JPEG for people, small enough for a thin line.

    Raises:
        Garbled: it is no JPEG of bearable size.
    """
    picture = _decoded(data, max_pixels, SHOWN_WIDE, 1)
    height, width = picture.shape[:2]
    if width > SHOWN_WIDE:
        size = (SHOWN_WIDE, max(1, height * SHOWN_WIDE // width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    made = b""
    for quality in SHOWN_QUALITIES:
        made = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(made) <= SHOWN_BYTES:
            break
    return made


def _decoded(data: bytes, max_pixels: float, wide: int, high: int) -> Any:
    """A JPEG as a picture (height, width, 3), reduced where it stays as wide and high as wanted."""
    width, height = check(data, max_pixels)
    fitting = (mode for factor, mode in REDUCED if width >= factor * wide and height >= factor * high)
    mode = next(fitting, cv2.IMREAD_COLOR)
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), mode | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise Garbled(f"a picture that cannot be decoded: {error.err}") from None
    if decoded is None:
        raise Garbled("a picture that cannot be decoded")
    return decoded


def sight_of(frame: Any, time_us: int) -> Sight:
    """A decoded frame of PyAV as the detectors see it, and as a JPEG for people."""
    if frame.format.name in WITH_LUMA:
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        luma = rows[: frame.height, : frame.width]
    else:
        luma = frame.to_ndarray(format="gray")
    grey: Grey = _small(luma)
    if frame.color_range != FULL_RANGE and not frame.format.name.startswith("yuvj"):
        grey = STRETCHED[grey]  # black is black, from a stream as from a JPEG
    wide = min(frame.width, MOST_WIDE)
    shown = frame.reformat(width=wide, height=max(2, frame.height * wide // frame.width), format="bgr24")
    picture = shown.to_ndarray()
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return Sight(time_us, Seen(grey, _colour(_small(picture))), data.tobytes())


def _small(picture: Any) -> Any:
    """Shape and type as the detectors have them, with as many channels as it came with."""
    if picture.shape[:2] != (FRAME_HEIGHT, FRAME_WIDTH):
        picture = cv2.resize(picture, (FRAME_WIDTH, FRAME_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture, np.uint8)


def _colour(picture: Any) -> float:
    """How far the strongest primary is from the weakest, on the average."""
    blue, green, red = cv2.split(picture)
    strongest, weakest = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    return float(cv2.mean(cv2.subtract(strongest, weakest))[0])
