"""`campus-edge`: reads the arguments, and nothing more."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Any

from devices.campus import schema
from devices.campus.loading import load_campus
from devices.model.errors import CampusError, ConfigRefused, Problem
from edge_agent import agent
from edge_agent.backtest import Asked, backtest
from edge_agent.backtest.table import table
from edge_agent.evidence import command as evidence
from edge_agent.planning import page, planned
from edge_agent.probe import command as probe
from edge_agent.screen import screen
from edge_agent.settings import load_credentials, load_settings
from edge_agent.sources.camera.onvif import command as cameras

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
EPILOG = """\
examples:
  campus-edge check --config /etc/campuswatch/edge.yaml    say everything that is wrong, start nothing
  campus-edge run --config /etc/campuswatch/edge.yaml      read devices, judge, send to the hub
  campus-edge backtest --config edge.yaml --rules new.yaml --from 2026-10-01 --to 2026-10-31 --data export.csv.gz
                                                           say what these rules would have raised
  campus-edge probe 192.0.2.10 --unit 3 --range 0-99       what the registers of a live device may mean
  campus-edge plan --site site.yaml --agent edge-1         what the Modbus links will ask, and how long a cycle takes
  campus-edge evidence verify /var/lib/campuswatch/evidence    whether evidence is as it was kept
  campus-edge cameras --host 192.0.2.9 --user viewer --password-file /etc/campuswatch/viewer
                                                           where an ONVIF camera has its pictures; or who answers
  campus-edge status                                       one screen about the agent that runs here
  campus-edge schema rules > rules.schema.json             what an editor checks rule files with
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 is well, 1 a failure, 2 a configuration that cannot be used."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        code = int(options.command(options))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read what is printed has seen enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python says so at its end
        return 1
    except ConfigRefused as refused:
        for problem in refused.problems:
            print(problem, file=sys.stderr)
        return 2
    except CampusError as error:
        print(f"campus-edge: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campus-edge",
        description="The agent on a campus gateway: reads devices, judges what they say, tells the hub.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version("campuswatch"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the agent until it is told to stop (SIGTERM or Ctrl-C)")
    run.set_defaults(command=_run)
    check = commands.add_parser(
        "check", help="read settings, site file and credentials, say all that is wrong"
    )
    check.set_defaults(command=_check)
    for command in (run, check):
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="its settings (YAML)")
    _add_backtest(commands)
    _add_plan(commands)
    probe.add(commands).set_defaults(command=_probe)
    evidence.add(commands).set_defaults(command=_evidence)
    cameras.add(commands).set_defaults(command=_cameras)
    status = commands.add_parser("status", help="show one screen about the agent that runs on this machine")
    status.add_argument("--port", type=int, default=9180, help="its health port (default 9180)")
    status.add_argument("--json", action="store_true", help="print all figures as JSON instead")
    status.set_defaults(command=_status)
    written = commands.add_parser("schema", help="print the JSON schema of rule files, or of the site file")
    written.add_argument("file", choices=schema.FILES)
    written.set_defaults(command=_schema)
    return parser


def _add_backtest(commands: Any) -> None:
    backtest = commands.add_parser(
        "backtest", help="judge an export of readings by other rules, start nothing"
    )
    backtest.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="the agent's settings (YAML)"
    )
    backtest.add_argument("--rules", type=Path, required=True, metavar="FILE", help="rules to try (YAML)")
    for option, name in (("--from", "begin"), ("--to", "end")):
        backtest.add_argument(
            option, dest=name, required=True, metavar="DAY", help="campus time; the last day is included"
        )
    backtest.add_argument(
        "--data", type=Path, required=True, metavar="EXPORT", help="CSV, or packed as .csv.gz"
    )
    backtest.add_argument(
        "--alerts-per-day", type=int, default=144, metavar="N", help="warn beyond it (default 144, IEC 62682)"
    )
    backtest.add_argument("--json", action="store_true", help="print the report as JSON instead of a table")
    backtest.set_defaults(command=_backtest)


