"""`campus-demo`: the whole product on one machine, as the same processes that production runs.

Broker and hub, one agent for each of the campus's gateways, the simulated campus, and thirty days of history
written in the background. A process that dies is started again. Ctrl-C ends everything.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.errors import CampusError
from devices.sim.__main__ import main as simulator
from devices.sim.demo_files import camera_settings, write_edge, write_hub, write_password
from devices.sim.processes import Process, Processes

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SITE: Final = REPOSITORY / "config" / "demo" / "site.yaml"
SCENARIO: Final = REPOSITORY / "config" / "demo" / "scenario.yaml"
PERSON: Final = "demo"
READY_S: Final = 60.0
EPILOG: Final = """\
The console asks for a name and a password: both are printed when everything runs.
While it runs, in another terminal:
  campus-sim faults                               what can be provoked
  campus-sim fault hq1-pump-1 manual              a pump out of automatic; see it on the board
  campus-sim fault hq1-radar-in speeder           a vehicle too fast; see its clip beside the alert
  campus-edge status                              one screen about the first agent
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; 0 after Ctrl-C, 1 if something did not start."""
    options = _parser().parse_args(arguments)
    if options.check:
        return simulator(["check", "--site", str(options.site), "--scenario", str(options.scenario)])
    if options.fresh:
        shutil.rmtree(options.data, ignore_errors=True)
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _demo(options)
    except KeyboardInterrupt:
        return 0
    except CampusError as error:
        print(f"campus-demo: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campus-demo",
        description="Start the whole product with a simulated campus on this machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, default=Path(".demo"), help="where it keeps its files (default .demo)"
    )
    parser.add_argument("--site", type=Path, default=SITE, help="site file (default: the demo campus)")
    parser.add_argument(
        "--scenario", type=Path, default=SCENARIO, help="what happens on the simulated campus"
    )
    parser.add_argument("--port", type=int, default=8080, help="port of the console (default 8080)")
    parser.add_argument(
        "--broker-port", type=int, default=1883, help="port of the MQTT broker (default 1883)"
    )
    parser.add_argument("--history-days", type=int, default=30, help="days of history to write; 0 for none")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier demo left")
    parser.add_argument("--check", action="store_true", help="check site file and scenario, start nothing")
    return parser


def _demo(options: argparse.Namespace) -> int:
    campus = load_campus(options.site)
    hub = write_hub(options.data, options.site, options.port, options.broker_port)
    with Processes(options.data / "logs") as processes:
        print("园区卫士 Campuswatch: starting the hub ...", flush=True)
        for name in (*campus.agents, "field", "history"):
            _enrol(processes, hub, options.data, name)
        processes.start(Process("hub", "hub", ("run", "--config", str(hub))))
        if not _waited(processes, f"http://127.0.0.1:{options.port}/healthz"):
            print(processes.tail("hub"), file=sys.stderr)
            return 1
        password = _person(options)
        for process in _processes(options, campus):
            processes.start(process)
        print(f"console   http://127.0.0.1:{options.port}/   name {PERSON}   password {password}")
        print(f"logs      {options.data / 'logs'}   Ctrl-C ends everything", flush=True)
        _watch(options, processes, password, frozenset(campus.agents))
    return 0


def _processes(options: argparse.Namespace, campus: Campus) -> Iterator[Process]:
    data: Path = options.data
    running = ["run", "--site", str(options.site), "--scenario", str(options.scenario)]
    running += ["--credentials", str(data / "credentials" / "field.json")]
    running += ["--viewer-password", str(write_password(data))]
    running += ["--memory", str(data / "sim-memory.json"), "--ledger", str(data / "sim-ledger.json")]
    yield Process("sim", "devices.sim", tuple(running))
    for number, agent in enumerate(campus.agents):
        camera = camera_settings(data, campus, agent)
        settings = write_edge(data, options.site, agent, 9180 + number, camera)
        yield Process(agent, "edge_agent", ("run", "--config", str(settings)))
    if options.history_days:
        history = ["history", "--site", str(options.site), "--days", str(options.history_days)]
        history += ["--credentials", str(data / "credentials" / "history.json")]
        history += ["--journal", str(data / "history-journal.json")]
        yield Process("history", "devices.sim", tuple(history), ends=True)


def _enrol(processes: Processes, hub: Path, data: Path, name: str) -> None:
    """Let the hub make credentials, unless an earlier demo has them."""
    out = data / "credentials" / f"{name}.json"
    if not out.exists():
        out.parent.mkdir(exist_ok=True, mode=0o700)
        processes.call("hub", ("enrol", name, "--config", str(hub), "--out", str(out)))


def _waited(processes: Processes, url: str) -> bool:
    """Wait until the hub answers; False if it died or took too long."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end and processes.is_alive("hub"):
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310
            return True
        time.sleep(0.2)
    return False


def _person(options: argparse.Namespace) -> str:
    """Make the first account with the hub's first-run token, or remember the one of an earlier demo."""
    kept: Path = options.data / "demo-password"
    if kept.exists():
        return kept.read_text().strip()
    password = secrets.token_urlsafe(12)
    token = (options.data / "hub" / "first-run-token").read_text().strip()
    body = {"token": token, "name": PERSON, "password": password}
    _called(options.port, "/api/first-run", body)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password + "\n")
    return password


def _watch(options: argparse.Namespace, processes: Processes, password: str, agents: frozenset[str]) -> None:
    """Keep one status line, and start again what died."""
    cookie = ""
    while True:
        time.sleep(1.0)
        for name in processes.restart_dead():
            print(f"\r\033[K{time.strftime('%H:%M:%S')} {name} had ended and was started again", flush=True)
        try:
            if not cookie:
                _, cookie = _called(options.port, "/api/sign-in", {"name": PERSON, "password": password})
            line = _line(options.port, cookie, agents)
        except (urllib.error.URLError, OSError, ValueError) as error:
            cookie, line = "", f"hub does not answer: {error}"
        print(f"\r\033[K{line}", end="", flush=True)


def _line(port: int, cookie: str, agents: frozenset[str]) -> str:
    gateways, _ = _called(port, "/api/gateways", cookie=cookie)
    alerts, _ = _called(port, "/api/alerts?state=open&limit=1", cookie=cookie)
    rows = gateways["rows"]
    online = sum(row["state"] == "online" for row in rows if row["agent"] in agents)
    samples = sum((row.get("received") or {}).get("samples", 0) for row in rows)
    counts = alerts["counts"]
    open_alerts = sum(counts[state] for state in ("raised", "acked", "cleared", "latched"))
    return (
        f"{time.strftime('%H:%M:%S')}  agents {online}/{len(agents)}  samples {samples:,}  "
        f"alerts {open_alerts} open, {counts['raised']} not acknowledged"
    )


def _called(port: int, path: str, body: dict[str, Any] | None = None, cookie: str = "") -> tuple[Any, str]:
    """Call the hub; return its answer and the session cookie it set."""
    origin = f"http://127.0.0.1:{port}"
    headers = {"X-Campuswatch": "1", "Origin": origin, "Content-Type": "application/json", "Cookie": cookie}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(origin + path, data, headers)  # noqa: S310 - this machine
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - this machine
        given = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return json.load(answer), given


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
