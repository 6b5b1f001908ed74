"""Brings the set in force to every agent, as often as it takes; what one agent refuses is withdrawn from all."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final

from devices.model.errors import Unreachable
from devices.wire.messages import encode, rules_topic
from devices.wire.rule_sets import rules_message
from hub.db import Database
from hub.errors import Conflict
from hub.gateways import roster
from hub.live.bus import GATEWAY, ROLLOUT, RULES, Bus
from hub.rulebook import shelf
from hub.rulebook.report import Report, report
from hub.rulebook.rulebook import HUB, Rulebook
from hub.rulebook.shelf import Progress, Step

log = logging.getLogger(__name__)
#: An agent that says again what it ran before is sent the set again, but not more often than this.
AGAIN_S: Final = 5.0

Send = Callable[[str, bytes], Awaitable[None]]


class Rollout:
    """Compares what each agent says that it runs with what is in force.

    Args:
        send: takes a topic and a message; what it loses is sent again when the agent speaks next.
        monotonic: seconds that never step.
    """

    def __init__(
        self,
        book: Rulebook,
        db: Database,
        bus: Bus,
        send: Send,
        now_us: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._db = db
        self._bus = bus
        self._send = send
        self._now_us = now_us
        self._monotonic = monotonic
        self._number = -1
        self._steps: dict[str, Step] = {}
        self._sent: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Listen and send, until cancelled."""
        everybody = self._book.site.agents
        with self._bus.subscribe(GATEWAY, RULES) as news:
            await self._looked(everybody)
            while True:
                heard = [await news.next(), *news.take()]
                if any(topic == RULES for topic, _ in heard):
                    self._number = -1
                    await self._looked(everybody)
                else:
                    await self._looked({agent for _, agent in heard})

    async def _looked(self, agents: Collection[str]) -> None:
        with suppress(Unreachable):  # the database is away: the agents' next words start this again
            await self._look(agents)

    async def _look(self, agents: Collection[str]) -> None:
        rules = self._book.rules
        if rules.number != self._number:
            self._steps = await self._db.read(lambda c: shelf.steps(c, rules.number))
            self._number, self._sent = rules.number, {}
        known = await self._db.read(roster.gateways)
        said = {agent: report(known.get(agent)) for agent in agents if agent in self._book.site.agents}
        await self._note(said)
        refused = [agent for agent in said if said[agent].progress(rules) is Progress.REFUSED]
        if refused and rules.number:
            await self._withdraw(rules.number, refused[0], said[refused[0]])
            return
        for agent, told in said.items():
            if told.progress(rules) is not Progress.RUNNING:
                await self._bring(agent)

    async def _note(self, said: dict[str, Report]) -> None:
        """Write down how far agents are, where that is news, and tell."""
        rules, now_us = self._book.rules, self._now_us()
        news: dict[str, Step] = {}
        for agent, told in said.items():
            state, known = told.progress(rules), self._steps.get(agent)
            problems = told.problems() if state is Progress.REFUSED else ()
            if known is None or (known.state, known.problems) != (state, problems):
                news[agent] = Step(state, now_us, problems)
        if not news:
            return
        await self._db.write(lambda c: shelf.note(c, rules.number, news))
        self._steps |= news
        self._bus.publish(ROLLOUT, rules.number)

    async def _withdraw(self, number: int, agent: str, told: Report) -> None:
        first = next(iter(told.problems()), None)
        why = f"{agent}: nothing said"
        if first is not None:
            why = f"{agent}: {first['path']}: {first['found']['en']}, expected {first['expected']['en']}"
        log.warning("set %d is withdrawn, since %s", number, why)
        with suppress(Conflict):  # somebody was faster
            await self._book.withdraw(number, why, HUB)

    async def _bring(self, agent: str) -> None:
        rules, now_s = self._book.rules, self._monotonic()
        key = (agent, rules.digest)
        if now_s - self._sent.get(key, float("-inf")) < AGAIN_S:
            return
        self._sent[key] = now_s
        await self._send(rules_topic(agent), encode(rules_message(agent, rules, self._now_us())))
