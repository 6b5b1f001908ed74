"""RTP packets of our own sender, taken apart by the book: nothing is lost, and the clock is told right."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.sim.wires.encoder import parameter_sets
from devices.sim.wires.rtp import MOST_BYTES, Sender, description, nal_units

units = st.lists(
    st.binary(min_size=2, max_size=40).map(lambda rest: bytes([0x65]) + rest)
    | st.just(b"\x41" + b"\x9a" * 3000),
    min_size=1,
    max_size=4,
)


def taken_apart(data: bytes) -> list[tuple[int, bytes]]:
    """Channel and packet of each, in order."""
    found = []
    while data:
        mark, channel, length = struct.unpack(">cBH", data[:4])
        assert mark == b"$"
        found.append((channel, data[4 : 4 + length]))
        data = data[4 + length :]
    return found


def reassembled(packets: list[bytes]) -> list[bytes]:
    """The NAL units of RTP packets, by RFC 6184 5.6 and 5.8."""
    found: list[bytes] = []
    for packet in packets:
        payload = packet[12:]
        if payload[0] & 0x1F != 28:
            found.append(payload)
        elif payload[1] & 0x80:
            found.append(bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) + payload[2:])
        else:
            found[-1] += payload[2:]
    return found


@given(units, st.integers(0, 2**33), st.integers(0, 2**16 - 1))
def test_what_is_sent_comes_together_again_and_is_numbered(sent: list[bytes], ticks: int, first: int) -> None:
    packets = [packet for _, packet in taken_apart(Sender(7, first).frames(sent, ticks))]
    assert reassembled(packets) == sent
    heads = [struct.unpack(">BBHII", packet[:12]) for packet in packets]
    assert [head[2] for head in heads] == [(first + number) % 2**16 for number in range(len(heads))]
    assert {head[3:] for head in heads} == {(ticks % 2**32, 7)}
    assert [bool(head[1] & 0x80) for head in heads] == [False] * (len(heads) - 1) + [True]
    assert max(map(len, packets)) <= MOST_BYTES + 14


def test_a_report_ties_the_ticks_to_the_clock_of_the_camera() -> None:
    sender = Sender(7)
    sender.frames([b"\x65abc"], 900)
    [(channel, packet)] = taken_apart(sender.report(900, 1_500_000))  # 1.5 s after 1970
    assert channel == 1
    assert struct.unpack(">BBH6I", packet) == (0x80, 200, 6, 7, 2_208_988_801, 1 << 31, 900, 1, 4)


def test_the_description_tells_the_sets_that_a_decoder_needs() -> None:
    sets = [unit for unit in nal_units(parameter_sets()) if unit[0] & 0x1F in {7, 8}]
    text = description(parameter_sets(), "127.0.0.1")
    told = next(line for line in text.split("\r\n") if line.startswith("a=fmtp"))
    assert [base64.b64decode(part) for part in told.partition("sprop-parameter-sets=")[2].split(",")] == sets
    assert f"profile-level-id={sets[0][1:4].hex()};" in told


@pytest.mark.parametrize("start", [b"\x00\x00\x01", b"\x00\x00\x00\x01"])
def test_units_are_divided_by_both_kinds_of_start_codes(start: bytes) -> None:
    assert nal_units(start + b"\x67a" + start + b"\x68b\x00\x00") == [b"\x67a", b"\x68b"]
