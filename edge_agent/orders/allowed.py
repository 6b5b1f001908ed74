"""Whether this agent may write what it is asked to: pure, and whatever the hub and the sheets say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeGuard

from devices.campus.never_written import why_never
from devices.campus.site import Campus, Device
from devices.model.codes import CODES
from devices.model.errors import Refused
from devices.profiles.profile import ModbusSheet
from devices.profiles.writes import Writable
from devices.wire.orders import Order
from edge_agent.orders.settings import OrderSettings
from edge_agent.orders.words import Request, Spot


@dataclass(frozen=True, slots=True)
class No:
    """Why an order is not carried out: a word for programs, and one for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """A write that this agent may carry out.

    value:  as the device will show it.
    spot:   where the point itself is read, for what it was before.
    back:   where what was written is shown.
    mode:   where the mode is read; None: it may be done in any.
    bounds: where what the value is held against is read; whether the value must not be above it, or not below.
    """

    device: Device
    value: float
    hold_s: float | None
    writable: Writable
    spot: Spot
    back: Spot
    mode: Spot | None
    bounds: tuple[tuple[Spot, bool], ...]
    request: Request

    @property
    def modes(self) -> frozenset[float]:
        """Codes of the modes in which it may be done."""
        return frozenset(float(int(CODES["ac_mode"][mode.upper()])) for mode in self.writable.modes)


def task_of(order: Order, campus: Campus, agent: str, settings: OrderSettings | None) -> Task | No:
    """What to do for an order to write, or why nothing is done.

    `settings` are None for what was written already: giving it back asks for no permission.
    """
    device = campus.devices.get(order.target)
    if device is None or campus.links[device.link].agent != agent:
        return No("agent-unknown", f"{order.target} is not a device of {agent}")
    profile = campus.profile_of(device)
    name = order.args.get("point")
    writable = next((one for one in profile.write if one.point == name), None)
    never = why_never(campus, device)
    refusals = (
        (never != "", "never", never),
        (settings is not None and not settings.enabled, "disabled", "orders are not enabled on this agent"),
        (
            settings is not None and device.id not in settings.devices and profile.kind not in settings.kinds,
            "not-listed",
            f"this agent does not list {device.id} among what may be written",
        ),
        (profile.read_only, "read-only", f"the data sheet {profile.profile} is only for reading"),
    )
    for holds, code, text in refusals:
        if holds:
            return No(code, text)
    if writable is None or not isinstance(profile.sheet, ModbusSheet):
        return No("read-only", f"{ascii(name)[:40]} of {profile.profile} is not for writing")
    return _task(order, device, profile.sheet, writable)


def _task(order: Order, device: Device, sheet: ModbusSheet, writable: Writable) -> Task | No:
    value, hold_s = order.args.get("value"), order.args.get("hold_s")
    if not _is_number(value):
        return No("range", "no number is ordered")
    if (wrong := _wrong_hold(writable, hold_s)) is not None:
        return No("range", wrong)
    spot = Spot.of(device, sheet, writable.point)
    if (wrong := _wrong_value(writable, spot, float(value))) is not None:
        return No("range", wrong)
    try:
        kept = spot.kept(float(value))
    except Refused as error:
        return No("range", str(error))
    return Task(
        device=device,
        value=kept,
        hold_s=float(hold_s) if _is_number(hold_s) else None,
        writable=writable,
        spot=spot,
        back=Spot.of(device, sheet, writable.shown_by),
        mode=Spot.of(device, sheet, "mode") if writable.modes else None,
        bounds=tuple(
            (Spot.of(device, sheet, name), is_upper)
            for name, is_upper in ((writable.not_above, True), (writable.not_below, False))
            if name is not None
        ),
        request=Request.of(device, writable),
    )


def _wrong_value(writable: Writable, spot: Spot, value: float) -> str | None:
    if spot.point.codes is not None:
        words = {float(int(CODES[spot.point.codes][name.upper()])): name for name in writable.members}
        return None if value in words else f"{value:g} is none of {', '.join(writable.members)}"
    if writable.range is None or not writable.range[0] <= value <= writable.range[1]:
        return f"{value:g} is outside {writable.range}"
    return None


def _wrong_hold(writable: Writable, hold_s: object) -> str | None:
    if hold_s is None:
        return "it has to be ordered for a time" if writable.hold == "must" else None
    if writable.hold == "never":
        return "it cannot be ordered for a time"
    if not _is_number(hold_s) or not 0 < hold_s <= writable.longest_hold_s:
        return f"it can be held for at most {writable.longest_hold_s:g} s"
    return None


def _is_number(value: object) -> TypeGuard[float]:
    try:
        return type(value) in {int, float} and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # an integer larger than any float
        return False
