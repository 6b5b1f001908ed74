"""Which limit counts for a vehicle, and whether its rule counts at all: by place, hour, class and instrument."""

from __future__ import annotations

import datetime as dt
import math

from devices.campus.calendars import Hours
from devices.campus.site import Campus, Device
from devices.campus.speed_rules import SpeedingRule, SpeedLimit
from devices.model.codes import VehicleClass


def limit_at(
    campus: Campus, rule: SpeedingRule, radar: Device, moment: dt.datetime, vehicle: VehicleClass
) -> float:
    """The limit in km/h, NaN while the rule does not count.

    Args:
        campus: the site file.
        rule: of the radar.
        radar: where and with what the vehicle was seen.
        moment: when, in campus time.
        vehicle: what it was taken for; only an entry that names `unknown` is for unknown ones alone.
    """
    if not counts(campus, rule, radar, moment):
        return math.nan
    standing = rule.instrument_of(radar.id).standing(moment.date())
    for special in rule.limits:
        known = not special.instruments or standing in special.instruments
        classes = not special.classes or vehicle.name.lower() in special.classes
        if known and classes and _is_there(campus, special, radar) and _holds(campus, special.hours, moment):
            return special.limit_kmh
    return rule.limit_kmh


def counts(campus: Campus, rule: SpeedingRule, radar: Device, moment: dt.datetime) -> bool:
    """Whether a rule judges a radar at a moment: inside its hours and seasons."""
    only = rule.only
    if only.hours and not any(_holds(campus, hours, moment) for hours in only.hours):
        return False
    return not only.seasons or campus.period(campus.site_of(radar).id, moment.date()) in only.seasons


def angle_deg(rule: SpeedingRule | None, radar: Device) -> float:
    """The angle between beam and lane: what the radar's own parameters say, else its rule."""
    if "angle_deg" in radar.parameters:
        return float(radar.parameters["angle_deg"])
    return 0.0 if rule is None else rule.instrument_of(radar.id).angle_deg


def _is_there(campus: Campus, special: SpeedLimit, radar: Device) -> bool:
    in_area = not special.areas or radar.area in special.areas
    return in_area and (not special.zones or campus.areas[radar.area].zone in special.zones)


def _holds(campus: Campus, hours: Hours, moment: dt.datetime) -> bool:
    return hours.hold(moment, campus.calendars.get(hours.calendar or ""))
