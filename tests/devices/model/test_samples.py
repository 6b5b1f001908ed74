from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.samples import Quality, SampleBatch

Row = tuple[int, int, float, int]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**31 - 1),
        st.integers(0, 2**62),
        st.floats(),
        st.sampled_from([int(q) for q in Quality]),
    ),
    max_size=30,
)


def batch(rows: list[Row]) -> SampleBatch:
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], []]
    return SampleBatch.of(*columns)


def rows_of(samples: SampleBatch) -> list[str]:
    """Rows as text, so that NaN equals NaN."""
    columns = (samples.point, samples.time_us, samples.value, samples.quality)
    return [repr(tuple(row)) for row in zip(*(column.tolist() for column in columns), strict=True)]


@given(ROWS)
def test_of_keeps_every_row_and_dtype(rows: list[Row]) -> None:
    samples = batch(rows)
    assert len(samples) == len(rows)
    assert rows_of(samples) == [repr(row) for row in rows]
    assert [samples.point.dtype, samples.time_us.dtype, samples.value.dtype, samples.quality.dtype] == [
        np.int32,
        np.int64,
        np.float64,
        np.uint8,
    ]


@given(ROWS, st.data())
def test_selection_takes_the_same_rows_as_a_list(rows: list[Row], data: st.DataObject) -> None:
    keep = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    low, high = sorted((data.draw(st.integers(0, 30)), data.draw(st.integers(0, 30))))
    order = data.draw(st.permutations(range(len(rows))))
    samples, texts = batch(rows), [repr(row) for row in rows]
    assert rows_of(samples[np.array(keep, bool)]) == [
        text for text, kept in zip(texts, keep, strict=True) if kept
    ]
    assert rows_of(samples[low:high]) == texts[low:high]
    assert rows_of(samples[list(order)]) == [texts[number] for number in order]


@given(st.lists(ROWS, max_size=5))
def test_joined_is_all_rows_in_order(parts: list[list[Row]]) -> None:
    joined = SampleBatch.joined([batch(rows) for rows in parts])
    assert rows_of(joined) == [repr(row) for rows in parts for row in rows]


def test_empty_has_no_rows_but_all_columns() -> None:
    assert len(SampleBatch.empty()) == len(SampleBatch.joined([])) == 0
    assert SampleBatch.empty().quality.dtype == np.uint8


def test_scalars_are_repeated_and_quality_is_good_unless_said() -> None:
    samples = SampleBatch.of([3, 4], 1000, np.nan)
    assert samples.time_us.tolist() == [1000, 1000]
    assert np.isnan(samples.value).all()
    assert samples.quality.tolist() == [Quality.GOOD, Quality.GOOD]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("point", np.zeros(3, np.int32)),
        ("time_us", np.zeros((2, 1), np.int64)),
        ("value", np.zeros(1)),
        ("quality", np.uint8(0)[()] * np.zeros(0, np.uint8)),
    ],
)
def test_columns_of_another_shape_are_refused(column: str, value: npt.NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="equally long"):
        dataclasses.replace(SampleBatch.of([1, 2], 0, 0.0), **{column: value})


def test_columns_of_two_dimensions_are_refused() -> None:
    square = SampleBatch.of([1, 2], 0, 0.0)
    with pytest.raises(ValueError, match="1-D"):
        SampleBatch(*(np.stack([getattr(square, field.name)] * 2) for field in dataclasses.fields(square)))


@pytest.mark.parametrize(
    ("column", "dtype"),
    [("point", np.int64), ("time_us", np.float64), ("value", np.float32), ("quality", np.int8)],
)
def test_columns_of_another_dtype_are_refused(column: str, dtype: type[np.generic]) -> None:
    good = SampleBatch.of([1, 2], 0, 0.0)
    with pytest.raises(TypeError, match=column):
        dataclasses.replace(good, **{column: getattr(good, column).astype(dtype)})


def test_lists_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        SampleBatch.of([1, 2, 3], [1, 2], 0.0)


def test_qualities_that_may_carry_a_number_come_first() -> None:
    assert [q for q in Quality if q <= Quality.UNCERTAIN] == [Quality.GOOD, Quality.UNCERTAIN]
    assert [int(quality) for quality in Quality] == list(range(len(Quality)))
