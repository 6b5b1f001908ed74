"""The control port: faults, ledger and state of a running simulator, as JSON over HTTP on loopback."""

from __future__ import annotations

import asyncio
import http
import ipaddress
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from pydantic import Field

from devices.model.errors import ConfigRefused, Problem, Refused
from devices.profiles.strict import Strict, parse
from devices.sim.simulation import Simulation
from devices.sim.wires.faults import KINDS, Fault
from devices.sim.wires.listening import Listener
from devices.sim.wires.web import Request, Response, read_request, write_response

PORT: Final = 8190


class FaultOrder(Strict):
    """What `POST /faults` takes."""

    target: str
    kind: str
    for_s: float | None = Field(None, gt=0)
    value: float | None = None


class Control:
    """Serves the control port of one simulation."""

    def __init__(self, simulation: Simulation, host: str, port: int) -> None:
        if not _is_loopback(host):
            raise ConfigRefused([Problem("command line", "--control", host, "a loopback address")])
        self.listener = Listener("control", host, port, self._talk, simulation.ledger)
        self._simulation = simulation
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "/status"): lambda _: simulation.status(),
            ("GET", "/kinds"): lambda _: kinds(),
            ("GET", "/faults"): lambda _: [asdict(fault) for fault in simulation.board.active()],
            ("POST", "/faults"): self._put,
            ("DELETE", "/faults"): self._clear,
            ("GET", "/ledger"): lambda _: simulation.ledger.as_json(),
            ("POST", "/ledger/save"): lambda _: {"file": str(simulation.save_ledger())},
            ("GET", "/truth"): self._truth,
        }

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (asked := await read_request(reader)) is not None:
            status, content = self._answer(asked)
            body = json.dumps(content, ensure_ascii=False, allow_nan=True).encode()
            await write_response(writer, Response(status, "application/json", body), keep=asked.keep)
            if not asked.keep:
                return

    def _answer(self, asked: Request) -> tuple[http.HTTPStatus, Any]:
        # A web page in somebody's browser on this machine has an origin; our own command line has none.
        if "origin" in asked.headers:
            return http.HTTPStatus.FORBIDDEN, {"error": "not for browsers"}
        route = self._routes.get((asked.method, asked.path))
        if route is None:
            known = [f"{method} {path}" for method, path in self._routes]
            return http.HTTPStatus.NOT_FOUND, {"error": f"no {asked.method} {asked.path}", "known": known}
        try:
            return http.HTTPStatus.OK, route(asked)
        except Refused as error:
            return http.HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(error)}

    def _put(self, asked: Request) -> dict[str, Any]:
        try:
            order = parse(json.loads(asked.body), FaultOrder, "fault")
        except ValueError as error:
            raise Refused(f"not JSON: {error}") from None
        board = self._simulation.board
        now_us = self._simulation.clock_us()
        fault = board.put(order.target, order.kind, now_us, for_s=order.for_s, value=order.value)
        return asdict(fault)

    def _clear(self, asked: Request) -> list[dict[str, Any]]:
        target, kind = asked.query.get("target"), asked.query.get("kind")
        board = self._simulation.board
        targets = [target] if target else sorted({fault.target for fault in board.active()})
        ended: list[Fault] = [fault for name in targets for fault in board.clear(name, kind)]
        return [asdict(fault) for fault in ended]

    def _truth(self, asked: Request) -> dict[str, float]:
        device = asked.query.get("device", "")
        if device not in self._simulation.campus.devices:
            raise Refused(f"no device {device!r} in the site file")
        try:
            return self._simulation.plant.truth(device)
        except KeyError:
            raise Refused(f"{device} is not polled; its messages or pictures tell") from None


def kinds() -> list[dict[str, Any]]:
    """Every kind of fault, as plain values."""
    return [
        {
            "kind": kind.name,
            "targets": sorted(target.value for target in kind.targets),
            "what": kind.what,
            "provokes": kind.provokes,
            "value": kind.value,
            "usual": kind.usual,
        }
        for kind in KINDS.values()
    ]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
