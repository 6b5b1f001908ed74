"""One campus of real processes for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.campus.stack import Stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    """The running campus; ended with this folder's tests, so that it takes no time from those that follow."""
    with Stack(tmp_path_factory.mktemp("campus"), free_port) as stack:
        yield stack
