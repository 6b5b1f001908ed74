from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.points import PointTable, is_id, split_point

GOOD = ["a", "0", "hq1-ac-0301", "a" * 64, "a--b"]
BAD = [
    "",
    "-a",
    "a-",
    "A",
    "a_b",
    "a.b",
    "a/b",
    "a+b",
    "#",
    "a b",
    "é",
    "a\n",
    "a" * 65,
    "园区",
    "$sys",
    "a\0",
]


@pytest.mark.parametrize("text", GOOD)
def test_plain_id_is_one(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", BAD)
def test_what_a_broker_or_a_url_could_misread_is_no_id(text: str) -> None:
    assert not is_id(text)


@given(st.text(max_size=70))
def test_an_id_never_holds_a_sign_with_meaning_elsewhere(text: str) -> None:
    if is_id(text):
        assert text.isascii()
        assert not set(text) & set("/+#.*>$ \n\0:%?&=\"'\\_")
        assert text == text.lower()


def test_point_splits_at_its_dot() -> None:
    assert split_point("hq1-ac-0301.setpoint_c") == ("hq1-ac-0301", "setpoint_c")


@pytest.mark.parametrize(
    "text", ["", "a", "a.", ".b", "a.b.c", "a.B", "A.b", "a.1b", "a.b ", "a.b\n", "a.é", "a.b-c"]
)
def test_other_point_names_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"not <device_id>\.<point>, for example"):
        split_point(text)


@given(st.lists(st.text("abc", min_size=1, max_size=3), unique=True))
def test_table_gives_each_name_its_place(names: list[str]) -> None:
    table = PointTable.of(iter(names))
    assert len(table) == len(names)
    assert [table.row[name] for name in names] == list(range(len(names)))
    assert table == PointTable(tuple(names))


def test_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="unique"):
        PointTable.of(["a.b", "a.c", "a.b"])
