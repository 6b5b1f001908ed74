"""What each camera is worth just now, and the two rates that people report. Pure numpy.

Online rate = points whose latest picture arrived / all registered points; good rate = those whose picture is
neither dark nor frozen, and about which no alert is open, / all registered points. A point of which nothing is known
stays in the denominator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.campus.freshness import stale_after_s
from devices.campus.rules import WhenRule, leaves
from devices.campus.site import Campus
from devices.model.alerts import Family
from devices.model.codes import CameraLink
from devices.model.texts import Text
from devices.profiles.derived import PICTURE_POINTS
from devices.profiles.profile import DeviceKind

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
#: Time, value and quality of the newest sample of a point; None if it was never heard of.
Reading = Callable[[str], tuple[int, float, int] | None]

DEFINITION: Final = Text(
    "在线率 = 最近一次取图成功的点位数 ÷ 全部登记点位数；完好率 = 在线、画面不黑不冻结且没有未恢复画面告警的点位数"
    " ÷ 全部登记点位数。状态未知的点位始终计入分母。",
    "Online rate = points whose latest picture arrived / all registered points; good rate = online, neither dark nor "
    "frozen and without an open alert about the picture / all registered points. Points of unknown state always stay "
    "in the denominator.",
)


class State(IntEnum):
    """What a camera is worth."""

    UNKNOWN = 0
    ONLINE = 1
    DARK = 2
    FROZEN = 3
    OFFLINE = 4
    UNAUTHORISED = 5
    NOT_A_PICTURE = 6
    PICTURE = 7  # online, and an alert about its picture is open
    SESSION_LIMIT = 8
    SILENT = 9
    UNDECODABLE = 10
    CACHED = 11

    @property
    def word(self) -> str:
        """As it stands on the wire."""
        return self.name.lower().replace("_", "-")


#: A picture arrives; whether it is good is another matter.
ONLINE: Final = (State.ONLINE, State.DARK, State.FROZEN, State.PICTURE)
#: Outcomes of an attempt that are states of their own; any other but `online` is offline.
OF_LINK: Final = {
    CameraLink.UNAUTHORISED: State.UNAUTHORISED,
    CameraLink.NOT_A_PICTURE: State.NOT_A_PICTURE,
    CameraLink.SESSION_LIMIT: State.SESSION_LIMIT,
    CameraLink.SILENT: State.SILENT,
    CameraLink.UNDECODABLE: State.UNDECODABLE,
    CameraLink.CACHED: State.CACHED,
}
#: What these say is about a whole building, or about the clock, and not about one picture.
_OF_ELSE: Final = frozenset({"alike", "many_alike", "clock_off_s"})
_OF_PICTURE: Final = frozenset(point.name for point in PICTURE_POINTS) - _OF_ELSE


def picture_rules(campus: Campus) -> frozenset[str]:
    """Rules that judge pictures: an open alert of one of them says that a picture is not good."""
    return frozenset(
        rule.id
        for rule in campus.rules.values()
        if isinstance(rule, WhenRule) and rule.family is Family.CAMERA
        if next(leaves(rule.when)).point in _OF_PICTURE
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a picture counts as dark (both) or frozen."""

    mean_level: float = 16.0
    std_level: float = 8.0
    same_pictures: float = 2.5

    @classmethod
    def of(cls, campus: Campus) -> Limits:
        """Those of the site file's own rules for cameras, so that page and alerts agree."""
        found: dict[str, float] = {}
        for rule in campus.rules.values():
            if isinstance(rule, WhenRule) and rule.enabled and DeviceKind.CAMERA in rule.select.kinds:
                for condition in leaves(rule.when):
                    limit = condition.below if condition.above is None else condition.above
                    if isinstance(limit, float) and condition.point in cls.__slots__:
                        found.setdefault(condition.point, limit)
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Looks:
    """The newest readings of cameras; columns of one length, float64 (n,), NaN means "no reading".

    link: see CameraLink. age_s: since the latest attempt.
    """

    link: Floats
    mean_level: Floats
    std_level: Floats
    same_pictures: Floats
    age_s: Floats


def now(
    campus: Campus, cameras: Sequence[str], reading: Reading, troubled: Collection[str], now_us: int
) -> npt.NDArray[np.int64]:
    """The state of each of these cameras, int64 (n,), see State, by the newest readings.

    `troubled` are those about whose picture an alert is open.
    """

    def column(point: str) -> Floats:
        found = (reading(f"{camera}.{point}") for camera in cameras)
        return np.array([np.nan if one is None else one[1] for one in found], np.float64)

    said = (reading(f"{camera}.link") for camera in cameras)
    age_s = np.array([np.inf if one is None else (now_us - one[0]) / 1e6 for one in said], np.float64)
    links = (campus.links[campus.devices[camera].link] for camera in cameras)
    stale_s = np.array([stale_after_s(campus, link) for link in links], np.float64)
    points = {point: column(point) for point in Looks.__slots__ if point != "age_s"}
    found = states(Looks(**points, age_s=age_s), Limits.of(campus), stale_s)
    bad = np.array([camera in troubled for camera in cameras], np.bool_)
    return np.where((found == State.ONLINE) & bad, State.PICTURE, found)


def states(looks: Looks, limits: Limits, stale_after_s: Floats) -> npt.NDArray[np.int64]:
    """The state of each camera, int64 (n,), see State; what is older than `stale_after_s` is not known."""
    dark = (looks.mean_level < limits.mean_level) & (looks.std_level < limits.std_level)
    frozen = looks.same_pictures > limits.same_pictures
    known = ~np.isnan(looks.link) & (looks.age_s <= stale_after_s)
    return np.select(
        [~known, *(looks.link == link for link in OF_LINK), looks.link != CameraLink.ONLINE, dark, frozen],
        [State.UNKNOWN, *OF_LINK.values(), State.OFFLINE, State.DARK, State.FROZEN],
        State.ONLINE,
    ).astype(np.int64)


def rates(found: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Points, how many are online, good and unknown, and the two rates; None where there is no point."""
    points = len(found)
    online = int(np.isin(found, ONLINE).sum())
    good = int((found == State.ONLINE).sum())
    return {
        "points": points,
        "online": online,
        "good": good,
        "unknown": int((found == State.UNKNOWN).sum()),
        "online_rate": online / points if points else None,
        "good_rate": good / points if points else None,
    }


def rates_by(found: npt.NDArray[np.int64], groups: list[str]) -> dict[str, dict[str, Any]]:
    """The same for each group; `groups` names that of each camera."""
    names = np.array(groups)
    return {group: rates(found[names == group]) for group in dict.fromkeys(groups)}
