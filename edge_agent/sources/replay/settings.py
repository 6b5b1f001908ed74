"""Settings of the replay source."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from devices.profiles.strict import Strict


class ReplaySettings(Strict):
    """What is played, and how fast."""

    kind: Literal["replay"] = "replay"
    files: tuple[Path, ...] = Field(
        (), description="Recordings (.cwr) and tables (.csv), played one after the other."
    )
    pace: float | None = Field(
        1.0, gt=0, description="Times as fast as recorded; null: as fast as they are taken."
    )
    times: Literal["own", "now"] = Field(
        "own", description="Keep the recorded times, or move them so that the first sample is of now."
    )
    step_s: float = Field(
        1.0, gt=0, le=3600, description="Samples of so long a piece of recorded time are delivered together."
    )
