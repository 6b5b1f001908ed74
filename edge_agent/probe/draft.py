"""A profile to start from, written from what stood out; it loads as it is. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devices.profiles.point import Words
from edge_agent.probe.asked import ProbeAsked
from edge_agent.probe.candidates import COUNTER, Candidate
from edge_agent.probe.meaning import MEANINGS
from edge_agent.probe.reading import Heard

COUNT = Words(zh="计数", en="counter")
VALUE = Words(zh="数值", en="value")


@dataclass(frozen=True, slots=True)
class Guess:
    """What stands at an address, most likely, and the registers it was read from."""

    addr: int
    candidate: Candidate
    words: tuple[int, ...]


def draft(asked: ProbeAsked, heard: Heard, guesses: Sequence[Guess], now_us: int) -> str:
    """The profile as YAML; "" where nothing but zeros stood out. Zeros are left out: nothing tells what they are."""
    guesses = [guess for guess in guesses if guess.candidate.value != 0]
    if not guesses:
        return ""
    day = dt.datetime.fromtimestamp(now_us / 1e6, dt.UTC).date().isoformat()
    lines = [
        f"profile: {name_of(asked)}",
        "kind: meter",
        "title: {zh: 探测所得, en: Found by a probe}",
        "make: unknown",
        "model: unknown",
        "grade: C",
        f"sources: [campus-edge probe of unit {asked.unit} on {day}]",
        "notes:",
        "  - Guessed from live registers. Compare each value with the display, name the points, raise the grade.",
        *(f"  - {note}" for note in _notes(heard)),
        "sheet:",
        "  kind: modbus",
        f"  max_registers: {max(heard.largest, *(guess.candidate.registers for guess in guesses))}",
        "  max_gap: 0",
        "  points:",
        *_points(asked, guesses),
        "  vectors:",
        *(
            f"    - {{point: {_name(guess)}, words: [{_words(guess)}], value: {guess.candidate.value!r}}}"
            for guess in guesses
        ),
    ]
    return "\n".join(lines) + "\n"


def name_of(asked: ProbeAsked) -> str:
    """Name of the profile, and of its file."""
    return f"found-unit-{asked.unit}-{asked.table.value}"


def _points(asked: ProbeAsked, guesses: Sequence[Guess]) -> Iterator[str]:
    times: Tally[str] = Tally()
    for guess in guesses:
        candidate, meaning = guess.candidate, guess.candidate.meaning
        known = next((one for one in MEANINGS if one.name == meaning), None)
        title = known.title if known else COUNT if meaning == COUNTER else VALUE
        times[title.en] += 1
        number = times[title.en]
        keys = [
            f"name: {_name(guess)}",
            f"title: {{zh: {title.zh} {number}, en: {title.en} {number}}}",
            f"table: {asked.table.value}",
            f"addr: 0x{guess.addr:04X}",
            f"type: {candidate.type.value}",
        ]
        keys += [f"order: {candidate.order.value}"] if candidate.registers > 1 else []
        keys += [f"scale: {candidate.scale!r}"] if candidate.scale != 1.0 else []
        keys += [f"unit: {known.unit}"] if known and known.unit else []
        keys += [f"valid: {json.dumps(known.valid)}"] if known else []
        keys += ["counter: {}"] if meaning == COUNTER else []
        yield f"    - {{{', '.join(keys)}}}"


def _name(guess: Guess) -> str:
    return f"{guess.candidate.meaning or guess.candidate.type.value}_{guess.addr:04x}"


def _words(guess: Guess) -> str:
    return ", ".join(f"0x{word:04X}" for word in guess.words)


def _notes(heard: Heard) -> Iterator[str]:
    for first, last, why in heard.not_read()[:8]:
        yield f"Registers {first} to {last} were not read ({why})."
