from __future__ import annotations

import pytest

from devices.model.errors import CampusError, ConfigRefused, Garbled, Problem, Refused, Unreachable, WrongMove
from devices.model.texts import Text


def test_each_error_says_who_acts() -> None:
    assert issubclass(ConfigRefused, Refused)
    assert issubclass(WrongMove, Refused)
    kinds = (Unreachable, Refused, Garbled)
    assert all(issubclass(kind, CampusError) for kind in kinds)
    assert not any(issubclass(a, b) for a in kinds for b in kinds if a is not b)


def test_refused_configuration_tells_every_problem_on_a_line_of_its_own() -> None:
    problems = [
        Problem("site.yaml", "devices.3.link", "'bus9'", "a known link"),
        Problem("a.yaml", "-", "x", "y"),
    ]
    refused = ConfigRefused(iter(problems))  # type: ignore[arg-type]
    assert refused.problems == tuple(problems)
    assert str(refused).splitlines() == [
        "site.yaml: devices.3.link: found 'bus9', expected a known link",
        "a.yaml: -: found x, expected y",
    ]


def test_text_fills_in_both_languages() -> None:
    assert Text("{device} 超速 {value:.0f}", "{device} at {value:.0f}").format(
        device="门", value=41.7
    ) == Text("门 超速 42", "门 at 42")


def test_text_with_an_unknown_field_fails() -> None:
    with pytest.raises(KeyError):
        Text("{nothing}", "x").format(device="a")
