"""What is said to ONVIF devices and heard from them, strangers' XML among it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.errors import Garbled
from edge_agent.sources.camera.onvif import soap
from edge_agent.sources.camera.onvif.discovery import matches, probe
from edge_agent.sources.camera.onvif.xml import DEEPEST, LONGEST, MOST_ELEMENTS, parsed, text_of

NOW_US = 1_790_000_000_000_000
NUMBER = uuid.UUID(int=7)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"HTTP/1.1 200 OK",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="utf-99"?><a/>',
        b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1),
        b"<a>" + b"<b/>" * (MOST_ELEMENTS + 1) + b"</a>",
        b"<a>" + b" " * LONGEST + b"</a>",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_no_bearable_xml_is_garbled(data: bytes) -> None:
    with pytest.raises(Garbled):
        parsed(data)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_xml_or_garbled_and_any_answer_is_read_or_garbled(data: bytes) -> None:
    for read in (soap.clock_us, soap.services, soap.profiles, soap.notices, soap.fault):
        with contextlib.suppress(Garbled):
            read(data)
    assert matches(data, "192.0.2.1", NUMBER) == []


def test_the_password_is_mixed_with_nonce_and_time_and_does_not_travel() -> None:
    said = soap.signed("view<er", "s3cret", b"0123456789abcdef", NOW_US)
    created = re.search(r"Created>([^<]+)<", said)
    digest = re.search(r"PasswordDigest\">([^<]+)<", said)
    assert created is not None
    assert digest is not None
    wanted = hashlib.sha1(b"0123456789abcdef" + created[1].encode() + b"s3cret").digest()
    assert base64.b64decode(digest[1]) == wanted
    assert "s3cret" not in said
    assert text_of(parsed(soap.envelope(soap.get_profiles(), said)), "Username") == "view<er"


def clock(**parts: int | str) -> bytes:
    told = {"Hour": 8, "Minute": 5, "Second": 9, "Year": 2026, "Month": 11, "Day": 22, **parts}
    time = "".join(f"<{name}>{told[name]}</{name}>" for name in ("Hour", "Minute", "Second"))
    date = "".join(f"<{name}>{told[name]}</{name}>" for name in ("Year", "Month", "Day"))
    body = f"<tt:UTCDateTime xmlns:tt='x'><Time>{time}</Time><Date>{date}</Date></tt:UTCDateTime>"
    return soap.envelope(f"<GetSystemDateAndTimeResponse>{body}</GetSystemDateAndTimeResponse>")


def test_the_clock_is_read_and_one_that_makes_no_sense_is_garbled() -> None:
    assert soap.clock_us(clock()) == 1_795_334_709_000_000
    for bad in ({"Hour": 25}, {"Month": 0}, {"Year": "soon"}, {"Year": 0}, {"Year": 9999}, {"Day": 10**30}):
        with pytest.raises(Garbled):
            soap.clock_us(clock(**bad))


def notice(topic: str, name: str, value: str) -> bytes:
    source = "<Source><SimpleItem Name='VideoSourceToken' Value='vs1'/></Source>"
    items = f"{source}<SimpleItem Name='{name}' Value='{value}'/>"
    return soap.envelope(
        f"<NotificationMessage><Topic>{topic}</Topic><Message>{items}</Message></NotificationMessage>"
    )


@pytest.mark.parametrize(
    ("topic", "name", "value", "is_tampering"),
    [
        ("tns1:VideoSource/GlobalSceneChange/ImagingService", "State", "true", True),
        ("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper", "1", True),
        ("tns1:VideoSource/SignalLoss", "State", "true", True),
        ("tns1:VideoSource/ImageTooBlurry/AnalyticsService", "State", "false", False),
        ("tns1:VideoSource/MotionAlarm", "State", "true", False),
        ("", "State", "true", False),
    ],
)
def test_tampering_is_known_by_its_topic_and_only_while_it_lasts(
    topic: str, name: str, value: str, *, is_tampering: bool
) -> None:
    [heard] = soap.notices(notice(topic, name, value))
    assert soap.is_tampering(heard) is is_tampering


def test_an_answer_to_our_probe_names_a_device_and_one_to_another_does_not() -> None:
    match = (
        "<ProbeMatch><Scopes>onvif://www.onvif.org/name/Gate%20East onvif://www.onvif.org/hardware/DS-2CD%0A</Scopes>"
        "<XAddrs>http://192.0.2.9/onvif/device_service http://[fe80::1]/</XAddrs></ProbeMatch>"
    )
    answer = f"<E><RelatesTo>urn:uuid:{NUMBER}</RelatesTo>{match}</E>".encode()
    [found] = matches(answer, "192.0.2.9", NUMBER)
    assert (found.name, found.hardware) == ("Gate East", "DS-2CD")
    assert found.address == "http://192.0.2.9/onvif/device_service"
    assert matches(answer, "192.0.2.9", uuid.UUID(int=8)) == []
    assert str(NUMBER) in text_of(parsed(probe(NUMBER)), "MessageID")
