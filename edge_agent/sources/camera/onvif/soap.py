"""What is asked of an ONVIF device, and what its answers say. Pure."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from devices.model.errors import Garbled
from edge_agent.sources.camera.onvif.xml import all_of, parsed, text_of

ENVELOPE: Final = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    "<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
MEDIA: Final = "http://www.onvif.org/ver10/media/wsdl"
EVENTS: Final = "http://www.onvif.org/ver10/events/wsdl"
SCHEMA: Final = "http://www.onvif.org/ver10/schema"
#: Topics by which devices report that somebody has been at them, or at what they see; parts of them, lower case.
TAMPERED: Final = (
    "tamper",
    "globalscenechange",
    "imagetoodark",
    "imagetooblurry",
    "imagetoobright",
    "signalloss",
)
#: A clock without a battery begins with the first; calendars end soon after the last.
YEARS: Final = range(1970, 9999)
TRUE: Final = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of a device. source: token of the video source; "" where it names none."""

    topic: str
    source: str
    is_on: bool


def envelope(body: str, header: str = "") -> bytes:
    """A whole message."""
    return ENVELOPE.format(header=header, body=body).encode()


def signed(username: str, password: str, nonce: bytes, created_us: int) -> str:
    """A WS-UsernameToken with a digest: the password itself does not travel."""
    created = dt.datetime.fromtimestamp(created_us / 1e6, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    mixed = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    profile = f"{WSSE}username-token-profile-1.0#PasswordDigest"
    encoding = f"{WSSE}soap-message-security-1.0#Base64Binary"
    return (
        f'<w:Security xmlns:w="{WSSE}wssecurity-secext-1.0.xsd" xmlns:u="{WSSE}wssecurity-utility-1.0.xsd">'
        f"<w:UsernameToken><w:Username>{escape(username)}</w:Username>"
        f'<w:Password Type="{profile}">{base64.b64encode(mixed).decode()}</w:Password>'
        f'<w:Nonce EncodingType="{encoding}">{base64.b64encode(nonce).decode()}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


def get_clock() -> str:
    """What time it is there; answered without an account."""
    return f'<GetSystemDateAndTime xmlns="{DEVICE}"/>'


def get_services() -> str:
    """Where its services are."""
    return f'<GetCapabilities xmlns="{DEVICE}"><Category>All</Category></GetCapabilities>'


def get_profiles() -> str:
    """Its streams."""
    return f'<GetProfiles xmlns="{MEDIA}"/>'


def get_snapshot(token: str) -> str:
    """Where the still picture of a profile is."""
    return f'<GetSnapshotUri xmlns="{MEDIA}"><ProfileToken>{escape(token)}</ProfileToken></GetSnapshotUri>'


def get_stream(token: str) -> str:
    """Where the stream of a profile is."""
    return (
        f'<GetStreamUri xmlns="{MEDIA}"><StreamSetup><Stream xmlns="{SCHEMA}">RTP-Unicast</Stream>'
        f'<Transport xmlns="{SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
        f"<ProfileToken>{escape(token)}</ProfileToken></GetStreamUri>"
    )


def subscribe(seconds: float) -> str:
    """A place from which its events are fetched."""
    time = f"<InitialTerminationTime>PT{seconds:.0f}S</InitialTerminationTime>"
    return f'<CreatePullPointSubscription xmlns="{EVENTS}">{time}</CreatePullPointSubscription>'


def pull(seconds: float) -> str:
    """Its events, now or as soon as there are some."""
    return (
        f'<PullMessages xmlns="{EVENTS}"><Timeout>PT{seconds:.0f}S</Timeout>'
        "<MessageLimit>50</MessageLimit></PullMessages>"
    )


def clock_us(answer: bytes) -> int:
    """UTC of the device, in whole seconds as it states it.

    Raises:
        Garbled: it states none.
    """
    root = next(all_of(parsed(answer), "UTCDateTime"), None)
    if root is None:
        raise Garbled("no UTC time in the answer")
    parts = [text_of(root, "Date", name) for name in ("Year", "Month", "Day")]
    parts += [text_of(root, "Time", name) for name in ("Hour", "Minute", "Second")]
    try:
        year, month, day, hour, minute, second = (int(part) for part in parts)
        moment = dt.datetime(year if year in YEARS else 0, month, day, hour, minute, second, tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise Garbled("a time that makes no sense") from None
    return round(moment.timestamp()) * 1_000_000


def services(answer: bytes) -> dict[str, str]:
    """Addresses of the services `Media`, `Events` and `Search`, those that it has."""
    root = parsed(answer)
    found = {name: text_of(root, "Capabilities", name, "XAddr") for name in ("Media", "Events", "Search")}
    return {name: address for name, address in found.items() if address}


def profiles(answer: bytes) -> list[tuple[str, str]]:
    """Token and name of each stream."""
    found = [(one.get("token", ""), text_of(one, "Name")) for one in all_of(parsed(answer), "Profiles")]
    return [(token, name) for token, name in found if token]


def notices(answer: bytes) -> list[Notice]:
    """The events of an answer."""
    return [
        Notice(text_of(one, "Topic"), _item(one, "source"), _item(one, "state", "istamper", "value") in TRUE)
        for one in all_of(parsed(answer), "NotificationMessage")
    ]


def is_tampering(notice: Notice) -> bool:
    """Whether a device says that something is wrong with what it sees."""
    return notice.is_on and any(part in notice.topic.replace("/", "").lower() for part in TAMPERED)


def fault(answer: bytes) -> str:
    """Code and reason of a refusal, in the device's own words; "" where it is none."""
    root = parsed(answer)
    if next(all_of(root, "Fault"), None) is None:
        return ""
    codes = " ".join((one.text or "").strip() for one in all_of(root, "Value"))
    return f"{codes} {text_of(root, 'Reason', 'Text')}".strip()[:200]


def _item(notice: Element, *names: str) -> str:
    """Value of the first simple item whose name ends so."""
    for one in all_of(notice, "SimpleItem"):
        if one.get("Name", "").lower().endswith(names):
            return one.get("Value", "").lower()
    return ""
