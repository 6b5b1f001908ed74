"""What the hub serves of the console: public files with a strict policy, and nothing outside its folder."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from hub.console import CONTENT_SECURITY_POLICY, STATIC, mount_console
from tests.console.conftest import shared_loop


@shared_loop()
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette()
    mount_console(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        yield client


async def test_the_page_comes_with_the_policy_and_refers_only_to_files_that_exist(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    files = re.findall(r"(?:href|src)=\"([^\"]+)\"", answer.text)
    assert len(files) > 10
    for file in files:
        assert (await client.get(file)).status_code == 200, file


def test_the_policy_allows_nothing_inline_nothing_compiled_and_nothing_from_elsewhere() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    page = (STATIC / "index.html").read_text("utf-8")
    assert "style=" not in page
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"\son\w+=", page) == []


async def test_scripts_are_scripts_and_ask_each_time_but_for_versioned_ones(
    client: httpx.AsyncClient,
) -> None:
    own = await client.get("/console/app.js")
    assert own.headers["content-type"].split(";")[0] in {"text/javascript", "application/javascript"}
    assert own.headers["cache-control"] == "no-cache"
    assert own.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    again = await client.get("/console/app.js", headers={"If-None-Match": own.headers["etag"]})
    assert again.status_code == 304
    vendored = next((STATIC / "vendor").glob("*.js")).name
    assert "immutable" in (await client.get(f"/console/vendor/{vendored}")).headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/console/../files.py", "/console/%2e%2e/files.py", "/console//etc/passwd", "/console/"]
)
async def test_nothing_outside_the_folder_is_given_away(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_only_reading_is_possible(client: httpx.AsyncClient) -> None:
    assert (await client.post("/")).status_code == 405
    assert (await client.delete("/console/app.js")).status_code == 405
