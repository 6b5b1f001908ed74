"""The whole product as real processes, started by the commands of production, and what a test asks of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from devices.sim.demo_files import write_edge, write_hub
from devices.sim.processes import Process, Processes
from tests.campus.site_text import write_site

NAME, PASSWORD = "operator-1", "seven horses under the bridge"
#: What a test does not want to wait for: a silent unit is asked again soon, and counters are told often.
IMPATIENT = {"modbus": {"probe_most_s": 2.0}}, {"health_s": 2.0}


class Stack:
    """Broker, hub, one agent and the simulated campus in `folder`."""

    def __init__(self, folder: Path, free_port: Callable[[], int]) -> None:
        self.folder = folder
        self.site = write_site(folder, free_port)
        self.port, self.broker_port, self.health_port = free_port(), free_port(), free_port()
        self.control = f"127.0.0.1:{free_port()}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes = Processes(folder / "logs")
        self.http = httpx.Client(
            base_url=self.url, headers={"X-Campuswatch": "1", "Origin": self.url}, timeout=30
        )

    def __enter__(self) -> Self:
        self.processes.__enter__()
        self.hub_file = write_hub(self.folder, self.site, self.port, self.broker_port)
        self.edge_file = write_edge(self.folder, self.site, "edge", self.health_port)
        self._make_impatient()
        (self.folder / "credentials").mkdir(mode=0o700)
        for name in ("edge", "field"):
            self.processes.call(
                "hub", ("enrol", name, "--config", str(self.hub_file), "--out", str(self._keys(name)))
            )
        self.start("hub")
        self.until(self.hub_answers, "the hub answers")
        self._sign_in()
        self.start("sim")
        self.start("edge")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self.processes.__exit__(kind, error, trace)
        if error is not None:
            for log in sorted((self.folder / "logs").glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}")  # noqa: T201 - for who reads the failure

    def _make_impatient(self) -> None:
        settings = yaml.safe_load(self.edge_file.read_text("utf-8"))
        sources, settings["uplink"] = IMPATIENT
        settings["sources"] = {**settings.get("sources", {}), **sources}
        self.edge_file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")

    def _keys(self, name: str) -> Path:
        return self.folder / "credentials" / f"{name}.json"

    def start(self, name: str) -> None:
        """Start one of hub, sim, edge."""
        simulator = [
            "run",
            "--site",
            str(self.site),
            "--control",
            self.control,
            "--as-if",
            "2026-11-23T03:00",
        ]
        simulator += ["--credentials", str(self._keys("field"))]
        commands = {
            "hub": ("hub", ("run", "--config", str(self.hub_file))),
            "sim": ("devices.sim", tuple(simulator)),
            "edge": ("edge_agent", ("run", "--config", str(self.edge_file))),
        }
        module, arguments = commands[name]
        self.processes.start(Process(name, module, arguments))

    def kill(self, name: str) -> None:
        """Kill one process with SIGKILL; of the broker, the hub's own child."""
        os.kill(self.pid(name), signal.SIGKILL)

    def pid(self, name: str) -> int:
        """Process id of hub, sim, edge or broker."""
        if name != "broker":
            return self.processes.pid(name)
        children = Path(f"/proc/{self.processes.pid('hub')}/task").glob("*/children")
        found = [int(pid) for file in children for pid in file.read_text().split()]
        return next(pid for pid in found if "nats-server" in Path(f"/proc/{pid}/cmdline").read_text())

    # --- the hub

    def hub_answers(self) -> bool:
        try:
            return self.http.get("/healthz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _sign_in(self) -> None:
        token = (self.folder / "hub" / "first-run-token").read_text().strip()
        self.post("/api/first-run", {"token": token, "name": NAME, "password": PASSWORD})
        self.post("/api/sign-in", {"name": NAME, "password": PASSWORD})

    def get(self, path: str, **query: Any) -> Any:
        """Read from the hub."""
        answer = self.http.get(path, params=query)
        assert answer.status_code == httpx.codes.OK, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Tell the hub."""
        answer = self.http.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def alerts(self, rule: str, device: str | None = None) -> list[dict[str, Any]]:
        """All alerts of a rule, open or not, newest first."""
        rows = self.get("/api/alerts", state="all", limit=500)["alerts"]
        found = [row for row in rows if row["rule"] == rule and device in (None, row["device"])]
        return sorted(found, key=lambda row: -row["start_us"])

    def raw(self, point: str, since_us: int = 0) -> list[int]:
        """Times of all stored readings of a point."""
        query = {
            "points": point,
            "from_us": since_us,
            "to_us": time.time_ns() // 1000 + 60_000_000,
            "step_s": 0,
        }
        answer = self.get("/api/series", **query)
        assert not answer.get("truncated"), "more rows than one call gives"
        return list(answer["series"].get(point, {}).get("time_us", []))

    # --- the simulated campus

    def simulate(self, *arguments: str) -> str:
        """Run a `campus-sim` command."""
        command = [sys.executable, "-m", "devices.sim", *arguments, "--control", self.control]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ledger(self) -> dict[str, Any]:
        """What the simulator answered, published and served."""
        return dict(json.loads(self.simulate("ledger")))

    # --- waiting

    def until(self, holds: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
        """Wait until something holds, and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := holds():
                return found
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {what}")
