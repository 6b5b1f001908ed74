"""Which areas must be watched, and by how many good cameras.

The hub judges it: the cameras of one area may hang on several gateways.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from devices.campus.calendars import Id
from devices.campus.rule_head import WEEK_S, Grave
from devices.model.alerts import Severity
from devices.profiles.profile import Words
from devices.profiles.strict import Strict


class Coverage(Strict):
    """Every area that fits the given lists needs `least` good cameras; an empty list asks nothing."""

    id: Id
    title: Words
    advice: Words | None = Field(None, description="What to do first; one step a line. None: the hub's own.")
    areas: tuple[Id, ...] = ()
    area_kinds: tuple[str, ...] = ()
    sites: tuple[Id, ...] = ()
    but_not: tuple[Id, ...] = Field((), description="Areas that need none.")
    tags: tuple[str, ...] = Field((), description="Only cameras with one of these tags count; none: all.")
    least: int = Field(1, ge=1, le=100, description="So many good cameras at least.")
    severity: Grave = Severity.HIGH
    on_delay_s: float = Field(
        180.0, ge=0, le=WEEK_S, description="Uncovered this long before it is an alert."
    )
    off_delay_s: float = Field(
        60.0, ge=0, le=WEEK_S, description="Covered this long before the alert clears."
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.areas and not self.area_kinds:
            raise ValueError("areas or area_kinds: which areas it is for")
        return self
