"""Every code with which pydantic tells a mistake has its Chinese, and a checker's own words keep theirs."""

from __future__ import annotations

import re
import string
from typing import Any, Literal

import pytest
from pydantic import Field, ValidationError, field_validator
from pydantic_core._pydantic_core import list_all_errors  # the package itself does not hand it on

from devices.model.texts import Said, both
from devices.profiles.mistakes import CHINESE, expected, found
from devices.profiles.strict import Strict

HAN = re.compile(r"[\u4e00-\u9fff]")
#: What these say is what another part of the program, or the value itself, says.
BORROWED = {"enum", "value_error", "assertion_error", "literal_error"}


class Line(Strict):
    """One of each kind of mistake that files have."""

    word: Literal["red", "blue"] = "red"
    number: float = Field(0, ge=2, le=3)
    name: str = Field("a", pattern="^a$")
    many: tuple[int, ...] = Field((1,), min_length=1)
    even: int = 0

    @field_validator("even")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(Said("偶数", "an even number"))
        return value


def mistake(**values: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        Line(**values)
    [item] = caught.value.errors(include_url=False)
    return dict(item)


@pytest.mark.parametrize("code", [error["type"] for error in list_all_errors()])
def test_a_code_has_a_template_with_chinese_and_only_fields_that_come_with_it(code: str) -> None:
    [error] = [error for error in list_all_errors() if error["type"] == code]
    template = CHINESE[code]
    fields = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    assert fields <= (error.get("example_context") or {}).keys()
    assert HAN.search(template) or code in BORROWED


def test_no_template_is_for_a_code_that_is_gone() -> None:
    assert CHINESE.keys() == {error["type"] for error in list_all_errors()}


@pytest.mark.parametrize(
    ("values", "zh", "en"),
    [
        ({"word": "green"}, "'red' 或 'blue'", "'red' or 'blue'"),
        ({"number": 1}, "不小于 2", "greater than or equal to 2"),
        ({"number": "x"}, "数", "a valid number, unable to parse string as a number"),
        ({"name": "b"}, "符合格式 '^a$' 的文字", "String should match pattern '^a$'"),
        ({"many": ()}, "至少 1 项，现有 0 项", "Tuple should have at least 1 item after validation, not 0"),
        ({"even": 3}, "偶数", "an even number"),
        ({"more": 3}, "仅限已知的键", "only known keys"),
    ],
)
def test_what_was_expected_is_told_in_both_languages(values: dict[str, Any], zh: str, en: str) -> None:
    told = both(expected(mistake(**values)))
    assert (told.zh, told.en) == (zh, en)


def test_what_was_found_is_the_value_or_a_word_in_both_languages() -> None:
    assert both(found(mistake(number=1))).zh == "1"
    assert both(found(mistake(more=3))).zh == "未知的键，值为 3"
    assert both(found({"type": "missing", "input": {}, "msg": "", "loc": ()})).zh == "空"


def test_a_code_of_a_newer_reader_is_told_in_its_own_english() -> None:
    assert both(expected({"type": "not-yet", "msg": "Input should be new", "input": 1})).zh == "new"
