"""One question beside the polling: before what is due, checked, and each way to fail has its error."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from devices.model.errors import Garbled, Refused, Unreachable
from devices.profiles.profile import Table
from edge_agent.sources.modbus.question import DeviceException, Question
from edge_agent.sources.modbus.worker import LinkWorker
from edge_agent.sources.polling.refusals import NoAnswer
from tests.contracts.modbus.reading import campus, reading
from tests.contracts.modbus.stages import Stage
from tests.edge_agent.sources.modbus import misbehaving as server_of
from tests.edge_agent.sources.modbus.misbehaving import Server, frame_of, pdu_of, slowly

LONG_S = 20.0
WRITES = [
    (Question.write_register(1, 7, 300), {(1, 3, 7): 300}),
    (Question.write_registers(1, 7, [1, 0xFFFF]), {(1, 3, 7): 1, (1, 3, 8): 0xFFFF}),
    (Question.mask_register(1, 7, 0x0000, 0x00F0), {(1, 3, 7): 0x00F0}),
    (Question.write_coil(1, 7, on=True), {(1, 1, 7): 1}),
    (Question.write_coils(1, 7, [True, False, True]), {(1, 1, 7): 1, (1, 1, 8): 0, (1, 1, 9): 1}),
]


async def test_every_write_is_confirmed_and_can_be_read_back(stage: Stage) -> None:
    server = Server()
    async with stage.serving(server), reading(campus(stage)) as (_, source):
        worker = source.worker_of("bus")
        for question, written in WRITES:
            assert await worker.ask(question, LONG_S) == b""
            assert {place: server.words[place] for place in written} == written
        read = await worker.ask(Question.read(1, Table.COIL, 7, 3), LONG_S)
        assert read == b"\x05"


@pytest.mark.promise("P-modbus-3")
async def test_a_question_waits_for_one_answer_and_not_for_a_round(stage: Stage) -> None:
    """Twenty units of two requests each are due all the time; counted, not timed."""
    server = Server(everyone=slowly(0.002))
    async with (
        stage.serving(server),
        reading(campus(stage, units=20, poll_s=0.01)) as (sink, source),
    ):
        await sink.until_count("m20.a", 1)
        for word in range(10):
            before = len(server.asked)
            await source.worker_of("bus").ask(Question.write_register(3, 7, word), LONG_S)
            between = [asked.function for asked in server.asked[before:]]
            assert between.index(6) <= 2, "the one under way, and one whose bytes the server had not read"


async def test_a_write_that_the_unit_refuses_or_confirms_otherwise_is_told(stage: Stage) -> None:
    def otherwise(asked: server_of.Asked, frame: bytes) -> server_of.Reply:
        pdu = pdu_of(asked, frame)
        return [frame_of(asked, pdu[:-1] + bytes([pdu[-1] ^ 1]))]

    server = Server()
    async with stage.serving(server), reading(campus(stage, poll_s=600.0)) as (sink, source):
        await sink.until_count("m1.a", 1)
        worker, question = source.worker_of("bus"), Question.write_register(1, 7, 300)
        server.everyone = server_of.exception(3)
        with pytest.raises(DeviceException, match="illegal_value") as refused:
            await worker.ask(question, LONG_S)
        server.everyone = otherwise
        with pytest.raises(Garbled, match="confirms"):
            await worker.ask(question, LONG_S)
    assert refused.value.code == 3


async def test_a_unit_that_does_not_answer_is_told_and_the_next_question_is_answered(stage: Stage) -> None:
    server = Server(manners={9: server_of.silently})
    async with stage.serving(server), reading(campus(stage, timeout_s=0.3, poll_s=600.0)) as (sink, source):
        await sink.until_count("m1.a", 1)
        worker = source.worker_of("bus")
        with pytest.raises(NoAnswer):
            await worker.ask(Question.read(9, Table.HOLDING, 0, 1), LONG_S)
        assert await worker.ask(Question.read(1, Table.HOLDING, 5, 1), LONG_S) == b"\x00\x05"
        with pytest.raises(Refused, match="boss"):
            source.worker_of("boss")


async def test_without_a_connection_the_error_says_so(stage: Stage) -> None:
    async with reading(campus(stage, poll_s=600.0)) as (sink, source):
        await sink.until_count("m1.a", 1)
        with pytest.raises(Unreachable):
            await source.worker_of("bus").ask(Question.read(1, Table.HOLDING, 0, 1), LONG_S)


async def test_a_question_that_is_cancelled_leaves_a_line_that_works(stage: Stage) -> None:
    heard = asyncio.Event()

    def slowly(_asked: server_of.Asked, frame: bytes) -> server_of.Reply:
        heard.set()
        return [0.05, frame]

    server = Server(everyone=slowly)
    async with stage.serving(server), reading(campus(stage, poll_s=600.0)) as (sink, source):
        await sink.until_count("m1.far", 1)
        worker = source.worker_of("bus")
        for _ in range(3):
            heard.clear()
            task = asyncio.create_task(worker.ask(Question.read(1, Table.HOLDING, 100, 1), LONG_S))
            await heard.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert await worker.ask(Question.read(1, Table.HOLDING, 200, 1), LONG_S) == b"\x00\xc8"


@contextlib.asynccontextmanager
async def asking(worker: LinkWorker, addr: int, tasks: int, *, is_order: bool) -> AsyncIterator[Counter[int]]:
    """So many who ask one question after the other; what each of them was answered."""
    answers: Counter[int] = Counter()

    async def ask(number: int) -> None:
        while True:
            await worker.ask(Question.read(1, Table.HOLDING, addr, 1), LONG_S, is_order=is_order)
            answers[number] += 1

    asked = [asyncio.create_task(ask(number)) for number in range(tasks)]
    try:
        yield answers
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.promise("P-modbus-3")
@pytest.mark.parametrize("stage", ["modbus-tcp"], indirect=True)
async def test_an_order_goes_before_the_questions_of_probes_that_wait(stage: Stage) -> None:
    server = Server(everyone=slowly(0.002))
    async with stage.serving(server), reading(campus(stage, units=2, poll_s=0.01)) as (sink, source):
        worker = source.worker_of("bus")
        async with asking(worker, 300, 8, is_order=False) as answers:
            await sink.until(lambda: len(answers) == 8)
            for word in range(10):
                before = len(server.asked)
                await worker.ask(Question.write_register(2, 7, word), LONG_S, is_order=True)
                between = [asked.function for asked in server.asked[before:]]
                assert between.index(6) <= 2, "the one under way, and one whose bytes the server had not read"


@pytest.mark.parametrize("stage", ["modbus-tcp"], indirect=True)
async def test_orders_without_end_starve_neither_the_polling_nor_probes(stage: Stage) -> None:
    server = Server(everyone=slowly(0.001))
    async with stage.serving(server), reading(campus(stage, units=2, poll_s=0.01)) as (sink, source):
        worker = source.worker_of("bus")
        async with (
            asking(worker, 300, 12, is_order=True) as orders,
            asking(worker, 301, 3, is_order=False) as probes,
        ):
            await sink.until(lambda: len(orders) == 12)
            before = len(sink.of("m2.far"))
            await sink.until(lambda: len(probes) == 3 and len(sink.of("m2.far")) >= before + 3)
