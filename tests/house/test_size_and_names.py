"""Files and functions stay small, and are named after what they are."""

from __future__ import annotations

import ast
import re

from tests.house.project import PACKAGES, files, functions, ours, text

FILE_LINES = 400
FUNCTION_LINES = 60
PROGRAM_TEXT = (".py", ".js", ".mjs", ".css", ".html", ".sh")
EMPTY_NAMES = {"manager", "helper", "util", "common", "base", "misc"}
#: Built from halves, so that this file does not contain what it forbids.
PROMISES_TO_ONESELF = re.compile(
    "|".join(rf"\b{a}{b}\b" for a, b in (("TO", "DO"), ("FIX", "ME"), ("X", "XX"), ("HA", "CK")))
)


def test_files_stay_under_400_lines() -> None:
    long = {
        name: lines for name in ours(*PROGRAM_TEXT) if (lines := len(text(name).splitlines())) >= FILE_LINES
    }
    assert not long, f"split by noun: {long}"


def test_functions_stay_under_60_lines() -> None:
    long = [
        f"{name}:{function.lineno} {function.name}: {lines}"
        for name in ours(".py", under=(*PACKAGES, "benchmarks", ".ci"))
        for function, _ in functions(name)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) >= FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_no_file_is_named_after_nothing() -> None:
    wrong = [
        name
        for name in ours("")
        for word in re.split(r"[/_.\-]", name.lower())
        if word in EMPTY_NAMES or word.removesuffix("s") in EMPTY_NAMES
    ]
    assert not wrong, f"name the noun: {wrong}"


def test_no_note_to_oneself_is_left() -> None:
    wrong = [
        f"{name}:{number} {line.strip()}"
        for name in ours(*PROGRAM_TEXT, ".md", ".yaml", ".yml", ".toml")
        for number, line in enumerate(text(name).splitlines(), 1)
        if PROMISES_TO_ONESELF.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_function_is_left_to_be_written() -> None:
    wrong = [
        f"{name}:{function.lineno} {function.name}"
        for name in ours(".py", under=(*PACKAGES, "benchmarks"))
        for function, owner in functions(name)
        if is_empty(function) and not may_be_empty(function, owner)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_list_of_files_sees_the_project() -> None:
    assert {"pyproject.toml", "Makefile", "tests/house/project.py"} <= set(files())


def is_empty(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function does nothing beside its docstring, or only says that it is not written."""
    body = [
        node
        for node in function.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return all(isinstance(node, ast.Pass) for node in body) or any(
        isinstance(node, ast.Raise) and "NotImplemented" in ast.dump(node) for node in body
    )


def may_be_empty(function: ast.FunctionDef | ast.AsyncFunctionDef, owner: ast.ClassDef | None) -> bool:
    """A protocol's or an abstract method, an overload, a way out of a context where nothing is to be done."""
    is_protocol = owner is not None and any("Protocol" in ast.dump(parent) for parent in owner.bases)
    is_declared = any(
        word in ast.dump(decorator)
        for decorator in function.decorator_list
        for word in ("overload", "abstract")
    )
    return is_protocol or is_declared or function.name in {"__exit__", "__aexit__"}
