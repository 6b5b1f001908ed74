from __future__ import annotations

import math

import pytest

from devices.model.units import CONVERSIONS, conversion

#: What a person looks up in a book: so much in the device's unit is so much in ours.
KNOWN = [
    ("mA", 1500, "A", 1.5),
    ("F", 212, "C", 100),
    ("F", 32, "C", 0),
    ("F", -40, "C", -40),
    ("kV", 0.4, "V", 400),
    ("kW", 1.5, "W", 1500),
    ("kVA", 2, "VA", 2000),
    ("kvar", 2, "var", 2000),
    ("Wh", 1_234_567, "kWh", 1234.567),
    ("MWh", 1.5, "kWh", 1500),
    ("varh", 500, "kvarh", 0.5),
    ("kPa", 650, "MPa", 0.65),
    ("bar", 10, "MPa", 1),
    ("psi", 145.0377377, "MPa", 1),
    ("mm", 2500, "m", 2.5),
    ("min", 90, "h", 1.5),
    ("ms", 250, "s", 0.25),
    ("m/s", 10, "km/h", 36),
    ("mph", 100, "km/h", 160.9344),
    ("ft/s", 100, "km/h", 109.728),
    ("cm/s", 1000, "km/h", 36),
]


@pytest.mark.parametrize(("unit", "value", "canonical", "expected"), KNOWN)
def test_known_amount_converts(unit: str, value: float, canonical: str, expected: float) -> None:
    how = conversion(unit)
    assert how.canonical == canonical
    assert math.isclose(value * how.factor + how.offset, expected, rel_tol=1e-9, abs_tol=1e-9)


def test_every_unit_that_is_not_canonical_has_a_known_amount() -> None:
    converted = {unit for unit, how in CONVERSIONS.items() if how.canonical != unit}
    assert converted == {unit for unit, *_ in KNOWN}


@pytest.mark.parametrize("unit", CONVERSIONS)
def test_canonical_unit_maps_to_itself_unchanged(unit: str) -> None:
    canonical = CONVERSIONS[unit].canonical
    how = CONVERSIONS[canonical]
    assert (how.canonical, how.factor, how.offset) == (canonical, 1.0, 0.0)


@pytest.mark.parametrize("unit", CONVERSIONS)
def test_conversion_keeps_order_and_is_finite(unit: str) -> None:
    how = CONVERSIONS[unit]
    assert how.factor > 0
    assert math.isfinite(how.factor)
    assert math.isfinite(how.offset)


def test_unknown_unit_is_named_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"furlong.*kWh"):
        conversion("furlong")
