"""What comes from elsewhere, is too large or breaks: refused in one form, and telling nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from devices.model.errors import Unreachable
from hub.accounts.roles import Role
from hub.api.ports import Ports
from hub.api.settings import WebSettings
from hub.api.web import guarded, web_app
from tests.hub.api.conftest import ORIGIN, Client, SignIn, token_of


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Campuswatch": "1", "Origin": ORIGIN}, 401),
        ({"X-Campuswatch": "1", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 401),
        ({"X-Campuswatch": "1"}, 401),  # a program of ours; a browser always says where it is
        ({"Origin": ORIGIN}, 403),
        ({}, 403),
        ({"X-Campuswatch": "0", "Origin": ORIGIN}, 403),
        ({"X-Campuswatch": "1", "Origin": "http://evil.test"}, 403),
        ({"X-Campuswatch": "1", "Origin": "https://hub.test"}, 403),
        ({"X-Campuswatch": "1", "Origin": "http://hub.test:81"}, 403),
        ({"X-Campuswatch": "1", "Origin": "null"}, 403),
        ({"X-Campuswatch": "1", "Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Campuswatch": "1", "Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_only_our_own_page_may_act(app: FastAPI, headers: dict[str, str], status: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        answer = await client.post("/api/sign-in", json={"name": "x", "password": "y"}, headers=headers)
    assert answer.status_code == status


@pytest.fixture
async def behind_proxy(ports: Ports) -> AsyncIterator[Client]:
    web = WebSettings(public_url="https://watch.example.org")
    app = guarded(web_app(replace(ports, web=web)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        client.headers["X-Campuswatch"] = "1"
        yield client


async def test_behind_a_proxy_the_public_address_is_our_page(behind_proxy: Client, ports: Ports) -> None:
    await token_of(ports, Role.VIEWER)
    body = {"name": "viewer", "password": "wrong password"}
    for origin, status in (("https://watch.example.org", 401), (ORIGIN, 403)):
        answer = await behind_proxy.post("/api/sign-in", json=body, headers={"Origin": origin})
        assert answer.status_code == status


async def test_behind_https_the_cookie_and_the_browser_insist_on_it(
    behind_proxy: Client, ports: Ports
) -> None:
    await token_of(ports, Role.VIEWER)
    body = {"name": "viewer", "password": "seven valves are blue"}
    answer = await behind_proxy.post("/api/sign-in", json=body)
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_every_answer_carries_the_headers_that_keep_it_safe(stranger: Client) -> None:
    for path in ("/api/session", "/api/alerts", "/nowhere", "/healthz"):
        headers = (await stranger.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert len(headers["x-request-id"]) == 16
        assert "server" not in headers


async def test_a_request_keeps_a_sane_number_of_its_own_and_gets_one_for_a_strange_one(
    stranger: Client,
) -> None:
    given = await stranger.get("/healthz", headers={"X-Request-Id": "proxy-4711"})
    assert given.headers["x-request-id"] == "proxy-4711"
    strange = await stranger.get("/healthz", headers={"X-Request-Id": 'x" onload="'})
    assert strange.headers["x-request-id"] != 'x" onload="'


async def test_a_body_that_says_to_be_too_large_is_refused_unread(operator: Client) -> None:
    answer = await operator.post("/api/alerts/1/note", content=b"x" * 70_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too-large"


async def test_a_body_that_grows_too_large_is_refused_on_the_way(operator: Client) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b'{"text": "' + b"x" * 10_000

    answer = await operator.post("/api/alerts/1/note", content=endless())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"text": "x"}', "text/plain"),
        (b"text=x", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b'{"text": 1}', "application/json"),
        (b'{"text": "x", "more": 1}', "application/json"),
        (b"[" * 5000, "application/json"),
        (b'{"text": "\xff"}', "application/json"),
        (json.dumps({"text": "x" * 2001}).encode(), "application/json"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_its_reason(
    operator: Client, content: bytes, kind: str
) -> None:
    answer = await operator.post("/api/alerts/1/note", content=content, headers={"Content-Type": kind})
    assert answer.status_code in {400, 422}
    error = answer.json()["error"]
    assert set(error) == {"code", "zh", "en", "details"}


async def test_a_refusal_never_repeats_a_password(stranger: Client) -> None:
    answer = await stranger.post("/api/sign-in", json={"name": 7, "password": "seven valves are blue"})
    assert answer.status_code == 422
    assert "valves" not in answer.text


async def test_an_unknown_address_and_method_answer_in_the_one_form(stranger: Client) -> None:
    nowhere = await stranger.get("/api/nowhere")
    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (404, "not-found")
    wrong = await stranger.put("/api/session")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "not-allowed")


@pytest.fixture
def breaking(ports: Ports) -> FastAPI:
    app = web_app(ports)

    async def broken() -> None:
        raise RuntimeError("secret of the house")

    async def away() -> None:
        raise Unreachable("the disk is full")

    app.add_api_route("/api/broken", broken)
    app.add_api_route("/api/away", away)
    return app


async def test_an_error_of_ours_tells_its_number_and_nothing_else(
    breaking: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    guard = guarded(breaking)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=ORIGIN) as client:
        with caplog.at_level(logging.ERROR):
            answer = await client.get("/api/broken")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert answer.headers["x-request-id"] in answer.json()["error"]["en"]
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in caplog.text
    assert guard.failed == 1


async def test_a_store_that_is_away_is_said_to_be_away(breaking: FastAPI) -> None:
    transport = httpx.ASGITransport(guarded(breaking))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        answer = await client.get("/api/away")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


async def test_health_says_yes_or_no_and_no_more(stranger: Client, ports: Ports) -> None:
    answer = await stranger.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    await ports.db.__aexit__()
    gone = await stranger.get("/healthz")
    assert (gone.status_code, gone.json()) == (503, {"ok": False})
    await ports.db.__aenter__()


async def test_metrics_are_for_engineers_and_for_who_bears_the_token(sign_in: SignIn, ports: Ports) -> None:
    token = ports.data_dir / "metrics.token"
    token.write_text("seventeen-valves\n")
    app = guarded(web_app(replace(ports, web=WebSettings(metrics_token_file=token))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        for bearer, status in (("seventeen-valves", 200), ("sixteen-valves", 401), ("", 401)):
            headers = {"Authorization": f"Bearer {bearer}"}
            assert (await client.get("/metrics", headers=headers)).status_code == status
    engineer = await sign_in(Role.ENGINEER)
    text = (await engineer.get("/metrics")).text
    assert "stalled" not in text
    assert "campus_hub_alerts_raised 0.0" in text
    assert 'campus_hub_alerts_by_severity{severity="4"} 0.0' in text


async def test_metrics_name_what_is_stalled_and_what_each_agent_sent(sign_in: SignIn, ports: Ports) -> None:
    status = {
        "lag_s": 2.5,
        "stalled": {"series": "the disk is full"},
        "agents": {"edge-hq1": {"received": {"samples": 7}, "clock_offset_s": None}},
    }
    token = ports.data_dir / "metrics.token"
    token.write_text("seventeen-valves\n")
    told = replace(ports, ingest=lambda: status, web=WebSettings(metrics_token_file=token))
    transport = httpx.ASGITransport(guarded(web_app(told)))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        text = (await client.get("/metrics", headers={"Authorization": "Bearer seventeen-valves"})).text
    for line in (
        "campus_hub_lag_s 2.5",
        'campus_hub_ingest_stalled{store="series"} 1.0',
        'campus_hub_agents_received_samples{agent="edge-hq1"} 7.0',
    ):
        assert line in text.splitlines()
