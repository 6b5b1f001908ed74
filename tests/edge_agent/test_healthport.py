"""The health port: what it answers, and that nobody can make it do anything else."""

from __future__ import annotations

import asyncio
import json
import math
import time
from functools import partial

from edge_agent.health import Health
from edge_agent.healthport import serve
from edge_agent.screen import screen

STATUS = {
    "agent": {
        "id": "edge-hq1",
        "version": "0.1.0",
        "site_digest": "abc",
        "started_us": 1_795_000_000_000_000,
    },
    "uplink": {"state": "connected", "sent": 12, "acked": 10},
    "source_modbus": {"links": {"gw-1": {"state": "up", "answered": 7, "timeouts": 1, "last_ok_us": 0}}},
    "pipeline": {"samples": 40, "rate": math.nan},
}


def health() -> Health:
    gathered = Health()
    for name, section in STATUS.items():
        gathered.add(name, partial(dict, section))
    return gathered


async def asked(request: bytes, *, alive: bool = True) -> tuple[str, bytes]:
    async with serve("127.0.0.1", 0, health(), lambda: alive) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), body


async def test_healthz_says_whether_the_agent_lives() -> None:
    assert await asked(b"GET /healthz HTTP/1.1\r\n\r\n") == ("HTTP/1.1 200 OK", b"ok\n")
    assert (await asked(b"GET /healthz HTTP/1.1\r\n\r\n", alive=False))[0].startswith("HTTP/1.1 503")


async def test_metrics_name_each_number_with_its_link() -> None:
    _, body = await asked(b"GET /metrics HTTP/1.1\r\n\r\n")
    lines = body.decode().splitlines()
    assert 'campus_edge_source_modbus_links_answered{link="gw-1"} 7.0' in lines
    assert "campus_edge_pipeline_samples 40.0" in lines


async def test_status_is_json_and_a_missing_number_is_null() -> None:
    _, body = await asked(b"GET /status?x=1 HTTP/1.1\r\n\r\n")
    status = json.loads(body)
    assert status["pipeline"] == {"samples": 40, "rate": None}
    assert "edge-hq1" in screen(status, time.time_ns() // 1000)
    assert "gw-1" in screen(status, time.time_ns() // 1000)


async def test_anything_but_a_known_read_is_refused() -> None:
    assert (await asked(b"POST /healthz HTTP/1.1\r\n\r\n"))[0] == "HTTP/1.1 405 Method Not Allowed"
    assert (await asked(b"GET /../etc/passwd HTTP/1.1\r\n\r\n"))[0] == "HTTP/1.1 404 Not Found"
    assert (await asked(b"GET /" + b"x" * 9000 + b"\r\n\r\n"))[0] == "HTTP/1.1 405 Method Not Allowed"


def test_the_screen_says_why_there_is_no_hub_and_how_far_the_clock_is_off() -> None:
    uplink = {
        "state": "refused",
        "last_error": "another agent that calls itself a1 is at work",
        "clock_offset_s": -3.25,
    }
    shown = screen({"uplink": uplink}, 0)
    assert "!! another agent that calls itself a1 is at work" in shown
    assert "clock offset s -3.2" in shown
    assert "!!" not in screen({"uplink": {**uplink, "state": "connected"}}, 0)
