"""The newest sample of each point, against a dictionary that is filled one sample at a time."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.samples import Quality, SampleBatch
from hub.live.newest import Newest

NAMES = ["a.x", "a.y", "b.x", "c.x"]
BATCHES = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, len(NAMES) - 1),
            st.integers(0, 6),
            st.sampled_from([0.0, 1.5, math.nan]),
            st.sampled_from([Quality.GOOD, Quality.NO_ANSWER]),
        ),
        max_size=6,
    ),
    max_size=6,
)


def batch(samples: list[tuple[int, int, float, int]]) -> SampleBatch:
    columns = list(zip(*samples, strict=True)) or [[], [], [], []]
    return SampleBatch.of(*columns)


@settings(deadline=None)
@given(BATCHES)
def test_batches_end_like_one_sample_at_a_time(batches: list[list[tuple[int, int, float, int]]]) -> None:
    newest = Newest()
    slow: dict[str, list[object]] = {}
    for samples in batches:
        newest.update(batch(samples), NAMES)
        # within a batch the later time wins, at the same time the later row
        for point, time_us, value, quality in sorted(samples, key=lambda s: s[1]):
            known = slow.get(NAMES[point])
            if known is None or time_us >= known[0]:
                slow[NAMES[point]] = [time_us, None if math.isnan(value) else value, int(quality)]
    assert newest.as_json(np.arange(len(newest))) == slow


def test_what_changed_since_a_version_is_what_was_updated_after_it() -> None:
    newest = Newest(NAMES)
    assert newest.changed_since(0).tolist() == []
    newest.update(batch([(0, 1, 1.0, 0), (1, 1, 1.0, 0)]), NAMES)
    seen = newest.version
    newest.update(batch([(2, 2, 1.0, 0), (0, 0, 9.0, 0)]), NAMES)
    assert [newest.names[row] for row in newest.changed_since(seen)] == ["b.x"]
    assert [newest.names[row] for row in newest.changed_since(0)] == ["a.x", "a.y", "b.x"]
    assert newest.changed_since(newest.version).tolist() == []


def test_the_same_value_read_again_is_a_change_because_it_is_fresh() -> None:
    newest = Newest(NAMES)
    newest.update(batch([(0, 1, 1.0, 0)]), NAMES)
    seen = newest.version
    newest.update(batch([(0, 2, 1.0, 0)]), NAMES)
    assert newest.changed_since(seen).tolist() == [0]


def test_each_batch_speaks_of_its_own_names() -> None:
    newest = Newest(NAMES)
    newest.update(batch([(0, 1, 7.0, 0)]), ["c.x"])
    assert newest.reading("c.x") == (1, 7.0, 0)
    assert newest.reading("a.x") is None
    assert newest.reading("nobody.x") is None
    assert newest.rows_of(["c.x", "nobody.x", "a.x"]).tolist() == [3, 0]


def test_more_points_than_the_first_block_holds_are_kept() -> None:
    names = [f"d.p{number}" for number in range(5000)]
    newest = Newest()
    newest.update(SampleBatch.of(np.arange(5000), 1, np.arange(5000.0)), names)
    assert newest.reading("d.p4999") == (1, 4999.0, 0)
    assert newest.reading("d.p0") == (1, 0.0, 0)


def test_points_beyond_the_most_are_refused_and_counted() -> None:
    newest = Newest(["a.x"], most=2)
    newest.update(SampleBatch.of([0, 1, 2], 1, [1.0, 2.0, 3.0]), ["a.x", "a.y", "b.x"])
    assert len(newest) == 2
    assert newest.refused == 1
    assert newest.reading("a.y") == (1, 2.0, 0)
