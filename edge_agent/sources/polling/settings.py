"""How patient a source is that polls; each protocol has defaults of its own."""

from __future__ import annotations

from pydantic import Field

from devices.profiles.strict import Strict


class PollSettings(Strict):
    """Waits and shares; addresses, periods and answer times belong to the links of the site file."""

    connect_timeout_s: float = Field(3.0, gt=0, le=60, description="How long a connection may take to open.")
    reconnect_first_s: float = Field(
        0.5, gt=0, le=60, description="Wait before the second attempt to connect."
    )
    reconnect_most_s: float = Field(
        30.0, gt=0, le=3600, description="Longest wait between attempts to connect."
    )
    probe_first_s: float = Field(2.0, gt=0, le=600, description="Wait before a silent unit is asked again.")
    probe_most_s: float = Field(
        60.0, gt=0, le=3600, description="Longest wait before a silent unit is asked again."
    )
    probe_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Most of a link's time that questions to silent units may take away from the others.",
    )
    pause_s: float = Field(
        0.0, ge=0, le=1, description="Rest between two questions on a link, for gateways that need it."
    )
    give_up_after: int = Field(
        3,
        ge=1,
        le=100,
        description="Questions in a row without any answer before the connection is made anew.",
    )
