"""One campus of real processes for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.campus.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    """The running campus."""
    with Stack(tmp_path_factory.mktemp("campus"), free_port) as stack:
        yield stack
