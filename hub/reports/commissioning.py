"""What is left to be done until it is known what each camera should see, by day and by night. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from devices.model.codes import ReferenceStanding


class Left(StrEnum):
    """What is left of a camera, gravest first."""

    NO_PICTURE = "no-picture"  # it does not answer, so nothing can be learnt or looked at
    UNTOLD = "untold"  # its gateway has not said how far it is
    ALERT = "alert"  # an alert about it is open: nothing is learnt meanwhile
    OTHER_VIEW_DAY = "other-view-day"
    OTHER_VIEW_NIGHT = "other-view-night"
    PLAIN_DAY = "plain-day"
    PLAIN_NIGHT = "plain-night"
    CONFIRM_DAY = "confirm-day"
    CONFIRM_NIGHT = "confirm-night"
    NO_DAY = "no-day"  # not seen by that light yet, or just being learnt
    NO_NIGHT = "no-night"


class Group(StrEnum):
    """Who has to do something."""

    CONFIRM = "confirm"  # a person looks and confirms
    BLOCKED = "blocked"  # a person removes what is in the way
    WAITING = "waiting"  # nobody: it comes by itself
    DONE = "done"


_BY_LIGHT: Final = {
    ReferenceStanding.OTHER_VIEW: (Left.OTHER_VIEW_DAY, Left.OTHER_VIEW_NIGHT),
    ReferenceStanding.TOO_PLAIN: (Left.PLAIN_DAY, Left.PLAIN_NIGHT),
    ReferenceStanding.UNCONFIRMED: (Left.CONFIRM_DAY, Left.CONFIRM_NIGHT),
    ReferenceStanding.NONE: (Left.NO_DAY, Left.NO_NIGHT),
}
_TO_CONFIRM: Final = {Left.CONFIRM_DAY, Left.CONFIRM_NIGHT}
_BY_ITSELF: Final = {Left.NO_DAY, Left.NO_NIGHT}


def left_of(
    day: ReferenceStanding | None, night: ReferenceStanding | None, *, has_picture: bool, has_alert: bool
) -> list[Left]:
    """What is left of a camera, gravest first; None is a light of which its gateway has said nothing."""
    lights = (day, night)
    if lights == (ReferenceStanding.CONFIRMED, ReferenceStanding.CONFIRMED):
        return []
    found = {_BY_LIGHT[one][number] for number, one in enumerate(lights) if one in _BY_LIGHT}
    if not has_picture:
        found.add(Left.NO_PICTURE)
    if None in lights:
        found.add(Left.UNTOLD)
    if has_alert and found & _BY_ITSELF:
        found.add(Left.ALERT)
    return [one for one in Left if one in found]


def group_of(left: list[Left]) -> Group:
    """Who has to do something about what is left."""
    found = set(left)
    if not found:
        return Group.DONE
    if found & _TO_CONFIRM and Left.NO_PICTURE not in found:
        return Group.CONFIRM
    return Group.WAITING if found <= _BY_ITSELF else Group.BLOCKED
