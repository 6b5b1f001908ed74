"""What can go wrong on command: the kinds, what each provokes, and which are active where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.model.errors import Refused


class Target(StrEnum):
    """What a fault can be put on."""

    MODBUS = "modbus device"
    DLT645 = "dlt645 meter"
    MQTT = "mqtt device"
    CAMERA = "camera"
    LINK = "link"
    PUMP = "pump"
    AC = "ac"
    DOOR = "door"
    RADAR = "radar"
    METER = "meter"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way to go wrong.

    value: what the number means, "" where there is none; `usual` is taken when nobody gives one.
    provokes: the standard rule that answers to it, or what else is seen.
    """

    name: str
    targets: frozenset[Target]
    what: str
    provokes: str
    value: str = ""
    usual: float = 0.0
    at_once: bool = False


def _kind(name: str, targets: set[Target], what: str, provokes: str, **more: float | str | bool) -> FaultKind:
    return FaultKind(name, frozenset(targets), what, provokes, **more)  # type: ignore[arg-type]


_POLLED: Final = {Target.MODBUS, Target.CAMERA}
_ANY: Final = {Target.MODBUS, Target.DLT645, Target.CAMERA, Target.MQTT}

KINDS: Final = {
    kind.name: kind
    for kind in (
        _kind("silent", {*_ANY, Target.LINK}, "never answers, never publishes", "device-silent, link-silent"),
        _kind("slow", {*_ANY, Target.LINK}, "answers late", "time-outs", value="seconds", usual=3.0),
        _kind(
            "exception", {Target.MODBUS, Target.DLT645, Target.LINK}, "answers with an exception, or refuses",
            "device-silent", value="exception code, or error byte of a DL/T 645 meter", usual=4.0,
        ),
        _kind("garbled", {*_ANY, Target.LINK}, "answers nonsense", "device-silent, counted as garbled"),
        _kind(
            "wrong-address", {Target.DLT645}, "answers in the name of another meter",
            "device-silent, counted as wrong_address",
        ),
        _kind("stuck", _ANY, "repeats what it said when the fault began", "camera-frozen, pump-panel-frozen"),
        _kind("dead-link", {Target.LINK}, "refuses and drops connections", "link-silent, recorder-silent"),
        _kind("closing-link", {Target.LINK}, "accepts and closes at once", "link-silent, recorder-silent"),
        _kind(
            "clock-off", {Target.DOOR, Target.CAMERA, Target.LINK}, "its clock is wrong",
            "wrong times, camera-clock-wrong", value="seconds", usual=3600.0
        ),
        _kind("manual", {Target.PUMP}, "selector turned to manual", "pump-not-auto"),
        _kind("off", {Target.PUMP}, "selector turned to off", "pump-not-auto"),
        _kind("power-loss", {Target.PUMP}, "main supply is gone", "pump-power-lost"),
        _kind("phase-loss", {Target.PUMP}, "one phase is gone", "pump-phase-lost"),
        _kind("demand", {Target.PUMP}, "fire signal, the pump starts", "pump-running"),
        _kind("no-start", {Target.PUMP}, "fire signal, the pump does not start", "pump-did-not-start"),
        _kind("low-pressure", {Target.PUMP}, "a pipe bursts", "low-network-pressure, low-pressure"),
        _kind("cabinet-fault", {Target.PUMP}, "the cabinet reports a fault", "pump-fault"),
        _kind("low-tank", {Target.PUMP}, "the roof tank runs low", "tank-low"),
        _kind(
            "setpoint", {Target.AC}, "somebody turns it on and sets it", "setpoint", value="C, 0 for 28 or 22 by season"
        ),
        _kind("ac-fault", {Target.AC}, "the unit reports a fault", "ac-fault"),
        _kind("ignores-writes", {Target.AC}, "confirms what is written and does nothing", "failed orders"),
        _kind(
            "reverts", {Target.AC}, "goes back to what it had after a write", "setpoint", value="seconds", usual=60.0
        ),
        _kind(
            "counter-reset", {Target.METER}, "the meter is replaced: it counts on from here", "counter-reset",
            value="kWh", at_once=True,
        ),
        _kind("counter-glitch", {Target.METER}, "its counter reads 0", "counted as glitches, no consumption"),
        _kind(
            "counter-rollover", {Target.METER}, "its counter starts again at a number of kWh", "counted as rollover",
            value="kWh", usual=1000.0,
        ),
        _kind("held", {Target.DOOR}, "opened with a card, then wedged", "door-held"),
        _kind("forced", {Target.DOOR}, "opened without a release", "door-forced"),
        _kind(
            "speeder", {Target.RADAR}, "one vehicle, too fast", "speeding", value="km/h", usual=32.0,
            at_once=True,
        ),
        _kind(
            "turned-radar", {Target.RADAR}, "the radar stands at an angle to the road and reads too little",
            "check: conflict", value="degrees", usual=45.0,
        ),
        _kind("dark", {Target.CAMERA}, "covered, or the light is off", "camera-dark"),
        _kind("frozen", {Target.CAMERA}, "the same picture again and again", "camera-frozen"),
        _kind("frozen-clock", {Target.CAMERA}, "the same picture, and its clock goes on", "camera-frozen"),
        _kind(
            "blur", {Target.CAMERA}, "out of focus", "camera-blurred",
            value="pixels, standard deviation at 640 wide", usual=3.0,
        ),
        _kind(
            "cover", {Target.CAMERA}, "something before the lens", "camera-covered",
            value="% of the picture", usual=100.0,
        ),
        _kind(
            "turn", {Target.CAMERA}, "turned to something else", "camera-turned",
            value="% of the picture's width", usual=100.0,
        ),
        _kind(
            "shift", {Target.CAMERA}, "moved a little", "camera-moved", value="% of the picture's width", usual=5.0
        ),
        _kind(
            "glare", {Target.CAMERA}, "overexposed", "camera-overexposed", value="grey levels added", usual=225.0
        ),
        _kind("no-video", {Target.CAMERA}, "the recorder shows its blue", "camera-no-video"),
        _kind("snow", {Target.CAMERA}, "noise all over", "camera-noisy", value="grey levels", usual=90.0),
        _kind(
            "fog", {Target.CAMERA, Target.LINK}, "thick fog, before all cameras of a recorder if put on its link",
            "camera-many", value="% of the light", usual=80.0,
        ),
        _kind("offline", {Target.CAMERA}, "the recorder has lost it (status 502)", "camera-offline"),
        _kind(
            "session-limit", {Target.CAMERA, Target.LINK}, "no session is left (HTTP 503, RTSP 453)", "camera-offline"
        ),
        _kind("stall", {Target.CAMERA, Target.LINK}, "stops in the middle of a picture or stream", "camera-offline"),
        _kind("cached", {Target.CAMERA}, "an old picture out of a cache, with its old date", "camera-offline"),
        _kind(
            "low-rate", {Target.CAMERA}, "a stream with few pictures", "camera-low-rate",
            value="pictures a second", usual=1.0,
        ),
        _kind("no-recording", {Target.CAMERA}, "the recorder shows it and records nothing", "camera-recording-gap"),
        _kind(
            "disk-full", {Target.LINK}, "a recorder that shows its cameras and records none", "camera-recorder-gaps"
        ),
        _kind("unauthorised", {Target.CAMERA}, "password changed (status 401)", "camera-offline"),
        _kind("cut", {Target.CAMERA}, "its stream is cut as soon as it runs (RTSP)", "camera-offline"),
        _kind("no-keys", {Target.CAMERA}, "a stream without key frames (RTSP)", "camera-offline"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """An active fault; `until_us` None lasts until it is cleared."""

    target: str
    kind: str
    value: float
    since_us: int
    until_us: int | None


Hook = Callable[[Fault], None]


class FaultBoard:
    """Which faults are active.

    Args:
        targets: what each device and link is.
        enter, leave: called when a fault begins and ends, for what it does to the plant or a listener.
    """

    def __init__(self, targets: Mapping[str, frozenset[Target]], enter: Hook, leave: Hook) -> None:
        self._targets = targets
        self._enter = enter
        self._leave = leave
        self._active: dict[str, dict[str, Fault]] = {}

    def put(
        self, target: str, kind: str, now_us: int, *, for_s: float | None = None, value: float | None = None
    ) -> Fault:
        """Begin a fault, or begin it anew.

        Raises:
            Refused: unknown target or kind, or a kind that this target cannot have.
        """
        known = self._targets.get(target)
        if known is None:
            raise Refused(f"no device or link {target!r} in the site file")
        if kind not in KINDS:
            raise Refused(f"no fault {kind!r}; known: {', '.join(KINDS)}")
        if not KINDS[kind].targets & known:
            fitting = ", ".join(name for name, it in KINDS.items() if it.targets & known)
            raise Refused(f"{target} cannot be {kind}; it can be: {fitting}")
        until_us = None if for_s is None else now_us + round(for_s * 1e6)
        fault = Fault(target, kind, KINDS[kind].usual if value is None else value, now_us, until_us)
        self._end(target, kind)
        if not KINDS[kind].at_once:
            self._active.setdefault(target, {})[kind] = fault
        self._enter(fault)
        return fault

    def clear(self, target: str, kind: str | None = None) -> list[Fault]:
        """End one fault of a target, or all; return those that ended.

        Raises:
            Refused: unknown target.
        """
        if target not in self._targets:
            raise Refused(f"no device or link {target!r} in the site file")
        kinds = list(self._active.get(target, {})) if kind is None else [kind]
        return [fault for name in kinds if (fault := self._end(target, name)) is not None]

    def expire(self, now_us: int) -> None:
        """End what is over."""
        for fault in self.active():
            if fault.until_us is not None and fault.until_us <= now_us:
                self._end(fault.target, fault.kind)

    def active(self) -> list[Fault]:
        """Every active fault, oldest first."""
        return sorted(self._all(), key=lambda fault: fault.since_us)

    def find(self, kind: str, *targets: str) -> Fault | None:
        """The first of `targets` (a device, then its link) that has this fault."""
        for target in targets:
            fault = self._active.get(target, {}).get(kind)
            if fault is not None:
                return fault
        return None

    def _all(self) -> Iterator[Fault]:
        for faults in self._active.values():
            yield from faults.values()

    def _end(self, target: str, kind: str) -> Fault | None:
        fault = self._active.get(target, {}).pop(kind, None)
        if fault is not None:
            self._leave(fault)
        return fault
