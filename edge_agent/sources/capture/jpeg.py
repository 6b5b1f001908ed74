"""What a JPEG says about itself before anybody decodes it. Pure."""

from __future__ import annotations

from typing import Final

from devices.model.errors import Garbled

START: Final = b"\xff\xd8"
END: Final = b"\xff\xd9"
#: Some hosts add a little behind the end of the picture.
TAIL: Final = 1024
FRAME_HEADERS: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
#: Markers that stand alone, without a length.
ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
END_OF_HEADERS: Final = frozenset({0xD9, 0xDA})
FRAME_HEADER_BYTES: Final = 7


def check(data: bytes, max_pixels: float) -> tuple[int, int]:
    """Return width and height of a whole JPEG of bearable size.

    Raises:
        Garbled: it is not one.
    """
    width, height = size_of(data)
    if width * height > max_pixels:
        raise Garbled(f"a picture of {width}x{height}, at most {max_pixels / 1e6:g} megapixels are decoded")
    if END not in data[-TAIL:]:
        raise Garbled("a picture without an end")
    return width, height


def size_of(data: bytes) -> tuple[int, int]:
    """Read width and height from the frame header.

    Raises:
        Garbled: there is none.
    """
    if not data.startswith(START):
        raise Garbled(f"not a JPEG, it starts with {data[:8].hex()}")
    at = len(START)
    while at + 4 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - marker and length
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            at += 1
        elif marker in ALONE:
            at += 2
        elif marker in END_OF_HEADERS:
            break
        elif marker in FRAME_HEADERS:
            return _frame(data[at + 4 : at + 4 + FRAME_HEADER_BYTES])
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    raise Garbled("a JPEG without a frame header")


def _frame(header: bytes) -> tuple[int, int]:
    height, width = int.from_bytes(header[1:3], "big"), int.from_bytes(header[3:5], "big")
    if width == 0 or height == 0:
        raise Garbled(f"a picture of {width}x{height}")
    return width, height
