"""What the documents say is so: links lead somewhere, commands exist, files named are there."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.house.project import ROOT, help_of, ours, pyproject, text

PAGES = ours(".md")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|<(?:img|a)\s[^>]*(?:src|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
MAKE = re.compile(r"(?:^|[\s`(])make ((?:[a-z-]+ ?)+)", re.MULTILINE)
SCRIPTS = pyproject()["project"]["scripts"]
SCRIPT_CALL = re.compile(rf"\b({'|'.join(SCRIPTS)})[ \t]+([a-z][a-z-]*)\b(?!=)")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", text("Makefile"), re.MULTILINE))
#: Folders whose files a document may name in backticks; such a name must be a file or folder that is there.
FOLDERS = ("devices", "edge_agent", "hub", "config", "docker", "docs", "benchmarks", "tests", ".ci")


def existing_scripts() -> list[str]:
    """Console scripts whose module has been written."""
    return [name for name, target in SCRIPTS.items() if module_exists(target.partition(":")[0])]


def module_exists(name: str) -> bool:
    return (ROOT / name.replace(".", "/")).with_suffix(".py").is_file() and importlib.util.find_spec(
        name
    ) is not None


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    broken = [target for target in links(text(page)) if not leads_somewhere(page, target)]
    assert not broken, f"{page}: {broken}"


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_named_are_there(page: str) -> None:
    named = {word for call in MAKE.findall(code_of(text(page))) for word in call.split()}
    assert named <= TARGETS, f"{page}: {named - TARGETS}"


@pytest.mark.parametrize("page", PAGES)
def test_files_named_are_there(page: str) -> None:
    missing = [name for name in named_files(text(page)) if not (ROOT / name).exists()]
    assert not missing, f"{page}: {missing}"


@pytest.mark.parametrize("script", existing_scripts())
def test_script_explains_itself(script: str) -> None:
    code, output = help_of(script)
    assert code == 0, output
    assert len(output.split()) >= 20, "a person cannot follow that"
    assert script in output


@pytest.mark.parametrize("script", [name for name in existing_scripts() if name != "campus-demo"])
def test_script_can_check_its_configuration(script: str) -> None:
    _, output = help_of(script)
    assert re.search(r"\bcheck\b", output), output


@pytest.mark.parametrize("script", existing_scripts())
def test_commands_named_in_documents_are_known_to_the_script(script: str) -> None:
    named = {
        word for page in PAGES for name, word in SCRIPT_CALL.findall(code_of(text(page))) if name == script
    }
    _, output = help_of(script)
    unknown = {word for word in named if not re.search(rf"\b{word}\b", output)}
    assert not unknown, f"{script} does not know {unknown}"


@pytest.mark.parametrize(
    ("page", "target"), [("a.md", "b.md"), ("docs/a.md", "../b.md"), ("docs/a.md", "nowhere/x.png#part")]
)
def test_a_broken_link_is_seen(page: str, target: str) -> None:
    assert not leads_somewhere(page, target)


def test_links_code_and_files_are_found_in_a_page() -> None:
    page = (
        'See [x](docs/a.md#b) ![p](p.png) <img src="q.png">\n```\nmake demo\n```\n`hub/db.py` `hub/<room>/`'
    )
    assert list(links(page)) == ["docs/a.md#b", "p.png", "q.png"]
    assert MAKE.findall(code_of(page)) == ["demo"]
    assert list(named_files(page)) == ["hub/db.py"]


def links(page: str) -> Iterator[str]:
    """Targets of links and pictures outside of code."""
    for match in LINK.finditer(CODE.sub("", FENCE.sub("", page))):
        yield match[1] or match[2]


def leads_somewhere(page: str, target: str) -> bool:
    """Whether a relative link names a file, and the heading in it if it names one."""
    if re.match(r"[a-z]+:", target):
        return True
    path, _, heading = unquote(target).partition("#")
    file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    if not file.exists() or (file.is_dir() and heading):
        return False
    return not heading or file.suffix != ".md" or heading in headings(file)


def headings(file: Path) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.+?)\s*$", FENCE.sub("", file.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code_of(page: str) -> str:
    """All code of a page: fenced blocks and words in backticks, one below the other."""
    fenced = [match.group(0) for match in FENCE.finditer(page)]
    return "\n".join([*fenced, *CODE.findall(FENCE.sub("", page))])


def named_files(page: str) -> Iterator[str]:
    """Words in backticks that look like a path of this project and hold no placeholder."""
    for word in CODE.findall(FENCE.sub("", page)):
        path = word.partition("::")[0].rstrip("/")
        if "/" in path and path.split("/")[0] in FOLDERS and re.fullmatch(r"[\w./-]+", path):
            yield path
