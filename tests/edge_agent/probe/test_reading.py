"""How a unit is asked: slowly, within limits, in halves where it refuses, and no longer than it likes."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from devices.model.errors import Garbled, Unreachable
from devices.profiles.profile import Table
from edge_agent.probe.reading import Asker, Heard, Manners, joined, look
from edge_agent.sources.modbus.question import DeviceException, Question
from edge_agent.sources.polling.refusals import NoAnswer
from tests.fake_clock import FakeClock


class Device:
    """Answers each register with its address; `refuses` says why not."""

    def __init__(self, refuses: Callable[[int, int], Exception | None] = lambda _a, _n: None) -> None:
        self.clock, self.refuses = FakeClock(auto=True), refuses
        self.asked: list[tuple[float, int, int]] = []

    async def ask(self, question: Question, _within_s: float) -> bytes:
        addr, count = struct.unpack(">HH", question.pdu[1:])
        self.asked.append((self.clock.monotonic(), addr, count))
        wrong = self.refuses(addr, count)
        if wrong is not None:
            raise wrong
        if question.function in {1, 2}:
            bits = sum((addr + place) % 2 << place for place in range(count))
            return bits.to_bytes((count + 7) // 8, "little")
        return struct.pack(f">{count}H", *range(addr, addr + count))

    async def read(self, *ranges: tuple[int, int], table: Table = Table.HOLDING, **manners: float) -> Heard:
        how = Manners(**manners)  # type: ignore[arg-type]
        return await look(Asker(self.ask, 1, how, self.clock), table, ranges, how.most)


async def test_a_range_is_read_in_pieces_no_faster_than_the_rate() -> None:
    device = Device()
    heard = await device.read((10, 99), most=40, per_s=4.0)
    assert [(addr, count) for _, addr, count in device.asked] == [(10, 40), (50, 40), (90, 10)]
    assert [at for at, _, _ in device.asked] == pytest.approx([0.0, 0.25, 0.5])
    assert heard.ranges == [(10, 99)]
    assert heard.words[57] == 57
    assert (heard.largest, heard.requests) == (40, 3)


async def test_bits_are_read_sixteen_for_a_register() -> None:
    heard = await Device().read((0, 99), table=Table.COIL, most=4)
    assert [heard.words[at] for at in (0, 1, 98, 99)] == [0, 1, 0, 1]
    assert heard.largest == 64


async def test_a_device_that_takes_three_registers_is_read_by_less() -> None:
    device = Device(lambda _, count: DeviceException(3) if count > 3 else None)
    heard = await device.read((0, 31))
    assert heard.ranges == [(0, 31)]
    assert heard.not_read() == []
    assert heard.largest <= 3


async def test_registers_that_are_not_there_are_told_and_the_others_read() -> None:
    device = Device(lambda addr, count: DeviceException(2) if addr <= 13 and addr + count > 12 else None)
    heard = await device.read((0, 31))
    assert heard.ranges == [(0, 11), (14, 31)]
    assert heard.not_read() == [(12, 13, "illegal_address")]


async def test_a_range_of_which_nothing_is_there_is_soon_left_alone() -> None:
    device = Device(lambda addr, _: None if addr >= 5000 else DeviceException(2))
    heard = await device.read((0, 999), (5000, 5003))
    assert heard.ranges == [(5000, 5003)]
    assert len(device.asked) < 90
    assert "not_asked" in {why for _, _, why in heard.not_read()}


async def test_a_function_that_is_not_there_is_asked_once() -> None:
    device = Device(lambda _a, _n: DeviceException(1))
    heard = await device.read((0, 99))
    assert len(device.asked) == 1
    assert heard.not_read() == [(0, 99, "illegal_function")]


async def test_a_silent_unit_is_asked_twice_and_then_told() -> None:
    device = Device(lambda _a, _n: NoAnswer("silence", heard=False))
    with pytest.raises(Unreachable, match="does not answer"):
        await device.read((0, 99))
    assert len(device.asked) == 2


async def test_a_garbled_answer_is_asked_for_once_more() -> None:
    broken = iter([Garbled("nonsense")])
    heard = await Device(lambda _a, _n: next(broken, None)).read((0, 9))
    assert heard.ranges == [(0, 9)]
    heard = await Device(lambda addr, _: Garbled("nonsense") if addr == 0 else None).read((0, 9), (20, 29))
    assert (heard.ranges, heard.not_read()) == ([(20, 29)], [(0, 9, "garbled")])


@pytest.mark.parametrize("limit", [{"requests": 2}, {"seconds": 0.15, "per_s": 10.0}])
async def test_requests_and_time_end_a_probe_with_what_was_read(limit: dict[str, float]) -> None:
    device = Device()
    heard = await device.read((0, 99), most=10, **limit)
    assert len(device.asked) == 2
    assert heard.ranges == [(0, 19)]
    assert heard.not_read() == [(20, 99, "not_asked")]


def test_addresses_are_told_as_ranges() -> None:
    assert joined([]) == []
    assert joined([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]
