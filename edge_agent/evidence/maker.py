"""The process that makes files of a cut: a clip that is not encoded anew, and pictures, clean and with the facts.

It reads one message on standard input, answers with one on standard output, and ends. The agent kills one that hangs.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

import av
import av.logging
import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.evidence.facts import Facts, lines_of
from edge_agent.evidence.nals import with_start_codes
from edge_agent.sources.capture.orders import LENGTH, framed, unpacked
from edge_agent.sources.capture.packets import Codec, Packet

Picture = npt.NDArray[np.uint8]

JPEG_QUALITY: Final = 92
MOST_PIXELS: Final = 34_000_000
#: Rows of the band below the picture, as a share of the picture's width: one line of facts.
LINE_SHARE: Final = 0.034
FONT: Final = "uni"  # comes with OpenCV and has Chinese


def clip(codec: Codec, packets: Sequence[Packet]) -> bytes:
    """The packets as they came, in an MP4 file."""
    base = Fraction(codec.tick_us / 1e6).limit_denominator(10_000_000)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_mux_stream(codec.name, width=codec.width, height=codec.height)
        stream.time_base = base
        timed = list(_timed(with_start_codes(codec, packets)))
        mean = timed[-1][2] // max(
            1, len(timed) - 1
        )  # players leave out a last picture that lasts for no time
        for packet, pts, dts in timed:
            raw = av.Packet(packet.data)
            raw.stream, raw.time_base, raw.is_keyframe = stream, base, packet.is_key
            raw.pts, raw.dts, raw.duration = pts, dts, max(1, mean)
            container.mux(raw)
    return file.getvalue()


def _timed(packets: Sequence[Packet]) -> Iterator[tuple[Packet, int, int]]:
    """Packets with stamps from 0 on; decoding times rise and are never after the picture's own."""
    ordered = sorted(packet.pts for packet in packets)
    late = max(order - packet.pts for order, packet in zip(ordered, packets, strict=True))
    last = -1
    for order, packet in zip(ordered, packets, strict=True):
        dts = max(order - ordered[0], last + 1)
        last = dts
        yield packet, max(packet.pts - ordered[0] + late, dts), dts


def pictures(codec: Codec, packets: Sequence[Packet], moments_us: Sequence[int]) -> list[tuple[int, Picture]]:
    """The picture nearest to each moment with its own time, uint8 (height, width, 3), each picture once."""
    decoder: Any = av.CodecContext.create(codec.name, "r")
    decoder.thread_count = 1
    if codec.extradata:
        decoder.extradata = codec.extradata
    times_us = {packet.pts: packet.time_us for packet in packets}
    best: dict[int, tuple[int, int, Any]] = {}
    for frame in _decoded(decoder, packets):
        if frame.pts not in times_us:
            continue
        time_us = times_us[frame.pts]
        for moment_us in moments_us:
            away = abs(time_us - moment_us)
            if moment_us not in best or away < best[moment_us][0]:
                best[moment_us] = (away, time_us, frame)
    found = {time_us: frame for _, time_us, frame in best.values()}
    return [(time_us, frame.to_ndarray(format="bgr24")) for time_us, frame in sorted(found.items())]


def _decoded(decoder: Any, packets: Sequence[Packet]) -> Iterator[Any]:
    for packet in packets:
        raw = av.Packet(packet.data)
        raw.pts = raw.dts = packet.pts
        try:
            frames = decoder.decode(raw)
        except av.FFmpegError:
            continue  # one damaged picture is no reason to have none
        yield from (frame for frame in frames if frame.width * frame.height <= MOST_PIXELS)
    yield from decoder.decode(None)


def with_facts(picture: Picture, lines: Sequence[str]) -> Picture:
    """The picture with a band of facts below it, so that nothing of it is covered."""
    width = picture.shape[1]
    line_px = max(18, round(width * LINE_SHARE))
    font, size = cv2.FontFace(FONT), round(line_px * 0.7)

    def fits(text: str) -> bool:
        return bool(cv2.getTextSize((0, 0), text, (0, 0), font, size, 400)[2] <= width - line_px)

    rows = [row for line in lines for row in folded(line, fits)]
    band = np.zeros((round(line_px * (len(rows) + 0.5)), width, 3), np.uint8)
    for number, row in enumerate(rows, 1):
        at = (line_px // 2, round(line_px * number))
        cv2.putText(band, row, at, (255, 255, 255), font, size, 400)
    return np.concatenate([picture, band])


def folded(line: str, fits: Callable[[str], bool]) -> Iterator[str]:
    """A line as rows that fit, cut between words where that is possible."""
    while not fits(line) and len(line) > 1:
        most = next(length for length in range(len(line) - 1, 0, -1) if length == 1 or fits(line[:length]))
        end = line.rfind(" ", 1, most + 1)
        end = most if end < 0 else end
        yield line[:end].rstrip()
        line = line[end:].lstrip()
    yield line


def jpeg(picture: Picture) -> bytes:
    """Encode."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


def made(
    codec: Codec, packets: Sequence[Packet], moments_us: Sequence[int], facts: Facts
) -> dict[str, bytes]:
    """All files by name."""
    files = {"clip.mp4": clip(codec, packets)}
    for number, (time_us, picture) in enumerate(pictures(codec, packets, moments_us), 1):
        files[f"{number}-clean.jpg"] = jpeg(picture)
        files[f"{number}-facts.jpg"] = jpeg(with_facts(picture, lines_of(facts, time_us)))
    return files


def main() -> None:
    """Answer one message."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no message
    logging.getLogger("libav").addHandler(logging.NullHandler())
    logging.getLogger("libav").propagate = False
    av.logging.set_level(av.logging.PANIC)
    cv2.setNumThreads(1)
    head = sys.stdin.buffer.read(LENGTH)
    codec, packets, moments_us, facts = unpacked(sys.stdin.buffer.read(int.from_bytes(head, "big")))
    files = made(Codec(*codec), [Packet(*packet) for packet in packets], moments_us, Facts(*facts))
    answers.write(framed([files]))
    answers.flush()


if __name__ == "__main__":
    main()
