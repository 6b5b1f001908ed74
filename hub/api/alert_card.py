"""An alert as people and programs see it: the record, and what the site file says about its place and rule."""

from __future__ import annotations

import math
from typing import Any, Final

from devices.campus.rules import ActingRule
from devices.campus.site import Area, Campus
from devices.model import plates
from devices.model.alerts import State
from devices.model.texts import Text
from devices.profiles.profile import Words
from hub.alerts.own_rules import OWN_RULES, UNCOVERED_ADVICE
from hub.alerts.record import Record
from hub.api.answers import words

US_PER_S: Final = 1_000_000


def card(record: Record, campus: Campus) -> dict[str, Any]:
    """One alert for REST, events and exports; a plate is told by `hub.api.plates` alone."""
    title, advice = _rule(record, campus)
    return {
        "id": record.id,
        "seq": record.seq,
        "state": str(record.state),
        "family": str(record.family),
        "severity": int(record.severity),
        "rule": record.rule,
        "rule_version": record.rule_version,
        "title": words(title),
        "advice": words(advice),
        "site": record.site,
        **_place(record.device, campus),
        "device": record.device,
        "device_name": words(_name(record.device, campus)),
        "message": words(record.message),
        "start_us": record.start_us,
        "raised_us": record.raised_us,
        "received_us": record.received_us,
        "last_us": record.last_us,
        "cleared_us": record.cleared_us,
        "acked_us": record.acked_us,
        "acked_by": record.acked_by,
        "assignee": record.assignee,
        "count": record.count,
        "value": _finite(record.value),
        "limit": _finite(record.limit),
        "unit": record.unit,
        "evidence": {name: _finite(v) for name, v in record.evidence.items() if name != plates.EVIDENCE},
        "has_plate": plates.EVIDENCE in record.evidence,
        "parent": record.parent,
        "agent": record.agent,
        "historical": record.historical,
        "stale": record.stale,
        "epoch": record.epoch,
        "notes": record.notes,
        "latch": record.latch,
        "acts": _acts(record, campus),
    }


def _rule(record: Record, campus: Campus) -> tuple[Text | Words, Text | Words]:
    """Title and advice; a rule that is no longer in the site file has its name only."""
    if record.rule in OWN_RULES:
        own = OWN_RULES[record.rule]
        return own.title, own.advice
    if record.rule in campus.coverage:
        entry = campus.coverage[record.rule]
        return entry.title, entry.advice or UNCOVERED_ADVICE
    rule = campus.rules.get(record.rule)
    if rule is None:
        return Text(record.rule, record.rule), Text("", "")
    return rule.title, rule.advice


def _acts(record: Record, campus: Campus) -> dict[str, Any] | None:
    """What the rule will order if nobody sees to it, and when; None where it orders nothing, or not any more."""
    rule = campus.rules.get(record.rule)
    if not isinstance(rule, ActingRule) or rule.action is None or not rule.enabled or record.historical:
        return None
    action = rule.action
    if not record.active or (record.state is not State.RAISED and not action.even_acked):
        return None
    return {
        "due_us": record.raised_us + round(action.after_s * US_PER_S),
        "point": action.point,
        "value": _finite(record.limit if action.value is None else action.value),
        "even_acked": action.even_acked,
    }


def _name(device: str, campus: Campus) -> Text | Words:
    """Alerts are about devices, links, agents and areas; whichever has this id."""
    for things in (campus.devices, campus.links, campus.agents, campus.areas):
        if device in things:
            return things[device].name
    return Text(device, device)


def _place(device: str, campus: Campus) -> dict[str, Any]:
    place = campus.devices[device].area if device in campus.devices else device
    area: Area | None = campus.areas.get(place)
    if area is None:
        return {"building": None, "area": None, "area_name": None, "zone": None, "owner": None}
    return {
        "building": area.building,
        "area": area.id,
        "area_name": words(area.name),
        "zone": area.zone,
        "owner": words(campus.zones[area.zone].owner),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
