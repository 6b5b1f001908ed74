"""Settings of one agent: strict, in one file, every problem named. Secrets stand in files of their own."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from devices.model.errors import ConfigRefused, Problem
from devices.profiles.strict import Strict, load
from devices.wire.mqtt import Broker
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.orders.settings import OrderSettings
from edge_agent.outbox import OutboxSettings
from edge_agent.pictures.settings import PictureSettings
from edge_agent.sources.camera.settings import CameraSettings
from edge_agent.sources.dlt645.settings import Dlt645Settings
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.mqtt.settings import MqttSettings
from edge_agent.uplink.settings import UplinkSettings


class Credentials(Strict):
    """How to reach a broker, as `campus-hub enrol` writes it; readable by the owner only."""

    agent: str = Field("", description="The agent it was made for; empty for the field broker.")
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    username: str = ""
    password: str = Field("", repr=False)
    tls_ca: Path | None = Field(
        None, description="Certificate of the authority that signed the broker's own."
    )

    def broker(self) -> Broker:
        """The broker they open."""
        return Broker(self.host, self.port, self.username, self.password, self.tls_ca)


class HealthSettings(Strict):
    """Where /healthz, /metrics and /status answer."""

    host: str = "127.0.0.1"
    port: int = Field(9180, ge=0, le=65535, description="0 takes any free port.")


class DetectSettings(Strict):
    """How often rules are judged."""

    gather_s: float = Field(
        0.05, ge=0, le=1, description="What arrives within this time is judged and kept together."
    )
    tick_s: float = Field(1.0, gt=0, le=60, description="Silence is judged at least this often.")
    held_s: float = Field(60.0, gt=0, le=3600, description="How often the held values are saved.")


class SourcesSettings(Strict):
    """Settings of each kind of source; the links themselves stand in the site file."""

    modbus: ModbusSettings = ModbusSettings()
    dlt645: Dlt645Settings = Dlt645Settings()
    mqtt: MqttSettings = MqttSettings()
    camera: CameraSettings = CameraSettings()


class EdgeSettings(Strict):
    """The whole file. Paths are relative to the file."""

    agent: str = Field(description="Id of this agent in the site file.")
    site: Path = Field(description="The site file.")
    data_dir: Path = Field(description="Where the outbox lives; must outlast a restart.")
    hub: Path = Field(description="Credentials of the hub's broker, written by `campus-hub enrol`.")
    field: Path | None = Field(
        None, description="Credentials of the broker that field devices publish to; else the hub's."
    )
    health: HealthSettings = HealthSettings()
    detect: DetectSettings = DetectSettings()
    pictures: PictureSettings = PictureSettings()
    outbox: OutboxSettings = OutboxSettings()
    uplink: UplinkSettings = UplinkSettings()
    sources: SourcesSettings = SourcesSettings()
    orders: OrderSettings = OrderSettings()
    evidence: EvidenceSettings = EvidenceSettings()


def load_settings(path: Path) -> EdgeSettings:
    """Read a settings file and make its paths absolute.

    Raises:
        ConfigRefused: with every problem.
    """
    settings = load(path, EdgeSettings)
    beside = path.resolve().parent
    return settings.model_copy(
        update={
            "site": beside / settings.site,
            "data_dir": beside / settings.data_dir,
            "hub": beside / settings.hub,
            "field": None if settings.field is None else beside / settings.field,
        }
    )


def load_credentials(path: Path, agent: str | None) -> Credentials:
    """Read a credentials file; `agent` must be the one it was made for.

    Raises:
        ConfigRefused: it cannot be read, others may read it, or it was made for another agent.
    """
    credentials = load(path, Credentials)
    if path.stat().st_mode & 0o077:
        found = f"mode {path.stat().st_mode & 0o777:o}"
        raise ConfigRefused(
            [Problem(str(path), "-", found, "a file that only its owner can read (chmod 600)")]
        )
    if agent is not None and credentials.agent != agent:
        raise ConfigRefused([Problem(str(path), "agent", repr(credentials.agent), f"{agent!r}")])
    return credentials
