"""A walk through a lane that looks only for what was stored since gives what looking each time would give."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from devices.wire.messages import Lane
from edge_agent.uplink.sender import Course, Record, Store
from edge_agent.uplink.window import Way

AT_ONCE = 3
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.integers(1, 3)),
        st.tuples(st.just("lose"), st.integers(1, 3)),
        st.tuples(st.just("ask"), st.integers(1, 4)),
        st.tuples(st.just("jump"), st.integers(0, 2)),
        st.tuples(st.just("extend"), st.integers(0, 2)),
    ),
    max_size=40,
)


class Shelf:
    """Records by number; what is lost was dropped, or is given back to nobody."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.next_now = {Lane.LIVE: 1}

    async def take(self, lane: Lane, after_seq: int, limit_bytes: int) -> Sequence[Record]:
        del lane, limit_bytes
        return [(number, b"", 0) for number in self.numbers if number > after_seq][:AT_ONCE]

    def store(self, count: int) -> None:
        first = self.next_now[Lane.LIVE]
        self.numbers += range(first, first + count)
        self.next_now = {Lane.LIVE: first + count}

    async def naive(self, course: Any) -> Record | None:
        """The next record, looked for each time."""
        if not course.taken:
            course.taken.extend(await self.take(Lane.LIVE, course.after, 0))
        return course.taken[0] if course.taken and course.taken[0][0] < course.before else None


async def walked(steps: Sequence[tuple[str, int]], *, is_late: bool) -> None:
    shelf = Shelf()
    course = Course(Way.LIVE, Lane.LIVE, before=1 if is_late else 1 << 62)
    twin = SimpleNamespace(after=0, before=course.before, taken=type(course.taken)())
    for what, number in [*steps, ("ask", len(steps) * 5)]:
        if what == "store":
            shelf.store(number)
        elif what == "lose":
            del shelf.numbers[-number:]
        elif what == "jump":
            seq = max(course.after + 1, shelf.next_now[Lane.LIVE] - number)
            course.jump(seq)
            twin.after = seq - 1
            twin.taken.clear()
        elif what == "extend" and is_late:  # as what was live becomes late
            course.before = twin.before = max(course.before, shelf.next_now[Lane.LIVE] - number)
            course.taken.clear()
            twin.taken.clear()
            course.looked = 0
        else:
            for _ in range(number):
                found = await course.peek(cast("Store", shelf))
                assert found == await shelf.naive(twin)
                if found is None:
                    break
                course.step()
                twin.after = twin.taken.popleft()[0]


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, is_late=st.booleans())
@example(steps=[("store", 1), ("lose", 1), ("ask", 1), ("store", 1)], is_late=False)
@example(steps=[("store", 2), ("extend", 1), ("ask", 2), ("extend", 0)], is_late=True)
def test_nothing_that_is_stored_is_missed(steps: list[tuple[str, int]], is_late: bool) -> None:  # noqa: FBT001
    asyncio.run(walked(steps, is_late=is_late))
