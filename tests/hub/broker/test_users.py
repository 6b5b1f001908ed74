from __future__ import annotations

import json
from pathlib import Path

import bcrypt

from hub.broker import agent_user, field_user, hashed, hub_user, new_password
from hub.broker.nats_config import Place, nats_config


def test_a_stored_password_is_a_hash_that_fits_only_the_password() -> None:
    password = new_password()
    stored = hashed(password)
    assert password not in stored
    assert bcrypt.checkpw(password.encode(), stored.encode())
    assert not bcrypt.checkpw(new_password().encode(), stored.encode())


def test_passwords_are_long_and_never_the_same() -> None:
    passwords = {new_password() for _ in range(100)}
    assert len(passwords) == 100
    assert min(map(len, passwords)) >= 32


def test_no_word_of_a_user_can_become_syntax(tmp_path: Path) -> None:
    odd = 'a", password: "x'
    config = json.loads(nats_config(Place("127.0.0.1", 1883, tmp_path), [agent_user(odd, "hash")]))
    assert config["accounts"]["CAMPUS"]["users"][0]["user"] == odd


def test_a_user_without_topics_is_allowed_nothing_instead_of_everything(tmp_path: Path) -> None:
    config = json.loads(nats_config(Place("127.0.0.1", 1883, tmp_path), [field_user("radar", "hash", [])]))
    rights = config["accounts"]["CAMPUS"]["users"][0]["permissions"]
    assert rights["publish"]["allow"] == ["$none"]


def test_rights_are_the_topics_of_one_agent() -> None:
    agent = agent_user("edge-hq1", "hash", ["field/hq1"])
    assert agent.publish == ("campus/v1/edge-hq1/up/#", "campus/v1/edge-hq1/state")
    assert agent.subscribe == ("campus/v1/edge-hq1/down/#", "field/hq1/#")
    assert hub_user("hash").publish == ("campus/v1/+/down/#",)
