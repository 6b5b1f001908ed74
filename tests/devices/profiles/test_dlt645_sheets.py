"""Sheets of DL/T 645 meters: their vectors hold, and one that does not fit together is refused with its path."""

from __future__ import annotations

from typing import Any

import pytest

from devices.profiles.checks import check
from devices.profiles.dlt645_sheet import Block, Dlt645Point, Dlt645Sheet, Dlt645Vector
from devices.profiles.library import shipped
from devices.profiles.profile import Profile
from tests.devices.profiles.slow_dlt645 import from_frame

SHIPPED = {name: p.sheet for name, p in shipped().items() if isinstance(p.sheet, Dlt645Sheet)}
VECTORS = [
    pytest.param(sheet, vector, id=f"{name}-{number}")
    for name, sheet in SHIPPED.items()
    for number, vector in enumerate(sheet.vectors)
]
NAME = {"zh": "名", "en": "name"}


def profile(*, points: list[dict[str, Any]], **more: Any) -> Profile:
    sheet = {"kind": "dlt645", "points": [{"title": NAME, **point} for point in points]}
    sheet.update({key: value for key, value in more.items() if key != "read_only"})
    whole = {"profile": "m", "kind": "meter", "title": NAME, "make": "m", "model": "m", "grade": "own"}
    read_only = more.get("read_only", True)
    return Profile.model_validate({**whole, "sources": ["here"], "read_only": read_only, "sheet": sheet})


U1 = {"name": "u_l1_v", "di": "02010100", "digits": (3, 1), "unit": "V"}
U2 = {"name": "u_l2_v", "di": "02010200", "digits": (3, 1), "unit": "V"}
I1 = {"name": "i_l1_a", "di": "02020100", "digits": (3, 3), "unit": "A"}


def test_single_phase_and_three_phase_meters_are_there() -> None:
    assert set(SHIPPED) == {"dlt645-single-phase", "dlt645-three-phase"}


@pytest.mark.parametrize(("sheet", "vector"), VECTORS)
def test_vector_holds(sheet: Dlt645Sheet, vector: Dlt645Vector) -> None:
    values = from_frame(sheet, vector.frame, sheet.parameters)
    assert values == {
        name: None if value is None else pytest.approx(value) for name, value in vector.values.items()
    }


def test_digits_say_bytes_and_decimals() -> None:
    sizes = {point.digits: (point.size, point.decimals) for point in SHIPPED["dlt645-three-phase"].points}
    assert sizes == {
        (3, 1): (2, 1),
        (3, 3): (3, 3),
        (2, 4): (3, 4),
        (1, 3): (2, 3),
        (2, 2): (2, 2),
        (6, 2): (4, 2),
    }


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "identifier of two points": ({"points": [U1, {**U2, "di": U1["di"]}]}, "sheet.points.0.di"),
    "block with a point's identifier": (
        {"points": [U1, U2], "blocks": [{"di": U1["di"], "points": ["u_l1_v", "u_l2_v"]}]},
        "sheet.blocks.0.di",
    ),
    "unknown point in a block": (
        {"points": [U1], "blocks": [{"di": "0201FF00", "points": ["u_l1_v", "u_l9_v"]}]},
        "sheet.blocks.0.points",
    ),
    "point in two blocks": (
        {
            "points": [U1, U2],
            "blocks": [
                {"di": "0201FF00", "points": ["u_l1_v", "u_l2_v"]},
                {"di": "0201FF01", "points": ["u_l1_v", None]},
            ],
        },
        "sheet.blocks.0.points",
    ),
    "digits mixed in a block": (
        {"points": [U1, I1], "blocks": [{"di": "0201FF00", "points": ["u_l1_v", "i_l1_a"]}]},
        "sheet.blocks.0.points",
    ),
    "block of values that nobody wants": (
        {"points": [U1], "blocks": [{"di": "0201FF00", "points": [None, None]}]},
        "sheet.blocks.0.points",
    ),
    "point with codes": ({"points": [{**U1, "codes": "on_off", "unit": ""}]}, "sheet.points.0.codes"),
    "vector of an unknown point": (
        {"points": [U1], "vectors": [{"frame": "68 16", "values": {"x": 1}}]},
        "sheet.vectors.0.values",
    ),
    "a meter that may be written to": ({"points": [U1], "read_only": False}, "read_only"),
}


@pytest.mark.parametrize(("sheet", "path"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_told_with_its_path(sheet: dict[str, Any], path: str) -> None:
    found = [problem.path for problem in check(profile(**sheet), "m.yaml")]
    assert path in found


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Dlt645Point, {**U1, "digits": (3, 2)}),
        (Dlt645Point, {**U1, "digits": (0, 2)}),
        (Dlt645Point, {**U1, "digits": (7, 7)}),
        (Dlt645Point, {**U1, "di": "2010100"}),
        (Block, {"di": "0201FF00", "points": ["u_l1_v"]}),
        (Dlt645Vector, {"frame": "68 1", "values": {}}),
    ],
)
def test_value_out_of_shape_is_refused(model: type[Any], values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        model.model_validate({"title": NAME, **values} if model is Dlt645Point else values)
