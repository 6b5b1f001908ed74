"""Exports: what is read, in whichever order and words, and what every wrong line is told."""

from __future__ import annotations

import gzip
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from devices.model.errors import ConfigRefused
from devices.model.samples import Quality, SampleBatch
from edge_agent.backtest.export import Export
from edge_agent.backtest.spool import HOUR_US, Spool

PLACES = {"ac-1.on": 0, "ac-1.setpoint_c": 1, "door.open": -1}
ZONE = ZoneInfo("Asia/Shanghai")
T = 1_790_000_000_250_000


def read(path: Path) -> SampleBatch:
    return SampleBatch.joined(list(Export(path, PLACES, ZONE).batches()))


def written(folder: Path, text: str, name: str = "export.csv") -> Path:
    file = folder / name
    file.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return file


@pytest.mark.parametrize("name", ["export.csv", "export.csv.gz"])
def test_samples_come_as_they_stand_and_what_nobody_asks_for_is_passed_over(
    tmp_path: Path, name: str
) -> None:
    text = f"point,time_us,value\nac-1.on,{T},1\ndoor.open,{T},1\n\nac-1.setpoint_c,{T + 5},\nac-1.on,{T - 9},0\n"
    batch = read(written(tmp_path, text, name))
    assert batch.point.tolist() == [0, 1, 0]
    assert batch.time_us.tolist() == [T, T + 5, T - 9]
    assert np.array_equal(batch.value, [1, np.nan, 0], equal_nan=True)
    assert batch.quality.tolist() == [Quality.GOOD, Quality.NO_ANSWER, Quality.GOOD]


def test_the_hubs_own_export_is_read(tmp_path: Path) -> None:
    text = (
        "\ufeff时间,测点,数值,质量\r\n2026-10-01 08:00:00,ac-1.on,1.0,good\r\n"
        "2026-10-01 08:00:01,ac-1.on,,no_answer\r\n2026-10-01T00:00:02.5+00:00,ac-1.on,2,uncertain\r\n"
    )
    batch = read(written(tmp_path, text))
    begin_us = 1_790_812_800_000_000
    assert batch.time_us.tolist() == [begin_us, begin_us + 1_000_000, begin_us + 2_500_000]
    assert batch.quality.tolist() == [Quality.GOOD, Quality.NO_ANSWER, Quality.UNCERTAIN]


def test_a_number_of_bad_quality_is_none(tmp_path: Path) -> None:
    batch = read(written(tmp_path, f"point,time_us,value,quality\nac-1.on,{T},7,garbled\nac-1.on,{T},,0\n"))
    assert np.isnan(batch.value).all()
    assert batch.quality.tolist() == [Quality.GARBLED, Quality.NO_ANSWER]


@pytest.mark.parametrize(
    ("line", "column", "found", "expected"),
    [
        (f"ac-1.onn,{T},1,good", ", point", "'ac-1.onn'", "did you mean 'ac-1.on'"),
        ("ac-1.on,yesterday,1,good", ", time_us", "'yesterday'", "UTC microseconds"),
        ("ac-1.on,-5,1,good", ", time_us", "'-5'", "1970"),
        (f"ac-1.on,{T},one,good", ", value", "'one'", "a number"),
        (f"ac-1.on,{T},inf,good", ", value", "'inf'", "a number"),
        (f"ac-1.on,{T},nan,good", ", value", "'nan'", "a number"),
        (f"ac-1.on,{T},1,fine", ", quality", "'fine'", "one of good, uncertain"),
        (f"ac-1.on,{T},1", "", "3 cells", "4 cells"),
        (f"ac-1.on,{T},1,good,more", "", "5 cells", "4 cells"),
        ("x" * 200_000 + ",1,1,good", "", "field larger", "CSV"),
    ],
)
def test_a_wrong_line_is_told_with_its_place_and_the_others_beside_it(
    tmp_path: Path, line: str, column: str, found: str, expected: str
) -> None:
    good = f"ac-1.on,{T},1,good"
    text = f"point,time_us,value,quality\n{good}\n{line}\n{good}\n"
    with pytest.raises(ConfigRefused) as refused:
        read(written(tmp_path, text))
    (problem,) = refused.value.problems
    assert problem.path == f"line 3{column}"
    assert found in problem.found
    assert expected in problem.expected


@pytest.mark.parametrize(
    "head",
    [
        "",
        "time,value",
        "time,time_us,point,value",
        "time,point,value,colour",
        "time,ac-1.on",
        "point,point,time,value",
    ],
)
def test_a_file_without_the_columns_is_refused_with_those_that_are_wanted(tmp_path: Path, head: str) -> None:
    with pytest.raises(
        ConfigRefused, match=r"line 1: found .*expected columns time_us or time, point, value"
    ):
        read(written(tmp_path, head + "\n1,2,3,4\n"))


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    torn = tmp_path / "torn.csv.gz"
    torn.write_bytes(gzip.compress(b"point,time_us,value\n" + b"ac-1.on,1,1\n" * 9000)[:-40])
    chinese = tmp_path / "gbk.csv"
    chinese.write_bytes("时间,测点\n".encode("gbk"))
    plain = tmp_path / "plain.csv.gz"
    plain.write_bytes(b"not packed at all")
    for path in (
        torn,
        chinese,
        tmp_path / "nowhere.csv",
        plain,
        tmp_path,
    ):
        with pytest.raises(ConfigRefused, match="a readable CSV file in UTF-8"):
            read(path)


def test_many_wrong_lines_end_the_reading(tmp_path: Path) -> None:
    text = "point,time_us,value\n" + "nobody.x,1,1\n" * 100_000
    export = Export(written(tmp_path, text), PLACES, ZONE)
    with pytest.raises(ConfigRefused) as refused:
        list(export.batches())
    assert len(refused.value.problems) == 50
    assert export.share < 1


def test_a_spool_gives_every_sample_back_hour_by_hour(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    spool, put = Spool(tmp_path), []
    for _ in range(4):
        time_us = random.integers(0, 5 * HOUR_US, 300) + 1000 * HOUR_US
        batch = SampleBatch.of(
            random.integers(0, 9, 300), time_us, random.random(300), random.integers(0, 7, 300)
        )
        spool.put(batch)
        put.append(batch)
    hours = list(spool.hours())
    for batch, end_us in hours:
        assert batch.time_us.max() < end_us
        assert batch.time_us.min() >= end_us - HOUR_US
    assert [end_us for _, end_us in hours] == sorted({end_us for _, end_us in hours})
    found, expected = SampleBatch.joined([batch for batch, _ in hours]), SampleBatch.joined(put)
    for name in ("point", "value", "quality"):
        order, wanted = (
            np.lexsort((found.value, found.time_us)),
            np.lexsort((expected.value, expected.time_us)),
        )
        assert np.array_equal(getattr(found, name)[order], getattr(expected, name)[wanted])
