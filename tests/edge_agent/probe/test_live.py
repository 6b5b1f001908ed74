"""`campus-edge probe` against simulated devices on real sockets."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from devices.campus.loading import load_campus
from devices.profiles.library import load_sheets, shipped
from devices.profiles.profile import ModbusSheet
from devices.sim.simulation import Options, Simulation, running
from edge_agent.__main__ import main
from tests.devices.sim.conftest import SMALL
from tests.edge_agent.sources.modbus.misbehaving import Server, serving

#: As fast as it goes, and patient: the machine may be busy.
FAST = ("--rate", "1000", "--wait", "0.01", "--timeout", "20")
Run = Callable[..., Any]


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Simulation]:
    path = tmp_path / "site.yaml"
    path.write_text(SMALL, "utf-8")
    campus = load_campus(path)
    async with running(campus, Options(ports=dict.fromkeys(campus.links, 0))) as simulation:
        yield simulation


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program beside the loop of the simulator: its exit code, and what it printed."""

    async def run(*arguments: object) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ["probe", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def meters(sim: Simulation) -> str:
    listener = sim.listeners["meters"]
    return f"{listener.host}:{listener.port}"


async def test_a_simulated_sdm630_comes_out_as_floats_high_word_first(
    sim: Simulation, told: Run, tmp_path: Path
) -> None:
    draft = tmp_path / "my-meter.yaml"
    at = (meters(sim), "--unit", 1, "--table", "input", "--range", "0x0-0x4B", *FAST)
    code, out, _ = await told(*at, "--write", draft, "--json")
    assert code == 0
    answer = json.loads(out)
    chosen = {
        row["addr"]: row["candidates"][row["chosen"]] for row in answer["rows"] if row["chosen"] is not None
    }
    sheet = shipped()["eastron-sdm630"].sheet
    assert isinstance(sheet, ModbusSheet)
    for point in sheet.points:
        if point.unit == "V":
            assert chosen[point.addr]["meaning"] == "voltage"
        if point.unit in {"V", "A", "W"}:
            assert (chosen[point.addr]["type"], chosen[point.addr]["order"]) == ("f32", "msw")
    (profile,) = load_sheets([draft]).values()
    assert profile.profile == "my-meter"
    code, out, _ = await told(meters(sim), "--unit", 1, "--check", draft, "--json", *FAST)
    assert (code, json.loads(out)["wrong"]) == (0, 0)


async def test_values_between_registers_that_are_not_there_come_out(sim: Simulation, told: Run) -> None:
    at = (meters(sim), "--unit", 2, "--range", "2999-3033", "--looks", 1, "--json", *FAST)
    answer = json.loads((await told(*at))[1])
    chosen = {
        row["addr"]: row["candidates"][row["chosen"]] for row in answer["rows"] if row["chosen"] is not None
    }
    assert sorted(chosen) == [2999, 3001, 3003, 3027, 3029, 3031]
    assert {(one["type"], one["order"]) for one in chosen.values()} == {("f32", "msw")}
    assert {chosen[addr]["meaning"] for addr in (3027, 3029, 3031)} == {"voltage"}
    assert [3005, 3026] in answer["ones"]


async def test_a_table_names_what_is_plausible_and_what_was_refused(sim: Simulation, told: Run) -> None:
    code, out, _ = await told(meters(sim), "--table", "input", "--range", "0-45", "--looks", 1, *FAST)
    assert code == 0
    assert "*     0 (0x0000)" in out
    assert "V voltage" in out
    assert "illegal_address" in out


async def test_a_profile_that_fits_is_good_and_another_is_not(sim: Simulation, told: Run) -> None:
    code, out, _ = await told(meters(sim), "--unit", 2, "--check", "schneider-iem3155", *FAST)
    assert code == 0
    assert "0 wrong" in out
    code, out, _ = await told(meters(sim), "--unit", 2, "--check", "eastron-sdm630", "--json", *FAST)
    assert {point["verdict"] for point in json.loads(out)["points"]} == {"refused"}


async def test_a_wrong_word_order_is_told_with_the_right_one(told: Run) -> None:
    server = Server()
    for addr, value in ((0, 230.4), (2, 229.8), (4, 231.1), (0x46, 50.02)):
        high, low = struct.unpack(">2H", struct.pack(">f", value))
        server.put_words(1, 4, addr, struct.pack(">2H", low, high))
    async with serving(server):
        code, out, _ = await told(f"127.0.0.1:{server.port}", "--check", "eastron-sdm630", "--json", *FAST)
    assert code == 1
    points = {point["point"]: point for point in json.loads(out)["points"]}
    for name in ("u_l1_v", "u_l2_v", "u_l3_v", "freq_hz"):
        assert points[name]["verdict"] in {"implausible", "doubtful"}
        assert (points[name]["instead"][0]["order"], points[name]["instead"][0]["type"]) == ("lsw", "f32")
    assert points["u_l1_v"]["instead"][0]["value"] == pytest.approx(230.4, abs=1e-4)


async def test_a_counter_that_falls_between_two_looks_is_doubtful(told: Run) -> None:
    falling = iter(range(1000, 0, -1))
    server = Server()

    def manner(asked: Any, _frame: bytes) -> list[Any]:
        server.put_words(1, 4, 0x48, struct.pack(">f", float(next(falling))))
        return [server.answer(asked)]

    server.everyone = manner
    async with serving(server):
        _, out, _ = await told(f"127.0.0.1:{server.port}", "--check", "eastron-sdm630", "--json", *FAST)
    points = {point["point"]: point for point in json.loads(out)["points"]}
    assert points["energy_kwh"]["verdict"] == "doubtful"


async def test_nobody_there_is_said_in_one_line(told: Run) -> None:
    async with serving(Server()) as server:
        port = server.port
    code, _, err = await told(f"127.0.0.1:{port}", "--range", "0-9")
    assert code == 1
    assert "campus-edge: 127.0.0.1" in err


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("127.0.0.1:x",), "target: found '127.0.0.1:x'"),
        (("127.0.0.1", "--range", "9-3"), "--range: found '9-3'"),
        (("127.0.0.1", "--rate", "0"), "--rate: found '0.0'"),
        (("127.0.0.1", "--most", "126"), "--most: found '126'"),
        (("127.0.0.1", "--write", "/"), "--write: found '/'"),
        (("127.0.0.1", "--range", "0-600"), "at most 500 registers"),
        (("127.0.0.1", "--unit", "300"), "unit: found 300"),
        (("127.0.0.1", "--check", "no-such-profile"), "--check: found 'no-such-profile'"),
        (("127.0.0.1", "--check", "coolmasternet", "--parameter", "x"), "--parameter: found 'x'"),
        (("127.0.0.1", "--check", "coolmasternet", "--index", "2000"), "index: found 2000"),
    ],
)
async def test_options_that_make_no_sense_are_refused_with_what_was_expected(
    told: Run, arguments: tuple[str, ...], found: str
) -> None:
    code, _, err = await told(*arguments)
    assert code == 2
    assert found in err
