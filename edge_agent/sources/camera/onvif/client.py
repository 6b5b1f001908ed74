"""One ONVIF device over HTTP: bounded in time and bytes, signed with the device's own time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from devices.model.errors import Garbled, Refused, Unreachable
from edge_agent.sources.camera.fetch import signed_in
from edge_agent.sources.camera.freshness import off_s
from edge_agent.sources.camera.onvif import soap
from edge_agent.sources.camera.onvif.xml import LONGEST, parsed, text_of

PATH: Final = "/onvif/device_service"
TYPE: Final = "application/soap+xml; charset=utf-8"
OK: Final = 200
UNAUTHORISED: Final = 401
#: Streams of one device that are asked for, at most.
MOST_PROFILES: Final = 16
#: How long a place for events lives, and how long one question for them may wait.
SUBSCRIBED_S: Final = 60.0
PULL_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream of a device; addresses as it states them, "" where it has none."""

    token: str
    name: str
    snapshot: str
    stream: str


class Device:
    """An ONVIF device.

    Args:
        http: a client that follows no redirects.
        host, port: where its device service is; what it says of other places is asked at the same host.
        account: user name and password, or None.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        host: str,
        port: int,
        account: tuple[str, str] | None,
        timeout_s: float,
        now_us: Callable[[], int],
    ) -> None:
        self._http = http
        self._device = httpx.URL(scheme="http", host=host, port=port, path=PATH)
        self._account = account
        self._timeout_s = timeout_s
        self._now_us = now_us
        self._ahead_us = 0
        self._services: dict[str, str] = {}

    async def clock_off_s(self) -> float:
        """The device's clock less ours, in whole seconds; asked without an account, for a wrong clock breaks signing.

        Raises:
            Unreachable, Refused, Garbled: no answer, a refusal, or one without sense.
        """
        asked_us = self._now_us()
        host_us = soap.clock_us(await self._said(self._device, soap.get_clock(), signs=False))
        self._ahead_us = host_us - self._now_us()
        return off_s(host_us, asked_us, self._now_us())

    async def profiles(self) -> list[Profile]:
        """Its streams and where they are."""
        await self.clock_off_s()
        media = await self._service("Media")
        found = soap.profiles(await self._said(media, soap.get_profiles()))
        return [
            Profile(
                token,
                name,
                await self._address(media, soap.get_snapshot(token)),
                await self._address(media, soap.get_stream(token)),
            )
            for token, name in found[:MOST_PROFILES]
        ]

    async def subscribe(self) -> httpx.URL:
        """A place for `pull`, for a minute."""
        await self.clock_off_s()
        answer = await self._said(await self._service("Events"), soap.subscribe(SUBSCRIBED_S))
        return self._here(text_of(parsed(answer), "SubscriptionReference", "Address"))

    async def pull(self, place: httpx.URL) -> list[soap.Notice]:
        """Events since the last time; waits for some."""
        return soap.notices(await self._said(place, soap.pull(PULL_S), longer_s=PULL_S))

    async def ask(self, service: str, question: str, longer_s: float = 0.0) -> bytes:
        """Put a question to one of its services; the answer may take `longer_s` more than others.

        Raises:
            Unreachable, Refused, Garbled: no answer, a refusal or no such service, or more than an answer can be.
        """
        return await self._said(await self._service(service), question, longer_s=longer_s)

    async def _service(self, name: str) -> httpx.URL:
        if not self._services:
            self._services = soap.services(await self._said(self._device, soap.get_services()))
        if name not in self._services:
            raise Refused(f"the device has no service {name}")
        return self._here(self._services[name])

    async def _address(self, media: httpx.URL, question: str) -> str:
        try:
            return text_of(parsed(await self._said(media, question)), "MediaUri", "Uri")
        except Refused:
            return ""  # a device may have streams and no still pictures

    def _here(self, address: str) -> httpx.URL:
        """The same path at the device's own host: behind a router it states another, and nobody else gets our name."""
        try:
            wanted = httpx.URL(address)
        except httpx.InvalidURL:
            raise Garbled("an address that makes no sense") from None
        return self._device.copy_with(raw_path=wanted.raw_path)

    async def _said(self, url: httpx.URL, body: str, *, signs: bool = True, longer_s: float = 0.0) -> bytes:
        header, account, auth = "", self._account if signs else None, None
        if account is not None:
            header = soap.signed(*account, secrets.token_bytes(16), self._now_us() + self._ahead_us)
            auth = httpx.DigestAuth(*account)  # answers a device that wants it, and says nothing before
        message, timeout_s = soap.envelope(body, header), self._timeout_s + longer_s
        request = self._http.build_request(
            "POST", url, content=message, headers={"Content-Type": TYPE}, timeout=timeout_s
        )
        try:
            async with asyncio.timeout(timeout_s):
                response = await (
                    self._sent(request) if auth is None else signed_in(self._sent, request, auth)
                )
                try:
                    data = await _bounded(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.HTTPError) as error:
            raise Unreachable(f"no answer ({type(error).__name__})") from None
        except httpx.InvalidURL:
            raise Garbled("an address that makes no sense") from None
        return _checked(response.status_code, data)

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        return await self._http.send(request, stream=True, auth=None)


async def _bounded(response: httpx.Response) -> bytes:
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > LONGEST:
            raise Garbled(f"more than {LONGEST} bytes")
    return bytes(data)


def _checked(status: int, data: bytes) -> bytes:
    if status == UNAUTHORISED:
        raise Refused("the device does not accept our account")
    why = soap.fault(data) if data else ""
    if why or status != OK:
        raise Refused(f"status {status} {why}".strip())
    return data
