"""Floor plans and maps as the site file names them: which place a drawing shows, and where devices stand in it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from devices.campus.calendars import Id
from devices.profiles.strict import Strict


class Plan(Strict):
    """A drawing of a floor of a building, or of the ground of a site."""

    id: Id
    building: Id | None = None
    floor: int | None = Field(None, description="Floor of the building, 1 if left out.")
    site: Id | None = Field(None, description="In place of `building`: a map of the whole site.")
    drawing: str = Field(pattern=r"^[^\\]+\.svg$", description="An SVG file, relative to the site file.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.building is None) == (self.site is None):
            raise ValueError("exactly one of building and site")
        if self.site is not None and self.floor is not None:
            raise ValueError("no floor with a site")
        return self

    @property
    def storey(self) -> int:
        """The floor that is shown, of a building."""
        return 1 if self.floor is None else self.floor


class Position(Strict):
    """Where a device stands in a drawing."""

    plan: Id
    device: Id
    x: float = Field(description="In units of the drawing's viewBox.")
    y: float
    heading: float | None = Field(
        None, ge=0, lt=360, description="Where it looks: degrees clockwise, 0 is up in the drawing."
    )
    angle: float | None = Field(None, gt=0, le=180, description="Angle of view in degrees.")

    @model_validator(mode="after")
    def _angle_of_what(self) -> Self:
        if self.angle is not None and self.heading is None:
            raise ValueError("a heading with the angle")
        return self
