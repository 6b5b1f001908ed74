"""What speeding rules say of radars and roads, as the columns that cutting and joining work with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from devices.campus.speed_rules import Road, SpeedingRule
from edge_agent.detect.block import Flags
from edge_agent.detect.passes import Cutting
from edge_agent.detect.vehicles import NOWHERE, RoadPlan, Roads
from edge_agent.detect.views import WAIT_US

#: A radar that no rule judges is cut by the defaults, and every pass of it counts.
_UNJUDGED = {
    name: SpeedingRule.model_fields[name].default
    for name in ("pass_gap_s", "merge_gap_s", "merge_kmh", "split_kmh", "low_kmh")
} | {"min_readings": 1}


def cutting_of(rules: Sequence[SpeedingRule | None]) -> Cutting:
    """How each radar's readings are cut, by its rule."""

    def each(name: str) -> list[float]:
        return [_UNJUDGED[name] if rule is None else getattr(rule, name) for rule in rules]

    return Cutting(
        gap_us=np.array([_us(value) for value in each("pass_gap_s")], np.int64),
        merge_gap_us=np.array([_us(value) for value in each("merge_gap_s")], np.int64),
        merge_kmh=np.array(each("merge_kmh"), np.float64),
        split_kmh=np.array(each("split_kmh"), np.float64),
        low_kmh=np.array(each("low_kmh"), np.float64),
        min_readings=np.array(each("min_readings"), np.int64),
    )


def roads_of(
    rules: Sequence[SpeedingRule | None],
    radars: Sequence[str],
    cameras: Sequence[str],
    cutting: Cutting,
    watched: Flags,
) -> Roads:
    """The roads of all rules, with those of their radars that are judged by the rule which names them.

    A radar that a calibrated camera watches, bool (radars,), waits for the camera as on a road, alone or not.
    """
    of_radar = np.full(len(radars), NOWHERE, np.int64)
    of_camera = np.full(len(cameras), NOWHERE, np.int64)
    opposed = np.zeros(len(radars), np.bool_)
    plans: list[RoadPlan] = []
    for rule in {rule.id: rule for rule in rules if rule is not None}.values():
        for road in rule.roads:
            own = [n for n, name in enumerate(radars) if name in road.radars and rules[n] is rule]
            of_radar[own] = len(plans)
            of_camera[[n for n, name in enumerate(cameras) if name in road.cameras]] = len(plans)
            opposed[own] = [radars[n] in road.opposed for n in own]
            look_us = WAIT_US if watched[own].any() else 0
            plans.append(_plan(road, len(own), int(cutting.hold_us[own].max(initial=0)), look_us))
    for row in np.flatnonzero(watched & (of_radar == NOWHERE)).tolist():
        of_radar[row] = len(plans)
        plans.append(RoadPlan(0, 0.0, 0, 0, int(cutting.hold_us[row]), WAIT_US))
    return Roads(tuple(plans), of_radar, of_camera, opposed)


def _plan(road: Road, radars: int, hold_us: int, look_us: int) -> RoadPlan:
    return RoadPlan(
        within_us=_us(road.within_s) if radars > 1 else 0,
        differ_kmh=road.differ_kmh,
        match_us=_us(road.match_s) if road.cameras else 0,
        fold_us=_us(road.fold_s) if road.cameras else 0,
        hold_us=hold_us,
        look_us=look_us,
    )


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
