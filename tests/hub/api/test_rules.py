"""Rules over the interface: what is live, what would be wrong, and publishing with one person or two."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from devices.campus.rule_documents import document, rules_of
from devices.campus.rules import SetpointRule
from devices.model.errors import Refused
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api.newsroom import Newsroom
from hub.api.ports import Ports
from hub.db import audit
from hub.live.bus import ROLLOUT, RULES
from hub.rulebook.rulebook import Rulebook
from tests.hub.alerts.events import raised
from tests.hub.api.conftest import Client, SignIn
from tests.hub.rulebook.documents import changed, pump, setpoint
from tests.hub.waiting import until

UNTESTED = ["not-backtested"]


def wanted(*rules: dict[str, Any], base: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "base": base,
        "rules": list(rules),
        "note": "summer rules",
        "warnings_acknowledged": UNTESTED,
        **more,
    }


async def publish(client: Client, *rules: dict[str, Any], base: int = 0, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/rules/publications", json=wanted(*rules, base=base, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def live(client: Client) -> dict[str, Any]:
    return {rule["id"]: rule for rule in (await client.get("/api/rules")).json()["rules"]}


async def test_without_a_publication_the_rules_are_those_of_the_site_file(
    viewer: Client, ports: Ports
) -> None:
    answer = (await viewer.get("/api/rules")).json()
    assert (answer["set"], answer["waiting"]) == (0, None)
    assert [rule["id"] for rule in answer["rules"]] == list(ports.campus.rules)
    row = answer["rules"][2]
    assert (row["source"], row["version"], row["site_file_version"], row["set"]) == ("site-file", 1, 1, 0)
    assert (row["author"], row["running"]) == (None, {"edge-hq1": None, "edge-hall": None})
    assert rules_of(f"[{json.dumps(row['document'])}]")[0] == ports.campus.rules["ac-setpoint"]
    assert [(agent["agent"], agent["state"], agent["set"]) for agent in answer["agents"]] == [
        ("edge-hq1", "pending", None),
        ("edge-hall", "pending", None),
    ]


@pytest.mark.promise("P-rules-1")
async def test_a_publication_is_live_with_its_version_and_author(engineer: Client, ports: Ports) -> None:
    with ports.bus.subscribe(RULES) as news:
        made = await publish(engineer, setpoint())
        assert news.take() == [(RULES, 1)]
    assert (made["number"], made["state"], made["author"], made["note"]) == (
        1,
        "live",
        "engineer",
        "summer rules",
    )
    assert made["rules"] == [
        {
            "id": "ac-setpoint",
            "title": {"zh": "空调温度越限", "en": "Set point outside the standard"},
            "family": "cooling",
            "version": 2,
            "before": 1,
            "words_only": False,
        }
    ]
    assert [warning["key"] for warning in made["warnings"]] == UNTESTED
    row = (await live(engineer))["ac-setpoint"]
    assert (row["version"], row["source"], row["set"], row["author"]) == (2, "publication", 1, "engineer")
    assert (row["time_us"], row["site_file_version"]) == (ports.now_us(), 1)
    rule = ports.campus.rules["ac-setpoint"]
    assert isinstance(rule, SetpointRule)
    assert rule.cooling_min_c == 27.0
    assert (await live(engineer))["speeding"]["source"] == "site-file"
    described = (await engineer.get("/api/campus")).json()
    assert {rule["id"]: rule["version"] for rule in described["rules"]}["ac-setpoint"] == 2


async def test_a_new_rule_gives_its_alerts_their_title(engineer: Client, ports: Ports) -> None:
    await publish(engineer, setpoint(id="ac-strict", title={"zh": "严", "en": "Strict"}, version=1))
    await ports.db.write(
        lambda c: store.apply_events(
            c, [raised(0, rule="ac-strict", device="hq1-ac-301")], "edge-hq1", None, ports.now_us()
        )
    )
    (alert,) = (await engineer.get("/api/alerts")).json()["alerts"]
    assert alert["title"] == {"zh": "严", "en": "Strict"}


async def test_every_problem_of_a_draft_is_told_with_its_place(engineer: Client) -> None:
    wrong = [
        setpoint(cooling_min_c="warm"),
        pump(when=[{"point": "positon", "differs": "auto"}]),
    ]
    answer = (await engineer.post("/api/rules/check", json={"rules": wrong})).json()
    assert [problem["path"] for problem in answer["problems"]] == ["rules.0.cooling_min_c"]
    answer = (await engineer.post("/api/rules/check", json={"rules": wrong[1:]})).json()
    (problem,) = answer["problems"]
    assert (problem["path"], problem["suggestion"]) == ("rules.0.when.0.point", "position")
    assert not answer["ok"]
    refused = await engineer.post("/api/rules/publications", json=wanted(*wrong[1:]))
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid")
    assert refused.json()["error"]["details"] == [problem]
    assert (await engineer.post("/api/rules/check", json={"rules": [setpoint()]})).json() == {
        "ok": True,
        "problems": [],
    }


async def test_the_schema_describes_one_rule(viewer: Client) -> None:
    found = (await viewer.get("/api/rules/schema")).json()
    assert "WhenRule" in found["$defs"]
    assert "oneOf" in found


@pytest.mark.promise("P-rules-2")
async def test_a_version_stands_for_one_meaning_for_ever(engineer: Client) -> None:
    for version in (1, 0):
        answer = await engineer.post("/api/rules/publications", json=wanted(setpoint(version)))
        assert answer.status_code == 422
    (problem,) = (await engineer.post("/api/rules/publications", json=wanted(setpoint(1)))).json()["error"][
        "details"
    ]
    assert (problem["path"], problem["found"]["en"]) == ("rules.0.version", "1")
    assert problem["expected"]["en"].startswith("2 or more")
    await publish(engineer, setpoint(2))
    again = await engineer.post(
        "/api/rules/publications", json=wanted(setpoint(2, cooling_min_c=27.5), base=1)
    )
    assert again.json()["error"]["details"][0]["expected"]["en"].startswith("3 or more")
    words = setpoint(2, title={"zh": "空调", "en": "AC"})
    made = await publish(engineer, words, base=1, warnings_acknowledged=[])
    assert made["rules"][0]["words_only"]


@pytest.mark.promise("P-rules-3")
async def test_who_did_not_see_the_newest_publication_is_refused(engineer: Client) -> None:
    await publish(engineer, setpoint())
    answer = await engineer.post("/api/rules/publications", json=wanted(setpoint(3, dead_band_c=0.5)))
    assert (answer.status_code, answer.json()["current"]) == (409, {"set": 1, "waiting": None})


async def test_warnings_have_to_be_acknowledged(engineer: Client) -> None:
    answer = await engineer.post(
        "/api/rules/publications", json=wanted(setpoint(), warnings_acknowledged=["other"])
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not-acknowledged")
    assert [warning["key"] for warning in answer.json()["error"]["details"]] == UNTESTED
    unknown = await engineer.post(
        "/api/rules/publications", json=wanted(setpoint(), backtest="b1", warnings_acknowledged=[])
    )
    assert unknown.json()["error"]["details"][0]["key"] == "not-backtested"


async def test_a_backtest_of_just_these_rules_speaks_for_them(engineer: Client, ports: Ports) -> None:
    running = asyncio.create_task(ports.backtests.run())
    to_us = ports.now_us()
    draft = {"rules": [setpoint()], "from_us": to_us - 86_400_000_000, "to_us": to_us}
    number = (await engineer.post("/api/backtests", json=draft)).json()["id"]
    await until(lambda: ports.backtests.job(number).report is not None)
    other = wanted(setpoint(dead_band_c=0.7), backtest=number, warnings_acknowledged=[])
    answer = await engineer.post("/api/rules/publications", json=other)
    assert answer.json()["error"]["details"][0]["key"] == "not-backtested"
    made = await publish(engineer, setpoint(), backtest=number, warnings_acknowledged=[])
    assert (made["warnings"], made["backtest"]) == ([], number)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):  # cancelled here
        await running


async def test_pages_are_told_of_publications_and_of_the_roll_out(engineer: Client, ports: Ports) -> None:
    newsroom = asyncio.create_task(Newsroom(ports).run())
    await asyncio.sleep(0)
    await publish(engineer, setpoint())

    def told() -> list[dict[str, Any]]:
        entries = ports.feed.after(0) or []
        return [json.loads(entry.data) for entry in entries if entry.event == "rules"]

    await until(told)
    assert (told()[0]["set"], told()[0]["waiting"]) == (1, None)
    assert [agent["state"] for agent in told()[0]["agents"]] == ["pending", "pending"]
    ports.bus.publish(ROLLOUT, 1)
    await until(lambda: len(told()) == 2)
    newsroom.cancel()
    with contextlib.suppress(asyncio.CancelledError):  # cancelled here
        await newsroom


async def test_published_rules_cannot_be_changed_behind_the_trail(engineer: Client, ports: Ports) -> None:
    await publish(engineer, setpoint())
    for statement in ("UPDATE rule_sets SET author = 'eve'", "DELETE FROM rule_sets"):
        with pytest.raises(Refused, match="append-only"):
            await ports.db.write(lambda c, s=statement: c.execute(text(s)))


@pytest.mark.promise("P-rules-4")
async def test_a_fire_rule_waits_for_a_second_person(
    engineer: Client, admin: Client, sign_in: SignIn, ports: Ports
) -> None:
    made = await publish(admin, pump())
    assert (made["state"], made["needs_approval"]) == ("waiting", True)
    assert (await live(engineer))["pump-not-auto"]["version"] == 1
    assert (await engineer.get("/api/rules")).json()["waiting"] == 1
    blocked = await engineer.post("/api/rules/publications", json=wanted(setpoint()))
    assert (blocked.status_code, blocked.json()["current"]) == (409, {"set": 0, "waiting": 1})
    own = await admin.post("/api/rules/publications/1/approve", json={})
    assert own.status_code == 403
    assert (await engineer.post("/api/rules/publications/1/approve", json={})).status_code == 403
    withdrawn = await engineer.post("/api/rules/publications/1/withdraw", json={"reason": "not now"})
    assert (withdrawn.json()["state"], withdrawn.json()["withdrawn_by"]) == ("withdrawn", "engineer")
    await publish(engineer, pump())
    over = await admin.post("/api/rules/publications/2/approve", json={})
    assert (over.json()["state"], over.json()["approved_by"]) == ("live", "admin")
    assert (await live(engineer))["pump-not-auto"]["version"] == 2
    assert (await admin.post("/api/rules/publications/2/approve", json={})).status_code == 409
    words = await publish(engineer, pump(title={"zh": "泵", "en": "Pump"}), base=2)
    assert words["state"] == "live", "words of a fire rule need no second person"


async def test_withdrawing_brings_the_set_before_it_back(engineer: Client, ports: Ports) -> None:
    await publish(engineer, setpoint())
    await publish(engineer, setpoint(3, dead_band_c=0.5), base=1)
    answer = await engineer.post("/api/rules/publications/2/withdraw", json={"reason": "too many alerts"})
    assert answer.json()["withdrawn_why"] == "too many alerts"
    row = (await live(engineer))["ac-setpoint"]
    assert (row["version"], row["set"]) == (2, 1)
    again = await engineer.post("/api/rules/publications/2/withdraw", json={"reason": "again"})
    assert (again.status_code, again.json()["current"]["set"]) == (409, 1)
    states = [
        made["state"] for made in (await engineer.get("/api/rules/publications")).json()["publications"]
    ]
    assert states == ["withdrawn", "live"]


async def test_a_former_set_is_published_again_as_a_new_one(engineer: Client, ports: Ports) -> None:
    await publish(engineer, setpoint())
    await publish(engineer, setpoint(3, dead_band_c=0.5), base=1)
    made = await engineer.post("/api/rules/publications/1/again", json={"base": 2, "note": "back"})
    assert (made.status_code, made.json()["number"], made.json()["again"]) == (201, 3, 1)
    assert (await live(engineer))["ac-setpoint"]["version"] == 2
    bare = await engineer.post("/api/rules/publications/0/again", json={"base": 3, "note": "all back"})
    assert bare.status_code == 201
    assert (await live(engineer))["ac-setpoint"]["source"] == "site-file"
    same = await engineer.post("/api/rules/publications/0/again", json={"base": 4, "note": "all back"})
    assert same.status_code == 422


async def test_a_published_rule_goes_back_to_the_site_file(engineer: Client) -> None:
    await publish(engineer, setpoint(), changed("speeding", limit_kmh=25.0), setpoint(1, id="ac-strict"))
    made = await publish(engineer, base=1, remove=["ac-setpoint", "ac-strict"])
    assert made["removed"] == ["ac-strict"]
    rules = await live(engineer)
    assert (rules["ac-setpoint"]["version"], rules["speeding"]["version"]) == (1, 2)
    assert "ac-strict" not in rules
    wrong = await engineer.post("/api/rules/publications", json=wanted(base=2, remove=["ac-setpoint"]))
    assert wrong.json()["error"]["details"][0]["path"] == "remove.0"


async def test_the_history_of_a_rule_names_every_version(engineer: Client, ports: Ports) -> None:
    await publish(engineer, setpoint())
    await publish(engineer, changed("speeding", limit_kmh=25.0), base=1)
    await publish(engineer, setpoint(3, dead_band_c=0.5), base=2)
    await engineer.post("/api/rules/publications/3/withdraw", json={"reason": "no"})
    answer = (await engineer.get("/api/rules/ac-setpoint")).json()
    found = [(row["version"], row["set"], row["state"], row["author"]) for row in answer["versions"]]
    assert found == [
        (3, 3, "withdrawn", "engineer"),
        (2, 1, "live", "engineer"),
        (1, 0, "replaced", None),
    ]
    assert answer["live"]["version"] == 2
    assert answer["versions"][-1]["document"] == document(ports.book.site.rules["ac-setpoint"])
    assert (await engineer.get("/api/rules/nothing")).status_code == 404
    whole = (await engineer.get("/api/rules/publications/2")).json()
    assert [one["id"] for one in whole["documents"]] == ["ac-setpoint", "speeding"]
    assert (await engineer.get("/api/rules/publications/9")).status_code == 404


async def test_publishing_stands_in_the_trail(engineer: Client, admin: Client, ports: Ports) -> None:
    await publish(engineer, pump())
    await admin.post("/api/rules/publications/1/approve", json={})
    await admin.post("/api/rules/publications/1/withdraw", json={"reason": "wrong"})
    rows = await ports.db.read(lambda c: audit.rows(c, None, 3))
    assert [(row["verb"], row["actor"], row["reason"]) for row in rows] == [
        ("rules.withdraw", "admin", "wrong"),
        ("rules.approve", "admin", ""),
        ("rules.publish", "engineer", "summer rules"),
    ]
    assert rows[2]["after"]["changes"][0]["id"] == "pump-not-auto"


async def test_published_rules_survive_the_hub(engineer: Client, ports: Ports) -> None:
    await publish(engineer, setpoint())
    book = Rulebook(ports.book.site, ports.db, ports.bus, ports.now_us)
    await book.load()
    assert (book.rules, book.campus.rules) == (ports.book.rules, ports.campus.rules)


async def test_a_set_that_no_longer_fits_the_site_file_is_withdrawn(engineer: Client, ports: Ports) -> None:
    await publish(engineer, setpoint(select={"devices": ["hq1-ac-301"]}))
    site = ports.book.site
    without = {name: device for name, device in site.devices.items() if name != "hq1-ac-301"}
    book = Rulebook(replace(site, devices=without), ports.db, ports.bus, ports.now_us)
    await book.load()
    assert (book.rules.number, book.campus) == (0, book.site)
    (made,) = (await engineer.get("/api/rules/publications")).json()["publications"]
    assert (made["state"], made["withdrawn_by"]) == ("withdrawn", "hub")
    assert "hq1-ac-301" in made["withdrawn_why"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_others_may_look_and_not_publish(sign_in: SignIn, role: Role) -> None:
    client = await sign_in(role)
    assert (await client.get("/api/rules")).status_code == 200
    assert (await client.post("/api/rules/publications", json=wanted(setpoint()))).status_code == 403
