"""Which running agent speaks under each name, when two claim it: pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

US_PER_S: Final = 1_000_000
#: An agent is taken for gone after so many of its healths did not come, but not before this.
HEALTHS: Final = 3
LEAST_PATIENCE_S: Final = 30.0
#: One that is asked because another process claims its outbox has so long to say a word.
ANSWER_US: Final = 6 * US_PER_S


class Verdict(Enum):
    """What becomes of a claim."""

    ACCEPTED = auto()
    REFUSED = auto()  # another one is at work
    OPEN = (
        auto()
    )  # the same outbox in another process: begun anew, or a copy; the end or the voice of the first tells


@dataclass(slots=True)
class Claim:
    """A running agent.

    boot:  its random number.
    epoch: of its outbox.
    asked_us: when it was last asked whether it is there.
    """

    boot: int
    epoch: int
    heard_us: int
    patience_us: int
    gone: bool = False
    asked_us: int = -1

    def alive(self, now_us: int) -> bool:
        """Whether it may still speak."""
        if self.gone or (self.heard_us < self.asked_us <= now_us - ANSWER_US):
            return False
        return now_us - self.heard_us < self.patience_us


@dataclass(slots=True)
class Sessions:
    """The agent at work of each name, and when another one was last turned away.

    rivals: by agent, hub time of the last refusal.
    """

    rivals: dict[str, int] = field(default_factory=dict)
    _at_work: dict[str, Claim] = field(default_factory=dict)
    _waiting: dict[str, set[int]] = field(default_factory=dict)

    def claim(self, agent: str, boot: int, epoch: int, health_s: float, now_us: int) -> Verdict:
        """An agent introduces itself."""
        first = self._at_work.get(agent)
        if first is None or first.boot == boot or not first.alive(now_us):
            patience_us = round(max(LEAST_PATIENCE_S, HEALTHS * health_s) * US_PER_S)
            self._at_work[agent] = Claim(boot, epoch, now_us, patience_us)
            self._waiting.pop(agent, None)
            return Verdict.ACCEPTED
        if first.epoch == epoch:
            self._waiting.setdefault(agent, set()).add(boot)
            if first.asked_us <= first.heard_us:
                first.asked_us = now_us
            return Verdict.OPEN
        self.rivals[agent] = now_us
        return Verdict.REFUSED

    def spoke(self, agent: str, boot: int, now_us: int) -> set[int]:
        """An agent is heard; returns the boots that are to be refused by that."""
        first = self._at_work.get(agent)
        if first is None:
            return set()
        if first.boot == boot:
            first.heard_us = now_us  # its end, once told, stands: what it said before may be read later
            refused = self._waiting.pop(agent, set())
        else:
            refused = {boot} if first.alive(now_us) else set()
        if refused:
            self.rivals[agent] = now_us
        return refused

    def asked(self, agent: str) -> int | None:
        """The boot of the one at work, if it was asked and has not spoken since."""
        first = self._at_work.get(agent)
        return None if first is None or first.asked_us <= first.heard_us else first.boot

    def is_other(self, agent: str, boot: int) -> bool:
        """Whether this is not the one at work."""
        first = self._at_work.get(agent)
        return first is not None and first.boot != boot

    def left(self, agent: str, boot: int | None) -> bool:
        """A connection ended; whether it was that of the agent at work."""
        first = self._at_work.get(agent)
        if first is None or boot is None:
            return True
        if first.boot == boot:
            first.gone = True
        return first.boot == boot

    def listening_again(self, now_us: int) -> None:
        """We were away ourselves: everybody gets the whole time again."""
        for first in self._at_work.values():
            first.heard_us = max(now_us, first.heard_us)
