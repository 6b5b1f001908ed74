"""What a bus of meters will be asked, and how long that takes, from the plan alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.site import Campus
from edge_agent.sources.dlt645.frames import HEAD, TAIL, WAKE_UP
from edge_agent.sources.dlt645.plan import IDENTIFIER_BYTES, Item, plan_link
from edge_agent.sources.dlt645.settings import Dlt645Settings
from edge_agent.sources.polling.forecast import outlined
from edge_agent.sources.serial_port import character_s

#: What a meter usually takes before it answers; the standard allows 0.02 to 0.5 s.
TURN_ROUND_S: Final = 0.1
PAUSE_S: Final = Dlt645Settings().pause_s


def takes_s(item: Item, link: Dlt645Link, turn_round_s: float | None = None) -> float:
    """About how many seconds lie between a question and the next one."""
    sent = 2 * (len(WAKE_UP) + HEAD + TAIL + IDENTIFIER_BYTES) + item.data_bytes
    delay_s = TURN_ROUND_S if turn_round_s is None else turn_round_s
    return sent * character_s(link.baud, link.frame) + delay_s + PAUSE_S


def described(campus: Campus, link: Dlt645Link, turn_round_s: float | None = None) -> dict[str, Any]:
    """The plan of a bus as plain values, beside those of Modbus links in `campus-edge plan`."""
    table = campus.points_of(link.agent)
    plans = plan_link(campus, link, table)
    items = [item for plan in plans for item in plan.items]
    needed_s = sum(takes_s(item, link, turn_round_s) for item in items)
    return {
        **outlined(link, needed_s, len(items), sum(len(item.readings) for item in items)),
        "meters": [
            {
                "address": plan.address,
                "device": plan.device,
                "requests": [
                    {
                        "identifier": item.identifier,
                        "values": item.count,
                        "points": [table.names[reading.row] for _, reading in item.readings],
                        "optional": item.optional,
                        "takes_s": takes_s(item, link, turn_round_s),
                    }
                    for item in plan.items
                ],
            }
            for plan in plans
        ],
    }


def headline(link: dict[str, Any]) -> str:
    """What is read on a bus, in a line."""
    return (
        f"{link['link']} ({link['kind']}): {link['points']} points of {len(link['meters'])} meters"
        f" in {link['requests']} requests"
    )


def lines(link: dict[str, Any]) -> Iterator[str]:
    """The questions to each meter of a described bus, as text."""
    for meter in link["meters"]:
        yield f"  meter {meter['address']}: {meter['device']}"
        yield "    identifier  values  points    ms"
        for request in meter["requests"]:
            yield (
                f"    {request['identifier']:>10} {request['values']:>7} {len(request['points']):>7}"
                f" {request['takes_s'] * 1000:>5.0f}{'  optional points' if request['optional'] else ''}"
            )
