"""What must be true of a world afterwards, whatever was killed, stopped or full in it.

Read from where it is kept: zone files with their whole history, journal, pointer, register.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

from plans import journal
from plans.document import digest_of
from plans.fence import Fence
from plans.names import generation_of_key, plans_prefix
from tests.processes.recorded import Version, history
from tests.processes.world import STREAM, ZONE, Report, World


def versions(world: World, target: str) -> list[Version]:
    """Every version that a target's zone file ever had, oldest first."""
    return history(world.path(target), ZONE)


def snapshot(world: World) -> dict[str, tuple[int, bytes] | None]:
    """Inode and bytes of every zone file: a rename of equal bytes would show too."""
    paths = {target: world.path(target) for target in world.targets}
    return {
        target: (path.stat().st_ino, path.read_bytes()) if path.exists() else None
        for target, path in paths.items()
    }


def check_histories(world: World) -> None:
    """No zone file ever went back, and no step had an effect twice.

    The SOA's serial counts the effects a second time: each version has one more than the last.
    """
    for target in world.targets:
        found = versions(world, target)
        for before, after in pairwise(found):
            old, new = before.fence, after.fence
            where = f"{target}: {old.text()} was followed by {new.text()}"
            if new.generation == old.generation:
                assert new.digest == old.digest, where
                assert new.step == old.step + 1, where
                assert not old.done, where
            else:
                assert new.generation > old.generation, where
                assert new.step == 1, where
            if before.serial is not None:
                assert after.serial == before.serial + 1, where


def check_journal(world: World) -> None:
    """Complete and in order, and every claim and every completion is told once."""
    with world.register() as register:
        assert journal.verify(register, STREAM) > 0
        told = Counter(
            (entry.kind, entry.generation) for entry in journal.read_entries(register, STREAM)
        )
    repeated = [
        key for key, count in told.items() if count > 1 and key[0] in ("claimed", "applied")
    ]
    assert not repeated, repeated


def check_applied(world: World, plan: Report, desired: Path) -> None:
    """The plan is applied: on every target, at the pointer, and in the journal."""
    pointer = world.pointer
    assert pointer is not None
    assert (pointer.applied_generation, pointer.applied_digest) == (plan.generation, plan.digest)
    assert pointer.desired == pointer.applied
    for target in world.targets:
        found = world.target(target).observe()
        assert found.state == world.records(desired), f"{target} is not what was desired"
        fence = found.fence
        assert isinstance(fence, Fence)
        assert (fence.generation, fence.digest, fence.done) == (plan.generation, plan.digest, True)
        beside = world.path(target).with_name(f".{world.path(target).name}.planfence-new")
        assert not beside.exists(), "a leftover that the last write should have replaced"


def check_whole(world: World) -> None:
    """What holds at any time."""
    check_histories(world)
    check_journal(world)
    world.stores.check()


def published_generations(world: World) -> list[int]:
    """Every plan in the archive by its number, each of them whole and where it belongs."""
    found: list[int] = []
    for key in world.archive.list(plans_prefix(STREAM)):
        generation = generation_of_key(key)
        assert generation is not None, key
        world.published(generation)
        found.append(generation)
    return found


def check_parents(world: World, generations: list[int]) -> None:
    """Every plan names the one before it, by generation and by the digest of its bytes."""
    for generation in generations:
        parent = world.published(generation).plan.parent
        if generation == 1:
            assert parent is None
        else:
            assert parent is not None
            before = world.published(generation - 1).digest
            assert (parent.generation, parent.digest) == (generation - 1, before)


def desired_digest(path: Path) -> str:
    return digest_of(path.read_bytes())
