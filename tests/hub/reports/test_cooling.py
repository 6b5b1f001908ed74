"""The standard against a twin that judges unit by unit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.codes import AcMode
from hub.reports.cooling import Units, judge

NAN = math.nan
UNIT = st.fixed_dictionaries(
    {
        "on": st.sampled_from([0.0, 1.0, NAN]),
        "mode": st.sampled_from([*map(float, AcMode), NAN]),
        "running": st.sampled_from([float(AcMode.COOL), float(AcMode.HEAT), float(AcMode.FAN), NAN]),
        "setpoint": st.sampled_from([16.0, 19.9, 20.0, 20.2, 20.3, 22.0, 25.7, 25.8, 25.9, 26.0, 30.0, NAN]),
        "season": st.sampled_from(["cooling", "heating", "none"]),
        "exempt": st.booleans(),
        "has_rule": st.booleans(),
    }
)


def twin(unit: dict[str, Any]) -> tuple[bool, float, bool]:
    mode = unit["mode"]
    if mode == AcMode.AUTO:
        if unit["running"] in {AcMode.COOL, AcMode.HEAT}:
            mode = unit["running"]
        else:
            mode = {"cooling": AcMode.COOL, "heating": AcMode.HEAT, "none": AcMode.AUTO}[unit["season"]]
    excess = {AcMode.COOL: 26.0 - unit["setpoint"], AcMode.HEAT: unit["setpoint"] - 20.0}.get(mode, -1.0)
    judged = unit["season"] != "none" and not unit["exempt"] and unit["has_rule"] and unit["on"] == 1
    outside = judged and excess > 0.2
    known = unit["on"] == 0 or (unit["on"] == 1 and not math.isnan(mode) and not math.isnan(unit["setpoint"]))
    return outside, round(excess, 2) if outside else 0.0, known


@settings(deadline=None)
@given(st.lists(UNIT, max_size=12))
def test_units_together_are_judged_as_one_by_one(units: list[dict[str, Any]]) -> None:
    def column(name: str) -> Any:
        return np.array([unit[name] for unit in units], np.float64)

    def standard(value: float) -> Any:
        return np.array([value if unit["has_rule"] else NAN for unit in units], np.float64)

    verdict = judge(
        Units(
            on=column("on"),
            mode=column("mode"),
            running=column("running"),
            setpoint=column("setpoint"),
            cooling=np.array([unit["season"] == "cooling" for unit in units], np.bool_),
            heating=np.array([unit["season"] == "heating" for unit in units], np.bool_),
            exempt=np.array([unit["exempt"] for unit in units], np.bool_),
            cooling_min=standard(26.0),
            heating_max=standard(20.0),
            dead_band=standard(0.2),
        )
    )
    found = list(zip(verdict.outside.tolist(), verdict.excess.tolist(), verdict.known.tolist(), strict=True))
    assert found == [twin(unit) for unit in units]
