"""What each command of `campus-sim` does; the text it returns is printed."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import http.client
import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Problem, Refused, Unreachable
from devices.sim.control import Control, kinds
from devices.sim.credentials import broker_of
from devices.sim.demo_files import VIEWER
from devices.sim.demo_site import write_demo_site
from devices.sim.past.journal import Journal
from devices.sim.past.sending import Sender
from devices.sim.past.story import Story
from devices.sim.plant.days import US_PER_MINUTE
from devices.sim.scenario import Scenario, load_scenario
from devices.sim.simulation import Options, Simulation, running, utc_us
from devices.sim.torture.torturing import torture
from devices.wire.mqtt import Backoff

ASK_S: Final = 10.0


def run(options: argparse.Namespace) -> str:
    """Run until a signal comes."""
    campus, scenario = _loaded(options)
    broker = None
    if options.field_broker or options.credentials:
        broker = broker_of(options.credentials, options.field_broker, os.environ)
    chosen = Options(
        seed=options.seed,
        broker=broker,
        scenario=scenario,
        offset_us=0 if options.as_if is None else _offset_us(options.as_if, campus),
        memory=options.memory,
        ledger=options.ledger,
        account=_account(options.viewer_password),
    )
    asyncio.run(_run(campus, chosen, *_address(options.control)))
    return ""


async def _run(campus: Campus, options: Options, host: str, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        async with (
            running(campus, options) as simulation,
            Control(simulation, host, port).listener as control,
        ):
            print(_started(simulation, f"{control.host}:{control.port}"), flush=True)  # noqa: T201
            await ended.wait()
    except* OSError as errors:
        raise Unreachable(f"cannot listen: {errors.exceptions[0]}") from None


def _started(simulation: Simulation, control: str) -> str:
    ports = sorted(listener.port for listener in simulation.listeners.values())
    span = f"ports {ports[0]} to {ports[-1]}" if ports else "no ports"
    return (
        f"simulated campus {simulation.campus.head.id}: {len(simulation.campus.devices)} devices, "
        f"{len(ports)} listening links on {span}, control on {control}"
    )


def check(options: argparse.Namespace) -> str:
    """Say that everything fits, or every problem."""
    campus, scenario = _loaded(options)
    steps = f", scenario of {len(scenario.steps)} steps" if scenario else ""
    return (
        f"{options.site}: {len(campus.sites)} sites, {len(campus.links)} links, {len(campus.devices)} devices, "
        f"{len(campus.rules)} rules{steps}: fits together"
    )


def fault(options: argparse.Namespace) -> str:
    """Put a fault on a device or link."""
    order = {"target": options.target, "kind": options.kind, "for_s": options.for_s, "value": options.value}
    put = _ask(options.control, "POST", "/faults", order)
    for_s = f" for {options.for_s:g} s" if options.for_s else ""
    return f"{put['target']}: {put['kind']}{for_s}"


def clear(options: argparse.Namespace) -> str:
    """End faults."""
    wish = {} if options.target == "all" else {"target": options.target}
    if options.kind:
        wish["kind"] = options.kind
    ended = _ask(options.control, "DELETE", f"/faults?{urlencode(wish)}")
    return "\n".join(f"{fault['target']}: {fault['kind']} ended" for fault in ended) or "nothing was wrong"


def faults(options: argparse.Namespace) -> str:
    """List kinds of faults, or the active ones."""
    if options.active:
        active = _ask(options.control, "GET", "/faults")
        return "\n".join(f"{fault['target']}: {fault['kind']}" for fault in active) or "nothing is wrong"
    rows = [("KIND", "ON", "WHAT HAPPENS", "WHAT ANSWERS")]
    for kind in kinds():
        value = f" ({kind['value']}, usually {kind['usual']:g})" if kind["value"] else ""
        rows.append((kind["kind"], ", ".join(kind["targets"]), kind["what"] + value, kind["provokes"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("  ".join([*map(str.ljust, row[:3], widths), row[3]]) for row in rows)


def ledger(options: argparse.Namespace) -> str:
    """Show the ledger, or write it to a file."""
    text = json.dumps(_ask(options.control, "GET", "/ledger"), indent=1)
    if options.out is None:
        return text
    options.out.write_text(text + "\n", "utf-8")
    return f"written to {options.out}"


def status(options: argparse.Namespace) -> str:
    """Show the state of the running simulator."""
    return json.dumps(_ask(options.control, "GET", "/status"), indent=1)


def history(options: argparse.Namespace) -> str:
    """Send the past, then end."""
    campus = load_campus(options.site)
    broker = broker_of(options.credentials, None, {})
    path = options.journal or options.credentials.with_suffix(".journal")
    hours = max(1, round(options.days * 24))
    # A minute of distance: the running simulator has begun already, and tells the rest itself.
    end_us = (utc_us() // US_PER_MINUTE - 1) * US_PER_MINUTE
    journal = Journal.begun(path, end_us=end_us, hours=hours, seed=options.seed)
    if journal.is_complete:
        return f"{journal.hours} hours were sent before; nothing to do"
    os.nice(10)  # live data first
    story = Story(campus, journal.seed, journal.end_us, journal.hours)
    sender = Sender(
        options.agent,
        broker,
        journal,
        path,
        story.names,
        Backoff(first_s=0.5, most_s=10.0, jitter=0.5, random=random.random),
        tell=lambda line: print(f"history: {line}", flush=True),  # noqa: T201
    )
    story.simulate()
    asyncio.run(sender.send(story.hours()))
    refused = f", {sender.refused} of them refused" if sender.refused else ""
    return f"{journal.hours} hours are with the hub{refused}"


def site(options: argparse.Namespace) -> str:
    """Write the demo site."""
    return "\n".join(str(path) for path in write_demo_site(options.out))


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], str]]] = {
    "run": run,
    "check": check,
    "fault": fault,
    "clear": clear,
    "faults": faults,
    "ledger": ledger,
    "status": status,
    "site": site,
    "history": history,
    "torture": torture,
}


def _loaded(options: argparse.Namespace) -> tuple[Campus, Scenario | None]:
    campus = load_campus(options.site)
    return campus, None if options.scenario is None else load_scenario(options.scenario, campus)


def _account(path: Path | None) -> tuple[str, str]:
    """Who may watch streams.

    Raises:
        ConfigRefused: the file cannot be read.
    """
    if path is None:
        return "", ""
    try:
        return VIEWER, path.read_text("utf-8").strip()
    except OSError as error:
        raise ConfigRefused([Problem(str(path), "-", str(error.strerror), "a readable file")]) from None


def _offset_us(text: str, campus: Campus) -> int:
    try:
        local = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigRefused(
            [Problem("command line", "--as-if", repr(text), "a time such as 2026-11-23T09:10")]
        ) from None
    moment = local if local.tzinfo else local.replace(tzinfo=campus.timezone)
    return round(moment.timestamp() * 1e6) - utc_us()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigRefused([Problem("command line", "--control", repr(text), "host:port")])
    return host, int(port)


def _ask(address: str, method: str, path: str, order: dict[str, Any] | None = None) -> Any:
    """Ask the running simulator.

    Raises:
        Unreachable: none answers there.
        Refused: it says no.
    """
    host, port = _address(address)
    connection = http.client.HTTPConnection(host, port, timeout=ASK_S)
    try:
        connection.request(method, path, None if order is None else json.dumps(order))
        response = connection.getresponse()
        content = json.loads(response.read())
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"no simulator answers at {address}: {error}") from None
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise Refused(content["error"])
    return content
