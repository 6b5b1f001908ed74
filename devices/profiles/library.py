"""All data sheets by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from devices.model.errors import ConfigRefused, Problem
from devices.profiles.checks import check
from devices.profiles.profile import Profile
from devices.profiles.strict import load

SHEETS: Final = Path(__file__).parent / "sheets"


@cache
def shipped() -> Mapping[str, Profile]:
    """The sheets that come with the product."""
    return MappingProxyType(load_sheets(SHEETS.glob("*.yaml")))


def load_sheets(files: Iterable[Path]) -> dict[str, Profile]:
    """Read sheets; the file's stem must be the profile's name.

    Raises:
        ConfigRefused: with the problems of all files.
    """
    problems: list[Problem] = []
    profiles: dict[str, Profile] = {}
    for file in sorted(files):
        try:
            profile = load(file, Profile)
        except ConfigRefused as refused:
            problems.extend(refused.problems)
            continue
        if profile.profile != file.stem:
            problems.append(
                Problem(str(file), "profile", repr(profile.profile), f"the file's own name {file.stem!r}")
            )
        problems.extend(check(profile, str(file)))
        if profile.profile in profiles:
            problems.append(
                Problem(str(file), "profile", f"{profile.profile!r} in a second file", "each once")
            )
        profiles[profile.profile] = profile
    if problems:
        raise ConfigRefused(problems)
    return profiles
