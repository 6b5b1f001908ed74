"""`campus-edge plan`: what an agent's Modbus links and DL/T 645 buses will ask, and whether they have the time."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.loading import load_campus
from devices.campus.modbus_links import AnyModbusLink, ModbusLink
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Problem
from devices.profiles.profile import Table
from edge_agent.detect.detection import Detection
from edge_agent.sources.dlt645 import forecast as dlt645
from edge_agent.sources.modbus.forecast import Pacing, cycle_s
from edge_agent.sources.modbus.learned import Cut, applied
from edge_agent.sources.modbus.plan import Span, UnitPlan, Why, plan_link
from edge_agent.sources.modbus.question import Question
from edge_agent.sources.modbus.unit import Flags
from edge_agent.sources.polling.forecast import outlined

#: Devices behind one unit that the page names.
MOST_NAMED: Final = 4
WORDS: Final = {
    Why.FIRST: "first of its table",
    Why.GAP: "gap before it is wider than the data sheet allows",
    Why.LONGEST: "the one before is full",
    Why.FORBIDDEN: "forbidden addresses before it",
    Why.REFUSED: "the unit refused a longer one",
}


def planned(
    site: Path, agent: str, only: str | None, turn_round_s: float | None, port: int
) -> dict[str, Any]:
    """The plan of an agent's Modbus links and DL/T 645 buses as plain values.

    Args:
        site: the site file.
        agent: whose links.
        only: one of them.
        turn_round_s: what a device needs to answer; None takes what is usual.
        port: where the agent, if it runs here, tells what its units have refused.

    Raises:
        ConfigRefused: the site file cannot be used, or it has no such agent or link.
    """
    campus = load_campus(site)
    if agent not in campus.agents:
        raise ConfigRefused([Problem(str(site), "agents", repr(agent), f"one of {', '.join(campus.agents)}")])
    links = [link for link in campus.links_of(agent) if isinstance(link, ModbusLink | Dlt645Link)]
    if only is not None:
        known = ", ".join(link.id for link in links) or "none: it has no Modbus link and no DL/T 645 bus"
        links = [link for link in links if link.id == only]
        if not links:
            raise ConfigRefused([Problem(str(site), "links", repr(only), f"one of {known}")])
    cuts = told_cuts(port, agent)
    reads = Detection(campus, agent, campus.points_of(agent), 0).reads
    return {
        "agent": agent,
        "learned": cuts is not None,
        "links": [
            dlt645.described(campus, link, turn_round_s)
            if isinstance(link, Dlt645Link)
            else _link(campus, link, cuts or set(), reads, turn_round_s)
            for link in links
        ],
    }


def told_cuts(port: int, agent: str) -> set[Cut] | None:
    """What units have refused, from the agent that runs on this machine; None where none does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=2) as answer:
            status = json.load(answer)
        if status["agent"]["id"] != agent:
            return None
        return {
            Cut(link, unit, Table(table), addr, count)
            for link, health in status.get("source_modbus", {}).get("links", {}).items()
            for unit, table, addr, count in health["cuts"]
        }
    except (urllib.error.URLError, TimeoutError, ValueError, KeyError, TypeError):
        return None


def _link(
    campus: Campus, link: AnyModbusLink, cuts: set[Cut], reads: Flags, turn_round_s: float | None
) -> dict[str, Any]:
    table = campus.points_of(link.agent)
    pacing = Pacing.of(link, turn_round_s)
    plans = [
        replace(plan, spans=applied(cuts, link.id, plan.unit, plan.spans))
        for plan in plan_link(campus, link, table)
    ]
    spans = [span for plan in plans for span in plan.spans]
    return {
        **outlined(link, cycle_s(plans, pacing), len(spans), sum(len(span.readings) for span in spans)),
        "registers": sum(span.count for span in spans),
        "wasted": sum(span.wasted for span in spans),
        "units": [_unit(plan, pacing, reads, table.names) for plan in plans],
    }


def _unit(plan: UnitPlan, pacing: Pacing, reads: Flags, names: Sequence[str]) -> dict[str, Any]:
    return {
        "unit": plan.unit,
        "devices": list(plan.devices),
        "requests": [
            {
                "function": Question.read(plan.unit, span.table, span.addr, span.count).function,
                "table": str(span.table),
                "first": span.addr,
                "count": span.count,
                "wasted": span.wasted,
                "points": [names[reading.row] for reading in span.readings],
                "optional": span.optional,
                "read_by_rules": _is_urgent(span, reads),
                "why": str(span.why),
                "takes_s": pacing.takes_s(span),
            }
            for span in plan.spans
        ],
    }


def _is_urgent(span: Span, reads: Flags) -> bool:
    return any(bool(reads[reading.row]) for reading in span.readings)


def page(plan: dict[str, Any]) -> str:
    """The plan as text."""
    lines: list[str] = []
    for link in plan["links"]:
        lines += [*_lines(link), ""]
    if not plan["links"]:
        lines.append(f"{plan['agent']} has no Modbus link and no DL/T 645 bus.")
    if not plan["learned"]:
        lines.append("No agent runs here: what units have refused is not known, and not in this plan.")
    return "\n".join(lines).rstrip() + "\n"


def _lines(link: dict[str, Any]) -> Iterator[str]:
    meters = "meters" in link
    yield dlt645.headline(link) if meters else _headline(link)
    share = link["cycle_s"] / link["poll_s"]
    yield f"  one cycle takes {link['cycle_s']:.2f} s, {share:.0%} of the period of {link['poll_s']:g} s"
    if not link["keeps_period"]:
        yield "  TOO SLOW: this link cannot keep its period. Read less often, cut points, or split the bus."
    elif link["with_one_silent_s"] > link["poll_s"]:
        silent_s = link["with_one_silent_s"]
        yield f"  a round in which a unit falls silent takes {silent_s:.2f} s: one period is missed then"
    if meters:
        yield from dlt645.lines(link)
        return
    for unit in link["units"]:
        more = len(unit["devices"]) - MOST_NAMED
        others = f" and {more} more" if more > 0 else ""
        yield f"  unit {unit['unit']}: {', '.join(unit['devices'][:MOST_NAMED])}{others}"
        yield "    fc  first  count  wasted  points  rules    ms  why here"
        for request in unit["requests"]:
            why = WORDS[Why(request["why"])] + (", optional points" if request["optional"] else "")
            yield (
                f"    {request['function']:>2} {request['first']:>6} {request['count']:>6} {request['wasted']:>7}"
                f" {len(request['points']):>7} {'yes' if request['read_by_rules'] else '-':>6}"
                f" {request['takes_s'] * 1000:>5.0f}  {why}"
            )


def _headline(link: dict[str, Any]) -> str:
    return (
        f"{link['link']} ({link['kind']}): {link['points']} points of {len(link['units'])} units"
        f" in {link['requests']} requests, {link['registers']} registers or bits, {link['wasted']} of them for nothing"
    )
