"""Plates as numbers: each comes back as it was, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.plates import BASE, LONGEST, SHORTEST, SIGNS, decode, encode


@given(
    st.text(SIGNS, min_size=SHORTEST, max_size=LONGEST).filter(lambda text: any(c.isdigit() for c in text))
)
def test_every_plate_comes_back_from_its_float(plate: str) -> None:
    number = encode(plate)
    assert number is not None
    assert decode(float(np.float64(number))) == plate


def test_the_largest_number_is_exact_in_a_float() -> None:
    assert BASE**LONGEST < 2**53
    assert len(SIGNS) == len(set(SIGNS)) < BASE


@pytest.mark.parametrize("written", ["浙B12345", "浙B·12345", "浙b 12345", "浙B-12345"])
def test_what_stands_between_the_signs_does_not_count(written: str) -> None:
    assert encode(written) == encode("浙B12345")


@pytest.mark.parametrize(
    "told", ["", "无车牌", "未识别", "UNKNOWN", "NOPLATE", "浙B1", "浙B12345678", "浙B1234é"]
)
def test_what_is_no_plate_has_no_number(told: str) -> None:
    assert encode(told) is None


@pytest.mark.parametrize("number", [0.0, -5.0, 1.5, float("nan"), float("inf"), float(BASE), 97.0, 2.0**60])
def test_a_number_of_no_plate_is_none(number: float) -> None:
    assert decode(number) is None
