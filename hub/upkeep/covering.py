"""Watches the areas that good cameras must watch: one that is uncovered for a while is an alert of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind, Family, alert_id
from devices.model.texts import Text
from hub.alerts import board, store
from hub.alerts.record import Record
from hub.db import Database
from hub.db.rounds import rounds
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ALERT, Bus
from hub.live.newest import Newest
from hub.reports.cameras import State, picture_rules
from hub.reports.coverage import Covered, Standing, standing

_log = logging.getLogger(__name__)

LOOK_S: Final = 5.0
US_PER_S: Final = 1_000_000
#: An entry's alerts are all of one version: what they demand stands in each as its limit.
VERSION: Final = 1

Key = tuple[str, str]  # entry and area


class Covering:
    """Brings the hub's own alerts to what the cameras say.

    An area that cameras of a gateway that is away could cover is not judged: the gateway has an alert of its own.
    How long an area has been uncovered is counted anew when the hub starts; what was raised stays raised.

    Args:
        campus: with the rules that are live, which say what a good picture is.
    """

    def __init__(
        self,
        db: Database,
        campus: Callable[[], Campus],
        newest: Newest,
        bus: Bus,
        now_us: Callable[[], int],
    ) -> None:
        self._db = db
        self._campus = campus
        self._newest = newest
        self._bus = bus
        self._now_us = now_us
        self._since: dict[Key, tuple[bool, int]] = {}

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look now and then, for ever."""
        await rounds(self.look, LOOK_S, "the coverage by cameras cannot be judged", _log, sleep)

    async def look(self) -> None:
        """Judge once; the database is written only where something is different.

        Raises:
            Unreachable: the database does not work now.
        """
        campus, now_us = self._campus(), self._now_us()
        gateways, raised = await self._db.read(
            lambda c: (roster.gateways(c), board.active_of(c, family=Family.CAMERA))
        )
        active = {(one.rule, one.device): one for one in raised if one.agent == store.HUB}
        judging = picture_rules(campus)
        troubled = {one.device for one in raised if one.rule in judging}
        away = {agent for agent, gateway in gateways.items() if gateway.presence is Presence.OFFLINE}
        areas = list(standing(campus, self._newest.reading, troubled, now_us))
        self._hold((area for area in areas if not _decided_by(campus, area, away)), now_us)
        events = [*self._due(areas, active, campus, now_us), *_gone(areas, active, now_us)]
        if events:
            changed = await self._db.write(
                lambda c: store.apply_events(c, events, store.HUB, None, now_us).changed
            )
            self._bus.publish(ALERT, changed)

    def _hold(self, areas: Iterable[Covered], now_us: int) -> None:
        """Note since when each area that can be judged is covered, or is not."""
        before, self._since = self._since, {}
        for area in areas:
            enough = area.standing is Standing.COVERED
            known = before.get(_key(area))
            self._since[_key(area)] = known if known and known[0] is enough else (enough, now_us)

    def _due(
        self, areas: Iterable[Covered], active: dict[Key, Record], campus: Campus, now_us: int
    ) -> Iterator[AlertEvent]:
        for area in areas:
            enough, since_us = self._since.get(_key(area), (None, now_us))
            entry, record = area.need.coverage, active.get(_key(area))
            held_s = (now_us - since_us) / US_PER_S
            if enough is False and record is None and held_s >= entry.on_delay_s:
                yield _event(area, campus, EventKind.RAISE, since_us, now_us)
            elif enough and record is not None and held_s >= entry.off_delay_s:
                yield _event(area, campus, EventKind.CLEAR, record.start_us, now_us)


def _key(area: Covered) -> Key:
    return area.need.coverage.id, area.need.area.id


def _decided_by(campus: Campus, area: Covered, away: set[str]) -> bool:
    """Whether cameras of gateways that are away could make an area covered."""
    pairs = zip(area.need.cameras, area.states, strict=True)
    unknown = [campus.links[campus.devices[name].link].agent for name, s in pairs if s is State.UNKNOWN]
    hidden = sum(agent in away for agent in unknown)
    return area.good < area.need.coverage.least <= area.good + hidden


def _gone(areas: Iterable[Covered], active: dict[Key, Record], now_us: int) -> Iterator[AlertEvent]:
    """Ends of what no entry of the site file asks any more."""
    wanted = {_key(area) for area in areas}
    for key, record in active.items():
        if key not in wanted:
            yield AlertEvent(
                id=record.id,
                kind=EventKind.CLEAR,
                rule=record.rule,
                rule_version=record.rule_version,
                family=record.family,
                severity=record.severity,
                site=record.site,
                device=record.device,
                time_us=now_us,
                start_us=record.start_us,
                value=record.value,
                limit=record.limit,
                unit=record.unit,
                message=record.message,
            )


def _event(area: Covered, campus: Campus, kind: EventKind, start_us: int, now_us: int) -> AlertEvent:
    entry, place = area.need.coverage, area.need.area
    return AlertEvent(
        id=alert_id(entry.id, VERSION, place.id, start_us),
        kind=kind,
        rule=entry.id,
        rule_version=VERSION,
        family=Family.CAMERA,
        severity=entry.severity,
        site=campus.buildings[place.building].site,
        device=place.id,
        time_us=now_us,
        start_us=start_us,
        value=float(area.good),
        limit=float(entry.least),
        unit="count",
        message=Text(
            f"{place.name.zh}共 {len(area.states)} 台摄像机，完好 {area.good} 台、状态未知 {area.unknown} 台，"
            f"要求至少 {entry.least} 台完好",
            f"{place.name.en}: of {len(area.states)} cameras {area.good} are good and {area.unknown} unknown; "
            f"at least {entry.least} must be good",
        ),
        evidence={
            "cameras": float(len(area.states)),
            "cameras_good": float(area.good),
            "cameras_unknown": float(area.unknown),
        },
    )
