"""The published rules that run here: taken up, tried for a while, kept or given back.

The set that runs, the one before it and what was refused are one saved state, written in the transaction of the
detection state that belongs to it. So an agent that loses its power in the middle comes up with one of the two
sets, whole, and a set that kills the agent is given up after a few starts.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Protocol

from devices.campus.loading import with_rules
from devices.campus.rule_documents import rules_of
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Problem
from devices.model.points import PointTable
from devices.model.texts import Said, both, same
from devices.wire.messages import Message
from devices.wire.rule_sets import MAX_WORDS, MOST_WHY, NONE, RuleSet, is_mark, rule_set_from
from edge_agent.detect.detection import Detection

log = logging.getLogger(__name__)
#: Name of the saved state, and of the section of hello and health.
STATE: Final = "rules"
SECTION: Final = "rule_set"
#: For so long a new set may still be given back.
TRIAL_S: Final = 60.0
#: A set on trial that the agent did not survive so often is given back.
MOST_STARTS: Final = 3
_STARTS: Final = Said(f"启动 {MOST_STARTS} 次", f"{MOST_STARTS} starts")
_SURVIVED: Final = Said("网关能正常运行的规则", "rules that the agent survives")

Fallback = Callable[[Exception], tuple[Detection, dict[str, bytes], bool]]


class Judging(Protocol):
    """What the rulebook needs of the pipeline."""

    async def change(
        self, detection: Detection, states: Callable[[], Mapping[str, bytes]], fallback: Fallback
    ) -> None:
        """Let another detection go on, until it errs or is trusted."""

    def guard(self, fallback: Fallback) -> None:
        """The detection that runs is on trial."""

    def trust(self, states: Mapping[str, bytes]) -> None:
        """It is not any more; keep these states."""

    def keep(self, states: Mapping[str, bytes]) -> None:
        """Keep these states with the next commit."""


class Clock(Protocol):
    """Time as the rulebook sees it."""

    def now_us(self) -> int:
        """Wall time in UTC microseconds."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is saved.

    running: the set that runs, since `since_us`.
    former:  the one to go back to.
    starts:  how often the agent started with `running` while it was on trial; None: the trial is over.
    refused: number, digest, time and problems of the set that was refused last.
    """

    running: RuleSet = NONE
    former: RuleSet = NONE
    since_us: int = 0
    starts: int | None = None
    refused: dict[str, Any] | None = None

    def packed(self) -> dict[str, bytes]:
        """As a saved state."""
        return {STATE: json.dumps(asdict(self), ensure_ascii=False).encode()}


def unpacked(saved: bytes | None) -> Memory:
    """What was saved; nothing where it cannot be read: then the site file counts, and the hub sends the rest."""
    if saved is None:
        return Memory()
    try:
        values = json.loads(saved)
        sets = {name: RuleSet(**values[name]) for name in ("running", "former")}
        return Memory(**{**values, **sets})
    except (ValueError, TypeError, KeyError) as error:
        log.error("the published rules on disk cannot be read: %s", error)  # noqa: TRY400 - expected
        return Memory()


class Rulebook:
    """Which rules run here.

    Args:
        site: the campus as the agent's own file says.
        judge: makes a detection of a campus.
    """

    def __init__(
        self,
        site: Campus,
        agent: str,
        table: PointTable,
        clock: Clock,
        *,
        trial_s: float = TRIAL_S,
        judge: Callable[[Campus, str, PointTable, int], Detection] = Detection,
    ) -> None:
        self.memory = Memory()
        self.told: Callable[[], None] = lambda: None
        self._site = site
        self._agent = agent
        self._table = table
        self._clock = clock
        self._trial_s = trial_s
        self._judge = judge
        self._versions: dict[str, int] = {}
        self._offered: RuleSet | None = None
        self._news = asyncio.Event()

    def recall(self, saved: bytes | None) -> Memory:
        """Take over what was saved, one start older; it has to be saved before anything is built of it."""
        self.memory = unpacked(saved)
        if self.memory.starts is not None:
            self.memory = replace(self.memory, starts=self.memory.starts + 1)
        return self.memory

    def begin(self) -> Detection:
        """Make the detection that goes on from what was saved."""
        memory = self.memory
        if memory.starts is not None and memory.starts > MOST_STARTS:
            self._give_back([Problem("rules", "-", _STARTS, _SURVIVED)])
        try:
            detection = self._built(self.memory.running)
        except ConfigRefused as refused:
            self._give_back(refused.problems)
            detection = self._built_of_former()
        except Exception as error:  # noqa: BLE001 - boundary: whatever somebody published
            self._give_back([_failure(error)])
            detection = self._built_of_former()
        self._versions = detection.rule_versions
        return detection

    def offer(self, message: Message) -> None:
        """Take a message of the hub; a newer one replaces an older that still waits.

        Raises:
            Garbled: it is no set of rules for this agent.
        """
        self._offered = rule_set_from(message, self._agent)
        self._news.set()

    async def run(self, pipeline: Judging) -> None:
        """Take up what is offered, for ever."""
        if self.memory.starts is not None:
            pipeline.guard(self._fallback)
        while True:
            on_trial = self.memory.starts is not None
            try:
                async with asyncio.timeout(self._trial_s if on_trial else None):
                    await self._news.wait()
            except TimeoutError:
                self._trust(pipeline)
                continue
            self._news.clear()
            if (rules := self._offered) is not None:
                await self._take_up(rules, pipeline)

    def about(self) -> dict[str, Any]:
        """What the agent says of its rules."""
        memory = self.memory
        return {
            **memory.running.mark,
            "since_us": memory.since_us,
            "trial": memory.starts is not None,
            "versions": self._versions,
            "refused": memory.refused,
        }

    async def _take_up(self, rules: RuleSet, pipeline: Judging) -> None:
        if rules == self.memory.running or is_mark(self.memory.refused, rules):
            self.told()
            return
        try:
            detection = await asyncio.to_thread(self._built, rules)
            await pipeline.change(detection, lambda: self._turned_to(rules, detection), self._fallback)
        except ConfigRefused as refused:
            self._refuse(rules, refused.problems, pipeline)
        except Exception as error:  # noqa: BLE001 - boundary: whatever somebody published
            self._refuse(rules, [_failure(error)], pipeline)
        else:
            log.info("published set %d runs, on trial", rules.number)
            self.told()

    def _turned_to(self, rules: RuleSet, detection: Detection) -> dict[str, bytes]:
        """Remember that another set runs; the one before may have been given back while this one was made."""
        self.memory = Memory(rules, self.memory.running, self._clock.now_us(), starts=0)
        self._versions = detection.rule_versions
        return self.memory.packed()

    def _refuse(self, rules: RuleSet, problems: Sequence[Problem], pipeline: Judging) -> None:
        log.error("published set %d is refused: %s", rules.number, problems[0])
        self.memory = replace(self.memory, refused=self._refusal(rules, problems))
        pipeline.keep(self.memory.packed())
        self.told()

    def _trust(self, pipeline: Judging) -> None:
        self.memory = replace(self.memory, starts=None)
        pipeline.trust(self.memory.packed())
        self.told()

    def _fallback(self, error: Exception) -> tuple[Detection, dict[str, bytes], bool]:
        """The set on trial could not be judged: the one before goes on."""
        log.error("published set %d is given back", self.memory.running.number, exc_info=error)
        self._give_back([_failure(error)])
        detection = self._built_of_former()
        self._versions = detection.rule_versions
        self.told()
        return detection, self.memory.packed(), self.memory.starts is not None

    def _give_back(self, problems: Sequence[Problem]) -> None:
        """Go back to the set before, which is on trial again: behind it is the site file alone."""
        memory = self.memory
        self.memory = Memory(
            running=memory.former,
            since_us=self._clock.now_us(),
            starts=None if memory.former == NONE else 0,
            refused=self._refusal(memory.running, problems),
        )

    def _built_of_former(self) -> Detection:
        try:
            return self._built(self.memory.running)
        except Exception:  # boundary: whatever somebody published
            log.exception("the site file alone counts")
            self.memory = replace(self.memory, running=NONE, starts=None)
            return self._built(NONE)

    def _built(self, rules: RuleSet) -> Detection:
        published = rules_of(rules.text)
        campus = with_rules(self._site, published, "rules") if published else self._site
        return self._judge(campus, self._agent, self._table, self._clock.now_us())

    def _refusal(self, rules: RuleSet, problems: Sequence[Problem]) -> dict[str, Any]:
        told = [
            {
                "path": problem.path[:MAX_WORDS],
                **_told("found", problem.found),
                **_told("expected", problem.expected),
            }
            for problem in problems[:MOST_WHY]
        ]
        return {**rules.mark, "time_us": self._clock.now_us(), "problems": told}


def _failure(error: Exception) -> Problem:
    expected = Said("本网关能够判断的规则", "rules that this agent can judge")
    return Problem("rules", "-", same(f"{type(error).__name__}: {error}"), expected)


def _told(name: str, said: str) -> dict[str, str]:
    """English under the name itself, where every hub looks for it, and Chinese beside it."""
    text = both(said)
    return {name: text.en[:MAX_WORDS], f"{name}_zh": text.zh[:MAX_WORDS]}
