"""Codes of different sets share their numbers, and must not share their words."""

from __future__ import annotations

from devices.model.codes import CODE_TEXTS, CODES, AcMode, OnOff


def test_every_code_of_every_set_has_words_of_its_own() -> None:
    assert {name: set(texts) for name, texts in CODE_TEXTS.items()} == {
        name: {int(code) for code in codes} for name, codes in CODES.items()
    }
    for name, texts in CODE_TEXTS.items():
        assert len({text.zh for text in texts.values()}) == len(CODES[name]), name


def test_codes_of_one_number_keep_their_own_words() -> None:
    assert CODE_TEXTS["on_off"][OnOff.ON].en == "on"
    assert CODE_TEXTS["ac_mode"][AcMode.COOL].en == "cooling"
