"""A probe from question to answer: looks at the unit, ranks what it read, and says so in plain values."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.model.errors import Unreachable
from devices.profiles.profile import Order, Type
from edge_agent.probe.asked import ProbeAsked
from edge_agent.probe.candidates import BLANK, Candidate, Found, find, usual_of
from edge_agent.probe.draft import Guess, draft
from edge_agent.probe.reading import Asker, Heard, Manners, joined, look
from edge_agent.probe.texts import texts_in
from edge_agent.sources.modbus.plan import BIT_TABLES

Words = npt.NDArray[np.uint16]
#: Rows that go at once where an answer is too long.
CUT: Final = 8


async def probe(
    asker: Asker, asked: ProbeAsked, manners: Manners, sleep: Callable[[float], Awaitable[None]], now_us: int
) -> dict[str, Any]:
    """Look at a unit and tell what its registers may mean.

    Raises:
        Unreachable: nobody answers.
    """
    first = heard = await look(asker, asked.table, asked.ranges, manners.most)
    for _ in range(asked.looks - 1):
        await sleep(asked.wait_s)
        try:
            again = await look(asker, asked.table, heard.ranges, max(1, heard.largest))
        except Unreachable:
            break  # what was seen before it fell silent is worth telling
        heard = _newer(heard, again)
    return told(asked, heard, None if asked.looks == 1 else first, now_us)


def _newer(before: Heard, again: Heard) -> Heard:
    return Heard({**before.words, **again.words}, before.refused, again.requests, before.largest)


def told(asked: ProbeAsked, heard: Heard, first: Heard | None, now_us: int) -> dict[str, Any]:
    """The answer in plain values. Pure."""
    if asked.table in BIT_TABLES:
        rows = [_bit(address, heard, first) for address in sorted(heard.words)]
        return _answer(asked, heard, rows, [], "", now_us)
    blocks = [(low, *_columns(heard, first, low, high)) for low, high in heard.ranges]
    usual = usual_of(one for _, words, before in blocks for one in find(words, before))
    rows, texts, guesses = [], [], []
    for low, words, before in blocks:
        found = find(words, before, usual)
        here = texts_in(words, found)
        texts += [{"addr": low + text.at, **asdict(text)} for text in here]
        found = [one for one in found if not any(0 <= one.at - text.at < text.registers for text in here)]
        rows += [_row(low, words, one) for one in found]
        guesses += [
            Guess(low + one.at, one.candidates[one.chosen], tuple(_raw(words, one)))
            for one in found
            if one.chosen is not None
        ]
    return _answer(asked, heard, rows, texts, draft(asked, heard, guesses, now_us), now_us)


def _answer(
    asked: ProbeAsked,
    heard: Heard,
    rows: list[dict[str, Any]],
    texts: list[dict[str, Any]],
    sheet: str,
    now_us: int,
) -> dict[str, Any]:
    return {
        "kind": "probe",
        "unit": asked.unit,
        "table": asked.table,
        "time_us": now_us,
        "requests": heard.requests,
        "looks": asked.looks,
        "read": [list(span) for span in heard.ranges],
        "refused": [{"first": a, "last": b, "why": why} for a, b, why in heard.not_read()],
        "rows": rows,
        "texts": texts,
        "zeros": _all(heard, 0),
        "ones": [] if asked.table in BIT_TABLES else _all(heard, BLANK),
        "truncated": False,
        "draft": sheet,
    }


def bounded(answer: dict[str, Any], most_bytes: int) -> dict[str, Any]:
    """The same, with as many rows as fit; `truncated` says that some were left out."""
    answer = dict(answer)
    while len(json.dumps(answer).encode()) > most_bytes and (answer["rows"] or answer["draft"]):
        answer["truncated"] = True
        if answer["rows"]:
            answer["rows"] = answer["rows"][: -max(CUT, len(answer["rows"]) // CUT)]
        else:
            answer["draft"] = ""
    return answer


def _columns(heard: Heard, first: Heard | None, low: int, high: int) -> tuple[Words, Words | None]:
    addresses = range(low, high + 1)
    words = np.array([heard.words[address] for address in addresses], np.uint16)
    if first is None:
        return words, None
    return words, np.array([first.words[address] for address in addresses], np.uint16)


def _all(heard: Heard, word: int) -> list[list[int]]:
    """Ranges that hold only this."""
    return [list(span) for span in joined(at for at in sorted(heard.words) if heard.words[at] == word)]


def _row(low: int, words: Words, one: Found) -> dict[str, Any]:
    return {
        "addr": low + one.at,
        "words": [f"{word:04x}" for word in _raw(words, one)],
        "chosen": one.chosen,
        "candidates": [_candidate(candidate) for candidate in one.candidates],
    }


def _raw(words: Words, one: Found) -> list[int]:
    """The registers of the chosen candidate, or of the best."""
    size = one.candidates[one.chosen or 0].registers
    found: list[int] = words[one.at : one.at + size].tolist()
    return found


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "type": candidate.type,
        "order": candidate.order,
        "scale": candidate.scale,
        "registers": candidate.registers,
        "value": candidate.value,
        "first": candidate.first,
        "meaning": candidate.meaning,
        "unit": candidate.unit,
        "score": candidate.score,
        "plausible": candidate.is_plausible,
    }


def _bit(address: int, heard: Heard, first: Heard | None) -> dict[str, Any]:
    value = heard.words[address]
    was = None if first is None else float(first.words[address])
    only = Candidate(Type.BIT, Order.MSW, 1.0, float(value), was, None, 1.0, 1.0)
    return {"addr": address, "words": [str(value)], "chosen": 0, "candidates": [_candidate(only)]}
