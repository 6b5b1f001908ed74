"""History: aggregates by step, or the samples themselves."""

from __future__ import annotations

from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from fastapi import Depends, Query

from devices.campus.site import Campus
from devices.model.points import split_point
from devices.model.texts import Text
from hub.accounts.roles import Role
from hub.api import shapes
from hub.api.alerts import Time
from hub.api.answers import Json
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.errors import Invalid, NotFound, TooLarge
from hub.series.port import Aggregate, Rows

ROUTES: Final = Routes("series")

MAX_POINTS: Final = 20
MAX_STEPS: Final = 5000
MAX_RAW: Final = 50_000


class Range:
    """What a query for history asks for."""

    def __init__(
        self,
        hub: Hub,
        points: Annotated[str, Query(max_length=4000)],
        from_us: Time,
        to_us: Time,
        step_s: Annotated[float, Query(ge=0, le=366 * 86400)] = 0,
        aggregate: Aggregate = Aggregate.MEAN,
    ) -> None:
        self.points = _known_points(hub.campus, points)
        self.from_us, self.to_us = from_us, to_us
        self.step_s, self.aggregate = step_s, aggregate
        if from_us >= to_us:
            raise Invalid(Text("时间范围为空", "from_us must be before to_us"))
        if step_s and (to_us - from_us) / 1e6 / step_s > MAX_STEPS:
            raise TooLarge(
                Text(f"超过 {MAX_STEPS} 个时间步", f"More than {MAX_STEPS} steps: take a longer step")
            )


Asked = Annotated[Range, Depends()]


@ROUTES.get("/series", role=Role.VIEWER, model=shapes.Steps | shapes.Raw)
async def series(hub: Hub, asked: Asked) -> Json:
    """Aggregates of up to 20 points over up to 5000 steps; with step_s=0 up to 50,000 samples themselves."""
    if asked.step_s:
        return Json(await in_steps(hub, asked))
    found = await hub.series.raw(asked.points, asked.from_us, asked.to_us, MAX_RAW)
    return Json({"step_s": 0, "series": by_point(found), "truncated": found.truncated})


async def in_steps(hub: Ports, asked: Range) -> dict[str, Any]:
    """Aggregates as plain values."""
    steps = await hub.series.read(asked.points, asked.from_us, asked.to_us, asked.step_s, asked.aggregate)
    rows = zip(steps.points, steps.value, strict=True)
    return {
        "step_s": asked.step_s,
        "time_us": steps.time_us.tolist(),
        "series": {point: numbers(values) for point, values in rows},
    }


def by_point(found: Rows) -> dict[str, Any]:
    """Samples as columns for each point."""
    batch = found.batch
    parts = {point: batch[batch.point == row] for row, point in enumerate(found.points)}
    return {
        point: {
            "time_us": part.time_us.tolist(),
            "value": numbers(part.value),
            "quality": part.quality.tolist(),
        }
        for point, part in parts.items()
    }


def numbers(values: npt.NDArray[np.float64]) -> list[float | None]:
    """Values as JSON knows them: None where there is no reading."""
    plain: list[float | None] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)):
        plain[place] = None
    return plain


def _known_points(campus: Campus, text: str) -> list[str]:
    points = list(dict.fromkeys(part for part in text.split(",") if part))
    if not 0 < len(points) <= MAX_POINTS:
        raise Invalid(Text(f"须为 1 至 {MAX_POINTS} 个测点", f"points: 1 to {MAX_POINTS} of them"))
    things = campus.devices.keys() | campus.links.keys()
    unknown = [point for point in points if not _is_point_of(things, point)]
    if unknown:
        raise NotFound(Text("没有此测点", "No such point"), unknown)
    return points


def _is_point_of(things: set[str], point: str) -> bool:
    try:
        return split_point(point)[0] in things
    except ValueError:
        return False
