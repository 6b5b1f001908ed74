"""What goes to an agent in one message: an agent that is older than a kind of order still hears all the others."""

from __future__ import annotations

from dataclasses import replace

from devices.wire.orders import Bundle, Freeze, OrderKind
from hub.orders.courier import bundles
from tests.hub.orders.test_record import MADE

FROZEN = Freeze(3, frozen=True)
WRITE, PROBE, REFERENCE = (
    replace(MADE, id=f"{number:032x}", kind=kind) for number, kind in enumerate(OrderKind)
)


def said(*waiting: object) -> list[Bundle]:
    return bundles("edge", 7, waiting, FROZEN)  # type: ignore[arg-type]


def test_writes_probes_and_freezes_are_one_message() -> None:
    (only,) = said(WRITE, PROBE)
    assert only == Bundle("edge", 7, FROZEN, (WRITE.order, PROBE.order), ())
    assert said() == [Bundle("edge", 7, FROZEN)], "a freeze goes out without orders too"


def test_a_later_kind_comes_after_them_in_a_message_of_its_own() -> None:
    taken_back = replace(REFERENCE, cancelled_by="ann")
    first, second = said(taken_back, WRITE)
    assert first == Bundle("edge", 7, FROZEN, (WRITE.order,), ())
    assert second == Bundle("edge", 7, FROZEN, (taken_back.order,), (taken_back.id,))
    first, _ = said(REFERENCE)
    assert first == Bundle("edge", 7, FROZEN), "who drops the second has heard of the freeze"
