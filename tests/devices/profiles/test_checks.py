"""A sheet with mistakes is refused: each with its file, path, what was found and what was expected."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Final

import pytest

from devices.model.errors import ConfigRefused, Problem
from devices.profiles.library import SHEETS, load_sheets
from devices.profiles.strict import read_yaml

Edit = tuple[str, object]
MISSING: Final = object()


def problems_of(tmp_path: Path, name: str, *edits: Edit) -> set[tuple[str, str]]:
    """Path and what was found of every problem of a shipped sheet after some edits (`a.0.b` to a value)."""
    values = edited(read_yaml(SHEETS / f"{name}.yaml"), edits)
    path = tmp_path / f"{name}.yaml"
    path.write_text(json.dumps(values), "utf-8")
    try:
        load_sheets([path])
    except ConfigRefused as refused:
        problems = refused.problems
    else:
        problems = ()
    assert all(problem.file == str(path) and problem.expected for problem in problems)
    return {(problem.path, problem.found) for problem in problems}


def edited(values: Any, edits: tuple[Edit, ...]) -> Any:
    values = copy.deepcopy(values)
    for path, value in edits:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        at = values
        for step in steps:
            at = at[step]
        if value is MISSING:
            del at[last]
        elif isinstance(at, list) and last == len(at):
            at.append(value)
        else:
            at[last] = value
    return values


@pytest.mark.parametrize("name", sorted(path.stem for path in SHEETS.glob("*.yaml")))
def test_unchanged_sheet_has_no_problem(tmp_path: Path, name: str) -> None:
    assert problems_of(tmp_path, name) == set()


POINTS = "sheet.points"
BIT = {
    "name": "spare",
    "title": {"zh": "备", "en": "spare"},
    "table": "holding",
    "addr": 1,
    "codes": "on_off",
}

MISTAKES: Final[list[tuple[str, Edit, str, str]]] = [
    # the sheet as a whole
    ("pressure-7reg", ("profile", "pressure_7"), "profile", "'pressure_7'"),
    ("pressure-7reg", ("profile", "other"), "profile", "'other'"),
    ("pressure-7reg", ("kind", "gauge"), "kind", "'gauge'"),
    ("pressure-7reg", ("grade", "D"), "grade", "'D'"),
    ("pressure-7reg", ("sources", []), "sources", "[]"),
    ("pressure-7reg", ("sources", MISSING), "sources", "nothing"),
    ("pressure-7reg", ("maker", "x"), "maker", "an unknown key with value 'x'"),
    ("pressure-7reg", ("title.zh", ""), "title.zh", "''"),
    ("pressure-7reg", ("sheet.kind", "profibus"), "sheet", "{"),
    ("pressure-7reg", (POINTS, []), POINTS, "[]"),
    ("pressure-7reg", ("sheet.max_registers", 126), "sheet.max_registers", "126"),
    ("pressure-7reg", ("sheet.serial.frame", "7E1"), "sheet.serial.frame", "'7E1'"),
    # a point of any protocol
    ("pressure-7reg", (f"{POINTS}.0.name", "Pressure"), f"{POINTS}.0.name", "'Pressure'"),
    ("pressure-7reg", (f"{POINTS}.0.title.en", MISSING), f"{POINTS}.0.title.en", "nothing"),
    ("pressure-7reg", (f"{POINTS}.0.unit", "Torr"), f"{POINTS}.0.unit", "'Torr'"),
    ("pressure-7reg", (f"{POINTS}.0.valid", [5, 5]), f"{POINTS}.0.valid", "[5, 5]"),
    ("pressure-7reg", (f"{POINTS}.0.valid", [1]), f"{POINTS}.0.valid.1", "nothing"),
    ("pressure-7reg", (f"{POINTS}.0.codes", "doors"), f"{POINTS}.0.codes", "'doors'"),
    ("pressure-7reg", (f"{POINTS}.0.scale_by", "k"), f"{POINTS}.0.scale_by", "'k'"),
    ("pressure-7reg", (f"{POINTS}.1.name", "decimals"), f"{POINTS}.1.name", "'decimals' 2 times"),
    ("pressure-7reg", (f"{POINTS}.0.counter", {"modulus": 0}), f"{POINTS}.0.counter.modulus", "0"),
    ("intesis-inmbs", (f"{POINTS}.1.enum.4", "chill"), f"{POINTS}.1.enum", "{'0': 'auto'"),
    ("intesis-inmbs", (f"{POINTS}.1.codes", MISSING), f"{POINTS}.1.enum", "{'0': 'auto'"),
    ("intesis-inmbs", (f"{POINTS}.1.enum.x", "cool"), f"{POINTS}.1.enum.x", "'x'"),
    ("coolmasternet", (f"{POINTS}.6.otherwise", "broken"), f"{POINTS}.6.otherwise", "'broken'"),
    ("coolmasternet", (f"{POINTS}.6.enum", MISSING), f"{POINTS}.6.otherwise", "'on'"),
    ("ops243-radar", (f"{POINTS}.0.name", "pass_kmh"), f"{POINTS}.0.name", "'pass_kmh', which the agent"),
    ("pressure-7reg", (f"{POINTS}.0.scale", 0), f"{POINTS}.0.scale", "0.0"),
    ("intesis-inmbs", (f"{POINTS}.0.counter", {}), f"{POINTS}.0.counter", "with codes on_off"),
    ("eastron-sdm120", (f"{POINTS}.6.scale", -1), f"{POINTS}.6.scale", "-1.0"),
    ("eastron-sdm120", (f"{POINTS}.0.name", "total_energy_kwh"), f"{POINTS}.6.name", "'energy_kwh'"),
    ("eastron-sdm120", (f"{POINTS}.6.name", "e" * 60), f"{POINTS}.6.name", f"'{'e' * 60}'"),
    # what registers hold
    ("pressure-7reg", (f"{POINTS}.0.shift", 4), f"{POINTS}.0.shift", "4"),
    ("daikin-dta116a", (f"{POINTS}.1.shift", 3), f"{POINTS}.1.shift", "3, which cuts bits of mask 0x0004"),
    ("daikin-dta116a", (f"{POINTS}.1.mask", 0x0001), f"{POINTS}.1.mask", "0x0001, the very bits of on"),
    (
        "daikin-dta116a",
        (f"{POINTS}.5.mask", 0x0F08),
        f"{POINTS}.5.mask",
        "0x0F08, some bits of which are mode",
    ),
    (
        "campus-pump-panel",
        (f"{POINTS}.28.counter", {"modulus": 65537}),
        f"{POINTS}.28.counter.modulus",
        "65537",
    ),
    ("pressure-7reg", (f"{POINTS}.0.counter", {"modulus": 32769}), f"{POINTS}.0.counter.modulus", "32769"),
    (
        "schneider-iem3155",
        (f"{POINTS}.12.counter", {"modulus": 1e20}),
        f"{POINTS}.12.counter.modulus",
        "1e+20",
    ),
    ("daikin-dta116a", (f"{POINTS}.7.valid", [9000, 9999]), f"{POINTS}.7.valid", "[9000, 9999]"),
    # registers
    ("pressure-7reg", (f"{POINTS}.0.addr", 65536), f"{POINTS}.0.addr", "65536"),
    ("pressure-7reg", (f"{POINTS}.0.addr", -1), f"{POINTS}.0.addr", "-1"),
    ("pressure-7reg", (f"{POINTS}.0.table", "coil"), f"{POINTS}.0.type", "'i16'"),
    ("pressure-7reg", (f"{POINTS}.0.type", "bit"), f"{POINTS}.0.type", "'bit'"),
    ("pressure-7reg", (f"{POINTS}.0.type", "u24"), f"{POINTS}.0.type", "'u24'"),
    ("pressure-7reg", (f"{POINTS}.0.mask", 15), f"{POINTS}.0.mask", "15"),
    ("pressure-7reg", (f"{POINTS}.0.shift", 16), f"{POINTS}.0.shift", "16"),
    ("pressure-7reg", (f"{POINTS}.0.sentinel", [70000]), f"{POINTS}.0.sentinel", "70000"),
    ("pressure-7reg", (f"{POINTS}.0.addr", 3), f"{POINTS}.2.addr", "holding 3, where pressure_mpa is"),
    (
        "pressure-7reg",
        ("sheet.forbidden", [[4, 9]]),
        f"{POINTS}.0.addr",
        "a register in the forbidden range 4..9",
    ),
    ("pressure-7reg", ("sheet.forbidden", [[9, 7]]), "sheet.forbidden.0", "[9, 7]"),
    ("campus-pump-panel", (f"{POINTS}.29", BIT), f"{POINTS}.29.addr", "holding 1, where position is"),
    ("campus-pump-panel", (f"{POINTS}.8.enum.9", "auto"), f"{POINTS}.8.enum.9", "9"),
    ("campus-pump-panel", ("sheet.max_registers", 1), f"{POINTS}.25", "2 registers"),
    ("schneider-iem3155", (f"{POINTS}.12.addr", 65533), f"{POINTS}.12.addr", "index 0 ends at 65536"),
    ("daikin-dta116a", ("sheet.max_index", 1024), "sheet.max_index", "1024"),
    ("daikin-dta116a", (f"{POINTS}.0.stride", 2000), f"{POINTS}.0.addr", "index 63 ends at 128000"),
    (
        "daikin-dta116a",
        ("sheet.forbidden", [[2012, 2012]]),
        f"{POINTS}.0.addr",
        "a register in the forbidden",
    ),
    ("daikin-dta116a", (f"{POINTS}.1.stride", 3), f"{POINTS}.1.addr", "input 2000, where on is"),
    ("daikin-dta116a", (f"{POINTS}.7.stride", 5), f"{POINTS}.7.addr", "input 2012, where on is"),
    # vectors
    ("pressure-7reg", ("sheet.vectors.0.point", "flow"), "sheet.vectors.0.point", "'flow'"),
    ("pressure-7reg", ("sheet.vectors.0.words", [1, 2]), "sheet.vectors.0.words", "2 words"),
    ("pressure-7reg", ("sheet.vectors.0.words", [65536]), "sheet.vectors.0.words.0", "65536"),
    ("ops243-radar", ("sheet.vectors.0.text", "{"), "sheet.vectors.0.text", "Expecting property name"),
    ("ops243-radar", ("sheet.vectors.0.values.flow", 1), "sheet.vectors.0.values", "'flow'"),
    ("ops243-radar", ("sheet.vectors.0.parameters", {"x": 1}), "sheet.vectors.0.parameters", "'x'"),
    ("hikvision-radar", ("sheet.vectors.0.hex", "F9 3"), "sheet.vectors.0.hex", "'F9 3'"),
    ("hikvision-radar", ("sheet.vectors.0.values.0.flow", 1), "sheet.vectors.0.values", "'flow'"),
    # messages, bytes, pictures
    ("ops243-radar", (f"{POINTS}.1.words.inbound", "in"), f"{POINTS}.1.words", "{'inbound': 'in'"),
    ("ops243-radar", (f"{POINTS}.1.magnitude", True), f"{POINTS}.1.sign", "True"),
    ("ops243-radar", (f"{POINTS}.0.unit_by", "units"), f"{POINTS}.0.unit_by", "'units'"),
    ("ops243-radar", ("sheet.parameters.unit", "furlong"), "sheet.parameters.unit", "'furlong'"),
    ("ops243-radar", ("sheet.parameters.unit", "kWh"), "sheet.parameters.unit", "'kWh'"),
    ("ops243-radar", ("sheet.parameters.unit", 3.6), "sheet.parameters.unit", "3.6"),
    ("campus-door", ("sheet.time_unit", "ns"), "sheet.time_unit", "'ns'"),
    ("campus-door", (f"{POINTS}.0.path", ""), f"{POINTS}.0.path", "''"),
    ("hikvision-radar", ("sheet.format", "single"), POINTS, "['direction', 'speed_kmh']"),
    ("hikvision-radar", ("sheet.low_kmh", 240), "sheet.low_kmh", "240..240"),
    ("campus-camera", ("sheet.path", "/{camera}.jpg"), "sheet.path", "{camera}"),
    ("campus-camera", ("sheet.path", "/{"), "sheet.path", "'/{' ("),
    ("campus-camera", ("sheet.path", "x.jpg"), "sheet.path", "'x.jpg'"),
]


@pytest.mark.parametrize(
    ("name", "edit", "path", "found"), MISTAKES, ids=[f"{name}-{edit[0]}" for name, edit, *_ in MISTAKES]
)
def test_mistake_is_named_where_it_was_made(
    tmp_path: Path, name: str, edit: Edit, path: str, found: str
) -> None:
    problems = problems_of(tmp_path, name, edit)
    assert [what for where, what in problems if where == path and what.startswith(found)], problems


def test_a_point_that_lies_over_itself_behind_a_gateway_is_refused(tmp_path: Path) -> None:
    """Two registers each, one apart: the second unit would show half of the first one's value."""
    apart = [("sheet.max_index", 3), (f"{POINTS}.0.stride", 1)]
    found = problems_of(tmp_path, "schneider-iem3155", *apart)
    assert (f"{POINTS}.0.addr", "holding 3028, where u_l1_v is") in found


