"""The worker process: reads streams and decodes pictures for the agent, which kills it when it hangs.

It is told what to do on standard input and answers on standard output; it ends when the input ends. Whatever a
damaged picture or a strange stream does to a C library, it does here.
"""

from __future__ import annotations

import math
import os
import queue
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import cv2

from devices.model.codes import CameraLink
from devices.model.errors import Garbled
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.orders import LENGTH, LONGEST, Order, framed, unpacked
from edge_agent.sources.capture.packets import Codec, Counts, Packet, Sight
from edge_agent.sources.capture.picture import seen_of, shrunk

if TYPE_CHECKING:
    from edge_agent.sources.capture.stream import Stream, Told

#: How often the agent hears that all is well.
BEAT_S: Final = 0.5
#: Between two beats so much later all of us stood still (a machine that swaps, or was stopped): no stream is to blame.
PAUSE_S: Final = 2.0
#: How long decoding one picture may take; the largest that is allowed takes a second.
DECODING_S: Final = 20.0
#: Messages that may wait for the agent; then streams lose what is newest, and count it.
ROOM: Final = 256
NAMES: Final[dict[type, str]] = {Packet: "packet", Sight: "sight", Counts: "counts"}


class Capture:
    """All that one worker does."""

    def __init__(self, told: BinaryIO, answers: BinaryIO) -> None:
        self._told = told
        self._answers = answers
        self._out: queue.Queue[list[Any]] = queue.Queue(ROOM)
        self._jpegs: queue.Queue[tuple[str, int, float, bytes]] = queue.Queue()
        self._streams: dict[int, Stream] = {}
        self._owed: dict[int, list[Any]] = {}
        self._dropped = 0
        self._decoding_since_s = math.inf

    def run(self) -> None:
        """Work until the agent closes our input, or is gone."""
        for work in (self._write, self._decode, self._beat):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()
        while (message := self._message()) is not None:
            self._do(message)
        os._exit(0)  # a thread may hang in a C call, which is what this process is for

    def _message(self) -> list[Any] | None:
        head = self._told.read(LENGTH)
        length = int.from_bytes(head, "big")
        if len(head) < LENGTH or length > LONGEST:
            return None
        body = self._told.read(length)
        return unpacked(body) if len(body) == length else None

    def _do(self, message: list[Any]) -> None:
        match message:
            case ["decode" | "shrink" as what, number, max_pixels, jpeg]:
                self._jpegs.put((what, number, max_pixels, jpeg))
            case ["open", key, order]:
                self._open(key, Order(**order))
            case ["every", key, sample_s] if key in self._streams:
                self._streams[key].hurry(sample_s)
            case ["close", key] if key in self._streams:
                self._streams[key].close()

    def _open(self, key: int, order: Order) -> None:
        # FFmpeg costs 15 MB and a quarter of the start; most workers only decode JPEGs.
        from edge_agent.sources.capture.stream import Stream, hush  # noqa: PLC0415

        hush()
        self._streams[key] = stream = Stream(order, lambda told: self._tell(key, told))
        threading.Thread(target=self._read, args=(key, stream), name=f"stream {key}", daemon=True).start()

    def _read(self, key: int, stream: Stream) -> None:
        link, why = CameraLink.SILENT, "closed"
        try:
            stream.run()
        except NoPicture as failure:
            link, why = failure.link, str(failure)
        except Exception as error:  # noqa: BLE001 - boundary: a source's task, a thread of it for each stream
            link, why = CameraLink.UNDECODABLE, f"a fault of ours ({type(error).__name__})"
        del self._streams[key]
        self._owed.pop(key, None)
        self._out.put(["ended", key, int(link), why])

    def _tell(self, key: int, told: Told) -> None:
        """Hand over what a stream gave; where the agent does not keep up, it is lost and counted."""
        if isinstance(told, Sight):
            parts: list[Any] = [told.time_us, told.seen.grey.tobytes(), told.seen.colour, told.jpeg]
        elif isinstance(told, Codec):
            parts = [told.name, told.extradata, told.width, told.height, told.tick_us, told.epoch]
            self._owed[key] = ["codec", key, *parts]  # packets are worth nothing without it
        else:
            parts = list(told)
        try:
            if key in self._owed:
                self._out.put_nowait(self._owed[key])
                del self._owed[key]
            if not isinstance(told, Codec):
                self._out.put_nowait([NAMES[type(told)], key, *parts])
        except queue.Full:
            self._dropped += 1

    def _decode(self) -> None:
        while True:
            what, number, max_pixels, jpeg = self._jpegs.get()
            self._decoding_since_s = time.monotonic()
            try:
                if what == "shrink":
                    self._out.put(["shrunk", number, shrunk(jpeg, max_pixels)])
                else:
                    seen = seen_of(jpeg, max_pixels)
                    self._out.put(["decoded", number, seen.grey.tobytes(), seen.colour, ""])
            except Garbled as error:
                self._out.put(["decoded", number, b"", 0.0, str(error)])
            self._decoding_since_s = math.inf

    def _beat(self) -> None:
        beat_s = time.monotonic()
        while True:
            before_s, beat_s = beat_s, time.monotonic()
            if beat_s - before_s > PAUSE_S:
                self._start_counting_anew(beat_s)
            if time.monotonic() - self._decoding_since_s > DECODING_S:
                os._exit(1)  # a picture that the decoder does not come back from; the agent starts another
            hung = [key for key, stream in list(self._streams.items()) if stream.hangs]
            self._out.put(["alive", hung, self._dropped])
            time.sleep(BEAT_S)

    def _start_counting_anew(self, now_s: float) -> None:
        """Give every call as much time as if it had just begun."""
        for stream in list(self._streams.values()):
            stream.touched_s = now_s
        if math.isfinite(self._decoding_since_s):
            self._decoding_since_s = now_s

    def _write(self) -> None:
        while True:
            try:
                self._answers.write(framed(self._out.get()))
                if self._out.empty():
                    self._answers.flush()
            except OSError:
                os._exit(1)  # the agent is gone


def main() -> None:
    """Serve the agent that started us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the agent, which closes our input
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", 1 << 16)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no message
    os.environ.pop("http_proxy", None)  # FFmpeg would go by it, though it only talks to our relay
    cv2.setNumThreads(1)  # many small pictures: OpenCV's own threads only get in each other's way
    Capture(sys.stdin.buffer, answers).run()


if __name__ == "__main__":
    main()
