"""Counters: against the slow twin at any cut, and the stories that meters are known to tell."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.detect import saving
from edge_agent.detect.counters.count import Counters, Counts, Happened, Note, count, sign
from tests.edge_agent.detect.counters.slow_count import SlowCounter

MINUTE = 60_000_000
KW_5000 = 5000 / 3.6e9
MODULUS = 1000.0


def known(
    counters: int = 1,
    *,
    modulus: float | None = None,
    per_us: float | None = KW_5000,
    notes: tuple[Note, ...] = (),
) -> Counters:
    return Counters(
        np.full(counters, np.nan if modulus is None else modulus),
        np.full(counters, np.inf if per_us is None else per_us),
        np.full(counters, 0.1),
        (notes,) * counters,
    )


class Meter:
    """One counter, read each minute."""

    def __init__(self, **about: object) -> None:
        self.known, self.state = known(**about), Counts.nothing(1)  # type: ignore[arg-type]
        self.now_us, self.totals, self.happened = 0, [], list[Happened]()

    def reads(self, *values: float, every_us: int = MINUTE) -> list[float]:
        """The totals these readings gave; NaN where none was."""
        found = []
        for value in values:
            self.now_us += every_us
            self.state, told = count(
                self.state, self.known, np.zeros(1, np.int64), np.array([self.now_us]), np.array([value])
            )
            self.happened += told.happened
            found.append(float(told.total[0]) if len(told.total) else math.nan)
        return found

    @property
    def events(self) -> list[str]:
        return [str(one.event) for one in self.happened]


NOTHING = pytest.approx(math.nan, nan_ok=True)


def test_a_total_is_the_reading_itself_while_nothing_happens() -> None:
    assert Meter().reads(100.0, 100.5, 100.5, 102.0) == [100.0, 100.5, 100.5, 102.0]


@pytest.mark.promise("P-counter-1")
def test_a_single_zero_is_a_glitch_and_nothing_is_counted_twice() -> None:
    meter = Meter()
    assert meter.reads(81_000.0, 0.0, 81_000.5) == [81_000.0, NOTHING, 81_000.5]
    assert meter.events == ["glitch"]


@pytest.mark.promise("P-counter-1")
def test_a_spike_that_comes_back_is_a_glitch() -> None:
    meter = Meter()
    assert meter.reads(500.0, 1.8e21, 501.0) == [500.0, NOTHING, 501.0]
    assert meter.events == ["glitch"]


def test_zeros_for_less_than_five_minutes_are_a_glitch() -> None:
    meter = Meter()
    assert meter.reads(500.0, 0.0, 0.0, 0.0, 0.0, 501.0)[-1] == 501.0
    assert meter.events == ["glitch"]


def test_a_meter_that_begins_again_from_zero_goes_on_in_its_total() -> None:
    meter = Meter()
    totals = meter.reads(500.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert totals == [500.0, *[NOTHING] * 5, 505.0, 506.0]
    assert meter.events == ["reset"]


def test_a_counter_that_passes_its_modulus_rolls_over() -> None:
    meter = Meter(modulus=MODULUS)
    totals = meter.reads(995.0, 999.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert totals[-1] == 1006.0
    assert meter.events == ["rollover"]


def test_a_reset_far_from_the_modulus_is_no_rollover() -> None:
    meter = Meter(modulus=4_294_967.296)
    meter.reads(500.0, *[0.0] * 6)
    assert meter.events == ["reset"]


def test_a_new_meter_that_stands_lower_is_counted_from_what_it_first_showed() -> None:
    meter = Meter()
    totals = meter.reads(9000.0, *[4000.0 + n for n in range(6)], 4006.0)
    assert totals[-2:] == [9005.0, 9006.0]
    assert meter.events == ["replaced"]


def test_a_jump_up_that_stays_is_not_counted_as_consumption() -> None:
    meter = Meter()
    assert meter.reads(100.0, *[50_000.0 + n for n in range(6)])[-1] == 105.0
    assert meter.events == ["replaced"]


def test_a_coarse_counter_may_step_by_what_was_counted_since_it_changed() -> None:
    meter = Meter(per_us=1.0 / MINUTE)
    assert meter.reads(100.0, 100.0, 100.0, 100.0, 105.0) == [100.0, 100.0, 100.0, 100.0, 105.0]
    meter.reads(105.0, 105.0)
    assert meter.reads(110.0) == [NOTHING]


def test_a_long_silence_lets_a_counter_grow_by_what_it_can_have_counted() -> None:
    meter = Meter()
    meter.reads(100.0)
    assert meter.reads(4100.0, every_us=60 * MINUTE) == [4100.0]
    assert meter.events == []


def test_a_float_register_may_be_rounded_down() -> None:
    meter = Meter()
    assert meter.reads(1_000_000.0, 999_999.9375, 1_000_000.5) == [1_000_000.0, 1_000_000.0, 1_000_000.5]
    assert meter.events == []


def test_a_note_of_a_person_is_believed_at_once() -> None:
    meter = Meter(notes=(Note(3 * MINUTE, final=502.0, initial=10.0),))
    assert meter.reads(500.0, 501.0, 10.5, 11.0) == [500.0, 501.0, 502.5, 503.0]
    assert meter.events == ["signed"]


def test_a_note_that_comes_later_corrects_what_was_booked() -> None:
    meter = Meter()
    meter.reads(500.0, *[10.0] * 6)
    assert meter.reads(11.0) == [511.0]
    meter.known = known(notes=(Note(5 * MINUTE, final=502.0, initial=10.0),))
    meter.state, happened = sign(meter.state, meter.known)
    assert [str(one.event) for one in happened] == ["signed"]
    assert meter.reads(11.0) == [503.0]
    assert sign(meter.state, meter.known)[1] == []


def test_without_a_known_growth_only_a_fall_is_doubted() -> None:
    meter = Meter(per_us=None)
    assert meter.reads(1.0, 1e9, 1e9 + 1) == [1.0, 1e9, 1e9 + 1]


def test_a_reading_that_is_not_newer_is_left_out() -> None:
    _, told = count(
        Counts.nothing(1), known(), np.zeros(3, np.int64), np.array([5, 5, 4]), np.array([1.0, 2.0, 3.0])
    )
    assert (told.total.tolist(), told.late, told.taken.tolist()) == ([1.0], 2, [0])


MOVES = st.sampled_from(
    ["on", "on", "still", "still", "leap", "down", "zero", "up", "back", "around", "rounded", "late"]
)


def moved(move: str, value: float, base: float) -> float:
    """The next reading. A leap is more than since the reading before, less than since the counter changed."""
    after = {
        "on": value + 1.0,
        "leap": value + 300.0,
        "down": value * 0.5,
        "zero": 0.0,
        "up": value + 1e5,
        "back": base,
        "around": max(0.0, value + 3.0 - MODULUS),
        "rounded": value * (1 - 1e-7),
    }
    return after.get(move, value)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[int, int, float]]:
    """Readings (counter, time, value) of three counters, in the order in which they come."""
    base, held, now = [900.0, 5.0, 400.0], [900.0, 5.0, 400.0], 1000
    found = []
    for move in draw(st.lists(MOVES, max_size=60)):
        which = draw(st.integers(0, 2))
        now += draw(st.sampled_from([1, 1_000_000, 50_000_000, 100_000_000, 301_000_000, 4_000_000_000]))
        value = held[which] = moved(move, held[which], base[which])
        if draw(st.integers(0, 3)) == 0:
            base[which] = value
        found.append((which, now - (2_000_000 if move == "late" else 0), value))
    return found


@given(
    stories(),
    st.lists(st.integers(0, 60), max_size=5),
    st.sampled_from([None, MODULUS]),
    st.sampled_from([None, KW_5000]),
    st.sampled_from([(), (Note(2_000_000_000, 905.0, 2.0),)]),
)
@settings(max_examples=300, deadline=None)
@pytest.mark.promise("P-counter-1")
def test_columns_cut_anywhere_and_saved_between_agree_with_the_slow_twin(
    story: list[tuple[int, int, float]],
    cuts: list[int],
    modulus: float | None,
    per_us: float | None,
    notes: tuple[Note, ...],
) -> None:
    about = known(3, modulus=modulus, per_us=per_us, notes=notes)
    slow = [
        SlowCounter(modulus, per_us, 0.1, [(note.at_us, note.final, note.initial) for note in notes])
        for _ in range(3)
    ]
    for which, time_us, value in story:
        slow[which].read(time_us, value)
    state, totals, events = Counts.nothing(3), [[] for _ in slow], [[] for _ in slow]
    places = sorted({0, len(story), *(cut for cut in cuts if cut < len(story))})
    for first, end in pairwise(places):
        rows, times, values = zip(*story[first:end], strict=True)
        state, told = count(state, about, np.array(rows), np.array(times), np.array(values))
        for which, time_us, total in zip(told.counter, told.time_us, told.total, strict=True):
            totals[which].append((time_us, total))
        for one in told.happened:
            events[one.counter].append((str(one.event), one.time_us, one.before, one.after))
        saved = saving.packed(["a", "b", "c"], state.named())
        state = Counts(**saving.reordered(saved, ["a", "b", "c"], Counts.nothing(3).named()))
    assert totals == [counter.totals for counter in slow]
    assert events == [counter.events for counter in slow]


def test_an_old_note_does_not_make_one_stray_reading_a_new_meter() -> None:
    meter = Meter(notes=(Note(MINUTE, final=90_000.0, initial=0.0),))
    meter.now_us = 700 * 24 * 60 * MINUTE
    assert meter.reads(5000.0, 5000.5, 300.0, 5001.0) == [5000.0, 5000.5, NOTHING, 5001.0]
    assert meter.events == ["glitch"]
