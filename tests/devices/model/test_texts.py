"""A text that prints as English and has its Chinese with it."""

from __future__ import annotations

import copy
import json
import pickle

from devices.model.texts import Said, Text, both, same


def test_it_is_english_wherever_it_is_printed_compared_or_packed() -> None:
    said = Said("空", "nothing")
    assert (said, f"{said}", str(said), json.dumps(said)) == ("nothing", "nothing", "nothing", '"nothing"')
    assert {said: 1}["nothing"] == 1
    assert both(said) == Text("空", "nothing")


def test_what_reads_alike_and_what_nobody_translated_is_the_same_in_both() -> None:
    assert both(same("12")) == both("12") == Text("12", "12")


def test_a_copy_for_another_process_keeps_both() -> None:
    said = Said("空", "nothing")
    for twin in (copy.deepcopy(said), pickle.loads(pickle.dumps(said))):
        assert both(twin) == both(said)
