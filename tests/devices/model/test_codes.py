from __future__ import annotations

import pytest

from devices.model.codes import CODE_TEXTS, CODES
from devices.model.texts import Text


def test_every_set_has_texts_and_every_text_a_set() -> None:
    assert CODE_TEXTS.keys() == CODES.keys()


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_a_set_has_a_text_of_its_own_in_both_languages(name: str) -> None:
    texts = CODE_TEXTS[name]
    assert list(texts) == list(CODES[name])
    assert all(type(code) is CODES[name] for code in texts)
    assert (
        len({text.zh for text in texts.values()}) == len({text.en for text in texts.values()}) == len(texts)
    )
    for text in texts.values():
        assert text.zh.strip()
        assert not text.zh.isascii()
        assert text.en.strip()
        assert text.en.isascii()


@pytest.mark.parametrize("name", CODES)
def test_codes_count_up_from_zero(name: str) -> None:
    assert [int(member) for member in CODES[name]] == list(range(len(CODES[name])))


def test_same_number_in_two_sets_has_two_texts() -> None:
    assert CODE_TEXTS["ac_mode"][1] == Text("制冷", "cooling")
    assert CODE_TEXTS["pump_position"][1] == Text("自动位", "automatic")
