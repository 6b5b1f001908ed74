"""Settings of the DL/T 645 source; addresses, speeds, periods and answer times belong to the site file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from devices.profiles.strict import Strict


class Dlt645Settings(Strict):
    """How patient the source is; the defaults suit meters on a bus of 1200 to 9600 baud."""

    kind: Literal["dlt645"] = "dlt645"
    connect_timeout_s: float = Field(
        3.0, gt=0, le=60, description="How long a connection to a serial server may take to open."
    )
    reconnect_first_s: float = Field(
        0.5, gt=0, le=60, description="Wait before the second attempt to connect."
    )
    reconnect_most_s: float = Field(
        30.0, gt=0, le=3600, description="Longest wait between attempts to connect."
    )
    probe_first_s: float = Field(5.0, gt=0, le=600, description="Wait before a silent meter is asked again.")
    probe_most_s: float = Field(
        120.0, gt=0, le=3600, description="Longest wait before a silent meter is asked again."
    )
    probe_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Most of a bus's time that questions to silent meters may take away from the others.",
    )
    gap_s: float = Field(
        0.5,
        gt=0,
        le=10,
        description="Longest pause within an answer; the standard allows 0.5 s. Serial servers may add to it.",
    )
    pause_s: float = Field(0.03, ge=0, le=1, description="Rest of the bus between two questions.")
    give_up_after: int = Field(
        3,
        ge=1,
        le=100,
        description="Questions in a row without any answer before the connection is made anew.",
    )
