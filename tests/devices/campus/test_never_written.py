"""A device that may be written shares its address with nothing else: a write would reach that as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.model.errors import ConfigRefused
from tests.edge_agent.orders.bench import SITE

AC = "- {id: ac-1, profile: intesis-inmbs, link: gw, area: room, name: {zh: 调, en: AC}, unit: %d}"


@pytest.mark.promise("P-orders-1")
@pytest.mark.parametrize(("unit", "other"), [(102, "pump"), (103, "meter")])
def test_an_air_conditioner_with_the_unit_of_something_else_is_refused(
    tmp_path: Path, unit: int, other: str
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE % (AC % unit), "utf-8")
    with pytest.raises(ConfigRefused, match=rf"devices\.ac-1\.unit: found unit {unit} of gw, as {other}"):
        load_campus(path)
    path.write_text(SITE % (AC % 1), "utf-8")
    assert "ac-1" in load_campus(path).devices
