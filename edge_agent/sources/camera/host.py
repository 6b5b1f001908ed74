"""One host of cameras: its sessions, its cameras, and what came of asking."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from devices.campus.site import HttpLink
from devices.model.codes import CameraLink
from edge_agent.sources.camera.away import Away
from edge_agent.sources.camera.fetch import Target
from edge_agent.sources.camera.freshness import Freshness
from edge_agent.sources.camera.turns import Rank, Turns
from edge_agent.sources.camera.workers import Taker
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.orders import Order

if TYPE_CHECKING:
    from edge_agent.sources.camera.together import Building

#: Counters by outcome, with the names that all sources use where they mean the same.
COUNTED: Final = {
    CameraLink.ONLINE: "answered",
    CameraLink.HOST_DOWN: "host_down",
    CameraLink.PORT_CLOSED: "port_closed",
    CameraLink.TIMED_OUT: "timeouts",
    CameraLink.UNAUTHORISED: "unauthorised",
    CameraLink.REFUSED: "refused",
    CameraLink.NOT_A_PICTURE: "garbled",
    CameraLink.SESSION_LIMIT: "session_limit",
    CameraLink.SILENT: "silent",
    CameraLink.UNDECODABLE: "undecodable",
    CameraLink.CACHED: "cached",
}
ALSO_COUNTED: Final = ("spared", "overruns", "faults", "tampers", "onvif_failures", "recordings_unknown")
#: Cameras whose trouble health tells by name.
MOST_TOLD: Final = 50
#: So many cameras of a host that give no picture may have one cause; how many is told in steps of so many %.
LEAST: Final = 2
STEP: Final = 10
UNREACHED: Final = frozenset({CameraLink.HOST_DOWN, CameraLink.PORT_CLOSED})


@dataclass(slots=True)
class Camera:
    """One camera.

    row: in the order of `cameras_of`; rows: of its points in the agent's table, those it has.
    target: a still picture to fetch, or a stream to read.
    takers: get every packet of the stream.
    stays: the stream is read all the time; otherwise it is opened for one picture at a time.
    recording: what a recorder that is asked for it calls its recording; "" where nobody says.
    suspect_until_s: looked at more often until then.
    failures: attempts in a row without a picture.
    hurry: has a stream that is read give a picture each so many seconds.
    epochs: numbers the connections of its stream, whichever worker has it.
    away: when it gave no picture.
    """

    id: str
    row: int
    rows: Mapping[str, int]
    target: Target | Order
    is_critical: bool = False
    stays: bool = False
    recording: str = ""
    takers: tuple[Taker, ...] = ()
    link: CameraLink | None = None
    why: str = ""
    failures: int = 0
    suspect_until_s: float = -math.inf
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: Callable[[float], None] | None = None
    epochs: Iterator[int] = field(default_factory=lambda: count(1))
    freshness: Freshness = field(default_factory=Freshness)
    away: Away = field(default_factory=Away)

    def rank(self, now_s: float) -> Rank:
        """Its place among those that wait for a session."""
        if now_s < self.suspect_until_s:
            return Rank.SUSPECT
        return Rank.CRITICAL if self.is_critical else Rank.NORMAL


@dataclass(slots=True)
class Host:
    """A link, its cameras and its counters.

    rests_until_s: the host was not reached; until then its cameras share `rest`, the reason.
    building: where its only camera is, if it has but one.
    """

    link: HttpLink
    cameras: list[Camera]
    turns: Turns
    counts: Counter[str] = field(default_factory=Counter)
    rests_until_s: float = -math.inf
    rest: NoPicture | None = None
    unreached: int = 0
    last_ok_us: int = 0
    period_s: float = math.nan
    told_offline: float = math.nan
    building: Building | None = None

    def offline(self) -> float:
        """Cameras without a picture in %, of those that were tried, rounded down; 0 where it is one alone."""
        known = [camera.link for camera in self.cameras if camera.link is not None]
        failed = sum(link is not CameraLink.ONLINE for link in known)
        return STEP * (100 * failed // len(known) // STEP) if failed >= LEAST else 0.0

    def suspects(self, now_s: float) -> int:
        """How many of its cameras are looked at more often just now."""
        return sum(now_s < camera.suspect_until_s for camera in self.cameras)

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        known = [camera for camera in self.cameras if camera.link is not None]
        troubled = [camera for camera in known if camera.link is not CameraLink.ONLINE]
        return {
            "kind": self.link.kind,
            "state": self._state(len(known), len(troubled)),
            "trouble": troubled[0].why if troubled else "",
            **{name: self.counts[name] for name in (*COUNTED.values(), *ALSO_COUNTED)},
            "period_s": self.period_s if math.isfinite(self.period_s) else None,
            "last_ok_us": self.last_ok_us or None,
            "cameras": len(self.cameras),
            "online": len(known) - len(troubled),
            "troubles": {camera.id: camera.why for camera in troubled[:MOST_TOLD]},
        }

    def _state(self, known: int, troubled: int) -> str:
        if not known:
            return "starting"
        return "down" if troubled == known else "up"
