"""One picture over HTTP: bounded in time and bytes, signed in only where the picture is asked for."""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from devices.model.codes import CameraLink
from devices.model.errors import Refused
from edge_agent.sources.camera.freshness import Fetched
from edge_agent.sources.capture.failures import OK, UNAUTHORISED, NoPicture, of_status

MAX_REDIRECTS: Final = 3
#: The part of the time-out that connecting may take, so that an absent host is told from a silent one.
CONNECT_SHARE: Final = 0.8
#: Tries at signing in: a host may have forgotten, between question and answer, the word it gave us to sign with.
MOST_TRIES: Final = 2
Send = Callable[[httpx.Request], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class Target:
    """Where one picture is, and what an answer may cost."""

    url: httpx.URL
    timeout_s: float
    max_bytes: int
    account: Callable[[], httpx.Auth] | None = field(default=None, repr=False)


def client() -> httpx.AsyncClient:
    """A client for all hosts: no proxies, cookies or redirects of its own, a fresh connection for each picture.

    Kept connections would occupy the few sessions that a recorder has, between two pictures.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every request
    return httpx.AsyncClient(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # plain HTTP only: no certificates to load
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        headers={"Accept": "image/jpeg", "Accept-Encoding": "identity", "User-Agent": "campuswatch"},
    )


def sign_in(scheme: str, username: str, password: str) -> Callable[[], httpx.Auth]:
    """How to answer a host that asks who we are; made anew for each picture, so no bad challenge stays."""
    kind = httpx.DigestAuth if scheme == "digest" else httpx.BasicAuth
    return lambda: kind(username, password)


async def signed_in(send: Send, request: httpx.Request, auth: httpx.Auth) -> httpx.Response:
    """Ask, and answer a challenge once; bodies of refusals are not read, they may have no end.

    Raises:
        Refused: nobody can answer the challenge.
    """
    flow = auth.auth_flow(request)
    response = await send(next(flow))
    request.headers.encoding = (
        "utf-8"  # so far they were ASCII, and httpx would hold a name in the answer to that
    )
    try:
        again = flow.send(response)
    except StopIteration:
        return response
    except (KeyError, ValueError, NotImplementedError, httpx.ProtocolError):  # what httpx makes of such
        await response.aclose()
        raise Refused("a challenge that makes no sense, or a way of signing in that we do not use") from None
    await response.aclose()
    return await send(again)


async def picture(http: httpx.AsyncClient, target: Target, now_us: Callable[[], int]) -> Fetched:
    """Fetch one picture.

    Raises:
        NoPicture: and why.
    """
    asking = _Asking(http, target, now_us)
    try:
        async with asyncio.timeout(target.timeout_s):
            return await asking.followed()
    except httpx.ConnectTimeout:
        raise NoPicture(CameraLink.HOST_DOWN, "the host does not answer") from None
    except httpx.ConnectError as error:
        raise _unconnected(error) from None
    except (TimeoutError, httpx.TimeoutException):
        link = CameraLink.TIMED_OUT if asking.answered else CameraLink.SILENT
        what = "no whole picture" if asking.answered else "connected, and no answer"
        raise NoPicture(link, f"{what} within {target.timeout_s:g} s") from None
    except httpx.ReadError:
        raise NoPicture(CameraLink.REFUSED, "the host hung up") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = f"no HTTP that makes sense ({type(error).__name__})"
        raise NoPicture(CameraLink.NOT_A_PICTURE, why) from None


@dataclass(slots=True)
class _Asking:
    """One attempt. asked_us: when it was asked last; answered: the host has said something."""

    http: httpx.AsyncClient
    target: Target
    now_us: Callable[[], int]
    asked_us: int = 0
    answered: bool = False

    async def followed(self) -> Fetched:
        """Ask, and follow redirects that stay at the host."""
        url = self.target.url
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._signed_in(url)
            try:
                if not response.has_redirect_location:
                    return await self._body(response)
                url = _next(url, response.headers["location"])
            finally:
                await response.aclose()
        raise NoPicture(CameraLink.REFUSED, f"more than {MAX_REDIRECTS} redirects")

    async def _signed_in(self, url: httpx.URL) -> httpx.Response:
        """Ask, and answer a challenge; a word that is out of date is asked for once more."""
        response = await self._tried(url)
        for _ in range(MOST_TRIES - 1):
            if response.status_code != UNAUTHORISED or not _is_stale(response):
                break
            await response.aclose()
            response = await self._tried(url)
        return response

    async def _tried(self, url: httpx.URL) -> httpx.Response:
        """Ask, and answer a challenge once."""
        timeout = httpx.Timeout(self.target.timeout_s, connect=self.target.timeout_s * CONNECT_SHARE)
        request = self.http.build_request("GET", url, timeout=timeout)
        if self.target.account is None:
            return await self._sent(request)
        try:
            return await signed_in(self._sent, request, self.target.account())
        except Refused as refused:
            raise NoPicture(CameraLink.UNAUTHORISED, str(refused)) from None

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        self.asked_us = self.now_us()
        response = await self.http.send(request, stream=True, auth=None)
        self.answered = True
        return response

    async def _body(self, response: httpx.Response) -> Fetched:
        if response.status_code != OK:
            raise of_status(response.status_code)
        most, head = self.target.max_bytes, response.headers
        declared = head.get("content-length", "")
        if declared.isdigit() and int(declared[:20]) > most:
            raise NoPicture(CameraLink.NOT_A_PICTURE, f"{declared[:20]} bytes, at most {most} are read")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most:
                raise NoPicture(CameraLink.NOT_A_PICTURE, f"more than {most} bytes")
        marks = (head.get(name, "") for name in ("date", "etag", "last-modified"))
        return Fetched(bytes(body), self.asked_us, self.now_us(), *marks)


def _is_stale(response: httpx.Response) -> bool:
    return "stale=true" in response.headers.get("www-authenticate", "").lower().replace('"', "")


def _next(url: httpx.URL, location: str) -> httpx.URL:
    wanted = url.join(location)
    if (wanted.scheme, wanted.host, wanted.port) != (url.scheme, url.host, url.port):
        raise NoPicture(CameraLink.REFUSED, f"a redirect to another place, {wanted.host[:100]}")
    return wanted.copy_with(userinfo=b"")


def _unconnected(error: BaseException) -> NoPicture:
    """Port closed or host down, by the operating system's own word somewhere in the chain of causes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED:
            return NoPicture(CameraLink.PORT_CLOSED, "nothing listens at that port")
        cause = cause.__cause__ or cause.__context__
    return NoPicture(CameraLink.HOST_DOWN, "the host cannot be reached")
