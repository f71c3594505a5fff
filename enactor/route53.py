"""A hosted zone of Route 53 as a target: a step is one change batch, which carries its fence.

Guarantees:

1. A step lands whole or not at all: Route 53 applies a batch atomically.
2. A step lands only on exactly the fence it expects, and only if every ``before`` holds: each is
   named by a DELETE that gives the record set to the letter, as this target has read it itself, or,
   where there was none, asserted by a CREATE. There is no UPSERT.
3. A batch that is refused changed nothing; the fence is read and compared again before anybody says
   why.
4. Nothing is guessed: what is deleted was read, and where the letters of the service differ from
   ours (case, order, quoting), it is deleted in the service's.

Not guaranteed: a change made by hand in a record set that the step does not touch is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from enactor.targets import drifted, fence_moved
from plans.errors import PlanfenceError, Refused, Unavailable, Unknown
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records, alias_target
from plans.observed.route53 import SUPPORTED_TYPES, Route53View, fence_seen
from plans.observed.route53_api import BatchRefused, Start, ZoneApi
from plans.observed.route53_sets import RawSet
from plans.observed.route53_text import name_to_api

FENCE_TTL: Final = 60
TRIES_MAX: Final = 3
_POLL_FIRST_SECONDS: Final = 2.0
_POLL_MAX_SECONDS: Final = 15.0


class Route53Target(Route53View):
    """A hosted zone; implements ``enactor.targets.Target``. Arguments as for the view."""

    drops_silently = False  # what is acknowledged is the state that a listing shows

    def __init__(self, id: str, zone: str, api: ZoneApi) -> None:  # noqa: A002 - as in View
        super().__init__(id, zone, api)
        self._on_their_way: list[str] = []  # ids of changes that may not be INSYNC yet
        self._answer_lost = False

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        """Write changes and fence by one change batch, or nothing.

        Raises:
            FenceMoved: the zone holds another fence record, be it only by its TTL.
            Drifted: a ``before`` does not hold. Names record, expected, found.
            Refused: the batch breaks a rule of the service (rule ``route53-batch``, with its
                message), or Route 53 has no such record set, or denies this.
            Unavailable: nothing was changed (others use up the account's rate, ...).
            Unknown: sent, fate not known; read the fence.
        """
        # The condition is the batch's own: its first change deletes the fence record to the letter,
        # TTL included, so Route 53 refuses the whole batch where any other stands. Claims:
        #
        # Racing enactors. A and B read fence F and send batches that delete F. The service takes
        # one at a time (the other may be told PriorRequestNotComplete, and is sent again as it is).
        # A's lands: F is gone and A's fence stands, so B's DELETE names a record that is not there,
        # and B's batch is refused whole, whenever it arrives and whichever of the two is newer.
        #
        # Paused, or delayed on its way. A's batch is sent, or arrives, any time later. As long as
        # nobody wrote, F stands and A's batch is not stale. Once somebody wrote, F never comes
        # back: attempt and step make every fence another text. So A's batch can land no more.
        # A batch that waits for throttling is such a delayed batch.
        #
        # Lost answer. The batch landed or not; the caller reads the fence, and knows.
        #
        # First fence. There is none to delete: CREATE refuses if a record has come meanwhile.
        standing = self._standing(expected)
        used = self._befores(changes)
        for _ in range(TRIES_MAX):
            batch = _batch(standing, self._fence_set(fence), used, self._afters(changes))
            try:
                self._on_their_way.append(self.api.change(batch))
                self._last_fence = None
                return
            except BatchRefused as refusal:
                used = self._explained(changes, standing, used, refusal)
            except Unknown:
                self._answer_lost = True
                self._last_fence = None
                raise
        raise Unavailable(
            f"{self.id}: record sets were written in other letters {TRIES_MAX} times in a row",
            rule="route53-moving",
            remedy="nothing was changed; run the command again when nobody edits the zone",
        )

    def settle(self, waiting: Callable[[float], None]) -> str | None:
        """Wait until the zone's name servers all answer with what was applied here.

        What is applied stays so: nothing here fails a pass.

        Args:
            waiting: told, before each pause, for how many seconds this has lasted.

        Returns:
            None once they do, or why that is not known.
        """
        clock, budget = self.api.account.clock, self.api.account.settings.sync_seconds
        began, pause = clock.monotonic(), _POLL_FIRST_SECONDS
        try:
            while self._on_their_way:
                if self.api.is_in_sync(self._on_their_way[0]):
                    del self._on_their_way[0]
                    continue
                spent = clock.monotonic() - began
                if spent >= budget:
                    return f"not yet on all name servers of Route 53 after {budget:g} s"
                waiting(spent)
                clock.sleep(min(pause, budget - spent))
                pause = min(1.5 * pause, _POLL_MAX_SECONDS)
        except PlanfenceError as error:
            return f"whether it is on all name servers of Route 53 is not known: {error}"
        if self._answer_lost:
            return "whether it is on all name servers of Route 53 is not known: an answer was lost"
        return None

    def _standing(self, expected: FenceSeen) -> tuple[RawSet, ...]:
        """The fence record as the service has it, which is what the caller has just read.

        Raises:
            FenceMoved: another one stands there.
        """
        standing = self._last_fence
        if standing is None or fence_seen(standing) != expected:
            standing = self._last_fence = self._fence_sets()
        if fence_seen(standing) != expected:
            raise fence_moved(self.id, expected, fence_seen(standing))
        return standing

    def _fence_set(self, fence: Fence) -> RawSet:
        name, rdtype, _ = self._fence_start
        values = [{"Value": f'"{fence.text()}"'}]
        return {"Name": name, "Type": rdtype, "TTL": FENCE_TTL, "ResourceRecords": values}

    def _befores(self, changes: Iterable[Change]) -> dict[RecordKey, RawSet]:
        """What the changes delete, to the letter.

        Raises:
            Drifted: it is not what a change expects, in a read that was made for this.
        """
        deleting = [change for change in changes if change.before is not None]
        if any(self._known.get(change.key) != change.before for change in deleting):
            self._look_up(deleting)
            self._check_befores(deleting)
        return {
            change.key: self._raws.get(change.key) or self.raw_set(change.key, change.before)
            for change in deleting
            if change.before is not None
        }

    def _afters(self, changes: Iterable[Change]) -> dict[RecordKey, tuple[Records, RawSet]]:
        """What the changes create."""
        return {
            change.key: (change.after, self._supported(change.key, change.after))
            for change in changes
            if change.after is not None
        }

    def _explained(
        self,
        changes: tuple[Change, ...],
        standing: tuple[RawSet, ...],
        used: dict[RecordKey, RawSet],
        refusal: BatchRefused,
    ) -> dict[RecordKey, RawSet]:
        """What to delete instead, if only letters differ; else why the batch was refused.

        One code says a stale fence, a ``before`` that does not hold, or a rule of the service. The
        fence comes first: where it moved, nothing else of the batch means anything any more.
        """
        now = self._last_fence = self._fence_sets()
        if now != standing:
            raise fence_moved(self.id, fence_seen(standing), fence_seen(now)) from refusal
        self._look_up(changes)
        self._check_befores(changes)
        fresh = self._befores(changes)
        if fresh != used:
            return fresh
        raise Refused(
            f"{self.id} refuses the step, though its fence and records are as expected:"
            f" {refusal.reason}",
            rule="route53-batch",
            remedy="correct what it names (a protection, a quota or another rule of Route 53), and"
            " publish a new plan",
        ) from refusal

    def _check_befores(self, changes: Iterable[Change]) -> None:
        for change in changes:
            found = self._known.get(change.key)
            if found != change.before:
                raise drifted(change, found)

    def _look_up(self, changes: Iterable[Change]) -> None:
        """Read the record sets of the changes anew, with as few pages as they lie on.

        Pages begin at a set that is asked for and bring its neighbours too, which are mostly those
        of the next changes. Where a set must be there, only a page that begins with it proves that
        it is not; where it must not, a page that goes beyond its place is enough, and no more rests
        on the service's order than who is told why a batch was refused.
        """
        wanted: dict[tuple[str, str], bool] = {}
        for change in changes:
            self._known.pop(change.key, None)
            place = name_to_api(change.name), change.type
            wanted[place] = wanted.get(place, False) or change.before is not None
        whole: set[tuple[str, str]] = set()
        reach = ("", "")
        for place in sorted(wanted, key=_listing_order):
            if place in whole or (not wanted[place] and _listing_order(place) < reach):
                continue
            following: Start | None = Start(*place)
            while following is not None and following[:2] == place:
                page = self.api.page(following)
                for raw in page.sets:
                    self._learn(raw)
                    whole.add((raw["Name"], raw["Type"]))
                    reach = _listing_order((raw["Name"], raw["Type"]))
                following = page.following
            whole.add(place)
            if following is not None:
                whole.discard(following[:2])  # the next page has the rest of it

    def _learn(self, raw: RawSet) -> None:
        """Remember a record set, if a step may name it."""
        if raw["Type"] in SUPPORTED_TYPES and not self._is_fence(raw):
            key, content, exact = self.read_set(raw)
            self._known[key] = content
            self._raws.pop(key, None)
            if not exact:
                self._raws[key] = raw


def _listing_order(place: tuple[str, str]) -> tuple[str, str]:
    """Where a name, in the service's letters, and a type stand in a listing.

    API Reference, ListResourceRecordSets: by the reversed labels, their dots counting as letters.
    """
    name, rdtype = place
    return ".".join(reversed(name.removesuffix(".").split("."))) + ".", rdtype


def _batch(
    standing: Iterable[RawSet],
    fence: RawSet,
    befores: Mapping[RecordKey, RawSet],
    afters: Mapping[RecordKey, tuple[Records, RawSet]],
) -> list[dict[str, Any]]:
    """One change batch. Each CREATE comes after the DELETE that makes room for it.

    The service judges change by change: an alias must find what it answers with.
    """
    deletes = [*standing, *befores.values()]
    creates = [fence, *_targets_first(afters)]
    return [
        *({"Action": "DELETE", "ResourceRecordSet": raw} for raw in deletes),
        *({"Action": "CREATE", "ResourceRecordSet": raw} for raw in creates),
    ]


def _targets_first(afters: Mapping[RecordKey, tuple[Records, RawSet]]) -> Iterator[RawSet]:
    """The sets to create, each alias after what it points at among them."""
    aliases: dict[RecordKey, tuple[str, str]] = {}
    for key, (content, raw) in afters.items():
        target = alias_target(content)
        if target is None:
            yield raw
        else:
            aliases[key] = (target, key.type)
    while aliases:
        waiting = {key[:2] for key in aliases}
        # Aliases in a circle are none that Route 53 takes: it says so.
        ready = [key for key, target in aliases.items() if target not in waiting] or list(aliases)
        for key in ready:
            del aliases[key]
            yield afters[key][1]
