"""The images and the compose file say what the programs understand. No container engine is needed, and none is run."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from devices.campus.loading import load_campus
from devices.model.errors import Refused
from devices.profiles.strict import load
from devices.wire.mqtt import Broker, connect
from edge_agent.settings import Credentials, EdgeSettings
from hub.settings import ExternalBrokerSettings, HubSettings, InfluxDbSettings
from tests.brokers import Engine, program
from tests.house.project import ROOT, help_of, pyproject, text

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load(text("docker/compose.yaml"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
IMAGES = ("edge", "hub")


def instructions(image: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, continued lines joined."""
    content = re.sub(r"^#.*\n", "", text(f"docker/{image}.Dockerfile"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", content).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def last(image: str, word: str) -> str:
    return [rest for found, rest in instructions(image) if found == word][-1]


@pytest.mark.parametrize("image", IMAGES)
def test_image_starts_its_program_as_nobody_in_particular(image: str) -> None:
    order = [word for word, _ in instructions(image)]
    assert last(image, "USER") == "campuswatch"
    assert order.index("USER") > order.index("RUN")
    assert "HEALTHCHECK" in order
    assert json.loads(last(image, "ENTRYPOINT")) == [f"campus-{image}"]


@pytest.mark.parametrize("image", IMAGES)
def test_image_installs_from_its_own_lock_with_hashes(image: str) -> None:
    copied = [rest.split() for word, rest in instructions(image) if word == "COPY" and "--from" not in rest]
    sources = [source for *found, _ in copied for source in found]
    assert f".ci/lock/{image}.txt" in sources
    assert all((ROOT / source).exists() for source in sources)
    ignored = text(".dockerignore").splitlines()
    assert all(any(source.startswith(line[1:]) for line in ignored if line[0] == "!") for source in sources)
    assert any("--require-hashes --no-deps" in rest for _, rest in instructions(image))


@pytest.mark.parametrize("image", IMAGES)
def test_default_command_is_one_that_the_program_knows(image: str) -> None:
    understood(f"campus-{image}", json.loads(last(image, "CMD")))


@pytest.mark.parametrize("name", OURS)
def test_command_of_a_service_is_one_that_the_program_knows(name: str) -> None:
    image = Path(OURS[name]["build"]["dockerfile"]).stem
    assert (ROOT / OURS[name]["build"]["dockerfile"]).is_file()
    understood(json.loads(last(image, "ENTRYPOINT"))[0], OURS[name]["command"])


def understood(script: str, words: list[str]) -> None:
    """The program's own help for this command names every option given."""
    assert script in pyproject()["project"]["scripts"]
    code, said = help_of(script, words[0])
    assert code == 0, said
    assert all(re.search(rf"{word}\b", said) for word in words if word.startswith("--")), shlex.join(words)


@pytest.mark.parametrize("name", SERVICES)
def test_service_names_only_what_is_there(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (DOCKER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], volume


def test_every_secret_and_volume_is_used() -> None:
    assert {secret for service in SERVICES.values() for secret in service.get("secrets", [])} == set(
        COMPOSE["secrets"]
    )
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= used


@pytest.mark.parametrize("name", ["broker", "hub", "agent"])
def test_service_may_write_nowhere_but_to_its_volume(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_settings_fit_each_other_and_the_compose_file() -> None:
    hub, edge = load(DOCKER / "hub.yaml", HubSettings), load(DOCKER / "edge.yaml", EdgeSettings)
    assert isinstance(hub.broker, ExternalBrokerSettings)
    assert isinstance(hub.series, InfluxDbSettings)
    assert hub.broker.host in SERVICES
    assert hub.series.url == "http://influxdb:8086"
    environment = SERVICES["influxdb"]["environment"]
    assert hub.series.org == environment["DOCKER_INFLUXDB_INIT_ORG"]
    assert hub.series.bucket == environment["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert {str(hub.broker.password_file), str(hub.series.token_file)} == mounted_secrets("hub")
    assert {str(edge.hub)} == mounted_secrets("agent")
    assert SERVICES["hub"]["ports"] == [f"127.0.0.1:{hub.listen.port}:{hub.listen.port}"]
    assert f":{hub.listen.port}/healthz" in last("hub", "HEALTHCHECK")
    assert f":{edge.health.port}/healthz" in last("edge", "HEALTHCHECK")
    for settings in (hub, edge):
        site = ROOT / settings.site.relative_to("/etc/campuswatch")
        assert edge.agent in load_campus(site).agents


def mounted_secrets(service: str) -> set[str]:
    return {f"/run/secrets/{name}" for name in SERVICES[service]["secrets"]}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Secrets as docker/make_secrets.py makes them."""
    assert make_secrets(tmp_path).returncode == (0 if os.geteuid() == 0 else 1)
    return tmp_path / "secrets"


def make_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    code = text("docker/make_secrets.py")
    script = folder / "make_secrets.py"
    script.write_text(code, encoding="utf-8")
    return subprocess.run([sys.executable, str(script)], check=False, capture_output=True, text=True)


def test_secrets_are_those_of_the_compose_file_and_only_their_owners_read_them(made: Path) -> None:
    files = sorted(path.name for path in made.iterdir())
    assert files == sorted(Path(secret["file"]).name for secret in COMPOSE["secrets"].values())
    assert files == sorted(COMPOSE["secrets"])
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}


def test_secrets_that_are_there_are_left_alone(made: Path) -> None:
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    assert make_secrets(made.parent).returncode == 0
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_agent_accepts_its_credentials(made: Path) -> None:
    credentials = load(made / "edge-1-credentials", Credentials)
    assert credentials.agent == load(DOCKER / "edge.yaml", EdgeSettings).agent
    assert credentials.host in SERVICES


#: Paths of the container in docker/mosquitto.conf -> where they are in the test below.
MOVED = {
    "listener 1883": "listener {port} 127.0.0.1",
    "/run/secrets/": "{secrets}/",
    "/mosquitto/config/mosquitto.acl": "{root}/config/examples/mosquitto.acl",
    "/mosquitto/data/": "{folder}/",
}


@pytest.mark.needs("mosquitto")
async def test_broker_lets_hub_and_agent_in_and_keeps_their_rights_apart(
    made: Path, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    hub_password = (made / "hub-mqtt-password").read_text("utf-8").strip()
    agent_password = json.loads((made / "edge-1-credentials").read_text("utf-8"))["password"]
    port = free_port()
    async with mosquitto(made, tmp_path, port):
        with pytest.raises(Refused):
            async with connect(Broker("127.0.0.1", port, "hub", agent_password), "thief"):
                pass
        async with (
            connect(Broker("127.0.0.1", port, "hub", hub_password), "hub") as hub,
            connect(Broker("127.0.0.1", port, "edge-1", agent_password), "agent") as agent,
        ):
            await hub.subscribe(["campus/v1/+/up/#"])
            await agent.publish("campus/v1/edge-2/up/live", b"in another's name")
            await agent.publish("campus/v1/edge-1/up/live", b"in its own")
            async with asyncio.timeout(40):
                received = await anext(aiter(hub.messages()))
            assert received.payload == b"in its own"


@asynccontextmanager
async def mosquitto(secrets: Path, folder: Path, port: int) -> AsyncIterator[None]:
    """Debian's Mosquitto with the compose file's configuration, its paths moved out of the container."""
    content = text("docker/mosquitto.conf")
    for there, here in MOVED.items():
        assert there in content
        content = content.replace(there, here.format(port=port, secrets=secrets, folder=folder, root=ROOT))
    configuration = folder / "mosquitto.conf"
    as_root = "\nuser root\n" if os.geteuid() == 0 else ""
    configuration.write_text(content + as_root, encoding="utf-8")
    command = [program("mosquitto"), "-c", str(configuration)]
    engine = Engine("mosquitto", command, port, folder / "mosquitto.log")
    try:
        await engine.start()
        yield
    finally:
        await engine.kill()
