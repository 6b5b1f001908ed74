"""Clips, and a real RTSP server that plays them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

DEBIAN_PYTHON = "/usr/bin/python3"  # the one that Debian's GStreamer belongs to
SERVER = Path(__file__).with_name("gst_rtsp_server.py")
FPS = 10
#: Pictures from one key frame to the next.
GROUP = 5
SIZE = (640, 360)


def clip(file: Path, seconds: float = 20.0, level: int = 120) -> Path:
    """A video of a bright left half and grain that is never the same twice."""
    random = np.random.default_rng(1)
    grain = random.integers(-20, 20, (SIZE[1] + 40, SIZE[0] + 40, 1))
    with av.open(str(file), "w", format="mp4") as out:
        options = {"preset": "ultrafast", "g": str(GROUP), "bf": "0", "sc_threshold": "0"}
        stream = out.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(round(seconds * FPS)):
            row, column = random.integers(0, 40, 2)
            picture = level + grain[row : row + SIZE[1], column : column + SIZE[0]]
            picture = np.repeat(picture, 3, axis=2)
            picture[:, : SIZE[0] // 2] += 60
            frame = av.VideoFrame.from_ndarray(np.clip(picture, 0, 255).astype(np.uint8), format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file


@dataclass
class RtspServer:
    process: subprocess.Popen[str]
    port: int


@contextmanager
def playing(**wanted: Any) -> Iterator[RtspServer]:
    command = [DEBIAN_PYTHON, str(SERVER), json.dumps(wanted)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield RtspServer(process, int(process.stdout.readline()))
        finally:
            process.kill()
