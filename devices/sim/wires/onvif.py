"""As much ONVIF as a recorder of the simulated campus speaks: clock, services, streams, events, and its search."""

from __future__ import annotations

import asyncio
import datetime as dt
import http
from collections.abc import Callable, Mapping
from typing import Final

from devices.sim.wires.recordings import Search
from devices.sim.wires.web import Request, Response

PATH: Final = "/onvif/"
ENVELOPE: Final = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
)
TYPE: Final = "application/soap+xml; charset=utf-8"
#: How long a question for events waits, at most; and how often it looks meanwhile.
PULL_S: Final = 2.0
LOOK_S: Final = 0.1


class OnvifFace:
    """What a recorder says of itself.

    Args:
        host: name and port as a client sees it.
        paths: path of each camera's picture or stream, path to camera id.
        clock_us: UTC as the recorder's own clock has it.
        tampered: cameras that somebody has been at.
        search: what it recorded.
    """

    def __init__(
        self,
        host: Callable[[], str],
        paths: Mapping[str, str],
        clock_us: Callable[[], int],
        tampered: Callable[[], list[str]],
        search: Search,
    ) -> None:
        self._host = host
        self._paths = paths
        self._clock_us = clock_us
        self._tampered = tampered
        self._search = search
        self._told: list[str] = []

    async def answer(self, asked: Request) -> Response:
        """Answer one question."""
        text = asked.body.decode("utf-8", "replace")
        for name, body in (
            ("GetSystemDateAndTime", self._clock),
            ("GetCapabilities", self._services),
            ("GetProfiles", self._profiles),
            ("CreatePullPointSubscription", self._place),
        ):
            if f"<{name}" in text:
                return _ok(body())
        if (found := self._search.answer(text)) is not None:
            return _ok(found)
        if "<PullMessages" in text:
            return _ok(await self._events())
        for path, camera in self._paths.items():
            if f"<ProfileToken>{camera}<" in text:
                return _ok(f"<MediaUri><Uri>http://{self._host()}{path}</Uri></MediaUri>")
        fault = "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault>"
        return Response(http.HTTPStatus.BAD_REQUEST, TYPE, ENVELOPE.format(fault).encode())

    def _clock(self) -> str:
        now = dt.datetime.fromtimestamp(self._clock_us() / 1e6, dt.UTC)
        time = (
            f"<Time><Hour>{now.hour}</Hour><Minute>{now.minute}</Minute><Second>{now.second}</Second></Time>"
        )
        date = f"<Date><Year>{now.year}</Year><Month>{now.month}</Month><Day>{now.day}</Day></Date>"
        return f"<SystemDateAndTime><UTCDateTime>{time}{date}</UTCDateTime></SystemDateAndTime>"

    def _services(self) -> str:
        addresses = (
            f"<{name}><XAddr>http://{self._host()}{PATH}{name}</XAddr></{name}>"
            for name in ("Media", "Events", "Search")
        )
        return f"<Capabilities>{''.join(addresses)}</Capabilities>"

    def _profiles(self) -> str:
        found = (
            f'<Profiles token="{camera}"><Name>{camera}</Name></Profiles>' for camera in self._paths.values()
        )
        return f"<GetProfilesResponse>{''.join(found)}</GetProfilesResponse>"

    def _place(self) -> str:
        return f"<SubscriptionReference><Address>http://{self._host()}{PATH}events/1</Address></SubscriptionReference>"

    async def _events(self) -> str:
        """What changed since the last time: each camera that was tampered with, or is no longer."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + PULL_S
        while (now := self._tampered()) == self._told and loop.time() < until_s:  # noqa: ASYNC110 - faults tell nobody
            await asyncio.sleep(LOOK_S)
        changed, self._told = sorted({*now} ^ {*self._told}), now
        notices = "".join(
            "<NotificationMessage><Topic>tns1:RuleEngine/TamperDetector/Tamper</Topic><Message><Source>"
            f'<SimpleItem Name="Source" Value="{camera}"/></Source><Data>'
            f'<SimpleItem Name="IsTamper" Value="{str(camera in now).lower()}"/></Data></Message></NotificationMessage>'
            for camera in changed
        )
        return f"<PullMessagesResponse>{notices}</PullMessagesResponse>"


def _ok(body: str) -> Response:
    return Response(http.HTTPStatus.OK, TYPE, ENVELOPE.format(body).encode())
