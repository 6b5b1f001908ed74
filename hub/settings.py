"""`hub.yaml`: everything that a hub has to be told, typed and strict. Secrets stand in files of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, Field

from devices.model.errors import ConfigRefused, Problem
from devices.profiles.strict import Strict, load
from devices.wire.mqtt import Broker
from hub.api.settings import TlsFiles, WebSettings
from hub.backtest import BacktestSettings
from hub.evidence.retention import CopySettings
from hub.orders.settings import OrderSettings

M = TypeVar("M", bound=BaseModel)


class EmbeddedBrokerSettings(Strict):
    """A broker that the hub starts itself. Agents on other machines need `host` 0.0.0.0 and TLS."""

    kind: Literal["embedded"]
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(1883, ge=1, le=65535)
    tls: TlsFiles | None = None
    plaintext: bool = Field(
        False, description="Let passwords cross the network unencrypted, where that is trusted."
    )
    public_host: str | None = Field(
        None, description="Name by which agents reach this machine; written into their credentials."
    )


class ExternalBrokerSettings(Strict):
    """Any MQTT 3.1.1 broker; its accounts and access rules are made there (see docs)."""

    kind: Literal["external"]
    host: str = Field(min_length=1)
    port: int = Field(8883, ge=1, le=65535)
    user: str = Field("", description="The hub's own account.")
    password_file: Path | None = None
    tls_ca: Path | None = Field(None, description="PEM of the authority to trust; without it, no TLS.")

    def address(self) -> Broker:
        """Where it is and how the hub signs in.

        Raises:
            OSError: the password file cannot be read.
        """
        password = "" if self.password_file is None else self.password_file.read_text("utf-8").strip()
        return Broker(self.host, self.port, self.user, password, self.tls_ca)


class DuckDbSettings(Strict):
    """Time series in a file of the hub."""

    kind: Literal["duckdb"]
    path: Path | None = Field(None, description="Default: series.duckdb in data_dir.")
    memory_mb: int = Field(512, ge=64, le=1_000_000)
    threads: int = Field(2, ge=1, le=256)


class InfluxDbSettings(Strict):
    """InfluxDB 2."""

    kind: Literal["influxdb"]
    url: str = Field(pattern=r"^https?://.+")
    org: str = Field(min_length=1)
    bucket: str = Field(min_length=1)
    token_file: Path


class VictoriaMetricsSettings(Strict):
    """VictoriaMetrics, single node."""

    kind: Literal["victoriametrics"]
    url: str = Field(pattern=r"^https?://.+")


BrokerSettings = Annotated[EmbeddedBrokerSettings | ExternalBrokerSettings, Field(discriminator="kind")]
SeriesSettings = Annotated[
    DuckDbSettings | InfluxDbSettings | VictoriaMetricsSettings, Field(discriminator="kind")
]


class RetentionSettings(Strict):
    """How long things are kept."""

    series_days: float = Field(730, gt=0, description="Samples; whole seasons can then be compared.")
    ledger_days: float = Field(
        90, ge=1, description="Places of messages; older repeats are known by their events."
    )


class WatchSettings(Strict):
    """What the hub itself keeps an eye on."""

    agent_silent_s: float = Field(
        60,
        ge=5,
        le=86400,
        description="An agent away for longer raises an alert; its values are stale at once.",
    )
    clock_off_s: float = Field(
        5, gt=0, le=86400, description="An agent whose clock is further off than this raises an alert."
    )


class HubSettings(Strict):
    """The whole file. Relative paths are relative to it."""

    data_dir: Path = Field(description="Where the hub keeps its files; belongs to it alone.")
    site: Path = Field(description="The site file.")
    listen: WebSettings = WebSettings()
    database: str | None = Field(
        None, description="SQLAlchemy address without password; default: hub.db in data_dir, as SQLite."
    )
    database_password_file: Path | None = None
    broker: BrokerSettings = EmbeddedBrokerSettings(kind="embedded")
    series: SeriesSettings = DuckDbSettings(kind="duckdb")
    retention: RetentionSettings = RetentionSettings()
    evidence: CopySettings = CopySettings()
    watch: WatchSettings = WatchSettings()
    backtest: BacktestSettings = BacktestSettings()
    orders: OrderSettings = OrderSettings()
    log: Literal["debug", "info", "warning"] = "info"

    @property
    def database_url(self) -> str:
        """The address with its password, for SQLAlchemy; not to be shown.

        Raises:
            OSError: the password file cannot be read.
        """
        if self.database is None:
            return f"sqlite:///{self.data_dir / 'hub.db'}"
        if self.database_password_file is None:
            return self.database
        from sqlalchemy.engine import make_url  # noqa: PLC0415 - only where there is a database server

        password = self.database_password_file.read_text("utf-8").strip()
        return make_url(self.database).set(password=password).render_as_string(hide_password=False)


def load_settings(path: Path) -> HubSettings:
    """Read a hub's settings.

    Raises:
        ConfigRefused: with every problem: unknown keys, wrong values, files that are not there or not secret.
    """
    settings = rooted(load(path, HubSettings), path.resolve().parent)
    problems = [*_file_problems(settings, str(path), ""), *_secret_problems(settings, str(path))]
    if problems:
        raise ConfigRefused(problems)
    return settings


def rooted(model: M, folder: Path) -> M:
    """The same settings with every relative path below `folder`."""
    changes: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Path):
            changes[name] = folder / value.expanduser()
        elif isinstance(value, BaseModel):
            changes[name] = rooted(value, folder)
    return model.model_copy(update=changes)


#: Paths that the hub makes itself.
MADE: Final = frozenset({"data_dir", "path"})
SECRET: Final = frozenset(
    {"key", "password_file", "token_file", "database_password_file", "metrics_token_file"}
)


def _file_problems(model: BaseModel, file: str, where: str) -> Iterator[Problem]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _file_problems(value, file, f"{where}{name}.")
        elif isinstance(value, Path) and name not in MADE:
            yield from _path_problems(value, file, where + name, secret=name in SECRET)


def _path_problems(path: Path, file: str, where: str, *, secret: bool) -> Iterator[Problem]:
    if not path.is_file() or not os.access(path, os.R_OK):
        yield Problem(file, where, str(path), "a file that the hub can read")
    elif secret and path.stat().st_mode & 0o077:
        found = f"{path} with mode {path.stat().st_mode & 0o777:o}"
        yield Problem(file, where, found, "a file that only its owner can read (chmod 600)")


def _secret_problems(settings: HubSettings, file: str) -> Iterator[Problem]:
    """Told without repeating the secret, which would put it into a log."""
    user, at, _ = (settings.database or "").partition("//")[2].rpartition("@")
    if at and ":" in user:
        yield Problem(
            file, "database", "an address with a password", "the password in database_password_file"
        )
