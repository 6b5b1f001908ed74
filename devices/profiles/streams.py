"""What a data sheet says of a camera that is read as a stream."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from devices.profiles.point import Point
from devices.profiles.strict import Strict

#: A field of the sheets of cameras.
RECORDING: Final[Any] = Field(
    "",
    max_length=200,
    description="How the recorder names the camera's recording over ONVIF: its token, or the token or name of what is "
    "recorded; {parameters} are filled in. Empty: nothing is known of recordings.",
)


class StreamSheet(Strict):
    """A camera whose pictures come as a stream; its points come from counting packets and looking at key frames."""

    kind: Literal["stream"]
    points: tuple[Point, ...] = Field(min_length=1)
    scheme: Literal["rtsp", "http", "file"] = Field(
        description="rtsp; http: JPEGs one after the other on an http link; file: a recording, for replay."
    )
    path: str = Field(description="Path of the stream, or of the file; {parameters} are filled in.")
    parameters: dict[str, str | float] = Field(
        {}, description="Device parameters and their defaults, such as channel: 1."
    )
    recording: str = RECORDING