def test_mistakes_in_one_point_and_in_several_are_all_named(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        "intesis-inmbs",
        (f"{POINTS}.0.unit", "Torr"),
        (f"{POINTS}.0.valid", [2, 1]),
        (f"{POINTS}.0.enum.1", "lit"),
        (f"{POINTS}.3.table", "inputs"),
        (f"{POINTS}.4.scaleby", "x"),
        ("grade", "Z"),
    )
    assert {path for path, _ in problems} == {
        f"{POINTS}.0.unit",
        f"{POINTS}.0.valid",
        f"{POINTS}.0.enum",
        f"{POINTS}.3.table",
        f"{POINTS}.4.scaleby",
        "grade",
    }


def test_contradictions_between_keys_are_all_named(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        "pressure-7reg",
        (f"{POINTS}.0.scale_by", "k"),
        (f"{POINTS}.1.addr", 3),
        (f"{POINTS}.1.name", "decimals"),
        ("sheet.vectors.1.point", "flow"),
        ("sheet.forbidden", [[4, 4]]),
    )
    assert {path for path, _ in problems} == {
        f"{POINTS}.0.scale_by",
        f"{POINTS}.0.addr",
        f"{POINTS}.1.name",
        f"{POINTS}.2.name",
        f"{POINTS}.2.addr",
        "sheet.vectors.1.point",
    }


