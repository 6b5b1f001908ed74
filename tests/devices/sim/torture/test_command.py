"""`campus-sim torture`, as a person calls it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from devices.sim.__main__ import main

ROOT = Path(__file__).resolve().parents[4]
PLANT = Path(__file__).with_name("plants") / "numbers_reused"
SHORT = ["torture", "--benches", "1", "--campus", "0", "--seed", "1"]


def test_a_clean_run_says_so_and_writes_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "found.json"
    assert main([*SHORT, "--kills", "5", "--no-shim", "--json", str(file)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("seed 1\n")
    assert "every promise was kept" in told
    found = json.loads(file.read_text("utf-8"))
    assert (found["kills"], found["clean"], found["seed"]) == (5, True, 1)
    assert found["parts"][0]["violations"] == []


def test_a_program_that_cannot_be_loaded_is_told_with_its_own_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['edge_agent.agent'] = None")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert main([*SHORT, "--kills", "5", "--no-shim", "--folder", str(tmp_path)]) == 2
    assert "edge_agent.__main__ cannot be loaded: " in capsys.readouterr().err


@pytest.mark.needs("cc")
def test_a_broken_promise_is_named_with_what_came_before_and_how_to_see_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PLANT), str(ROOT)]))
    assert main([*SHORT, "--kills", "40", "--folder", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "BROKEN in bench 0" in told
    assert "integrity: " in told
    assert "power cut" in told or "killed at" in told
    assert "again: campus-sim torture --seed 1 --kills 40 --benches 1 --campus 0" in told
