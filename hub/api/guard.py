"""Around every request: its number, who may send it from where, its size, and what the browser may do with it."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devices.model.texts import Text
from hub.api.answers import Json, failure
from hub.api.settings import WebSettings

_log = logging.getLogger(__name__)

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: A page of another site cannot set it without asking us first, and we never say yes.
MARK: Final = "x-campuswatch"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
POLICY: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; media-src 'self'; "
    "style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
TOO_LARGE: Final = ("too-large", Text("请求过大", "The request is too large"))
HSTS: Final = "max-age=31536000; includeSubDomains"


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, web: WebSettings) -> None:
        self._app = app
        self._web = web
        self.failed = 0  # requests that ended in an error of ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        number = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = number
        answer = _Answer(send, number, secure=self._web.secure)
        if refusal := self._refusal(scope, headers):
            await refusal(scope, receive, answer.send)
            return
        try:
            await self._app(scope, _limited(receive, self._web.max_body_bytes), answer.send)
        except Exception:  # noqa: BLE001 - boundary: one request must not end the hub; it gets a number to report
            self.failed += 1
            _log.exception("request failed request=%s path=%s", number, scope["path"])
            await answer.instead(scope, receive, broken(number))

    def _refusal(self, scope: Scope, headers: Headers) -> Json | None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._web.max_body_bytes:
            return Json(failure(*TOO_LARGE), 413)
        if scope["method"] in SAFE or self._from_our_page(scope, headers):
            return None
        said = Text("请求不是来自本系统页面", "The request did not come from a page of this hub")
        return Json(failure("not-allowed", said), 403)

    def _from_our_page(self, scope: Scope, headers: Headers) -> bool:
        if headers.get(MARK) != "1" or headers.get("sec-fetch-site", "same-origin") not in {
            "same-origin",
            "none",
        }:
            return False
        origin = headers.get("origin")
        return origin is None or origin in set(self._origins(scope, headers))

    def _origins(self, scope: Scope, headers: Headers) -> Iterable[str]:
        if self._web.public_url is not None:
            parts = urlsplit(self._web.public_url)
            yield f"{parts.scheme}://{parts.netloc}"
        else:
            yield f"{scope['scheme']}://{headers.get('host', '')}"


class _Answer:
    """The way out: adds the headers, and knows whether an answer has begun."""

    def __init__(self, send: Send, number: str, *, secure: bool) -> None:
        self._send = send
        self._number = number
        self._secure = secure
        self._begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._number
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self._secure:
                headers["strict-transport-security"] = HSTS
            if "server" in headers:
                del headers["server"]
        await self._send(message)

    async def instead(self, scope: Scope, receive: Receive, answer: Json) -> None:
        """Answer this, unless another answer has begun."""
        if not self._begun:
            await answer(scope, receive, self.send)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _limited(receive: Receive, most: int) -> Receive:
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:  # whoever reads the body passes this kind of error on
            raise HTTPException(413)
        return message

    return limited


def broken(number: str) -> Json:
    """What a person is told of an error of ours: no more than its number in the log."""
    said = Text(f"系统内部错误，编号 {number}", f"An error inside the hub; its number is {number}")
    return Json(failure("internal", said), 500)
