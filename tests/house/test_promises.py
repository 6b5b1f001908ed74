"""Each promise in docs/promises.md is kept by tests that exist, and each such test belongs to a promise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.project import ROOT, functions, ours, text

PAGE = "docs/promises.md"
ROW = re.compile(r"^\|\s*([A-Z][\w-]*\d)\s*\|(.*)\|\s*$", re.MULTILINE)
TEST_ID = re.compile(r"`(tests/[\w/.-]+\.py::\w+)`")


def promised(page: str) -> dict[str, set[str]]:
    """Promise -> the tests that its row names."""
    return {promise: set(TEST_ID.findall(rest)) for promise, rest in ROW.findall(page)}


def marked(code: str, name: str) -> Iterator[tuple[str, str]]:
    """Each (promise, test id) that a ``@pytest.mark.promise`` in this code states."""
    for function in ast.walk(ast.parse(code)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.promise"):
                for promise in decorator.args:
                    yield str(ast.literal_eval(promise)), f"{name}::{function.name}"


def in_the_tests() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in ours(".py", under=("tests",)):
        for promise, test in marked(text(name), name):
            found.setdefault(promise, set()).add(test)
    return found


def in_the_page() -> dict[str, set[str]]:
    return promised(text(PAGE)) if (ROOT / PAGE).is_file() else {}


def test_promises_and_tests_name_each_other() -> None:
    page, tests = in_the_page(), in_the_tests()
    pairs = [{(promise, test) for promise, named in side.items() for test in named} for side in (page, tests)]
    assert not pairs[0] - pairs[1], "named in the page, not marked with @pytest.mark.promise"
    assert not pairs[1] - pairs[0], f"marked, not named in {PAGE}"


def test_no_promise_is_without_a_test() -> None:
    assert [promise for promise, tests in in_the_page().items() if not tests] == []


def test_each_promise_stands_once() -> None:
    ids = [promise for promise, _ in ROW.findall(text(PAGE))]
    assert repeated(ids) == []


def repeated(ids: list[str]) -> list[str]:
    return sorted({one for one in ids if ids.count(one) > 1})


def test_every_test_named_exists() -> None:
    missing = [test for tests in in_the_page().values() for test in tests if not exists(*test.split("::"))]
    assert missing == []


def exists(name: str, function: str) -> bool:
    return (ROOT / name).is_file() and function in {found.name for found, _ in functions(name)}


def test_rows_and_marks_are_read() -> None:
    page = "| id | is | test |\n|---|---|---|\n| P-up-1 | x | `tests/a/test_b.py::test_c` |\n| P2 | x | |\n"
    assert promised(page) == {"P-up-1": {"tests/a/test_b.py::test_c"}, "P2": set()}
    assert repeated([promise for promise, _ in ROW.findall(page + page)]) == ["P-up-1", "P2"]
    code = '@pytest.mark.promise("P1", "P2")\nasync def test_c():\n    pass\n'
    assert list(marked(code, "tests/a/test_b.py")) == [
        ("P1", "tests/a/test_b.py::test_c"),
        ("P2", "tests/a/test_b.py::test_c"),
    ]
    assert not exists("tests/nowhere.py", "test_c")
    assert exists("tests/house/test_promises.py", "test_rows_and_marks_are_read")
