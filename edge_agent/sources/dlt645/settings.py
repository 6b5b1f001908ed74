"""Settings of the DL/T 645 source; addresses, speeds, periods and answer times belong to the site file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_agent.sources.polling.settings import PollSettings


class Dlt645Settings(PollSettings):
    """How patient the source is; the defaults suit meters on a bus of 1200 to 9600 baud."""

    kind: Literal["dlt645"] = "dlt645"
    probe_first_s: float = Field(5.0, gt=0, le=600, description="Wait before a silent meter is asked again.")
    probe_most_s: float = Field(
        120.0, gt=0, le=3600, description="Longest wait before a silent meter is asked again."
    )
    gap_s: float = Field(
        0.5,
        gt=0,
        le=10,
        description="Longest pause within an answer; the standard allows 0.5 s. Serial servers may add to it.",
    )
    pause_s: float = Field(0.03, ge=0, le=1, description="Rest of the bus between two questions.")