def _add_plan(commands: Any) -> None:
    plan = commands.add_parser(
        "plan", help="show what the Modbus links will ask, and how long one cycle takes; ask nothing"
    )
    plan.add_argument("--site", type=Path, required=True, metavar="FILE", help="the site file (YAML)")
    plan.add_argument("--agent", required=True, metavar="ID", help="whose links")
    plan.add_argument("--link", metavar="ID", help="only this one")
    plan.add_argument(
        "--answer-ms",
        type=float,
        metavar="MS",
        help="what a device needs to answer (default 20 on a bus, 30 through a gateway)",
    )
    plan.add_argument(
        "--port",
        type=int,
        default=9180,
        help="health port of the agent, which knows what units have refused (default 9180)",
    )
    plan.add_argument("--json", action="store_true", help="print it as JSON instead")
    plan.set_defaults(command=_plan)


def _plan(options: argparse.Namespace) -> int:
    answer_s = None if options.answer_ms is None else options.answer_ms / 1000
    plan = planned(options.site, options.agent, options.link, answer_s, options.port)
    print(json.dumps(plan, indent=1, ensure_ascii=False) if options.json else page(plan).rstrip())
    return 0


def _backtest(options: argparse.Namespace) -> int:
    names = ("config", "rules", "begin", "end", "data", "alerts_per_day")
    asked = Asked(**{name: getattr(options, name) for name in names})
    try:
        report, campus = backtest(asked, _told)
    except KeyboardInterrupt:
        print("\ncampus-edge: cancelled", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print(table(report, campus.timezone), end="")
    return 0


def _told(what: str, share: float) -> None:
    """Progress, in one line that is written over."""
    end = "\n" if what == "judging" and share >= 1 else ""
    print(f"\r{what} {min(share, 1.0):4.0%} ", end=end, file=sys.stderr, flush=True)


def _run(options: argparse.Namespace) -> int:
    settings = load_settings(options.config)
    asyncio.run(_until_told(agent.run(settings)))
    return 0


async def _until_told(running: Coroutine[Any, Any, None]) -> None:
    """Run until SIGTERM or SIGINT, then let everything close in order."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(running, name="agent")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    except ExceptionGroup as group:
        ours = group.subgroup(CampusError)
        raise (ours.exceptions[0] if ours else group) from None


def _check(options: argparse.Namespace) -> int:
    settings = load_settings(options.config)
    problems: list[Problem] = []
    campus = None
    try:
        campus = load_campus(settings.site)
    except ConfigRefused as refused:
        problems.extend(refused.problems)
    for path, name in ((settings.hub, settings.agent), (settings.field, None)):
        if path is not None:
            try:
                load_credentials(path, name)
            except ConfigRefused as refused:
                problems.extend(refused.problems)
    if campus is not None and settings.agent not in campus.agents:
        known = ", ".join(campus.agents)
        problems.append(Problem(str(options.config), "agent", repr(settings.agent), f"one of {known}"))
    if problems or campus is None:
        raise ConfigRefused(problems)
    devices, points = list(campus.devices_of(settings.agent)), campus.points_of(settings.agent)
    print(f"{options.config}: good. {settings.agent} reads {len(devices)} devices, {len(points)} points, by")
    for link in campus.links_of(settings.agent):
        print(f"  {link.id:<24} {link.kind:<12} {sum(device.link == link.id for device in devices)} devices")
    return 0


def _status(options: argparse.Namespace) -> int:
    url = f"http://127.0.0.1:{options.port}/status"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            status = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        print(f"campus-edge: no agent answers on port {options.port}: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(status, indent=1, ensure_ascii=False))
    else:
        print(screen(status, time.time_ns() // 1000), end="")
    return 0


def _probe(options: argparse.Namespace) -> int:
    try:
        code, text = probe.run(options)
    except KeyboardInterrupt:
        return 130
    print(text, end="")
    return code


def _evidence(options: argparse.Namespace) -> int:
    problems, checked = evidence.verify(options.folder, options.head)
    print("\n".join([*problems, checked]))
    return 1 if problems else 0


def _cameras(options: argparse.Namespace) -> int:
    print(cameras.run(options), end="")
    return 0


def _schema(options: argparse.Namespace) -> int:
    print(schema.text(options.file), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
