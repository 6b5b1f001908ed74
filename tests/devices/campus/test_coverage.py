"""The coverage section: which areas and cameras an entry is about, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from devices.campus.coverage import Coverage
from devices.campus.coverage_checks import check, needs, watched
from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.profiles.profile import Words

TITLE = Words(zh="无有效视频", en="Not watched")


@pytest.fixture(scope="module")
def campus() -> Campus:
    return load_campus(Path(__file__).parents[2] / "hub" / "site" / "site.yaml")


def asked(**keys: object) -> Coverage:
    return Coverage.model_validate({"id": "watch", "title": TITLE, **keys})


def problems(campus: Campus, *entries: Coverage) -> list[str]:
    there = replace(campus, coverage={entry.id: entry for entry in entries})
    return [f"{problem.path}: {problem.found}" for problem in check(there, "site.yaml")]


@pytest.mark.parametrize(
    ("keys", "areas"),
    [
        ({"area_kinds": ["kitchen"]}, ["hall-kitchen"]),
        ({"area_kinds": ["kitchen", "office", "lobby"], "sites": ["hall"]}, ["hall-kitchen", "hall-lobby"]),
        ({"area_kinds": ["kitchen", "lobby"], "but_not": ["hall-lobby"]}, ["hall-kitchen"]),
        ({"areas": ["hq1-road", "hall-lobby"]}, ["hq1-road", "hall-lobby"]),
    ],
)
def test_an_entry_is_for_the_areas_that_fit_all_its_lists(
    campus: Campus, keys: dict[str, object], areas: list[str]
) -> None:
    assert [area.id for area in watched(campus, asked(**keys))] == areas
    assert problems(campus, asked(**keys)) == []


def test_only_cameras_of_the_area_count_and_of_these_those_with_a_tag_that_is_asked(campus: Campus) -> None:
    one = campus.devices["hall-cam-1"].model_copy(update={"tags": ("wash", "cook")})
    entries = [
        asked(area_kinds=["kitchen", "road"]),
        asked(id="washing", areas=["hall-kitchen"], tags=["wash", "raw"]),
    ]
    there = replace(
        campus, devices={**campus.devices, one.id: one}, coverage={entry.id: entry for entry in entries}
    )
    assert [(need.coverage.id, need.area.id, need.cameras) for need in needs(there)] == [
        ("watch", "hq1-road", ()),
        ("watch", "hall-kitchen", ("hall-cam-1", "hall-cam-2")),
        ("washing", "hall-kitchen", ("hall-cam-1",)),
    ]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"areas": ["hall-kitchn"]}, "coverage.watch.areas: 'hall-kitchn'"),
        ({"area_kinds": ["kichen"]}, "coverage.watch.area_kinds: 'kichen'"),
        ({"areas": ["hall-lobby"], "tags": ["wash"]}, "coverage.watch.tags: 'wash'"),
        ({"areas": ["hall-lobby"], "sites": ["hq1"]}, "coverage.watch: no area"),
        ({"id": "speeding", "areas": ["hall-lobby"]}, "coverage.speeding: the id of a rule"),
    ],
)
def test_what_nothing_has_or_fits_is_refused_with_its_path(
    campus: Campus, keys: dict[str, object], found: str
) -> None:
    assert problems(campus, asked(**keys)) == [found]


def test_an_entry_for_every_area_of_the_campus_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="areas or area_kinds"):
        asked(sites=["hall"])
