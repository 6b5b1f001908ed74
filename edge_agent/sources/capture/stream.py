"""One stream read by PyAV: every packet counted, a key frame decoded now and then. Blocks; lives in a thread."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import av
import av.logging
from av.container import InputContainer
from av.video.stream import VideoStream

from devices.model.codes import CameraLink
from devices.model.errors import Garbled
from edge_agent.sources.capture.counting import PacketCount
from edge_agent.sources.capture.failures import NoPicture, of_status, told_status
from edge_agent.sources.capture.knock import knock
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.packets import Codec, Counts, Packet, Sight
from edge_agent.sources.capture.picture import seen_of, sight_of
from edge_agent.sources.capture.relay import Relay
from edge_agent.sources.capture.walltime import WallTime

#: A key frame is taken up to this part of the period early: the next one may come long after it.
EARLY: Final = 0.1
#: Without a key frame for so many periods, or time-outs if they are longer, a stream counts as not decodable.
KEYLESS: Final = 3
#: Damaged key frames in a row after which a stream counts as not decodable.
MOST_DAMAGED: Final = 3
PROTOCOLS: Final = {"rtsp": "rtsp,tcp,udp,rtp", "http": "http,tcp", "file": "file"}
#: Over HTTP a host chooses what it gives: lists of what is to be fetched elsewhere are not among these.
HTTP_FORMATS: Final = "mpjpeg,mjpeg,mpegts,h264,hevc"
QUICK: Final = {"fpsprobesize": "0", "analyzeduration": "1000000"}
#: What FFmpeg raises when nothing came in time: of itself, or stopped by us.
NOTHING_CAME: Final = (av.ExitError, av.TimeoutError, av.BlockingIOError)

Told = Codec | Packet | Sight | Counts
Tell = Callable[[Told], None]


def hush() -> None:
    """Let FFmpeg's words come to `_opened` only: they name what a host answered."""
    logging.getLogger("libav").addHandler(logging.NullHandler())
    logging.getLogger("libav").propagate = False
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)


