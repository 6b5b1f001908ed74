"""Orders that were sent before a freeze, and probes that no program could read."""

from __future__ import annotations

import pytest

from hub.api.ports import Ports
from hub.orders import shelf
from hub.orders.record import sent
from tests.hub.api.conftest import Client
from tests.hub.api.test_orders import made, ports

__all__ = ["ports"]  # a fixture: here orders are enabled


async def test_a_freeze_also_takes_back_what_was_sent(
    operator: Client, engineer: Client, ports: Ports
) -> None:
    order = await made(engineer)
    record = await ports.db.read(lambda c: shelf.get(c, order["id"]))
    await ports.db.write(lambda c: shelf.store(c, sent(record, ports.now_us()), "hub", ports.now_us()))
    await operator.post("/api/orders/freeze", json={"scope": "*", "why": "smoke"})
    seen = (await engineer.get(f"/api/orders/{order['id']}")).json()
    assert (seen["state"], seen["cancelled_by"], seen["over"]) == ("sent", "operator", False)


@pytest.mark.parametrize("args", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'])
async def test_arguments_that_are_no_proper_json_are_refused(engineer: Client, args: str) -> None:
    body = f'{{"link": "hq1-ac", "args": {args}, "why": "x"}}'
    answer = await engineer.post(
        "/api/orders/probes", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert "invalid" in answer.text
