"""What `docs/operations.md` says of numbers, settings and people: each name in it is one that is in use."""

from __future__ import annotations

import dataclasses
import re

import pytest

from edge_agent.outbox.stats import Stats
from edge_agent.pipeline import COUNTS
from edge_agent.sources.modbus.counters import Counters
from hub.accounts.roles import Role
from hub.ingest.counts import Received
from tests.house.project import ours, text

PAGE = text("docs/operations.md")
METRICS = sorted(set(re.findall(r"`campus_(edge|hub)_(\w+)`", PAGE)))
#: Where the numbers of a section are made.
ROOMS = {
    "pipeline": "edge_agent/pipeline.py",
    "outbox": "edge_agent/outbox/stats.py",
    "uplink": "edge_agent/uplink/",
    "ingest": "hub/ingest/status.py",
    "broker": "hub/app.py",
}


def code(place: str) -> str:
    return "\n".join(text(name) for name in ours(".py") if name.startswith(place))


def column(title: str) -> set[str]:
    """The names in the first column of the table that begins with this title."""
    table = PAGE.partition(f"| {title} |")[2].partition("\n\n")[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}


@pytest.mark.parametrize(("program", "name"), METRICS)
def test_each_number_to_watch_is_one_that_is_counted(program: str, name: str) -> None:
    section, _, key = name.partition("_")
    place = ROOMS.get(section, "hub/api/health.py")
    key = key if section in ROOMS else name
    assert program == ("hub" if place.startswith("hub") else "edge")
    assert re.search(rf"\b{key}\b", code(place)), f"{key} is not in {place}"


def test_every_counter_is_explained() -> None:
    assert set(COUNTS) - {"source_failures"} <= column("of the agent's pipeline")
    assert set(Counters().as_dict()) - {"faults"} <= set(re.findall(r"`(\w+)`", PAGE))
    counted = {field.name for field in dataclasses.fields(Received)}
    assert counted == column("of the hub's ingest, for each agent")


def test_no_counter_is_invented() -> None:
    assert column("of the outbox") <= set(Stats().as_health())
    assert column("of a Modbus link") <= {*Counters().as_dict(), "period_s"}
    for title, place in {
        "of the uplink": "edge_agent/uplink/",
        "of the MQTT source": "edge_agent/sources/mqtt/",
        "of a camera host": "edge_agent/sources/camera/",
    }.items():
        made = code(place)
        assert [name for name in column(title) if not re.search(rf"\b{name}\b", made, re.IGNORECASE)] == []


def test_roles_are_those_there_are() -> None:
    table = PAGE.partition("| role | may |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == [role.word for role in sorted(Role)]


@pytest.mark.parametrize(
    "setting",
    [
        "max_bytes",
        "metrics_token_file",
        "series_days",
        "agent_silent_s",
        "session_idle_s",
        "session_absolute_s",
    ],
)
def test_settings_named_are_there(setting: str) -> None:
    assert f"`{setting}`" in PAGE
    assert re.search(rf"^    {setting}:", code("hub/") + code("edge_agent/outbox/settings.py"), re.MULTILINE)
