"""Publishing: attachments first, then the plan, by create-if-absent.

A computed plan is never renumbered: losing its number means that somebody observed later, and only
a new observation may have a higher number (F9).
"""

from __future__ import annotations

from plans.document import digest_of, encode
from plans.errors import KeyTaken, Unavailable, Unknown
from plans.names import blob_key, plan_key
from plans.plan import Plan
from plans.published import Published
from plans.storage.archive import Archive

SENDS_MAX = 10


class NumberTaken(Exception):
    """Something else stands under this generation; the pass starts again from reading, above it.

    Usually another planner's plan. But an attachment's key may be taken where no plan is (its plan
    was lost, its tombstone stayed): then no listing would ever move the next number past it.
    """

    def __init__(self, generation: int) -> None:
        super().__init__(f"generation {generation} is taken")
        self.generation = generation


def publish(archive: Archive, plan: Plan, blobs: tuple[bytes, ...]) -> Published:
    """Make a plan public.

    Interleavings of the conditional create, two planners with number g: one create succeeds; the
    other finds the key taken by bytes that are not its own and throws its plan away. A response is
    lost: the key is read back, and bytes equal to ours mean published, by whichever send of ours
    arrived (F8). Nothing is deleted on any path: attachments without a plan are harmless and fall
    under the same retention.

    Raises:
        NumberTaken: the generation is another plan's.
        Unknown: no certain answer within the bounded sends.
        Unavailable: nothing of the plan was published.
    """
    stream, generation = plan.stream, plan.generation
    for body in blobs:
        _create(archive, generation, blob_key(stream, generation, digest_of(body)), body)
    body = encode(plan)
    _create(archive, generation, plan_key(stream, generation), body)
    return Published(plan, digest_of(body))


def _create(archive: Archive, generation: int, key: str, body: bytes) -> None:
    for _ in range(SENDS_MAX):
        try:
            archive.create(key, body)
            return
        except (KeyTaken, Unknown):
            try:
                found = archive.read(key)
            except Unavailable as silence:
                raise _undecided(key) from silence
            if found is None:
                continue  # nothing arrived (yet): the same bytes again, conditional as before
            if found.body == body:
                return
            raise NumberTaken(generation) from None
    raise _undecided(key)


def _undecided(key: str) -> Unknown:
    return Unknown(
        f"the archive gave no certain answer for {key}",
        rule="outcome-unknown",
        remedy="run the command again: it finds out what was published before it does anything",
    )