class Stream:
    """Reads a stream until it ends, fails or is closed.

    touched_s: when it last got on, on the monotonic clock; a stream that does not get on hangs.
    sample_s: seconds between two decoded pictures; may be changed while it runs.
    """

    def __init__(self, order: Order, tell: Tell) -> None:
        self._order = order
        self._tell = tell
        self._closed = threading.Event()
        self._wall = WallTime()
        self._epoch = 0
        self._damaged = 0
        self._relay: Relay | None = None
        self.sample_s = order.sample_s
        self.touched_s = time.monotonic()

    def close(self) -> None:
        """Let `run` end soon, though nothing comes from the host."""
        self._closed.set()
        if self._relay is not None:
            self._relay.hang_up()

    def hurry(self, sample_s: float) -> None:
        """Decode more, or fewer, of the pictures from now on."""
        self.sample_s = sample_s

    @property
    def hangs(self) -> bool:
        """Whether it has not got on for longer than its time-outs allow."""
        return time.monotonic() - self.touched_s > 3 * self._order.timeout_s + 1

    def run(self) -> None:
        """Read.

        Raises:
            NoPicture: it ended, and why.
        """
        if self._order.scheme != "file":
            knock(self._order)
        while not self._closed.is_set():
            self.touched_s = time.monotonic()
            with _opened(self._order) as (container, self._relay):
                self._read(container)
            if not (self._closed.is_set() or (self._order.scheme == "file" and self._order.pace)):
                raise NoPicture(CameraLink.SILENT, "the stream has ended")

    def _read(self, container: InputContainer) -> None:
        if not container.streams.video:
            raise NoPicture(CameraLink.NOT_A_PICTURE, "a stream without pictures")
        video = container.streams.video[0]
        video.codec_context.thread_count = 1  # many cameras share the processor, and a key frame stands alone
        tick_us = float((video.time_base or 1) * 1_000_000)
        self._epoch += 1
        self._wall = WallTime()
        self._tell(_codec(video, tick_us, self._epoch))
        begun_s = told_s = time.monotonic()
        count, looked_s, first_us, pts = PacketCount(begun_s), -math.inf, math.nan, 0
        seen_s = keyed_s = begun_s
        for packet in container.demux():  # of the others too: sound that goes on is no call that hangs
            if self._closed.is_set():
                return
            self._got_on()
            if packet.stream.index != video.index:
                if self.touched_s - seen_s > self._order.timeout_s:
                    why = f"no picture within {self._order.timeout_s:g} s, though other data came"
                    raise NoPicture(CameraLink.SILENT, why)
                continue
            if packet.size == 0:
                continue
            pts = next((stamp for stamp in (packet.pts, packet.dts) if stamp is not None), pts)
            stream_us = self._arrival_us(pts * tick_us)
            first_us = stream_us if math.isnan(first_us) else first_us
            self._wait(begun_s + (stream_us - first_us) / 1e6)
            now_s = seen_s = self.touched_s = time.monotonic()
            data, arrived_us = bytes(packet), time.monotonic_ns() // 1000
            time_us = self._wall.of(stream_us, arrived_us, time.time_ns() // 1000 - arrived_us)
            count.add(stream_us, len(data), is_key=packet.is_keyframe, now_s=now_s)
            keyed_s = now_s if packet.is_keyframe else keyed_s
            self._check_keys(now_s - keyed_s)
            if self._order.packets:
                self._tell(Packet(pts, time_us, packet.is_keyframe, data))
            if packet.is_keyframe and now_s - looked_s >= (1 - EARLY) * self.sample_s:
                looked_s = now_s
                self._look(video, packet, data, time_us)
            if now_s - told_s >= self.sample_s:
                told_s = now_s
                self._tell(count.take(now_s))

    def _got_on(self) -> None:
        """Something came of what the host gave."""
        self.touched_s = time.monotonic()
        if self._relay is not None:
            self._relay.waiting = 0

    def _check_keys(self, since_s: float) -> None:
        """Without key frames nobody sees anything, however much comes; a new connection mostly begins with one."""
        most_s = KEYLESS * max(self._order.sample_s, self._order.timeout_s)
        if since_s > most_s and self._order.scheme != "file":
            raise NoPicture(CameraLink.UNDECODABLE, f"no key frame within {most_s:g} s")

    def _arrival_us(self, stream_us: float) -> float:
        """The stream's own time; pictures sent one by one over HTTP have none, and FFmpeg makes one up."""
        return time.monotonic() * 1e6 if self._order.scheme == "http" else stream_us

    def _wait(self, until_s: float) -> None:
        """Hold a file to its own pace."""
        if self._order.scheme == "file" and self._order.pace:
            while (left_s := until_s - time.monotonic()) > 0 and not self._closed.is_set():
                self.touched_s = time.monotonic()
                self._closed.wait(min(left_s, 0.5))

    def _look(self, video: VideoStream, packet: Any, data: bytes, time_us: int) -> None:
        """Decode a key frame; some damage is forgiven, more is not."""
        try:
            sight = self._decoded(video, packet, data, time_us)
        except (Garbled, av.InvalidDataError) as error:
            self._damaged += 1
            if self._damaged >= MOST_DAMAGED:
                why = str(error) if isinstance(error, Garbled) else "key frames that cannot be decoded"
                raise NoPicture(CameraLink.UNDECODABLE, why) from None
            return
        if sight is not None:
            self._damaged = 0
            self._tell(sight)

    def _decoded(self, video: VideoStream, packet: Any, data: bytes, time_us: int) -> Sight | None:
        context, most = video.codec_context, self._order.max_pixels
        if context.name == "mjpeg":
            return Sight(time_us, seen_of(data, most), data)
        if context.width * context.height > most:
            why = (
                f"pictures of {context.width}x{context.height}, at most {most / 1e6:g} megapixels are decoded"
            )
            raise NoPicture(CameraLink.UNDECODABLE, why)
        # Without its followers a decoder would keep the picture back; it is asked for it, and begun anew.
        frames = [*context.decode(packet), *context.decode(None)]
        context.flush_buffers()
        if not frames:
            raise Garbled("key frames without a picture")
        return sight_of(frames[0], time_us)


def _codec(video: VideoStream, tick_us: float, epoch: int) -> Codec:
    context = video.codec_context
    return Codec(context.name, bytes(context.extradata or b""), context.width, context.height, tick_us, epoch)


@contextmanager
def _opened(order: Order) -> Iterator[tuple[InputContainer, Relay | None]]:
    """A stream and its relay, and what goes wrong with it in our words.

    Raises:
        NoPicture: and why.
    """
    if order.scheme == "file":
        with _open(order, order.bare) as container:
            yield container, None
        return
    with Relay(order) as relay:
        try:
            with _open(order, relay.url) as container:
                yield container, relay
        except NoPicture as failure:
            raise relay.failure or failure from None


@contextmanager
def _open(order: Order, url: str) -> Iterator[InputContainer]:
    connected = False
    with av.logging.Capture() as logged:
        try:
            container = av.open(url, options=_options(order), timeout=(order.timeout_s, order.timeout_s))
            connected = True
            logged.clear()
            with container:
                yield container
        except NOTHING_CAME:
            what = "the stream stopped, nothing came" if connected else "connected, and no stream"
            raise NoPicture(CameraLink.SILENT, f"{what} within {order.timeout_s:g} s") from None
        except av.FFmpegError as error:
            raise _failure(error, [entry[2] for entry in logged]) from None


def _options(order: Order) -> dict[str, str]:
    options = {
        **QUICK,
        "protocol_whitelist": PROTOCOLS[order.scheme],
        "max_pixels": f"{order.max_pixels:.0f}",
    }
    if order.scheme == "rtsp":
        options["rtsp_transport"] = order.transport
    if order.scheme == "http":
        options |= {"max_redirects": "0", "format_whitelist": HTTP_FORMATS}
    return options


def _failure(error: av.FFmpegError, logged: list[str]) -> NoPicture:
    status = told_status(logged)
    if isinstance(error, av.HTTPUnauthorizedError):
        status = 401
    if status is not None:
        return of_status(status)
    if isinstance(error, av.HTTPServerError | av.HTTPClientError):
        return NoPicture(CameraLink.REFUSED, "the host refuses the stream")
    if isinstance(error, av.FileNotFoundError):
        return NoPicture(CameraLink.NOT_A_PICTURE, "no such file")
    if isinstance(error, av.ConnectionRefusedError):
        return NoPicture(CameraLink.PORT_CLOSED, "nothing listens at that port")
    if isinstance(error, OSError | av.EOFError):
        return NoPicture(CameraLink.REFUSED, f"the host hung up ({type(error).__name__})")
    return NoPicture(CameraLink.UNDECODABLE, f"a stream that makes no sense ({type(error).__name__})")
