"""What a publication changes, and whether it may be made: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from devices.campus.rule_documents import document, meaning
from devices.campus.rules import Rule
from devices.model.alerts import Family
from devices.model.errors import Problem
from devices.model.texts import Said, same

#: What each version of each rule stood for, ever: (rule, version) -> its meaning.
Meanings = Mapping[tuple[str, int], Any]
#: What problems of a draft name as their place.
FILE: Final = "rules"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to publish.

    base:   the set in force when it was made.
    rules:  those that change or are new.
    remove: published rules that go back to the site file.
    again:  the former set that this brings back; then `rules` and `remove` are empty.
    """

    base: int
    rules: tuple[Rule, ...]
    remove: tuple[str, ...]
    note: str
    backtest: str | None = None
    again: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that is different afterwards; `before` is None for a new one."""

    id: str
    title: dict[str, str]
    family: str
    version: int
    before: int | None
    words_only: bool

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def changes(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> list[Change]:
    """The rules of `after` that are new or different."""
    explains = _explaining_fire(before) | _explaining_fire(after)
    found = []
    for rule in after.values():
        old = before.get(rule.id)
        if old is not None and document(old) == document(rule):
            continue
        is_fire = Family.FIRE in {rule.family, rule.family if old is None else old.family}
        is_fire |= rule.id in explains  # while its alert is out, that of a fire rule is held back
        found.append(
            Change(
                id=rule.id,
                title={"zh": rule.title.zh, "en": rule.title.en},
                family=str(Family.FIRE if is_fire else rule.family),
                version=rule.version,
                before=None if old is None else old.version,
                words_only=old is not None and (old.version, meaning(old)) == (rule.version, meaning(rule)),
            )
        )
    return found


def _explaining_fire(rules: Mapping[str, Rule]) -> set[str]:
    """Rules that hold back a rule about fire, or one that does."""
    explaining = {rule.id for rule in rules.values() if rule.family is Family.FIRE}
    found: set[str] = set()
    while explaining:
        causes = {cause.rule for name in explaining if name in rules for cause in rules[name].held_back_by}
        explaining = causes - found
        found |= causes
    return found


def needs_approval(found: Iterable[Change], removed: Iterable[Rule]) -> bool:
    """Whether a second person has to agree: what is judged about fire changes."""
    changed = any(change.family == Family.FIRE and not change.words_only for change in found)
    return changed or any(rule.family is Family.FIRE for rule in removed)


def version_problems(rules: Sequence[Rule], known: Meanings) -> list[Problem]:
    """A version stands for one meaning for ever, and a new meaning has a version above all before."""
    newest: dict[str, int] = {}
    for name, version in known:
        newest[name] = max(version, newest.get(name, 0))
    problems = []
    for number, rule in enumerate(rules):
        top, stood_for = newest.get(rule.id, 0), known.get((rule.id, rule.version))
        fits = rule.version > top if stood_for is None else stood_for == meaning(rule)
        if not fits:
            path = f"rules.{number}.version"
            expected = Said(f"不小于 {top + 1}：规则有变动", f"{top + 1} or more: the rule changes")
            problems.append(Problem(FILE, path, same(str(rule.version)), expected))
    return problems


def placed(problem: Problem, rules: Sequence[Rule]) -> Problem:
    """The problem with its place among the rules that were sent, where it is about one of them."""
    first, _, rest = problem.path.partition(".")
    name, _, inner = rest.partition(".")
    index = next((number for number, rule in enumerate(rules) if rule.id == name), None)
    if first != "rules" or index is None:
        return problem
    path = f"rules.{index}.{inner}" if inner else f"rules.{index}"
    return Problem(problem.file, path, problem.found, problem.expected)
