"""Fetches evidence from the gateway that holds it, a piece at a time, and keeps whole files.

Pictures of cameras are fetched alike, and kept nowhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from devices.model.alerts import Severity
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
from hub.evidence.looks import Looks
from hub.evidence.retention import CopySettings, is_over

#: One answer takes at most so long, also on a thin line; it is asked for so often.
ANSWER_S: Final = 8.0
TRIES: Final = 3
#: Beside the copies of an alert: until when its gateway keeps what they are copies of, in its own words.
UNTIL: Final = ".until_us"
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
        self._folder = folder
        self._send = send
        self._answer_s = answer_s
        self._copies = copies or CopySettings()
        self._number = 0
        self._asked: dict[tuple[str, int], asyncio.Future[Piece]] = {}
        self._turn: dict[str, asyncio.Lock] = {}
        self._picture_turn: dict[str, asyncio.Lock] = {}
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
        await asyncio.to_thread(self._note, alert, answer.until_us)
        return answer.files

    async def file(self, agent: str, alert: str, name: str) -> Path | None:
        """A whole file on our own disk, as it was kept at the gateway; None where there is none.

        Raises:
            Unreachable: the gateway does not answer, or what it gives is not what it kept.
        """
        if not is_alert(alert) or not is_name(name):
            return None
        path = self._folder / alert / name
        async with self._turn.setdefault(agent, asyncio.Lock()):
            if path.exists():
                await asyncio.to_thread(os.utime, path)
                return path
            answer = await self._ask(Fetch(agent, 0, alert))
            wanted = next((file for file in answer.files if file.name == name), None)
            if wanted is None:
                return None
            data = await self._fetched(Fetch(agent, 0, alert), wanted)
            await asyncio.to_thread(self._keep, path, data)
            await asyncio.to_thread(self._note, alert, answer.until_us)
        return path

    async def pictures(self, agent: str, camera: str, known: Collection[str] = ()) -> dict[str, bytes | None]:
        """What may be seen of a camera now, by name; None for what is known already and not fetched again.

        Raises:
            Unreachable: the gateway does not answer, or a picture did not come whole.
        """
        question = Fetch(agent, 0, "", camera=camera)
        async with self._picture_turn.setdefault(agent, asyncio.Lock()):
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
            raise Unreachable(f"{wanted.name} of {question.agent} is not what it was when it was kept")
        return bytes(data)

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

    def _note(self, alert: str, until_us: int) -> None:
        """Write down until when the gateway keeps what there are copies of."""
        if until_us > 0 and is_alert(alert) and (self._folder / alert).exists():
            _write(self._folder / alert / UNTIL, str(until_us).encode())

    def _keep(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, data)
        kept = sorted(self._folder.glob("*/[!.]*"), key=lambda one: one.stat().st_mtime)
        too_many = sum(one.stat().st_size for one in kept) - self._copies.bytes
        for oldest in kept:
            if too_many <= 0 or oldest == path:
                break
            too_many -= oldest.stat().st_size
            oldest.unlink()

    def alerts(self) -> list[str]:
        """Of which something was fetched."""
        return [found.name for found in self._folder.glob("*") if is_alert(found.name)]

    def is_over(self, alert: str, severity: Severity, since_us: int, now_us: int) -> bool:
        """Whether copies of an alert that began at `since_us` have been kept long enough."""
        noted = self._folder / alert / UNTIL
        told_us = int(noted.read_text("ascii")) if is_alert(alert) and noted.exists() else 0
        return is_over(self._copies.keep_days, severity, since_us, told_us, now_us)

    def forget(self, alert: str) -> None:
        """Drop what was fetched of an alert."""
        if is_alert(alert):
            shutil.rmtree(self._folder / alert, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    unfinished = path.with_name(f".unfinished-{path.name}")
    unfinished.write_bytes(data)
    unfinished.rename(path)
