"""What a fault does to the plant and to listeners, when it begins and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from devices.campus.site import Campus
from devices.model.codes import AcMode, Direction
from devices.profiles.dlt645_sheet import Dlt645Sheet
from devices.profiles.profile import DeviceKind, JsonSheet, ModbusSheet, RadarBytesSheet
from devices.sim.plant.plant import LANES, Plant
from devices.sim.plant.pumps import PumpTrouble
from devices.sim.plant.traffic import Pass
from devices.sim.wires.faults import Fault, Target
from devices.sim.wires.listening import Listener

#: A vehicle that is asked for comes this much later, so that its first reading is not in the past.
APPROACH_US: Final = 300_000
TOO_WARM_C: Final = 28.0
TOO_COLD_C: Final = 22.0
TARGETS: Final = {
    DeviceKind.PUMP: Target.PUMP,
    DeviceKind.AC: Target.AC,
    DeviceKind.DOOR: Target.DOOR,
    DeviceKind.RADAR: Target.RADAR,
    DeviceKind.CAMERA: Target.CAMERA,
    DeviceKind.METER: Target.METER,
}
COUNTER_FAULTS: Final = frozenset({"counter-reset", "counter-glitch", "counter-rollover"})
PUMP_TROUBLES: Final = frozenset(trouble.value for trouble in PumpTrouble)

Later = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


def fault_targets(campus: Campus) -> dict[str, frozenset[Target]]:
    """What every device and link of a campus can suffer."""
    targets = {link.id: frozenset({Target.LINK}) for link in campus.links.values()}
    for device in campus.devices.values():
        profile = campus.profile_of(device)
        kinds = {TARGETS[profile.kind]} if profile.kind in TARGETS else set()
        if isinstance(profile.sheet, ModbusSheet):
            kinds.add(Target.MODBUS)
        if isinstance(profile.sheet, Dlt645Sheet):
            kinds.add(Target.DLT645)
        if isinstance(profile.sheet, JsonSheet | RadarBytesSheet):
            kinds.add(Target.MQTT)
        targets[device.id] = frozenset(kinds)
    return targets


class Effects:
    """Hooks of the fault board.

    Args:
        plant: whose pumps, rooms, doors and roads are touched.
        listeners: by link id, for dead and closing links.
        later: starts a coroutine in the simulation's own task group.
        clock_us: UTC now.
    """

    def __init__(
        self, plant: Plant, listeners: Mapping[str, Listener], later: Later, clock_us: Callable[[], int]
    ) -> None:
        self._plant = plant
        self._listeners = listeners
        self._later = later
        self._clock_us = clock_us

    def enter(self, fault: Fault) -> None:
        """A fault begins."""
        if fault.target in self._plant.pumps and fault.kind in PUMP_TROUBLES:
            pump = self._plant.pumps[fault.target]
            pump.troubles |= {PumpTrouble(fault.kind)}
        elif fault.kind == "setpoint":
            self._plant.rooms.set_by_hand(fault.target, fault.value or self._too_far(fault.target))
        elif fault.kind == "ac-fault":
            self._plant.rooms.fault[self._plant.rooms.row[fault.target]] = True
        elif fault.kind in COUNTER_FAULTS:
            self._plant.meters.disturb(fault.target, fault.kind, fault.value)
        elif fault.kind == "held":
            self._plant.doors.hold(fault.target, self._clock_us())
        elif fault.kind == "forced":
            self._plant.doors.force(fault.target, self._clock_us())
        elif fault.kind == "speeder":
            self._plant.traffic.send(self._plant.roads.with_room(self._speeder(fault)))
        elif fault.target in self._listeners:
            self._enter_link(fault.kind, self._listeners[fault.target])

    def leave(self, fault: Fault) -> None:
        """A fault ends."""
        if fault.target in self._plant.pumps and fault.kind in PUMP_TROUBLES:
            pump = self._plant.pumps[fault.target]
            pump.troubles -= {PumpTrouble(fault.kind)}
        elif fault.kind == "setpoint":
            self._plant.rooms.leave_alone(fault.target)
        elif fault.kind == "ac-fault":
            self._plant.rooms.fault[self._plant.rooms.row[fault.target]] = False
        elif fault.kind in COUNTER_FAULTS:
            self._plant.meters.leave_alone(fault.target, fault.kind)
        elif fault.kind in {"held", "forced"}:
            self._plant.doors.release(fault.target, self._clock_us())
        elif fault.target in self._listeners:
            self._leave_link(fault.kind, self._listeners[fault.target])

    def _enter_link(self, kind: str, listener: Listener) -> None:
        if kind == "dead-link":
            self._later(listener.refuse())
        elif kind == "closing-link":
            listener.closing = True
            self._later(listener.drop())

    def _leave_link(self, kind: str, listener: Listener) -> None:
        if kind == "dead-link":
            self._later(listener.listen())
        elif kind == "closing-link":
            listener.closing = False

    def _too_far(self, unit: str) -> float:
        """A set point outside the standard of what the unit is doing."""
        heating = self._plant.truth(unit)["mode"] == AcMode.HEAT
        return TOO_WARM_C if heating else TOO_COLD_C

    def _speeder(self, fault: Fault) -> Pass:
        tags = self._plant.campus.devices[fault.target].tags
        direction = next((LANES[tag] for tag in tags if tag in LANES), Direction.APPROACHING)
        return Pass(fault.target, self._clock_us() + APPROACH_US, fault.value, direction)
