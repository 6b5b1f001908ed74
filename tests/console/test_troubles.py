"""What gateways say of links in trouble reaches a Chinese screen in Chinese, and an English one as it is."""

from __future__ import annotations

import re

import pytest

from edge_agent.sources.capture.failures import of_status
from tests.console.conftest import Sit
from tests.console.fake_hub import FakeHub
from tests.console.test_parts import run

pytestmark = pytest.mark.needs("chromium")
STATUSES = (401, 403, 404, 453, 461, 502, 503)
TOLD = [
    *(str(of_status(status)) for status in STATUSES),
    "10.1.2.3:502 does not answer within 3.0 s",
    "10.1.2.3:502: Connection refused",
    "10.1.2.3:502: Connect call failed ('10.1.2.3', 502)",
    "10.1.2.3:502: No route to host",
    "connection lost: [Errno 104] Connection reset by peer",
    "closed by the device",
    "nobody answered",
]
ALL = "(module, texts) => texts.map((text) => module.troubleWords(text))"


async def test_what_is_said_often_has_words_and_the_rest_none(hub: FakeHub, sit: Sit) -> None:
    async with sit(hub, name="li") as seat:
        words = await run(seat, "i18n/troubles.js", ALL, [*TOLD, "a word of its own"])
        assert words.pop() is None
        assert all(re.search(r"[\u4e00-\u9fff]", said) for said in words), words
        assert "502" in words[STATUSES.index(502)]
    async with sit(hub, name="li", language="en") as seat:
        assert await run(seat, "i18n/troubles.js", ALL, TOLD) == TOLD