def test_bits_of_one_word_may_share_it_but_not_with_a_whole_word(tmp_path: Path) -> None:
    bit = {**BIT, "addr": 4, "mask": 16, "shift": 4}
    assert problems_of(tmp_path, "campus-pump-panel", (f"{POINTS}.29", bit)) == set()
    whole = {**bit, "mask": None}
    problems = problems_of(tmp_path, "campus-pump-panel", (f"{POINTS}.29", whole))
    assert problems == {(f"{POINTS}.29.addr", "holding 4, where stabiliser_running is")}


def test_same_address_in_two_tables_is_no_overlap(tmp_path: Path) -> None:
    other = {**BIT, "table": "input", "addr": 4, "type": "u16"}
    assert problems_of(tmp_path, "pressure-7reg", (f"{POINTS}.3", other)) == set()


def test_problems_of_all_files_are_gathered(tmp_path: Path) -> None:
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "c.yaml"]
    files[0].write_text("profile: a\n")
    files[1].write_text("profile: [\n")
    with pytest.raises(ConfigRefused) as caught:
        load_sheets(files)
    assert {Path(problem.file).name for problem in caught.value.problems} == {"a.yaml", "b.yaml", "c.yaml"}


def test_one_name_in_two_folders_is_refused(tmp_path: Path) -> None:
    text = (SHEETS / "pressure-7reg.yaml").read_text("utf-8")
    files = [tmp_path / "a" / "pressure-7reg.yaml", tmp_path / "b" / "pressure-7reg.yaml"]
    for file in files:
        file.parent.mkdir()
        file.write_text(text, "utf-8")
    with pytest.raises(ConfigRefused) as caught:
        load_sheets(files)
    assert caught.value.problems == (
        Problem(str(files[1]), "profile", "'pressure-7reg' in a second file", "each once"),
    )
