"""Tests that are left out, expected to fail, or that patch our own code, prove nothing."""

from __future__ import annotations

import re

import pytest

from tests.house.project import PACKAGES, ours, text

LEFT_OUT = re.compile(r"\bpytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")
PATCHED = re.compile(
    r"(\bpatch(\.object|\.dict)?|monkeypatch\.setattr)\(\s*[\"']?(" + "|".join(PACKAGES) + r")\b"
)
#: Where a missing server is judged.
JUDGE = "tests/conftest.py"


def test_no_test_is_left_out_but_for_a_missing_server() -> None:
    found = lines_with(LEFT_OUT)
    assert [line for line in found if not line.startswith(JUDGE)] == []
    assert len(found) == 1, "the judge itself should be seen, or this test sees nothing"


def test_no_test_patches_our_own_code() -> None:
    assert lines_with(PATCHED) == []


@pytest.mark.parametrize(
    "line",
    [
        'mock.patch("hub.db.x")',
        "monkeypatch.setattr(edge_agent.outbox, 'x', 1)",
        "patch.object(devices.wire, 'x')",
    ],
)
def test_a_patch_of_our_own_code_is_seen(line: str) -> None:
    assert PATCHED.search(line)


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number} {line.strip()}"
        for name in ours(".py", under=("tests",))
        if name != "tests/house/test_test_habits.py"
        for number, line in enumerate(text(name).splitlines(), 1)
        if pattern.search(line)
    ]
