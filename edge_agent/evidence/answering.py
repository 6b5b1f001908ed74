"""Gives the hub the evidence and the pictures that it asks for, a piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from devices.wire.evidence import PIECE_BYTES, Fetch, File, Piece, evidence_topic, fetch_from, piece_message
from devices.wire.messages import Kind, Message, encode
from devices.wire.mqtt import Link
from edge_agent.evidence.store import Store

#: Questions that may wait; the hub asks one after the other, and again where no answer comes.
MOST_WAITING: Final = 16


class Ears(Protocol):
    """What the uplink gives orders to."""

    def hear(self, message: Message) -> None:
        """Take a message of the hub; raises Garbled where it makes no sense."""

    async def speak(self, link: Link, boot: int) -> None:
        """Answer, for as long as there is a connection."""


class Album(Protocol):
    """Pictures of cameras for people."""

    async def files(self, camera: str) -> Sequence[File]:
        """What there is to be seen of a camera."""

    def read(self, camera: str, name: str) -> bytes:
        """One of the pictures that were told; nothing where it is gone."""


class Answering:
    """Stands before those who take orders, and takes the questions for evidence and pictures out.

    Args:
        agent: whose evidence.
        store: where it is, if any is kept here.
        orders: who gets everything else.
        album: pictures of cameras, if there are cameras here.
    """

    def __init__(self, agent: str, store: Store | None, orders: Ears, album: Album | None = None) -> None:
        self._agent = agent
        self._store = store
        self._orders = orders
        self._album = album
        self._asked: asyncio.Queue[Fetch] = asyncio.Queue(MOST_WAITING)

    def hear(self, message: Message) -> None:
        """Take a message of the hub.

        Raises:
            Garbled: it makes no sense.
        """
        if message.kind is not Kind.FETCH:
            self._orders.hear(message)
        elif not self._asked.full():
            self._asked.put_nowait(fetch_from(message, self._agent))

    async def speak(self, link: Link, boot: int) -> None:
        """Answer for as long as there is a connection."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._orders.speak(link, boot), name="uplink orders")
            tasks.create_task(self._answer(link), name="uplink evidence")

    async def _answer(self, link: Link) -> None:
        while True:
            asked = await self._asked.get()
            piece = await (self._picture(asked) if asked.camera else asyncio.to_thread(self._piece, asked))
            await link.send(evidence_topic(self._agent), encode(piece_message(piece)), qos=1)

    async def _picture(self, asked: Fetch) -> Piece:
        if self._album is None:
            return Piece(self._agent, asked.number)
        if not asked.name:
            return Piece(self._agent, asked.number, tuple(await self._album.files(asked.camera)))
        data = self._album.read(asked.camera, asked.name)
        return Piece(self._agent, asked.number, (), data[asked.offset : asked.offset + PIECE_BYTES])

    def _piece(self, asked: Fetch) -> Piece:
        if self._store is None:
            return Piece(self._agent, asked.number)
        if asked.name:
            data = self._store.read(asked.alert, asked.name, asked.offset, PIECE_BYTES)
            return Piece(self._agent, asked.number, (), data or b"")
        entry = self._store.entries.get(asked.alert)
        if entry is None:
            return Piece(self._agent, asked.number)
        files = sorted(entry["files"].items())
        told = tuple(File(name, one["bytes"], one["sha256"]) for name, one in files)
        return Piece(self._agent, asked.number, told, until_us=self._store.until_us(entry))
