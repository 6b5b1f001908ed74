"""Which store of time series the hub uses, as its settings say it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from devices.model.errors import Refused
from devices.profiles.strict import Strict
from hub.db import Database
from hub.series.duckdb import DuckSeries
from hub.series.ledger import DatabaseLedger
from hub.series.port import SeriesStore
from hub.series.victoriametrics import VictoriaSeries


class DuckDbChoice(Strict):
    """One file in the data directory; nothing to install."""

    kind: Literal["duckdb"] = "duckdb"
    memory_mb: int = Field(512, ge=64, le=1_000_000, description="What DuckDB may use, in MB.")
    threads: int = Field(2, ge=1, le=64, description="Cores that one query may use.")


class InfluxChoice(Strict):
    """A bucket of an InfluxDB 2 server."""

    kind: Literal["influxdb"]
    url: str = Field(pattern=r"^https?://", description="Such as http://127.0.0.1:8086.")
    organisation: str = Field(min_length=1)
    bucket: str = Field(min_length=1, pattern=r'^[^"\\]+$')
    token_file: Path = Field(description="File that holds a token which may read, write and delete there.")


class VictoriaChoice(Strict):
    """A VictoriaMetrics server."""

    kind: Literal["victoriametrics"]
    url: str = Field(pattern=r"^https?://", description="Such as http://127.0.0.1:8428.")
    username: str = ""
    password_file: Path | None = Field(
        None, description="For basic authentication, where a proxy asks for it."
    )


SeriesChoice = Annotated[DuckDbChoice | InfluxChoice | VictoriaChoice, Field(discriminator="kind")]


def open_series(
    choice: DuckDbChoice | InfluxChoice | VictoriaChoice, folder: Path, database: Database
) -> AbstractAsyncContextManager[SeriesStore]:
    """Return the store, to be entered.

    Args:
        choice: from the settings.
        folder: the hub's data directory.
        database: keeps the ledger of a server that cannot keep one.

    Raises:
        Refused: a file with a secret cannot be read.
    """
    match choice:
        case DuckDbChoice():
            return DuckSeries(folder / "series.duckdb", memory_mb=choice.memory_mb, threads=choice.threads)
        case VictoriaChoice():
            password = _secret(choice.password_file) if choice.password_file is not None else ""
            return VictoriaSeries(
                choice.url, DatabaseLedger(database), username=choice.username, password=password
            )
        case InfluxChoice():
            from hub.series.influxdb import InfluxSeries  # noqa: PLC0415 - half a second that few need

            token = _secret(choice.token_file)
            return InfluxSeries(
                choice.url, token, choice.organisation, choice.bucket, DatabaseLedger(database)
            )


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error}") from error
