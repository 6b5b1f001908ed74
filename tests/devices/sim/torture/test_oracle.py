"""The oracle says nothing when everything fits, and names each way in which something may not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from devices.model.samples import SampleBatch
from devices.sim.plant.doors import DoorMessage
from devices.sim.torture.oracle import CONSERVATION, INTEGRITY, LIVENESS, ONCE, Judged, Oracle
from devices.wire.messages import Lane, encode
from devices.wire.records import Stamp, samples_message, stamped

POINTS = ["open", "locked", "forced", "granted"]
SAID = DoorMessage(time_us=1000, door="door-1", open=True, locked=False, forced=False, event="granted")
VALUES = (1.0, 0.0, 0.0, 1.0)


def record(seq: int, values: Iterable[float] = VALUES, time_us: int = 1000, epoch: int = 7) -> bytes:
    batch = SampleBatch.of(np.arange(4, dtype=np.int32), time_us, list(values))
    message = samples_message(batch, [f"door-1.{point}" for point in POINTS])
    return encode(stamped(message, Stamp("bench", epoch, Lane.LIVE, seq), 5))


@pytest.fixture
def oracle() -> Oracle:
    oracle = Oracle()
    oracle.tell(SAID, 1)
    oracle.accept(SAID, 1)
    return oracle


def promises(oracle: Oracle) -> list[str]:
    return [found.promise for found in [*oracle.violations, *oracle.missing()]]


def test_what_was_told_and_arrived_twice_is_well(oracle: Oracle) -> None:
    oracle.take(record(1))
    oracle.take(record(1))
    assert promises(oracle) == []
    oracle.settle()
    oracle.take(record(1))
    assert promises(oracle) == []


def test_what_never_arrived_is_named_with_its_life(oracle: Oracle) -> None:
    (found,) = oracle.missing()
    assert found.promise == CONSERVATION
    assert "life 1" in found.what


def test_what_is_not_accepted_is_a_matter_of_liveness() -> None:
    oracle = Oracle()
    oracle.tell(SAID, 1)
    assert promises(oracle) == [LIVENESS]


@pytest.mark.parametrize(
    "wrong",
    [record(1, (0.0, 0.0, 0.0, 1.0)), record(1, time_us=1001), record(1)[:-1]],
    ids=["value", "time", "cut"],
)
def test_what_was_altered_or_invented_is_found(oracle: Oracle, wrong: bytes) -> None:
    oracle.take(wrong)
    assert promises(oracle)[0] == INTEGRITY


def test_a_number_with_other_content_is_found(oracle: Oracle) -> None:
    oracle.take(record(1))
    later = replace(SAID, time_us=2000)
    oracle.tell(later, 2)
    oracle.take(record(1, time_us=2000))
    assert promises(oracle)[0] == INTEGRITY


def test_an_old_number_with_new_readings_is_found(oracle: Oracle) -> None:
    oracle.take(record(1))
    oracle.settle()
    oracle.tell(replace(SAID, time_us=2000), 2)
    oracle.take(record(1, time_us=2000))
    assert promises(oracle)[0] == INTEGRITY


def test_readings_that_another_record_brings_again_after_the_judgement_are_no_invention(
    oracle: Oracle,
) -> None:
    oracle.take(record(1))
    oracle.settle()
    oracle.take(record(2))
    assert promises(oracle) == []
    oracle.take(record(3, (0.0, 0.0, 0.0, 1.0)))
    assert promises(oracle) == [INTEGRITY]


def test_a_number_that_never_came_is_found(oracle: Oracle) -> None:
    oracle.take(record(2))
    assert promises(oracle) == [CONSERVATION]


def test_an_outbox_that_was_begun_anew_is_found(oracle: Oracle) -> None:
    oracle.take(record(1))
    oracle.take(record(1, epoch=8))
    assert promises(oracle)[0] == CONSERVATION


def test_alerts_are_those_that_the_messages_mean(oracle: Oracle) -> None:
    oracle.take(record(1))
    forced = replace(SAID, time_us=2000, forced=True)
    oracle.tell(forced, 1)
    oracle.accept(forced, 1)
    oracle.take(record(2, (1.0, 0.0, 1.0, 1.0), time_us=2000))
    (found,) = oracle.missing()
    assert "1 not raised" in found.what


def looked(oracle: Oracle, values: Iterable[float] = VALUES, times: Iterable[int] = (1000,)) -> None:
    """A hub is asked for what it holds."""
    oracle.look()
    for point, value in zip(POINTS, values, strict=True):
        oracle.hold(f"door-1.{point}", list(times), [value for _ in times])


def test_what_a_hub_holds_is_compared_with_what_was_told(oracle: Oracle) -> None:
    looked(oracle)
    assert promises(oracle) == []


def test_a_hub_that_holds_something_else_is_found(oracle: Oracle) -> None:
    looked(oracle, values=(0.0, 0.0, 0.0, 1.0))
    assert promises(oracle) == [INTEGRITY]


def test_a_hub_that_holds_a_reading_twice_is_found(oracle: Oracle) -> None:
    looked(oracle, times=[1000, 1000])
    assert set(promises(oracle)) == {ONCE}


def test_one_alert_under_two_ids_is_found(oracle: Oracle) -> None:
    looked(oracle)
    oracle.see("first", ("door-1", 1000), cleared=True)
    oracle.see("second", ("door-1", 1000), cleared=True)
    assert promises(oracle)[0] == ONCE


def test_loosely_judged_an_alert_needs_a_cause_and_the_end_must_be_right() -> None:
    oracle = Oracle(Judged.LOOSELY)
    forced = replace(SAID, forced=True)
    oracle.tell(forced, 1)
    oracle.accept_all(1)
    looked(oracle, values=(1.0, 0.0, 1.0, 1.0))
    assert [found.what for found in oracle.missing()] == ["forced are ['door-1'], open alerts are of []"]
    oracle.see("it", ("door-1", 1000), cleared=False)
    assert promises(oracle) == []
    oracle.see("another", ("door-1", 999), cleared=True)
    assert promises(oracle) == [INTEGRITY]
