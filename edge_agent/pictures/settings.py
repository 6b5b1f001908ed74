"""How references are learnt."""

from __future__ import annotations

from pydantic import Field

from devices.profiles.strict import Strict


class PictureSettings(Strict):
    """How the pictures of a camera are judged."""

    learn_s: float = Field(
        25.0,
        ge=0,
        le=3600,
        description="Least time between two of the healthy pictures that make a reference.",
    )
    adapt_s: float = Field(
        600.0,
        gt=0,
        le=86_400,
        description="How often an unconfirmed reference may follow a healthy picture, by one grey level.",
    )
    calm_s: float = Field(
        600.0, ge=0, le=86_400, description="Nothing is learnt so long after a picture was suspect."
    )
    together_s: float = Field(
        900.0, gt=0, le=7200, description="Cameras that change alike within this time have one cause."
    )
