"""A probe that the hub ordered: bounded, one at a time, on the agent's own connection to the link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from devices.campus.modbus_links import ModbusLink
from devices.campus.site import Campus
from devices.model.errors import Refused, Unreachable
from devices.profiles.library import shipped
from devices.profiles.profile import ModbusSheet, Profile
from devices.profiles.strict import parse
from devices.wire.orders import Order, OrderKind
from edge_agent.probe.answer import bounded, probe
from edge_agent.probe.asked import CheckAsked, ProbeAsked
from edge_agent.probe.checking import check
from edge_agent.probe.reading import Ask, Asker, Manners, Range
from edge_agent.sources.modbus import ModbusSource
from edge_agent.sources.port import Clock

#: A link polls while it is probed: a few requests a second, and an end.
MANNERS: Final = Manners(most=32, per_s=5.0, requests=200, within_s=5.0, seconds=50.0)
LONGEST_S: Final = 60.0
MOST_BYTES: Final = 60_000


class Worker(Protocol):
    """A link that can be asked."""

    @property
    def ask(self) -> Ask:
        """Ask one question beside the polling."""


class Prober:
    """Carries out probe orders. Registers that a profile of the unit forbids are never read.

    Args:
        campus: the site file.
        agent: whose links may be probed.
        worker_of: the worker of a link; Refused if there is none.
        clock: time.
    """

    def __init__(self, campus: Campus, agent: str, worker_of: Callable[[str], Worker], clock: Clock) -> None:
        self._campus, self._agent, self._worker_of, self._clock = campus, agent, worker_of, clock
        self._busy = asyncio.Lock()

    async def __call__(self, order: Order) -> dict[str, Any]:
        """Answer one order.

        Raises:
            Refused: it asks for what may not be read, or another probe is under way.
            Unreachable: nobody answers, or it takes too long.
            Garbled: the unit answers nonsense.
        """
        link = self._campus.links.get(order.target)
        if not isinstance(link, ModbusLink) or link.agent != self._agent:
            raise Refused(f"{order.target} is no Modbus link of this agent")
        if self._busy.locked():
            raise Refused("another probe is under way at this agent")
        async with self._busy:
            begun_s = self._clock.monotonic()
            work = self._check if "check" in order.args else self._probe
            try:
                async with asyncio.timeout(LONGEST_S):
                    answer = await work(order)
            except TimeoutError:
                raise Unreachable(f"not done within {LONGEST_S:g} s") from None
            answer["took_s"] = round(self._clock.monotonic() - begun_s, 3)
            return bounded(answer, MOST_BYTES)

    async def _probe(self, order: Order) -> dict[str, Any]:
        asked = parse(order.args, ProbeAsked, "order")
        most = MANNERS.most
        for profile, sheet in self._known(order.target, asked.unit):
            if not sheet.probe:
                raise Refused(f"profile {profile.profile} of unit {asked.unit} forbids probes")
            most = min(most, sheet.max_registers)
            _refuse_forbidden(profile, sheet, asked.ranges)
        asker = self._asker(order.target, asked.unit)
        return await probe(asker, asked, replace(MANNERS, most=most), self._clock.sleep, self._clock.now_us())

    async def _check(self, order: Order) -> dict[str, Any]:
        asked = parse(order.args, CheckAsked, "order")
        profile = self._campus.profiles.get(asked.check) or shipped().get(asked.check)
        if profile is None:
            raise Refused(f"no profile {asked.check!r}")
        if isinstance(profile.sheet, ModbusSheet):
            wanted = [
                (first := point.addr + point.stride * asked.index, first + point.registers - 1)
                for point in profile.sheet.points
            ]
            for known, sheet in self._known(order.target, asked.unit):
                if known is not profile and not sheet.probe:
                    raise Refused(f"profile {known.profile} of unit {asked.unit} forbids probes")
                _refuse_forbidden(known, sheet, wanted)
        asker = self._asker(order.target, asked.unit)
        return await check(asker, profile, asked, self._clock.sleep, self._clock.now_us())

    def _asker(self, link: str, unit: int) -> Asker:
        return Asker(self._worker_of(link).ask, unit, MANNERS, self._clock)

    def _known(self, link: str, unit: int) -> Iterator[tuple[Profile, ModbusSheet]]:
        """Profiles of the devices that are known at a unit."""
        for device in self._campus.devices.values():
            profile = self._campus.profile_of(device)
            if device.link == link and device.unit == unit and isinstance(profile.sheet, ModbusSheet):
                yield profile, profile.sheet


def _refuse_forbidden(profile: Profile, sheet: ModbusSheet, ranges: Sequence[Range]) -> None:
    for low, high in sheet.forbidden:
        for first, last in ranges:
            if first <= high and low <= last:
                raise Refused(f"registers {low} to {high} must never be read ({profile.profile})")


def readers_of(campus: Campus, agent: str, source: object, clock: Clock) -> dict[OrderKind, Prober]:
    """What carries out probe orders at an agent; nothing where it has no Modbus source."""
    if not isinstance(source, ModbusSource):
        return {}
    return {OrderKind.PROBE: Prober(campus, agent, source.worker_of, clock)}
