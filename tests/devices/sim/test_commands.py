"""`campus-sim` as a person uses it: as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.model.errors import ConfigRefused
from devices.sim.__main__ import main, parser
from devices.sim.credentials import broker_of

ROOT = Path(__file__).parents[3]
SITE = str(ROOT / "config/demo/site.yaml")


@pytest.fixture
def site(small_file: Path, tmp_path: Path, free_port: Callable[[], int]) -> str:
    """The small campus on ports of its own."""
    text = small_file.read_text("utf-8")
    for old in (15020, 15021, 15022, 18100):
        text = text.replace(f"port: {old}", f"port: {free_port()}")
    path = tmp_path / "site.yaml"
    path.write_text(text, "utf-8")
    return str(path)


async def test_simulator_runs_takes_a_fault_shows_its_ledger_and_ends_on_a_signal(
    site: str, tmp_path: Path, free_port: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    control = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "devices.sim", "run", "--site", site, "--control", control,
        "--ledger", str(tmp_path / "ledger.json"), "--as-if", "2026-11-23T10:00",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async def sim(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, [*arguments, "--control", control])
        out, err = capsys.readouterr()
        return code, out, err

    assert process.stdout is not None
    started = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
    assert "14 devices" in started
    assert control in started
    assert await sim("fault", "pump-1", "manual", "--for", "60") == (0, "pump-1: manual for 60 s\n", "")
    assert (await sim("faults", "--active"))[1] == "pump-1: manual\n"
    assert (await sim("clear", "pump-1"))[1] == "pump-1: manual ended\n"
    assert (await sim("clear", "all"))[1] == "nothing was wrong\n"
    code, _, err = await sim("fault", "pump-1", "dark")
    assert code == 2
    assert "pump-1 cannot be dark" in err
    assert (await sim("ledger", "--out", str(tmp_path / "now.json")))[0] == 0
    assert '"points"' in (await sim("ledger"))[1]
    assert '"campus": "small"' in (await sim("status"))[1]
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    for name in ("now.json", "ledger.json"):
        assert set(json.loads((tmp_path / name).read_text())) == {"points", "ranges", "devices", "events"}
    code, _, err = await sim("status")
    assert (code, "no simulator answers" in err) == (2, True)


def test_check_accepts_the_demo_and_its_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--site", SITE, "--scenario", str(ROOT / "config/demo/scenario.yaml")]) == 0
    assert "1176 devices" in capsys.readouterr().out


def test_check_says_every_problem_of_a_site_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("campus: {id: X, name: {zh: 一}}\nagents: []\n", "utf-8")
    assert main(["check", "--site", str(site)]) == 2
    told = capsys.readouterr().err
    for path in ("campus.id", "campus.name.en", "agents", "sites", "devices"):
        assert f"{site}: {path}: found" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--control", "nowhere"], "--control"),
        (["run", "--as-if", "yesterday"], "2026-11-23T09:10"),
        (["run", "--field-broker", "broker"], "host:port"),
        (["run", "--credentials", "/no/such/file"], "/no/such/file"),
        (["check", "--scenario", "/no/such/file"], "/no/such/file"),
        (["fault", "x", "y", "--control", "127.0.0.1:1"], "no simulator answers at 127.0.0.1:1"),
        (["history", "--credentials", "/no/such/file"], "/no/such/file"),
    ],
)
def test_mistake_on_the_command_line_is_told_and_ends_with_two(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_site = ["--site", SITE] if arguments[0] in {"run", "check", "history"} else []
    assert main([*arguments, *with_site]) == 2
    assert said in capsys.readouterr().err


def test_site_writes_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "devices.csv") in capsys.readouterr().out


def test_faults_lists_every_kind_with_what_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    told = capsys.readouterr().out
    for word in ("KIND", "manual", "pump-not-auto", "speeder", "km/h, usually 32", "dead-link"):
        assert word in told


@pytest.mark.parametrize("command", ["run", "check", "fault", "clear", "faults", "ledger", "site", "history"])
def test_every_command_has_help_that_explains_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    assert "usage: campus-sim" in capsys.readouterr().out


def test_credentials_come_from_a_private_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "field.json"
    path.write_text('{"host": "10.0.0.1", "port": 1884, "username": "field", "password": "secret"}')
    path.chmod(0o600)
    broker = broker_of(path, None, {})
    assert (broker.host, broker.port, broker.username, broker.password) == (
        "10.0.0.1",
        1884,
        "field",
        "secret",
    )
    assert (broker_of(path, "127.0.0.1:99", {}).port, broker_of(path, "127.0.0.1:99", {}).username) == (
        99,
        "field",
    )
    told = broker_of(None, "127.0.0.1:99", {"CAMPUS_FIELD_USERNAME": "u", "CAMPUS_FIELD_PASSWORD": "p"})
    assert (told.username, told.password) == ("u", "p")
    path.chmod(0o644)
    with pytest.raises(ConfigRefused, match="owner"):
        broker_of(path, None, {})
