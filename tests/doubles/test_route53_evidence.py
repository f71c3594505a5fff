"""What a history of the strict Route 53 proves about fences, and what disproves it."""

from __future__ import annotations

from typing import Any

import pytest

from plans.fence import Fence, Unreadable
from tests.doubles.route53 import hooks
from tests.doubles.route53.behaviours import create, delete, outcome, record_set
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double
from tests.doubles.route53.evidence import falls, fence_seen, own, repeats, unfenced

WWW = record_set("www.example.com.", "A", "192.0.2.1")


def fence(generation: int, step: int = 1, *, digest: str = "d", attempt: str = "a") -> Fence:
    return Fence(generation, step, False, digest * 64, "1" * 32, attempt * 32)


def txt(held: Fence) -> dict[str, Any]:
    return record_set("_planfence.example.com.", "TXT", f'"{held.text()}"', ttl=0)


class Zone:
    """A zone whose fence is at generation 1, and what may happen to it."""

    def __init__(self) -> None:
        self.double = Double(VirtualClock())
        self.id = self.double.add_zone("example.com")
        self._client = hooks.client(self.double)
        self.code(create(txt(fence(1))))

    def code(self, *changes: dict[str, Any]) -> str | None:
        batch = {"Changes": changes}
        send = self._client.change_resource_record_sets
        return outcome(lambda: send(HostedZoneId=self.id, ChangeBatch=batch))[0]

    def step(self, before: Fence, after: Fence, *changes: dict[str, Any]) -> str | None:
        return self.code(delete(txt(before)), create(txt(after)), *changes)


@pytest.fixture
def zone() -> Zone:
    return Zone()


def test_the_history_has_the_fence_around_each_batch(zone: Zone) -> None:
    assert zone.step(fence(1), fence(2), create(WWW)) is None
    fences = [
        (fence_seen(applied.fence_before), fence_seen(applied.fence_after))
        for applied in zone.double.history
    ]
    assert fences == [(None, fence(1)), (fence(1), fence(2))]
    assert [change.action for change in zone.double.history[1].changes] == [
        "DELETE",
        "CREATE",
        "CREATE",
    ]


def test_a_batch_with_a_stale_fence_changes_nothing(zone: Zone) -> None:
    assert zone.step(fence(1), fence(3)) is None
    assert zone.step(fence(1), fence(2), create(WWW)) == "InvalidChangeBatch"
    assert WWW not in zone.double.record_sets(zone.id)
    assert len(zone.double.history) == 2


def test_a_fence_that_rises_is_no_fault(zone: Zone) -> None:
    zone.step(fence(1), fence(1, 2))
    zone.step(fence(1, 2), fence(5))
    assert list(falls(zone.double.history)) == []
    assert list(unfenced(zone.double.history)) == []
    assert repeats(zone.double.history) == []


@pytest.mark.parametrize(
    ("low", "says"),
    [(fence(2), "batch 3"), (fence(3, 0), "batch 3"), (fence(3, 2, digest="e"), "another digest")],
    ids=["a lower generation", "a lower step", "another digest"],
)
def test_a_fence_that_falls_is_found(low: Fence, says: str, zone: Zone) -> None:
    zone.step(fence(1), fence(3))
    zone.step(fence(3), low)
    [found] = falls(zone.double.history)
    assert says in found


def test_a_fence_of_another_lineage_is_compared_with_nothing(zone: Zone) -> None:
    zone.step(fence(1), fence(3))
    zone.step(fence(3), Fence(1, 0, False, "d" * 64, "2" * 32, "a" * 32))
    assert list(falls(zone.double.history)) == []


def test_a_batch_without_its_fence_is_found(zone: Zone) -> None:
    zone.code(create(WWW))
    assert list(unfenced(zone.double.history)) == ["batch 2 left the fence as it was"]


def test_an_edit_by_others_needs_no_fence(zone: Zone) -> None:
    zone.double.edit(zone.id, create(WWW))
    assert list(unfenced(zone.double.history)) == []
    assert len(own(zone.double.history)) == 1


def test_a_fence_that_is_removed_is_no_step(zone: Zone) -> None:
    zone.code(delete(txt(fence(1))))
    assert repeats(zone.double.history) == []
    assert list(falls(zone.double.history)) == []


def test_a_step_that_is_applied_twice_is_found(zone: Zone) -> None:
    zone.step(fence(1), fence(2, attempt="b"))
    zone.step(fence(2, attempt="b"), fence(2, attempt="c"))
    assert repeats(zone.double.history) == [f"{zone.id} generation 2 step 1"]


def test_what_is_no_fence_is_not_taken_for_one() -> None:
    assert fence_seen(None) is None
    assert fence_seen(('"hello"',)) == Unreadable("hello")
    assert fence_seen(('"v=pf1"', '"v=pf1"')) == Unreadable('"v=pf1" "v=pf1"')
