"""Fetches evidence from the gateway that holds it, a piece at a time, and keeps whole files.

Pictures of cameras are fetched alike, and kept nowhere.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from devices.model.errors import Unreachable
from devices.wire.evidence import (
    Fetch,
    File,
    Piece,
    fetch_message,
    is_alert,
    is_name,
    picture_of,
    piece_from,
)
from devices.wire.messages import decode, encode, orders_topic
from hub.evidence.copies import Copies
from hub.evidence.looks import Looks
from hub.evidence.retention import CopySettings

#: One answer takes at most so long, also on a thin line; it is asked for so often.
ANSWER_S: Final = 8.0
TRIES: Final = 3
#: A gateway makes pictures of cameras smaller than this before it tells of them.
MOST_PICTURE_BYTES: Final = 1_000_000

Send = Callable[[str, bytes], Awaitable[None]]


class Fetching:
    """Asks agents for evidence.

    Args:
        folder: where fetched files are kept, by alert.
        send: takes a topic and a message; what it loses is asked for again.
        answer_s: how long one answer is waited for.
        copies: how long and how much of it is kept.
    """

    def __init__(
        self, folder: Path, send: Send, answer_s: float = ANSWER_S, copies: CopySettings | None = None
    ) -> None:
        self._send = send
        self._answer_s = answer_s
        self._number = 0
        self._asked: dict[tuple[str, int], asyncio.Future[Piece]] = {}
        self._turns: dict[tuple[str, str], asyncio.Lock] = {}
        self.copies = Copies(folder, copies or CopySettings())
        self.looks = Looks()

    def hear(self, agent: str, payload: bytes) -> None:
        """Take an answer.

        Raises:
            Garbled: it is none.
        """
        piece = piece_from(decode(payload), agent)
        future = self._asked.get((agent, piece.number))
        if future is not None and not future.done():
            future.set_result(piece)

    async def files(self, agent: str, alert: str) -> Sequence[File]:
        """Which files there are of an alert; none where there is no evidence.

        Raises:
            Unreachable: the gateway does not answer.
        """
        answer = await self._ask(Fetch(agent, 0, alert))
        with _disk():
            await asyncio.to_thread(self.copies.note, alert, answer.until_us)
        return answer.files

    async def file(self, agent: str, alert: str, name: str) -> Path | None:
        """A whole file on our own disk, as it was kept at the gateway; None where there is none.

        Raises:
            Unreachable: the gateway does not answer, or what it gives is not what it kept.
        """
        if not is_alert(alert) or not is_name(name):
            return None
        async with self._turn(agent, "evidence"):
            with _disk():
                return await self._copied(agent, alert, name)

    async def _copied(self, agent: str, alert: str, name: str) -> Path | None:
        if (path := await asyncio.to_thread(self.copies.find, alert, name)) is not None:
            return path
        answer = await self._ask(Fetch(agent, 0, alert))
        wanted = next((file for file in answer.files if file.name == name), None)
        if wanted is None:
            return None
        at = await asyncio.to_thread(self.copies.begin, alert, wanted)
        if at == 0:
            await asyncio.to_thread(self.copies.add, alert, wanted, 0, b"")
        while at < wanted.bytes:
            piece = await self._ask(Fetch(agent, 0, alert, name, at))
            if not piece.data:
                break
            await asyncio.to_thread(self.copies.add, alert, wanted, at, piece.data)
            at += len(piece.data)
        path = await asyncio.to_thread(self.copies.finish, alert, wanted)
        if path is None:
            raise _changed(agent, name)
        await asyncio.to_thread(self.copies.note, alert, answer.until_us)
        return path

    async def pictures(self, agent: str, camera: str, known: Collection[str] = ()) -> dict[str, bytes | None]:
        """What may be seen of a camera now, by name; None for what is known already and not fetched again.

        Raises:
            Unreachable: the gateway does not answer, or a picture did not come whole.
        """
        question = Fetch(agent, 0, "", camera=camera)
        async with self._turn(agent, "pictures"):
            told = (await self._ask(question)).files
            files = [one for one in told if picture_of(one.name) and one.bytes <= MOST_PICTURE_BYTES]
            return {
                file.name: None if file.name in known else await self._fetched(question, file)
                for file in files
            }

    async def _fetched(self, question: Fetch, wanted: File) -> bytes:
        data = bytearray()
        while len(data) < wanted.bytes:
            piece = await self._ask(replace(question, name=wanted.name, offset=len(data)))
            if not piece.data:
                break
            data += piece.data
        if hashlib.sha256(data).hexdigest() != wanted.sha256:
            raise _changed(question.agent, wanted.name)
        return bytes(data)

    @asynccontextmanager
    async def _turn(self, agent: str, what: str) -> AsyncIterator[None]:
        """One after the other; behind a gateway that does not answer nobody waits longer than for an answer.

        Raises:
            Unreachable: it did not come to our turn.
        """
        lock = self._turns.setdefault((agent, what), asyncio.Lock())
        try:
            async with asyncio.timeout(TRIES * self._answer_s):
                await lock.acquire()
        except TimeoutError:
            raise Unreachable(f"gateway {agent} is still asked for other {what}") from None
        try:
            yield
        finally:
            lock.release()

    async def _ask(self, question: Fetch) -> Piece:
        """One question, as often as it takes, each time with a number of its own."""
        agent = question.agent
        for _ in range(TRIES):
            self._number += 1
            number = self._number
            future: asyncio.Future[Piece] = asyncio.get_running_loop().create_future()
            self._asked[agent, number] = future
            try:
                message = fetch_message(replace(question, number=number))
                await self._send(orders_topic(agent), encode(message))
                async with asyncio.timeout(self._answer_s):
                    return await future
            except TimeoutError:
                continue
            finally:
                del self._asked[agent, number]
        raise Unreachable(f"gateway {agent} does not answer")


@contextmanager
def _disk() -> Iterator[None]:
    """A disk that takes no copy is for now as good as a gateway that gives none."""
    try:
        yield
    except OSError as error:
        raise Unreachable(f"the hub can keep no copy: {error.strerror}") from error


def _changed(agent: str, name: str) -> Unreachable:
    return Unreachable(f"{name} of {agent} is not what it was when it was kept")
