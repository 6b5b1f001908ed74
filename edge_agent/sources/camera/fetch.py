"""One picture over HTTP: bounded in time and bytes, signed in only where the picture is asked for."""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from devices.model.codes import CameraLink
from devices.model.errors import CampusError

MAX_REDIRECTS: Final = 3
#: The part of the time-out that connecting may take, so that an absent host is told from a silent one.
CONNECT_SHARE: Final = 0.8
UNAUTHORISED: Final = 401
OK: Final = 200
FORBIDDEN: Final = 403
TOO_MANY: Final = 429
NO_BANDWIDTH: Final = 453  # some recorders say so at their session limit
SERVER_ERRORS: Final = range(500, 600)


class NoPicture(CampusError):  # noqa: N818 - the name says what the caller is told
    """No picture this time; `link` says why to machines, the text to people."""

    def __init__(self, link: CameraLink, why: str) -> None:
        super().__init__(why)
        self.link = link


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


async def picture(http: httpx.AsyncClient, target: Target) -> bytes:
    """Fetch one picture.

    Raises:
        NoPicture: and why.
    """
    try:
        async with asyncio.timeout(target.timeout_s):
            return await _followed(http, target)
    except httpx.ConnectTimeout:
        raise NoPicture(CameraLink.HOST_DOWN, "the host does not answer") from None
    except httpx.ConnectError as error:
        raise _unconnected(error) from None
    except (TimeoutError, httpx.TimeoutException):
        raise NoPicture(CameraLink.TIMED_OUT, f"no picture within {target.timeout_s:g} s") from None
    except httpx.ReadError:
        raise NoPicture(CameraLink.REFUSED, "the host hung up") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = f"no HTTP that makes sense ({type(error).__name__})"
        raise NoPicture(CameraLink.NOT_A_PICTURE, why) from None


async def _followed(http: httpx.AsyncClient, target: Target) -> bytes:
    """Ask, and follow redirects that stay at the host."""
    url = target.url
    for _ in range(MAX_REDIRECTS + 1):
        response = await _signed_in(http, target, url)
        try:
            if not response.has_redirect_location:
                return await _body(response, target.max_bytes)
            url = _next(url, response.headers["location"])
        finally:
            await response.aclose()
    raise NoPicture(CameraLink.REFUSED, f"more than {MAX_REDIRECTS} redirects")


async def _signed_in(http: httpx.AsyncClient, target: Target, url: httpx.URL) -> httpx.Response:
    """Ask, and answer a challenge once; bodies of refusals are not read, they may have no end."""
    timeout = httpx.Timeout(target.timeout_s, connect=target.timeout_s * CONNECT_SHARE)
    request = http.build_request("GET", url, timeout=timeout)
    if target.account is None:
        return await http.send(request, stream=True, auth=None)
    flow = target.account().auth_flow(request)
    response = await http.send(next(flow), stream=True, auth=None)
    try:
        again = flow.send(response)
    except StopIteration:
        return response
    except (KeyError, ValueError, httpx.ProtocolError):  # what httpx makes of a challenge without sense
        await response.aclose()
        raise NoPicture(CameraLink.UNAUTHORISED, "a challenge that makes no sense") from None
    await response.aclose()
    return await http.send(again, stream=True, auth=None)


def _next(url: httpx.URL, location: str) -> httpx.URL:
    wanted = url.join(location)
    if (wanted.scheme, wanted.host, wanted.port) != (url.scheme, url.host, url.port):
        raise NoPicture(CameraLink.REFUSED, f"a redirect to another place, {wanted.host[:100]}")
    return wanted.copy_with(userinfo=b"")


async def _body(response: httpx.Response, max_bytes: int) -> bytes:
    _check_status(response.status_code)
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > max_bytes:
        raise NoPicture(CameraLink.NOT_A_PICTURE, f"{declared[:20]} bytes, at most {max_bytes} are read")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > max_bytes:
            raise NoPicture(CameraLink.NOT_A_PICTURE, f"more than {max_bytes} bytes")
    return bytes(body)


def _check_status(status: int) -> None:
    if status == OK:
        return
    if status == UNAUTHORISED:
        raise NoPicture(CameraLink.UNAUTHORISED, "the host does not accept our account")
    refused = status in {FORBIDDEN, TOO_MANY, NO_BANDWIDTH} or status in SERVER_ERRORS
    raise NoPicture(CameraLink.REFUSED if refused else CameraLink.NOT_A_PICTURE, f"status {status}")


def _unconnected(error: BaseException) -> NoPicture:
    """Port closed or host down, by the operating system's own word somewhere in the chain of causes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED:
            return NoPicture(CameraLink.PORT_CLOSED, "nothing listens at that port")
        cause = cause.__cause__ or cause.__context__
    return NoPicture(CameraLink.HOST_DOWN, "the host cannot be reached")
