"""What is left of a camera at commissioning, and who has to do something about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.codes import ReferenceStanding
from hub.reports.commissioning import Group, Left, group_of, left_of

NONE, UNCONFIRMED, CONFIRMED = list(ReferenceStanding)[:3]
PLAIN, OTHER = ReferenceStanding.TOO_PLAIN, ReferenceStanding.OTHER_VIEW
STANDINGS = st.none() | st.sampled_from(ReferenceStanding)


@pytest.mark.parametrize(
    ("day", "night", "more", "left", "group"),
    [
        (CONFIRMED, CONFIRMED, {}, [], Group.DONE),
        (CONFIRMED, CONFIRMED, {"has_picture": False, "has_alert": True}, [], Group.DONE),
        (UNCONFIRMED, NONE, {}, [Left.CONFIRM_DAY, Left.NO_NIGHT], Group.CONFIRM),
        (CONFIRMED, UNCONFIRMED, {}, [Left.CONFIRM_NIGHT], Group.CONFIRM),
        (CONFIRMED, NONE, {}, [Left.NO_NIGHT], Group.WAITING),
        (NONE, NONE, {"has_alert": True}, [Left.ALERT, Left.NO_DAY, Left.NO_NIGHT], Group.BLOCKED),
        (
            UNCONFIRMED,
            UNCONFIRMED,
            {"has_alert": True},
            [Left.CONFIRM_DAY, Left.CONFIRM_NIGHT],
            Group.CONFIRM,
        ),
        (UNCONFIRMED, CONFIRMED, {"has_picture": False}, [Left.NO_PICTURE, Left.CONFIRM_DAY], Group.BLOCKED),
        (PLAIN, NONE, {}, [Left.PLAIN_DAY, Left.NO_NIGHT], Group.BLOCKED),
        (CONFIRMED, OTHER, {}, [Left.OTHER_VIEW_NIGHT], Group.BLOCKED),
        (UNCONFIRMED, OTHER, {}, [Left.OTHER_VIEW_NIGHT, Left.CONFIRM_DAY], Group.CONFIRM),
        (None, None, {}, [Left.UNTOLD], Group.BLOCKED),
    ],
)
def test_what_is_left_says_who_has_to_act(
    day: ReferenceStanding | None,
    night: ReferenceStanding | None,
    more: dict[str, bool],
    left: list[Left],
    group: Group,
) -> None:
    found = left_of(day, night, **{"has_picture": True, "has_alert": False, **more})
    assert (found, group_of(found)) == (left, group)


@given(day=STANDINGS, night=STANDINGS, has_picture=st.booleans(), has_alert=st.booleans())
def test_a_camera_is_done_when_both_are_confirmed_and_never_before(
    *, day: ReferenceStanding | None, night: ReferenceStanding | None, has_picture: bool, has_alert: bool
) -> None:
    left = left_of(day, night, has_picture=has_picture, has_alert=has_alert)
    assert (group_of(left) is Group.DONE) == (day is night is CONFIRMED)
    assert left == sorted(left, key=list(Left).index)
