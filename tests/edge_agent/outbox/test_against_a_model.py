"""Random acts on the file, and on a model of a few lines that keeps everything in a dictionary."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from devices.wire.messages import Lane
from edge_agent.outbox.file import OutboxFile, Row

MAX_BYTES = 5_000
MAX_AGE_S = 100.0
lanes = st.sampled_from(list(Lane))


class FileAgainstModel(RuleBasedStateMachine):
    """The slow twin keeps (lane, seq) -> (bytes, running second) and drops by sorting everything."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now_s = 0.0
        self.model: dict[tuple[Lane, int], tuple[bytes, float]] = {}
        self.next_seq = dict.fromkeys(Lane, 1)
        self.dropped: dict[tuple[Lane, str], int] = {}
        self.states: dict[str, bytes] = {}
        self.file = self.open()

    def open(self) -> OutboxFile:
        return OutboxFile(
            Path(self.folder.name) / "o.db",
            "a1",
            epoch=42,
            max_bytes=MAX_BYTES,
            max_age_s=MAX_AGE_S,
            monotonic=lambda: self.now_s,
        )

    @rule(
        puts=st.lists(st.tuples(lanes, st.binary(max_size=700)), max_size=6),
        states=st.dictionaries(st.sampled_from("abc"), st.binary(max_size=50), max_size=2),
        done=st.lists(st.tuples(lanes, st.integers(1, 30)), max_size=6),
    )
    def commit(
        self, puts: list[tuple[Lane, bytes]], states: dict[str, bytes], done: list[tuple[Lane, int]]
    ) -> None:
        rows = []
        for key in done:
            self.model.pop(key, None)
        for lane, data in puts:
            rows.append(Row(lane, self.next_seq[lane], 7, data))
            self.model[lane, self.next_seq[lane]] = (data, self.now_s)
            self.next_seq[lane] += 1
        self.file.commit(rows, states, done)
        self.states |= states
        for key in self.in_order_of_dropping():
            if sum(len(data) for data, _ in self.model.values()) > MAX_BYTES:
                self.drop(key, "overflow")

    def in_order_of_dropping(self) -> list[tuple[Lane, int]]:
        rank = {Lane.BACKLOG: 0, Lane.LIVE: 1, Lane.ALERTS: 2}
        return sorted(self.model, key=lambda key: (rank[key[0]], key[1]))

    def drop(self, key: tuple[Lane, int], reason: str) -> None:
        del self.model[key]
        self.dropped[key[0], reason] = self.dropped.get((key[0], reason), 0) + 1

    @rule(seconds=st.floats(0, 60))
    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds

    @rule()
    def drop_aged(self) -> None:
        self.file.drop_aged()
        border_us = round(self.now_s * 1e6) - round(MAX_AGE_S * 1e6)
        for key in list(self.model):
            if key[0] is not Lane.ALERTS and round(self.model[key][1] * 1e6) < border_us:
                self.drop(key, "too-old")

    @precondition(lambda self: self.model)
    @rule()
    def restart(self) -> None:
        """Running time goes on from the newest record, so that record must be of now for the two to agree."""
        self.commit([(Lane.ALERTS, b"now")], {}, [])
        self.file.close()
        self.file = self.open()

    @rule(lane=lanes, after=st.integers(0, 40), limit=st.integers(0, 2000))
    def take(self, lane: Lane, after: int, limit: int) -> None:
        expected: list[tuple[int, bytes]] = []
        for seq in sorted(seq for of, seq in self.model if of is lane and seq > after):
            data = self.model[lane, seq][0]
            if expected and sum(len(each) for _, each in expected) + len(data) > limit:
                break
            expected.append((seq, data))
        assert [(seq, data) for seq, data, _ in self.file.take(lane, after, limit)] == expected

    @rule(lane=lanes, age_s=st.floats(0, 120))
    def fresh_from(self, lane: Lane, age_s: float) -> None:
        border_us = round(self.now_s * 1e6) - round(age_s * 1e6)
        fresh = [
            seq
            for (of, seq), (_, at_s) in self.model.items()
            if of is lane and round(at_s * 1e6) >= border_us
        ]
        found = self.file.fresh_from(lane, age_s)
        assert [seq for of, seq in self.model if of is lane and seq >= found] == sorted(fresh)

    @rule()
    def read_states(self) -> None:
        assert self.file.states() == self.states

    @invariant()
    def counts_agree(self) -> None:
        ledger = self.file.ledger
        for lane in Lane:
            sizes = [len(data) for (of, _), (data, _) in self.model.items() if of is lane]
            assert (ledger.records[lane], ledger.sizes[lane]) == (len(sizes), sum(sizes))
            assert ledger.next_seq[lane] == self.next_seq[lane]
        assert ledger.dropped == self.dropped

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()


TestFileAgainstModel = FileAgainstModel.TestCase
TestFileAgainstModel.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
