"""Who is there: WS-Discovery, one question to all of the network and what comes back within a few seconds."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from devices.model.errors import Garbled
from edge_agent.sources.camera.onvif.xml import all_of, parsed, text_of

GROUP: Final = ("239.255.255.250", 3702)
#: Answers that are looked at, at most.
MOST_ANSWERS: Final = 2_000
DISCOVERY: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered. sender: the address its answer came from; address: what it says of itself."""

    sender: str
    address: str
    name: str
    hardware: str


def probe(number: uuid.UUID) -> bytes:
    """The question."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="{ADDRESSING}" xmlns:d="{DISCOVERY}"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
        f"<e:Header><w:MessageID>uuid:{number}</w:MessageID>"
        "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
        f"<w:Action>{DISCOVERY}/Probe</w:Action></e:Header>"
        "<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
    ).encode()


def matches(answer: bytes, sender: str, number: uuid.UUID) -> list[Found]:
    """What one answer to this question says; nothing, where it makes no sense or answers another."""
    try:
        root = parsed(answer)
    except Garbled:
        return []
    if str(number) not in text_of(root, "RelatesTo"):
        return []
    found = []
    for match in all_of(root, "ProbeMatch"):
        scopes = _scopes(text_of(match, "Scopes"))
        address = next(iter(text_of(match, "XAddrs").split()), "")
        found.append(Found(sender, address[:200], scopes.get("name", ""), scopes.get("hardware", "")))
    return found


def _scopes(text: str) -> dict[str, str]:
    """What stands behind onvif://www.onvif.org/<key>/<value>, as people may print it."""
    try:
        parts = [urlsplit(scope).path.strip("/").partition("/") for scope in text.split()]
    except ValueError:  # such as a bracket that is never closed
        return {}
    return {
        key: "".join(sign for sign in unquote(value) if sign.isprintable())[:60] for key, _, value in parts
    }


class _Gathering(asyncio.DatagramProtocol):
    def __init__(self, number: uuid.UUID) -> None:
        self._number = number
        self._answers = 0
        self.found: dict[tuple[str, str], Found] = {}

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        self._answers += 1
        if self._answers <= MOST_ANSWERS:
            self.found |= {(one.sender, one.address): one for one in matches(data, sender[0], self._number)}


async def discover(seconds: float = 3.0, group: tuple[str, int] = GROUP) -> list[Found]:
    """Ask the network, and return who answered, by address."""
    number = uuid.uuid4()
    loop = asyncio.get_running_loop()
    transport, gathering = await loop.create_datagram_endpoint(
        lambda: _Gathering(number),
        local_addr=("0.0.0.0", 0),  # noqa: S104 - answers come from anywhere
    )
    try:
        transport.sendto(probe(number), group)
        await asyncio.sleep(seconds)
    finally:
        transport.close()
    return sorted(gathering.found.values(), key=lambda one: (one.sender, one.address))
