"""Hub, one agent and simulated devices as real processes, for the rows that measure the whole way."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from devices.sim.demo_files import write_edge, write_hub
from devices.sim.processes import Process, Processes

NAME: Final = "bench"
PASSWORD: Final = "a long bench beside the quiet river"  # noqa: S105 - of a hub that lives for a minute
READY_S: Final = 60.0


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """The processes, in `folder`, for a site given as plain values."""

    def __init__(self, folder: Path, site: dict[str, Any]) -> None:
        self.folder = folder
        self.site = folder / "site.yaml"
        self.site.write_text(json.dumps(site), "utf-8")
        self.port, self.control = free_port(), f"127.0.0.1:{free_port()}"
        self.processes = Processes(folder / "logs")
        self.cookie = ""

    def __enter__(self) -> Self:
        self.processes.__enter__()
        hub = write_hub(self.folder, self.site, self.port, free_port())
        edge = write_edge(self.folder, self.site, "edge", free_port())
        keys = self.folder / "credentials"
        keys.mkdir(mode=0o700)
        for name in ("edge", "field"):
            self.processes.call(
                "hub", ("enrol", name, "--config", str(hub), "--out", str(keys / f"{name}.json"))
            )
        self.processes.start(Process("hub", "hub", ("run", "--config", str(hub))))
        self._sign_in()
        simulator = ("run", "--site", str(self.site), "--control", self.control)
        self.processes.start(
            Process("sim", "devices.sim", (*simulator, "--credentials", str(keys / "field.json")))
        )
        self.processes.start(Process("edge", "edge_agent", ("run", "--config", str(edge))))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.processes.__exit__(kind, error, trace)

    def _sign_in(self) -> None:
        end = time.monotonic() + READY_S
        token = self.folder / "hub" / "first-run-token"
        while time.monotonic() < end:
            with contextlib.suppress(urllib.error.URLError, OSError):
                first = {"token": token.read_text().strip(), "name": NAME, "password": PASSWORD}
                self.call("/api/first-run", first)
                self.call("/api/sign-in", {"name": NAME, "password": PASSWORD})
                return
            time.sleep(0.2)
        raise TimeoutError(self.processes.tail("hub"))

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the hub, or tell it."""
        origin = f"http://127.0.0.1:{self.port}"
        headers = {
            "X-Campuswatch": "1",
            "Origin": origin,
            "Content-Type": "application/json",
            "Cookie": self.cookie,
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(origin + path, data, headers)  # noqa: S310 - this machine
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - this machine
            given = answer.headers.get("Set-Cookie", "").partition(";")[0]
            self.cookie = given or self.cookie
            return json.load(answer)

    def simulate(self, *arguments: str) -> None:
        """Run a `campus-sim` command."""
        command = [sys.executable, "-m", "devices.sim", *arguments, "--control", self.control]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    def fault(self, target: str, kind: str) -> None:
        """Put a fault on a simulated device, without the time it takes to start a program."""
        self._control(
            "POST", "/faults", json.dumps({"target": target, "kind": kind, "for_s": None, "value": None})
        )

    def clear(self, target: str) -> None:
        """End the faults of a simulated device."""
        self._control("DELETE", f"/faults?target={target}")

    def _control(self, method: str, path: str, body: str | None = None) -> None:
        host, _, port = self.control.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        finally:
            connection.close()

    def events(self) -> Iterator[tuple[str, dict[str, Any], int]]:
        """What a browser hears: name of the event, its data, and when it came in UTC microseconds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/api/events", headers={"Cookie": self.cookie})
        stream = connection.getresponse()
        name = ""
        while line := stream.readline():
            text = line.decode().rstrip()
            if text.startswith("event:"):
                name = text.removeprefix("event:").strip()
            elif text.startswith("data:"):
                yield name, json.loads(text.removeprefix("data:")), time.time_ns() // 1000


def words(text: str) -> dict[str, str]:
    """The same in both languages."""
    return {"zh": text, "en": text}


def site(links: list[dict[str, Any]], devices: list[dict[str, Any]], rules: list[Any]) -> dict[str, Any]:
    """A site with one building and one room around links and devices."""
    return {
        "campus": {"id": "bench", "name": words("bench")},
        "agents": [{"id": "edge", "name": words("edge")}],
        "sites": [{"id": "hq", "name": words("hq"), "agent": "edge"}],
        "buildings": [{"id": "main", "site": "hq", "name": words("main")}],
        "zones": [{"id": "all", "name": words("all"), "owner": words("all")}],
        "areas": [{"id": "room", "building": "main", "zone": "all", "kind": "office", "name": words("room")}],
        "links": [
            {"agent": "edge", "kind": "modbus-tcp", "host": "127.0.0.1", "name": words(link["id"]), **link}
            for link in links
        ],
        "devices": [{"area": "room", "name": words(device["id"]), **device} for device in devices],
        "rules": rules,
    }
