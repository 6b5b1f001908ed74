"""Tables and rule files beside a site file: as spreadsheets write them, and every mistake with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.model.errors import Problem

Site = Callable[..., Path]
Problems = Callable[[Path], list[Problem]]

TABLE = """\
id,profile,link,area,zh,en,unit,index,topic,parameters,tags
meter,eastron-sdm630,bus,room,表,Meter,1,0,,,main;floor
radar,ops243-radar,field,road,雷达,Radar,1,0,radar,unit=km/h;angle_factor=1.02,
"""


@pytest.fixture
def with_table(site: Site, tmp_path: Path) -> Callable[[str], Path]:
    """The site file, without rules, with its devices in a CSV table of this text."""

    def write(table: str) -> Path:
        path = site()
        text = path.read_text("utf-8")
        before, after = text.index("devices:\n"), text.index("seasons:\n")
        path.write_text(
            text[:before] + "devices: devices.csv\n" + text[after:].split("exemptions:")[0], "utf-8"
        )
        (tmp_path / "devices.csv").write_text(table, "utf-8")
        return path

    return write


WithTable = Callable[[str], Path]


def test_table_gives_the_same_devices_as_a_list(with_table: WithTable) -> None:
    campus = load_campus(with_table(TABLE))
    radar, meter = campus.devices["radar"], campus.devices["meter"]
    assert radar.parameters == {"unit": "km/h", "angle_factor": "1.02"}
    assert (meter.tags, meter.name.zh, radar.topic) == (("main", "floor"), "表", "radar")


@pytest.mark.parametrize(
    "change",
    [
        ("\n", "\r\n"),
        ("id,profile", "\ufeffid,profile"),
        ("表", " 表 "),
        ("表", '"表"'),
        ("Meter", "M\u2028"),
    ],
)
def test_table_as_spreadsheets_write_it_is_read(with_table: WithTable, change: tuple[str, str]) -> None:
    assert load_campus(with_table(TABLE.replace(*change))).devices["meter"].name.zh == "表"


def test_every_wrong_cell_of_a_table_is_told_with_its_line(
    with_table: WithTable, problems: Problems, tmp_path: Path
) -> None:
    table = TABLE.replace("Meter,1,", "Meter,one,")
    table += 'x,eastron-sdm630,bus,room,"表\n二",X,300,0,,,\nshort,row\n'
    table += "y,eastron-sdm630,bus,room,表,Y,2,0,,,,surplus\nz,eastron-sdm630,bus,room,表,Z,3,-1,,,\n"
    told = problems(with_table(table))
    file = tmp_path / "devices.csv"
    assert [(problem.file, problem.path, problem.found) for problem in told] == [
        (f"{file}: line 2", "unit", "'one'"),
        (f"{file}: line 5", "unit", "'300'"),
        (f"{file}: line 6", "-", "2 cells"),
        (f"{file}: line 7", "-", "12 cells"),
        (f"{file}: line 8", "index", "'-1'"),
    ]
    assert told[2].expected == told[3].expected == "11 cells"


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (TABLE.replace("id,profile", "id,id"), "columns twice: ['id']"),
        (TABLE.replace("表", '"表'), "unexpected end of data"),
        (TABLE.replace(",topic,", ",topics,"), "an unknown key"),
    ],
)
def test_table_with_a_wrong_head_or_quote_is_refused(
    with_table: WithTable, problems: Problems, table: str, found: str
) -> None:
    told = problems(with_table(table))
    assert any(found in problem.found for problem in told), told


def test_table_that_is_not_utf8_says_so(with_table: WithTable, problems: Problems, tmp_path: Path) -> None:
    file = with_table(TABLE)
    (tmp_path / "devices.csv").write_bytes(TABLE.encode("gbk"))
    (told,) = problems(file)
    assert (told.file, told.expected) == (str(tmp_path / "devices.csv"), "a readable UTF-8 file")


def test_mistake_between_files_names_the_file_to_put_right(
    with_table: WithTable, problems: Problems, tmp_path: Path
) -> None:
    file = with_table(TABLE.replace(",room,", ",rom,") + TABLE.splitlines()[2] + "\n")
    assert {(problem.file, problem.path) for problem in problems(file)} == {
        (str(tmp_path / "devices.csv"), "devices.meter.area"),
        (str(tmp_path / "devices.csv"), "devices.radar"),
    }


def test_mistakes_of_site_file_table_and_rule_file_are_told_in_one_go(
    with_table: WithTable, problems: Problems, tmp_path: Path
) -> None:
    file = with_table(TABLE.replace("Meter,1,", "Meter,one,"))
    (tmp_path / "own.yaml").write_text("rules: [{id: x}]\n", "utf-8")
    text = file.read_text("utf-8").replace("host: 10.0.0.1", "hots: 10.0.0.1")
    file.write_text(text + "rules: [own.yaml]\n", "utf-8")
    files = {Path(problem.file.partition(": line")[0]).name for problem in problems(file)}
    assert files == {"site.yaml", "devices.csv", "own.yaml"}


def test_rule_of_a_rule_file_that_does_not_fit_names_that_file(
    site: Site, problems: Problems, tmp_path: Path
) -> None:
    text = site().read_text("utf-8")
    begin, end = text.index("rules:\n"), text.index("seasons:\n")
    (tmp_path / "own.yaml").write_text(text[begin:end].replace("areas: [road]", "areas: [rode]"), "utf-8")
    (tmp_path / "site.yaml").write_text(text[:begin] + "rules: [own.yaml]\n" + text[end:], "utf-8")
    (told,) = problems(tmp_path / "site.yaml")
    assert (told.file, told.path) == (str(tmp_path / "own.yaml"), "rules.speed.limits.0.areas")
