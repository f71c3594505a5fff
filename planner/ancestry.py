"""Where the desired state comes from: its commit's ancestry, and returns to earlier content.

Last week's CI job run again makes a *new* generation from *old* files, and no pointer can see that
(F12): only the ancestry of the source can, so each plan inherits the newest commit of its chain.
"""

from __future__ import annotations

from planner.ports import InputRead, Ports
from planner.world import World
from plans.names import blobs_prefix
from plans.plan import Ancestry, Input
from plans.storage.archive import Archive

LOOKBACK = 1_000  # generations searched for a return to earlier content


def assess_inputs(ports: Ports, world: World) -> tuple[Input, ...]:
    """The plan's inputs: what was read, how its commit stands to the chain's newest.

    The zone file is the first.
    """
    desired = world.desired
    ancestry = _ancestry(ports, world)
    returns_to = None
    if desired.commit is None and not _has_the_parents_files(world):
        returns_to = _returns_to(ports.archive, world)
    read_at = ports.clock.now().replace(microsecond=0)
    return tuple(
        Input(
            name=read.name,
            digest=read.digest,
            size=read.size,
            commit=read.commit,
            dirty=read.dirty,
            ancestry=None if read.commit is None else ancestry,
            returns_to=None if index else returns_to,
            read_at=read_at,
            complete=read.complete,
        )
        for index, read in enumerate(desired.inputs)
    )


def source_after(world: World, entry: Input) -> str | None:
    """The newest commit of the chain, for the plan and its children to inherit.

    A commit that went back (waived) does not lower it, so that the next old job is refused again.
    """
    parent = world.decided.parent_plan
    inherited = parent.plan.source if parent else None
    if entry.commit is None or entry.ancestry == "older":
        return inherited
    return entry.commit


def _ancestry(ports: Ports, world: World) -> Ancestry | None:
    commit = world.desired.commit
    if commit is None:
        return None
    decided = world.decided
    if decided.parent is None:
        return "first"
    if decided.parent_plan is None:
        return "unknown"
    source = decided.parent_plan.plan.source
    return "first" if source is None else ports.desired.relate(source, commit)


def _has_the_parents_files(world: World) -> bool:
    """Whether the parent was made from the same files, so that only health can differ.

    Members that fall ill and get well again bring back earlier content: nobody went back.
    """
    parent = world.decided.parent_plan
    if parent is None:
        return False
    before = {(entry.name, entry.digest) for entry in parent.plan.inputs if _is_file(entry)}
    return before == {(read.name, read.digest) for read in world.desired.inputs if _is_file(read)}


def _is_file(entry: Input | InputRead) -> bool:
    return entry.complete == "whole file"


def _returns_to(archive: Archive, world: World) -> int | None:
    """The newest earlier generation with this content, if the parent's content is another.

    Found by names alone: an attachment's key holds its generation and its digest.
    """
    parent = world.decided.parent
    if parent is None:
        return None
    prefix = blobs_prefix(world.decided.settings.stream)
    start = f"{prefix}{max(0, parent.generation - LOOKBACK):012d}"
    found: int | None = None
    for key in archive.list(prefix, start):
        generation, _, digest = key[len(prefix) :].partition("/")
        if digest == world.desired_digest and generation.isdigit():
            if int(generation) == parent.generation:
                return None
            if int(generation) < parent.generation:
                found = int(generation)
    return found
