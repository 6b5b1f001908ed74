"""The files of this project, as the house tests look at them."""

from __future__ import annotations

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("devices", "edge_agent", "hub")
#: Other people's files, kept whole: their names and sizes are not ours to judge.
FOREIGN = re.compile(r"(^|/)(vendor|vendored|bootstrap)/")


@functools.cache
def files() -> tuple[str, ...]:
    """Every file of the project that git knows or would add, as a path relative to the root."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return tuple(sorted({name for name in answer.stdout.split("\0") if name and (ROOT / name).is_file()}))


def ours(*suffixes: str, under: tuple[str, ...] = ()) -> list[str]:
    """Our own files with one of these suffixes, below one of these folders (anywhere if none is given)."""
    return [
        name
        for name in files()
        if name.endswith(suffixes) and not FOREIGN.search(name) and (not under or name.split("/")[0] in under)
    ]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@functools.cache
def tree(name: str) -> ast.Module:
    return ast.parse(text(name), filename=name)


@functools.cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


def program(name: str) -> str:
    """A program of this Python environment, or of the machine."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    assert found is not None, f"{name} is not installed"
    return found


def run(*command: str, timeout_s: float = 150) -> tuple[int, str]:
    """Exit code and all output of a command, run at the root."""
    answer = subprocess.run(
        command,
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
    )
    return answer.returncode, answer.stdout


@functools.cache
def help_of(script: str, *words: str) -> tuple[int, str]:
    """Exit code and words of ``--help``, asked once: a program takes a second to start."""
    return run(program(script), *words, "--help")


def functions(name: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, ast.ClassDef | None]]:
    """Every function of a file, with the class it stands in."""

    def walk(
        node: ast.AST, owner: ast.ClassDef | None
    ) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, ast.ClassDef | None]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield child, owner
                yield from walk(child, None)
            else:
                yield from walk(child, child if isinstance(child, ast.ClassDef) else owner)

    yield from walk(tree(name), None)


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def literal(node: ast.expr) -> str:
    """The fixed part of a string; nothing for what is only known when the program runs."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
