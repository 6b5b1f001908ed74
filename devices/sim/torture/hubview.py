"""What the hub holds, asked for over its HTTP interface as a person's browser would."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from devices.model.errors import Unreachable

NAME: Final = "torturer"
ASK_S: Final = 10.0
FAR_US: Final = 86_400_000_000


class HubView:
    """Signed in as a person who was made at the first run. All calls block.

    data: the hub's folder, where the first-run token lies.
    """

    def __init__(self, port: int, data: Path) -> None:
        self._port = port
        self._data = data
        self._password = secrets.token_urlsafe(12)
        self._cookie = ""

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return self._ask("GET", "/healthz") is not None
        except Unreachable:
            return False

    def first_run(self) -> None:
        """Make the account."""
        token = (self._data / "first-run-token").read_text("utf-8").strip()
        body = {"token": token, "name": NAME, "password": self._password}
        self._ask("POST", "/api/first-run", body)

    def readings(self, points: Sequence[str], from_us: int, to_us: int) -> dict[str, Any]:
        """Raw readings of each point: columns `time_us` and `value`.

        Raises:
            Unreachable: the hub does not answer.
        """
        query = {"points": ",".join(points), "from_us": from_us, "to_us": to_us + FAR_US, "step_s": 0}
        answer = self._get(f"/api/series?{urlencode(query)}")
        if answer["truncated"]:
            raise Unreachable("more readings than the hub gives at once")
        return dict(answer["series"])

    def alerts(self, rule: str) -> Iterator[dict[str, Any]]:
        """Every alert of a rule, open or not.

        Raises:
            Unreachable: the hub does not answer.
        """
        after = ""
        while True:
            query = {"state": "all", "limit": 500} | ({"after": after} if after else {})
            page = self._get(f"/api/alerts?{urlencode(query)}")
            yield from (row for row in page["alerts"] if row["rule"] == rule)
            after = page["next"] or ""
            if not after:
                return

    def history(self, alert: str) -> list[dict[str, Any]]:
        """What happened to an alert.

        Raises:
            Unreachable: the hub does not answer.
        """
        return list(self._get(f"/api/alerts/{alert}")["history"])

    def gateways(self) -> list[dict[str, Any]]:
        """The agents, as the hub sees them.

        Raises:
            Unreachable: the hub does not answer.
        """
        return list(self._get("/api/gateways")["rows"])

    def quarantined(self) -> int:
        """How many messages were set aside.

        Raises:
            Unreachable: the hub does not answer.
        """
        return int(self._get("/api/gateways")["quarantine"]["count"])

    def _get(self, path: str) -> Any:
        if not self._cookie:
            self._ask("POST", "/api/sign-in", {"name": NAME, "password": self._password})
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ASK_S)
        headers = {
            "X-Campuswatch": "1",
            "Origin": f"http://127.0.0.1:{self._port}",
            "Content-Type": "application/json",
            "Cookie": self._cookie,
        }
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the hub does not answer: {error}") from None
        finally:
            connection.close()
        if response.status == http.HTTPStatus.UNAUTHORIZED:
            self._cookie = ""
        if response.status >= http.HTTPStatus.MULTIPLE_CHOICES:
            raise Unreachable(f"{path}: {response.status} {content[:300].decode(errors='replace')}")
        self._cookie = (response.getheader("Set-Cookie") or self._cookie).partition(";")[0]
        return json.loads(content) if content else None
