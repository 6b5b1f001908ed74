"""`hub.yaml`: what may stand in it, and what every wrong one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from devices.model.errors import ConfigRefused
from hub.settings import (
    DuckDbSettings,
    EmbeddedBrokerSettings,
    ExternalBrokerSettings,
    HubSettings,
    load_settings,
)

ROOT = Path(__file__).parents[3]
SITE = ROOT / "tests" / "hub" / "site" / "site.yaml"


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "hub.yaml"
    values = {"data_dir": "data", "site": str(SITE), **changes}
    path.write_text(yaml.safe_dump({key: value for key, value in values.items() if value is not None}))
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigRefused) as caught:
        load_settings(path)
    return [problem.path for problem in caught.value.problems]


def test_little_needs_to_be_said(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path))
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/hub.db"
    assert isinstance(settings.broker, EmbeddedBrokerSettings)
    assert isinstance(settings.series, DuckDbSettings)
    assert (settings.listen.host, settings.listen.port) == ("127.0.0.1", 8080)


def test_the_sample_can_be_used() -> None:
    settings = load_settings(ROOT / "config" / "examples" / "hub.yaml")
    assert settings.site.resolve() == ROOT / "config" / "demo" / "site.yaml"


def test_the_sample_says_every_default_as_it_is() -> None:
    """What stands in the sample is what counts without it, but for the two paths."""
    sample = load_settings(ROOT / "config" / "examples" / "hub.yaml")
    bare = HubSettings(data_dir=sample.data_dir, site=sample.site)
    assert sample == bare


def test_every_problem_is_named_at_once_with_its_path(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        listen={"hots": "x", "port": 70000, "public_url": "watch.example.org/path"},
        broker={"kind": "carrier-pigeon"},
        retention={"series_days": 0},
        log="loud",
    )
    assert problems(path) == [
        "listen.port",
        "listen.public_url",
        "listen.hots",
        "broker",
        "retention.series_days",
        "log",
    ]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"site": "nowhere.yaml"}, "site"),
        ({"site": None}, "site"),
        ({"data_dir": None}, "data_dir"),
        ({"listen": {"tls": {"certificate": "a.crt", "key": "a.key"}}}, "listen.tls.certificate"),
        (
            {"broker": {"kind": "external", "host": "x", "password_file": "gone"}},
            "broker.password_file",
        ),
        ({"series": {"kind": "influxdb", "url": "http://x", "org": "o"}}, "series.bucket"),
        ({"series": {"kind": "victoriametrics", "url": "x"}}, "series.url"),
        ({"listen": {"session_idle_s": 7200, "session_absolute_s": 3600}}, "listen"),
        ({"database": "postgresql://hub:secret@db/campus"}, "database"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    assert where in problems(written(tmp_path, **changes))


def test_a_secret_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused) as caught:
        load_settings(written(tmp_path, database="postgresql://hub:s3cret@db/campus"))
    assert "database_password_file" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_secret_comes_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    secret = tmp_path / "db.password"
    secret.write_text("s3cret\n")
    secret.chmod(0o644)
    path = written(tmp_path, database="postgresql://hub@db/campus", database_password_file="db.password")
    assert problems(path) == ["database_password_file"]
    secret.chmod(0o600)
    settings = load_settings(path)
    assert settings.database_url == "postgresql://hub:s3cret@db/campus"
    assert "s3cret" not in repr(settings)


def test_an_external_broker_signs_in_with_the_password_of_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "mqtt.password"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    broker = {"kind": "external", "host": "mqtt.test", "user": "hub", "password_file": "mqtt.password"}
    settings = load_settings(written(tmp_path, broker=broker))
    assert isinstance(settings.broker, ExternalBrokerSettings)
    address = settings.broker.address()
    assert (address.host, address.port, address.username, address.password) == (
        "mqtt.test",
        8883,
        "hub",
        "s3cret",
    )
