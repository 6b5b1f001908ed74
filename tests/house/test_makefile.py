"""What the Makefile offers is what it lists, and each recipe is one that make can read."""

from __future__ import annotations

import re

import pytest

from tests.house.project import program, run, text

TARGETS = re.findall(r"^([a-z][a-z-]*):", text("Makefile"), re.MULTILINE)


def test_help_lists_every_target() -> None:
    code, output = run(program("make"))
    assert code == 0
    assert re.findall(r"^  make (\S+)", output, re.MULTILINE) == TARGETS


def test_the_targets_that_a_newcomer_is_told_of_are_there() -> None:
    assert {"help", "demo", "test", "check", "bench"} <= set(TARGETS)


def test_every_target_is_a_word_and_not_a_file() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    assert phony is not None
    assert phony[1].split() == TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_a_recipe_can_be_read(target: str) -> None:
    code, output = run(program("make"), "--dry-run", target)
    assert code == 0, output
