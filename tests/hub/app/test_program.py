"""The hub as people start it: a process of its own, with its broker, its pages and its command line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from devices.model.samples import SampleBatch
from devices.wire.messages import Lane, encode, state_topic, up_topic
from devices.wire.mqtt import Broker, connect
from devices.wire.records import Stamp, alerts_message, samples_message, stamped
from hub.__main__ import main
from tests.hub.alerts.events import raised

SITE = Path(__file__).parents[1] / "site" / "site.yaml"
PASSWORD = "seven valves are blue"


@pytest.fixture
def config(tmp_path: Path, free_port: Callable[[], int]) -> Path:
    path = tmp_path / "hub.yaml"
    settings = {
        "data_dir": "data",
        "site": str(SITE),
        "listen": {"port": free_port()},
        "broker": {"kind": "embedded", "port": free_port()},
        "watch": {"agent_silent_s": 5},
    }
    path.write_text(yaml.safe_dump(settings))
    return path


def told(config: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(config.read_text())
    return values


@asynccontextmanager
async def running(
    config: Path, log: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """A hub that serves, and a client that has not signed in; ends it by SIGTERM if it still runs."""
    with log.open("ab") as file:
        hub = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub", "run", "--config", str(config), stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip
    base = f"http://127.0.0.1:{told(config)['listen']['port']}"
    try:
        async with httpx.AsyncClient(base_url=base, headers={"X-Campuswatch": "1"}, timeout=60) as client:
            await serving(hub, client, log)
            yield hub, client
    finally:
        if hub.returncode is None:
            hub.terminate()
            async with asyncio.timeout(60):
                await hub.wait()


async def serving(hub: asyncio.subprocess.Process, client: httpx.AsyncClient, log: Path) -> None:
    async with asyncio.timeout(90):
        while True:
            assert hub.returncode is None, f"see {log}"
            try:
                if (await client.get("/healthz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def first_admin(client: httpx.AsyncClient, config: Path) -> None:
    token = (config.parent / "data" / "first-run-token").read_text().strip()
    body = {"token": token, "name": "ann", "password": PASSWORD}
    assert (await client.post("/api/first-run", json=body)).status_code == 201


async def until(client: httpx.AsyncClient, path: str, holds: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(60):
        while not holds(answer := (await client.get(path)).json()):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    return answer


def broker_of(path: Path) -> Broker:
    told_ = json.loads(path.read_text())
    return Broker(told_["host"], told_["port"], told_["username"], told_["password"])


@pytest.mark.timeout(400)
async def test_from_an_empty_folder_to_an_alert_on_the_board_and_through_a_kill(
    config: Path, tmp_path: Path
) -> None:
    log, credentials = tmp_path / "hub.log", tmp_path / "edge-hq1.json"
    assert (
        await asyncio.to_thread(
            main, ["enrol", "edge-hq1", "--config", str(config), "--out", str(credentials)]
        )
        == 0
    )
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    async with running(config, log) as (hub, client):
        token = (tmp_path / "data" / "first-run-token").read_text().strip()
        assert log.read_text().count(token) == 1, "shown once"
        await first_admin(client, config)
        await speak(broker_of(credentials), seq=1)
        board = await until(client, "/api/alerts", lambda answer: answer["alerts"])
        assert board["alerts"][0]["device"] == "hq1-pump-1"
        values = await until(client, "/api/latest", lambda answer: answer["values"])
        assert list(values["values"]) == ["hq1-ac-301.room_c"]
        gateways = (await client.get("/api/gateways")).json()["rows"]
        assert {row["agent"]: row["state"] for row in gateways} == {
            "edge-hq1": "online",
            "edge-hall": "never",
        }
        await go(broker_of(credentials))
        await until(client, "/api/alerts", lambda answer: answer["alerts"][0]["stale"])
        os.killpg(hub.pid, signal.SIGKILL)
        await hub.wait()
    async with running(config, log) as (hub, client):
        again = await client.post("/api/sign-in", json={"name": "ann", "password": PASSWORD})
        assert again.status_code == 200
        await speak(broker_of(credentials), seq=1)
        await until(client, "/api/gateways", lambda answer: answer["rows"][0]["received"]["duplicates"] == 2)
        after = (await client.get("/api/alerts")).json()["alerts"]
        assert [alert["id"] for alert in after if alert["device"] == "hq1-pump-1"] == [
            board["alerts"][0]["id"]
        ]
        assert next(alert for alert in after if alert["device"] == "hq1-pump-1")["count"] == 1
        latest = (await client.get("/api/latest")).json()["values"]
        assert latest == values["values"], "the newest values survive"
        assert (await client.get("/")).headers["content-type"].startswith("text/html")
        assert (await client.get("/console/app.js")).status_code in {200, 404}
        hub.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await hub.wait() == 0
    assert "Traceback" not in log.read_text()
    assert PASSWORD not in log.read_text()


async def speak(broker: Broker, seq: int) -> None:
    """Say as an agent: one value and one alert."""
    stamp = Stamp("edge-hq1", 7, Lane.LIVE, seq)
    names = ["hq1-ac-301.room_c"]
    samples = samples_message(SampleBatch.of([0], 1_782_864_000_000_000, 25.5), names)
    alerts = alerts_message([raised(0)])
    async with connect(broker, "test", clean_session=True) as link:
        for message, place in ((samples, stamp), (alerts, Stamp("edge-hq1", 7, Lane.ALERTS, seq))):
            payload = encode(stamped(message, place, 1_782_864_000_000_000))
            ticket = await link.send(up_topic("edge-hq1", place.lane), payload, qos=1)
            await ticket.sent()


async def go(broker: Broker) -> None:
    """Say as an agent that it goes."""
    async with connect(broker, "test", clean_session=True) as link:
        ticket = await link.send(state_topic("edge-hq1"), b"offline", qos=1)
        await ticket.sent()


@pytest.mark.timeout(400)
async def test_beside_a_running_hub_agents_are_enrolled_and_people_helped(
    config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "edge-hall.json"
    async with running(config, tmp_path / "hub.log") as (_, client):
        await first_admin(client, config)
        enrol = ["enrol", "edge-hall", "--config", str(config), "--out", str(out)]
        assert await asyncio.to_thread(main, enrol) == 0
        async with connect(broker_of(out), "test", clean_session=True):
            pass
        done = await command("reset-password", "ann", "--config", str(config), said="nine pumps are red\n")
        assert done.returncode == 0, done.stderr
        assert (await client.get("/api/users")).status_code == 401, "all sessions have ended"
        body = {"name": "ann", "password": "nine pumps are red"}
        assert (await client.post("/api/sign-in", json=body)).status_code == 200
        second = await command("run", "--config", str(config))
        assert (second.returncode, "runs in" in second.stderr) == (2, True), "one hub for one folder"


async def command(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    line = [sys.executable, "-m", "hub", *words]
    return await asyncio.to_thread(
        subprocess.run, line, input=said, capture_output=True, text=True, check=False, timeout=150
    )


# ---------------------------------------------------------------------------------------------- command line


def test_check_accepts_what_can_run_and_names_every_problem_of_what_cannot(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config", str(config)]) == 0
    assert "10 devices, 4 rules" in capsys.readouterr().out
    config.write_text(yaml.safe_dump({**told(config), "colour": "red", "log": "loud"}))
    assert main(["check", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert "2 problem(s)" in said
    assert "colour: found an unknown key" in said
    assert "log: found 'loud'" in said


def test_check_names_the_problems_of_the_site_file_too(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.read_text().replace("link: hq1-ac,", "link: ghost,"))
    config.write_text(yaml.safe_dump({**told(config), "site": "site.yaml"}))
    assert main(["check", "--config", str(config)]) == 2
    assert "ghost" in capsys.readouterr().err


def test_check_names_what_a_floor_plan_may_not_hold(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = "plans: [{id: first, building: hq1-main, drawing: first.svg}]\n"
    (tmp_path / "site.yaml").write_text(SITE.read_text() + plan)
    (tmp_path / "first.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script/></svg>'
    )
    config.write_text(yaml.safe_dump({**told(config), "site": "site.yaml"}))
    assert main(["check", "--config", str(config)]) == 2
    assert "first.svg: line 1: script: found an element <script>" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["edge-nobody", "", "../etc"])
def test_nobody_is_enrolled_whom_the_site_file_does_not_know(
    config: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.json"
    assert main(["enrol", name, "--config", str(config), "--out", str(out)]) == 2
    assert "edge-hq1, edge-hall, field, history" in capsys.readouterr().err
    assert not out.exists()


def test_credentials_are_not_written_over(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.json"
    assert main(["enrol", "field", "--config", str(config), "--out", str(out)]) == 0
    before = out.read_text()
    assert json.loads(before)["agent"] == ""
    assert main(["enrol", "field", "--config", str(config), "--out", str(out)]) == 2
    assert out.read_text() == before
    assert "exists" in capsys.readouterr().err


def test_a_broker_of_its_own_keeps_its_own_accounts(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(yaml.safe_dump({**told(config), "broker": {"kind": "external", "host": "mqtt.test"}}))
    assert main(["enrol", "edge-hq1", "--config", str(config)]) == 2
    assert "external" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["enrol", "--help"], ["--version"]])
def test_help_and_version_are_given(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert "campus-hub" in capsys.readouterr().out


def test_a_port_that_is_taken_is_said_plainly(
    config: Path, free_port: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", told(config)["listen"]["port"])):
        assert main(["run", "--config", str(config)]) == 2
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err
