"""The running simulator: plant, wires, faults and scenario under one clock."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devices.campus.site import Campus
from devices.model.errors import Refused
from devices.sim.effects import Effects, fault_targets
from devices.sim.plant.memory import recall, remember
from devices.sim.plant.plant import Plant
from devices.sim.scenario import Scenario
from devices.sim.wires.dlt645 import meter_buses
from devices.sim.wires.faults import Fault, FaultBoard, Hook
from devices.sim.wires.field import FieldPublisher, Voices
from devices.sim.wires.ledger import Ledger
from devices.sim.wires.listening import Listener
from devices.sim.wires.modbus import gateways
from devices.sim.wires.pictures import Trouble, View, render
from devices.sim.wires.recordings import Gaps
from devices.sim.wires.roadside import Road
from devices.sim.wires.rtsp import stream_hosts
from devices.sim.wires.snapshot import recorders
from devices.sim.wires.terminal import Terminal
from devices.wire.mqtt import Backoff, Broker

TICK_S: Final = 0.2
REMEMBER_S: Final = 5.0
CLIENT_ID: Final = "campus-sim-field"


def utc_us() -> int:
    """UTC now, in microseconds."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    seed: of the plant.
    broker: where doors and radars publish; None keeps them quiet.
    scenario: what goes wrong, and when.
    offset_us: people behave as if it were this much later.
    ports: other ports than the site file's, by link id; 0 takes any.
    memory: file that keeps the counters from run to run.
    ledger: file that the ledger is written to at the end, and on request.
    account: name and password that RTSP hosts want; without one everybody may look.
    lingers: now and then somebody stays before a camera for a while; without it none does, whatever the hour.
    """

    seed: int = 1
    broker: Broker | None = None
    scenario: Scenario | None = None
    offset_us: int = 0
    ports: Mapping[str, int] | None = None
    memory: Path | None = None
    ledger: Path | None = None
    account: tuple[str, str] = ("", "")
    lingers: bool = True


class Drawing:
    """Pictures of the plant's cameras."""

    def __init__(self, plant: Plant, *, lingers: bool = True) -> None:
        self._plant = plant
        self._lingers = lingers
        self._roads: dict[str, Road] = {}

    def picture(self, camera: str, time_us: int, troubles: Mapping[str, Trouble]) -> bytes:
        """A JPEG of what the camera gives."""
        return render(self.view(camera, time_us, troubles))

    def view(self, camera: str, time_us: int, troubles: Mapping[str, Trouble]) -> View:
        """What a picture of a camera is drawn of."""
        sight, zone = self._plant.sight(camera, time_us), self._plant.campus.timezone
        calibration = self._plant.roads.calibration(camera)
        if calibration is None:
            return View(camera, sight, time_us, zone, troubles, lingers=self._lingers)
        if camera not in self._roads:
            self._roads[camera] = Road(calibration)
        since_us = troubles["frozen-clock"].since_us if "frozen-clock" in troubles else time_us
        vehicles = self._plant.roads.vehicles(camera, since_us)
        return View(camera, sight, time_us, zone, troubles, self._roads[camera], vehicles, self._lingers)


