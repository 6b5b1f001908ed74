"""Which agent a topic belongs to, and what travels on it: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.model.points import is_id
from devices.wire.messages import TOPIC_ROOT, Kind, Lane

#: What the hub hears; `#` so that a wrong topic is seen and set aside, not missed.
HEARD: Final = (f"{TOPIC_ROOT}/+/up/#", f"{TOPIC_ROOT}/+/state")
STATE: Final = "state"
VOICES: Final = frozenset({str(Kind.HELLO), str(Kind.HEALTH), str(Kind.OPEN), STATE})
#: What comes after the agent's id in a topic, and how we call it.
WORDS: Final = {
    STATE: STATE,
    **{f"up/{word}": str(word) for word in (*Lane, Kind.HELLO, Kind.HEALTH, Kind.OPEN)},
    "up/orders": str(Kind.OUTCOMES),
    "up/evidence": str(Kind.PIECE),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Who speaks, and on which of its topics: a lane, one of `WORDS`, or "" for none that we know."""

    agent: str
    word: str

    @property
    def lane(self) -> Lane | None:
        """The lane, if this is a topic of records."""
        return Lane(self.word) if self.word in set(Lane) else None


def address(topic: str) -> Address:
    """Take a topic apart; a wrong one has no word, and no agent where it names none."""
    root, _, rest = topic.partition(f"{TOPIC_ROOT}/")
    agent, _, path = rest.partition("/")
    if root or not is_id(agent):
        return Address("", "")
    return Address(agent, WORDS.get(path, ""))
