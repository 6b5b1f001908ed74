from __future__ import annotations

from devices.model.samples import SampleBatch
from hub.ingest.scope import HISTORY, Scope, without
from tests.hub.ingest.campus import A, B, demo, points


def test_an_agent_may_use_the_points_of_its_own_devices_and_links() -> None:
    scope = Scope.of(demo())
    own = {*points(A), "hq1-ac-gw1.link_up"}
    assert scope.strangers(A, own) == set()
    assert scope.strangers(A, {*own, points(B)[0], "no.thing"}) == {points(B)[0], "no.thing"}
    assert scope.strangers("nobody", points(A)[:1]) == {points(A)[0]}


def test_a_radar_has_its_passes() -> None:
    radars = [name for name in points(A) if name.endswith(".pass_kmh")]
    assert radars
    assert Scope.of(demo()).strangers(A, radars) == set()


def test_history_may_use_everybodys() -> None:
    scope = Scope.of(demo())
    assert scope.strangers(HISTORY, [*points(A), *points(B), "hall-ac-gw1.link_up"]) == set()
    assert scope.strangers(HISTORY, ["no.thing"]) == {"no.thing"}


def test_samples_of_strangers_are_taken_out() -> None:
    batch = SampleBatch.of([0, 1, 2, 1, 0], [1, 2, 3, 4, 5], [0.0, 1.0, 2.0, 1.0, 0.0])
    kept = without(batch, ["a.x", "b.x", "c.x"], {"b.x"})
    assert kept.value.tolist() == [0.0, 2.0, 0.0]
    assert kept.time_us.tolist() == [1, 3, 5]