class Simulation:
    """Everything that runs; made by `running`."""

    def __init__(
        self, campus: Campus, options: Options, clock_us: Callable[[], int], group: asyncio.TaskGroup
    ) -> None:
        self.campus = campus
        self.options = options
        self.clock_us = clock_us
        self.ledger = Ledger()
        self.plant = Plant(campus, options.seed, options.offset_us)
        self.begun_us = clock_us()
        self.listeners: dict[str, Listener] = {}
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []
        effects = Effects(self.plant, self.listeners, self._later, clock_us)
        self.gaps = Gaps(clock_us)
        hooks = ((effects.enter, self.gaps.enter), (effects.leave, self.gaps.leave))
        enter, leave = (_both(*hook) for hook in hooks)
        self.board = FaultBoard(fault_targets(campus), enter, leave)
        wires = (self.board, self.ledger, clock_us, options.ports)
        self._gateways = gateways(campus, self.plant.truth, *wires, self.plant.rooms.tell)
        drawing = Drawing(self.plant, lingers=options.lingers)
        self._recorders = recorders(campus, drawing, *wires, self.gaps)
        self.stream_hosts = stream_hosts(campus, drawing, *wires, self.gaps, options.account)
        lines = [(gateway.link.id, gateway.line) for gateway in self._gateways]
        self.listeners.update({name: line for name, line in lines if isinstance(line, Listener)})
        self._terminals = [line for _, line in lines if isinstance(line, Terminal)]
        self.listeners.update({recorder.link.id: recorder.listener for recorder in self._recorders})
        self.listeners.update({host.link.id: host.listener for host in self.stream_hosts})
        self._buses = meter_buses(campus, self.plant.truth, *wires)
        self.listeners.update({bus.link.id: bus.listener for bus in self._buses if bus.listener is not None})
        self._terminals += [bus.terminal for bus in self._buses if bus.terminal is not None]
        self._voices = Voices(campus, self.board, self.begun_us)
        self.publisher = self._publisher(options.broker) if options.broker else None

    async def start(self, stack: AsyncExitStack) -> None:
        """Begin the plant, open every port, start the tasks."""
        self.plant.begin(self.clock_us())
        if self.options.memory is not None:
            recall(self.plant, self.options.memory)
        for listener in self.listeners.values():
            await stack.enter_async_context(listener)
        for terminal in self._terminals:
            await stack.enter_async_context(terminal)
        self.begun_us = self.clock_us()  # of the scenario: from now on somebody can see what happens
        self._later(self._live(), "plant")
        if self.publisher is not None:
            self._later(self.publisher.run(), "field publisher")

    async def stop(self) -> None:
        """End the tasks and write what must last."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._remember()
        if self.options.ledger is not None:
            self.ledger.save(self.options.ledger)

    def save_ledger(self) -> Path:
        """Write the ledger to its file.

        Raises:
            Refused: no file was named at the start.
        """
        if self.options.ledger is None:
            raise Refused("no ledger file: start with --ledger FILE")
        self.ledger.save(self.options.ledger)
        return self.options.ledger

    def status(self) -> dict[str, Any]:
        """One screen of state, as plain values."""
        publisher = self.publisher
        return {
            "campus": self.campus.head.id,
            "seed": self.options.seed,
            "now_us": self.plant.now_us,
            "begun_us": self.begun_us,
            "devices": len(self.campus.devices),
            "links": {
                name: {"port": listener.port, "open": listener.is_open, "connections": listener.connections}
                for name, listener in self.listeners.items()
            },
            "field": None
            if publisher is None
            else {
                "connected": publisher.connected,
                "waiting": publisher.waiting,
                "problem": publisher.problem,
            },
            "faults": len(self.board.active()),
        }

    def _publisher(self, broker: Broker) -> FieldPublisher:
        client = f"{CLIENT_ID}-{self.campus.head.id}"
        backoff = Backoff(first_s=0.2, most_s=5.0, jitter=0.5, random=random.random)
        return FieldPublisher(broker, self.ledger, client, self.clock_us, backoff)

    def _later(self, coroutine: Coroutine[Any, Any, None], name: str = "effect") -> asyncio.Task[None]:
        task = self._group.create_task(coroutine, name=f"sim {name}")
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)
        return task

    async def _live(self) -> None:
        """Let time pass: at each tick the scenario, the plant, and what speaks by itself."""
        told_s = -1.0
        remembered_us = self.begun_us
        while True:
            now_us = self.clock_us()
            self.board.expire(now_us)
            since_s = (now_us - self.begun_us) / 1e6
            self._play(told_s, since_s, now_us)
            told_s = since_s
            happened = self.plant.step(now_us)
            if self.publisher is not None:
                for saying in self._voices.sayings(happened, now_us):
                    self.publisher.say(saying)
            if now_us - remembered_us >= REMEMBER_S * 1e6:
                self._remember()
                remembered_us = now_us
            await asyncio.sleep(TICK_S)

    def _play(self, after_s: float, until_s: float, now_us: int) -> None:
        if self.options.scenario is None:
            return
        for _, step in self.options.scenario.due(after_s, until_s):
            self.board.put(step.target, step.fault, now_us, for_s=step.for_s, value=step.value)

    def _remember(self) -> None:
        if self.options.memory is not None:
            remember(self.plant, self.options.memory)


def _both(first: Hook, second: Hook) -> Hook:
    def hook(fault: Fault) -> None:
        first(fault)
        second(fault)

    return hook


@asynccontextmanager
async def running(
    campus: Campus, options: Options, clock_us: Callable[[], int] = utc_us
) -> AsyncIterator[Simulation]:
    """Run the simulated campus for the time of an `async with`."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        simulation = Simulation(campus, options, clock_us, group)
        try:
            await simulation.start(stack)
            yield simulation
        finally:
            await simulation.stop()
