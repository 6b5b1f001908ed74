"""The fault board: what may be put where, when it begins and when it ends."""

from __future__ import annotations

import pytest

from devices.model.errors import Refused
from devices.sim.wires.faults import KINDS, Fault, FaultBoard, Target

TARGETS = {
    "meter": frozenset({Target.MODBUS}),
    "pump": frozenset({Target.MODBUS, Target.PUMP}),
    "radar": frozenset({Target.MQTT, Target.RADAR}),
    "link": frozenset({Target.LINK}),
}


class Hooks:
    """Writes down what the board tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.board = FaultBoard(TARGETS, self.enter, self.leave)

    def enter(self, fault: Fault) -> None:
        self.told.append(("enter", fault.target, fault.kind))

    def leave(self, fault: Fault) -> None:
        self.told.append(("leave", fault.target, fault.kind))


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        ("meters", "silent", "no device or link 'meters'"),
        ("meter", "melted", "no fault 'melted'; known: silent,"),
        ("meter", "manual", "meter cannot be manual; it can be: silent, slow, exception, garbled, stuck"),
        ("link", "stuck", "link cannot be stuck"),
    ],
)
def test_fault_that_cannot_be_is_refused_with_what_can(
    hooks: Hooks, target: str, kind: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        hooks.board.put(target, kind, 0)
    assert hooks.told == []


def test_fault_lasts_until_its_time_and_not_longer(hooks: Hooks) -> None:
    hooks.board.put("meter", "silent", 1_000_000, for_s=2.0)
    hooks.board.expire(2_999_999)
    assert hooks.board.find("silent", "meter") is not None
    hooks.board.expire(3_000_000)
    assert hooks.board.find("silent", "meter") is None
    assert hooks.told == [("enter", "meter", "silent"), ("leave", "meter", "silent")]


def test_fault_without_a_time_lasts_until_it_is_cleared(hooks: Hooks) -> None:
    hooks.board.put("meter", "silent", 0)
    hooks.board.expire(10**18)
    assert [fault.kind for fault in hooks.board.active()] == ["silent"]
    assert [fault.kind for fault in hooks.board.clear("meter")] == ["silent"]
    assert hooks.board.clear("meter") == []


def test_same_fault_again_begins_anew(hooks: Hooks) -> None:
    hooks.board.put("meter", "slow", 0, for_s=1.0)
    hooks.board.put("meter", "slow", 500_000, for_s=1.0, value=9.0)
    hooks.board.expire(1_200_000)
    (fault,) = hooks.board.active()
    assert (fault.since_us, fault.value) == (500_000, 9.0)
    assert [what for what, *_ in hooks.told] == ["enter", "leave", "enter"]


def test_several_faults_of_one_target_end_one_by_one(hooks: Hooks) -> None:
    hooks.board.put("pump", "manual", 0)
    hooks.board.put("pump", "power-loss", 1)
    hooks.board.clear("pump", "manual")
    assert [fault.kind for fault in hooks.board.active()] == ["power-loss"]


def test_clearing_an_unknown_target_is_refused(hooks: Hooks) -> None:
    with pytest.raises(Refused, match="nothing"):
        hooks.board.clear("nothing")


def test_moment_is_told_and_not_kept(hooks: Hooks) -> None:
    fault = hooks.board.put("radar", "speeder", 0)
    assert fault.value == KINDS["speeder"].usual
    assert hooks.board.active() == []
    assert hooks.told == [("enter", "radar", "speeder")]


def test_fault_of_a_link_is_found_for_its_devices(hooks: Hooks) -> None:
    hooks.board.put("link", "silent", 0)
    found = hooks.board.find("silent", "meter", "link")
    assert found is not None
    assert found.target == "link"
    assert hooks.board.find("silent", "meter") is None


def test_every_kind_says_what_happens_and_what_answers() -> None:
    assert all(kind.what and kind.provokes and kind.targets for kind in KINDS.values())
    assert {target for kind in KINDS.values() for target in kind.targets} == set(Target)
