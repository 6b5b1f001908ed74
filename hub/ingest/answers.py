"""What the hub says back: acknowledgements of what is committed, and of what was set aside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from devices.model.errors import Unreachable
from devices.wire.messages import Lane, ack_topic, encode, session_topic
from devices.wire.mqtt import Link
from devices.wire.records import Stamp, ack_message
from devices.wire.sessions import Answer, answer_message

#: An acknowledgement names so many records at most.
MOST: int = 1000


@dataclass(slots=True)
class _Answer:
    done: list[tuple[Lane, int]] = field(default_factory=list)
    refused: list[tuple[Lane, int, str]] = field(default_factory=list)


class Answers:
    """Gathers what is to be acknowledged by one group, one message for each agent's outbox."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, int], _Answer] = {}

    def done(self, agent: str, stamp: Stamp) -> None:
        """This record is committed."""
        self._of(agent, stamp).done.append((stamp.lane, stamp.seq))

    def refused(self, agent: str, stamp: Stamp, reason: str) -> None:
        """This record was set aside: it must not come again."""
        self._of(agent, stamp).refused.append((stamp.lane, stamp.seq, reason))

    def messages(self, now_us: int) -> Iterable[tuple[str, bytes]]:
        """Topics and payloads."""
        for (agent, epoch), answer in self._answers.items():
            yield ack_topic(agent), encode(ack_message(epoch, answer.done, answer.refused, now_us))

    def _of(self, agent: str, stamp: Stamp) -> _Answer:
        return self._answers.setdefault((agent, stamp.epoch), _Answer())


class Postman:
    """Sends over whichever connection there is; an acknowledgement that is lost is asked for again."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.lost = 0

    async def answer(self, agent: str, answer: Answer) -> None:
        """Answer an agent that introduced itself, or told its open alerts."""
        await self.tell(session_topic(agent), encode(answer_message(answer)))

    async def send(self, answers: Answers, now_us: int) -> None:
        """Send acknowledgements without waiting for the broker."""
        for topic, payload in answers.messages(now_us):
            await self.tell(topic, payload)

    async def tell(self, topic: str, payload: bytes) -> None:
        """Send to an agent, if there is a connection."""
        link = self.link
        try:
            if link is not None:
                await link.send(topic, payload, qos=1)
                return
        except Unreachable:
            pass  # counted below, like having no connection
        self.lost += 1
