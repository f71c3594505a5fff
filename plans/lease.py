"""The lease: a timed right to enact, one per stream, so that two passes need not meet.

An optimisation, never the safety: the fences hold with leases off, and with every lease granted.
What it promises is that passes seldom get into each other's way, and that whoever cannot show it
holds the lease stops.

Invariants:

1. ``epoch`` only rises: the item is never deleted and never expires, and every change of hands
   raises it by one, by condition in the store.
2. An observer takes over only after the record stood unchanged for a full lease **by its own
   monotonic clock**, from after it first read the record to before it read it last. No clock is
   compared with another host's.
3. A holder counts from before it sent its last renewal, and stops after ``HOLDER_SHARE`` of the
   lease: before anyone else may start, though its clock ran slow by a third.
4. Who has no lease, and wants one, does nothing. There is no way to go on without it.

Not promised: that two holders never overlap. A process that is paused between its last look at
the clock and its call still sends that call. That is what fences are for and, where a target has
none, ``ends_at``: credentials that the service itself stops honouring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field

from plans.clock import Clock
from plans.document import Document, IdText, OneLine, Timestamp, from_attributes, to_attributes
from plans.errors import ConditionFailed, Refused, Unavailable, Unknown
from plans.journal import Draft, record
from plans.names import lease_key
from plans.storage.register import Absent, All, Attributes, Condition, Put, Register, Where

HOLDER_SHARE: Final = 2 / 3
RENEWALS: Final = 4  # in a holder's share: three of them may be lost
POLL_SECONDS: Final = 1.0
SLEEP_MIN_SECONDS: Final = 0.001  # below, a clock may not move at all


class Lease(Document):
    """Who may enact, as it stands in the register.

    ``beat`` rises with every renewal, so that an observer sees that the holder lives. ``at`` is
    when the holder got it, by its clock, for people. ``ends_at`` is until when, by the clock of the
    services acted on, credentials that were given under it are honoured; null: none were.
    """

    epoch: Annotated[int, Field(ge=1)]
    beat: Annotated[int, Field(ge=1)]
    state: Literal["held", "released"]
    holder: OneLine
    owner: IdText
    seconds: Annotated[int, Field(ge=1)]
    at: Timestamp
    ends_at: Timestamp | None


class LeaseLost(Unavailable):
    """The holder could not show in time that it still holds the lease, and stopped."""


class Waiting(Protocol):
    """Told that somebody else holds the lease, for people who watch."""

    def __call__(self, holder: str, epoch: int, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks for the lease of a stream, and how.

    Attributes:
        holder: who, for people.
        owner: the attempt id of the pass: 32 hex digits.
        seconds: how long the lease lasts.
        wait_seconds: how long to wait for it; 0: not.
        service_now: the clock of the services that are acted on with credentials of the lease; None
            where no credentials are bound to it.
        waiting: told, again and again, that another holds it.
    """

    register: Register
    stream: str
    clock: Clock
    holder: str
    owner: str
    seconds: int
    wait_seconds: float = 0.0
    service_now: Callable[[], datetime] | None = None
    waiting: Waiting = lambda _holder, _epoch, _seconds: None


def read_lease(register: Register, stream: str) -> Lease | None:
    """The lease as it stands, released or not; None where there never was one.

    Raises:
        Refused: the item is not a lease.
        Unavailable: it could not be read.
    """
    return as_lease(register.read(lease_key(stream)), stream)


def as_lease(attributes: Attributes | None, stream: str) -> Lease | None:
    """The lease that an item holds, if there is one.

    Raises:
        Refused: the item is not a lease.
    """
    if attributes is None:
        return None
    return from_attributes(Lease, attributes, what=f"the lease of {stream}")


def acquire(applicant: Applicant) -> Tenure:
    """Get the lease, or wait for it, or give up.

    Interleavings of the conditional write, A and B both taking over epoch 7:

    * A's lands: epoch 8 is A's. B's condition names owner and beat of epoch 7 and fails in the
      store; B reads A's record and begins to watch that one.
    * The holder of epoch 7 was not gone, but slow, and renews in between: its beat rose, and A's
      and B's conditions fail. It renews after A's landed: its own condition names its epoch and
      fails, and it stops.
    * A's answer is lost: A reads again, finds itself the owner, and counts from before it sent.

    Taking over from one that lapsed is journaled in the same transaction: whoever cannot reach the
    register cannot tell of it there.

    Raises:
        Unavailable: somebody else holds it (rule ``lease-held``), or the register does not answer.
        Refused: the credentials of the holder before end by a clock that this applicant has no way
            to read (rule ``lease-credentials``).
    """
    clock = applicant.clock
    began = clock.monotonic()
    watched: Lease | None = None
    watched_since = began
    while True:
        asked = clock.monotonic()
        there = read_lease(applicant.register, applicant.stream)
        if there is not None and there.state == "held" and there.owner != applicant.owner:
            if watched is None or watched != there:
                watched, watched_since = there, clock.monotonic()
            if asked - watched_since < there.seconds:
                _wait(applicant, there, clock.monotonic() - began)
                continue
        if there is not None:
            _wait_for_credentials(applicant, there)
        tenure = _take(applicant, there)
        if tenure is not None:
            return tenure


def _wait(applicant: Applicant, there: Lease, waited_seconds: float) -> None:
    left = applicant.wait_seconds - waited_seconds
    if left <= 0:
        raise Unavailable(
            f"{there.holder} holds the lease of {applicant.stream}, epoch {there.epoch}",
            rule="lease-held",
            remedy=f"wait for it: `planfence enact ... --wait {there.seconds + 30}` also takes over"
            f" from a holder that is gone, {there.seconds} s after its last sign of life",
        )
    applicant.waiting(there.holder, there.epoch, waited_seconds)
    applicant.clock.sleep(min(POLL_SECONDS, left))


def _wait_for_credentials(applicant: Applicant, there: Lease) -> None:
    """Wait until credentials given under an older lease are over, by the service's own clock."""
    if there.ends_at is None or there.owner == applicant.owner:
        return
    if applicant.service_now is None:
        raise Refused(
            f"credentials of {there.holder} for the targets of {applicant.stream} may still be"
            " honoured",
            rule="lease-credentials",
            expected="a role for time-bound credentials here too, and with it the service's clock",
            actual="none",
            remedy="set `[enactor] role` in planfence.toml as it is where the other enactor runs",
        )
    # Its clock tells whole seconds, cut: only a later second is surely past the end.
    while (now := applicant.service_now()) <= there.ends_at:
        applicant.clock.sleep(max(POLL_SECONDS, (there.ends_at - now).total_seconds()))


def _take(applicant: Applicant, there: Lease | None) -> Tenure | None:
    """Take what was seen; None if it is no longer so, or that is not known: look again."""
    condition: Condition = Absent()
    epoch = beat = 1
    if there is not None:
        ours = there.owner == applicant.owner and there.state == "held"  # its answer was lost
        condition = _own(there) if ours else _as_seen(there)
        epoch, beat = there.epoch + (not ours), there.beat + 1
    sent = applicant.clock.monotonic()
    lease = Lease(
        epoch=epoch,
        beat=beat,
        state="held",
        holder=applicant.holder,
        owner=applicant.owner,
        seconds=applicant.seconds,
        at=applicant.clock.now(),
        ends_at=_ends_at(applicant, sent),
    )
    put = Put(lease_key(applicant.stream), to_attributes(lease), condition)
    try:
        if there is None or there.state == "released" or epoch == there.epoch:
            applicant.register.write(put)
        else:
            # The holder that lapsed may have lost the register too: it is told by who follows it.
            record(applicant.register, applicant.stream, _taken(applicant, there, epoch), put)
    except (ConditionFailed, Unknown):
        return None
    return Tenure(applicant, lease, sent)


def _taken(applicant: Applicant, lapsed: Lease, epoch: int) -> Draft:
    details = (("lapsed", f"epoch {lapsed.epoch} of {lapsed.holder}"), ("epoch", str(epoch)))
    by, now = applicant.holder, applicant.clock.now()
    return Draft("lease-taken", now, by, applicant.owner, details=details)


def _as_seen(lease: Lease) -> Condition:
    """That the record is the one that was read: every change of it has another epoch or beat."""
    return All((Where("epoch", "=", lease.epoch), Where("beat", "=", lease.beat)))


def _own(lease: Lease) -> Condition:
    """That the lease is still held under this epoch by this owner."""
    return All(
        (
            Where("epoch", "=", lease.epoch),
            Where("owner", "=", lease.owner),
            Where("state", "=", "held"),
        )
    )


def _ends_at(applicant: Applicant, sent: float) -> datetime | None:
    """When the holder stops, by the service's clock, and not later than by its own.

    The service told its time before the answer came in. So when our clock shows the end of the
    holder's share, the service's shows at least this.
    """
    if applicant.service_now is None:
        return None
    told = applicant.service_now()
    left = sent + applicant.seconds * HOLDER_SHARE - applicant.clock.monotonic()
    return (told + timedelta(seconds=left)).replace(microsecond=0)


class Tenure:
    """A lease that is held, for as long as it can be shown to be. Renewed between calls.

    Nothing renews it by itself: a process that hangs must lose it.

    Attributes:
        lease: as it was written last.
        unsettled: whether a call was made under it whose fate is not known.
    """

    def __init__(self, applicant: Applicant, lease: Lease, sent: float) -> None:
        self.lease = lease
        self.unsettled = False
        self._applicant = applicant
        self._sent = sent

    @property
    def share_seconds(self) -> float:
        """How long the holder may act after it sent its last renewal."""
        return self.lease.seconds * HOLDER_SHARE

    def tick(self) -> None:
        """Show that the lease is held, renewing it when due. Called before every call to a target.

        Interleavings of the conditional write: an observer takes over first, then the condition on
        the epoch fails in the store, and the holder stops; the renewal lands first, then the
        observer's condition on the beat fails, and it watches for a full lease again. An answer
        that is lost does not count as a renewal: the holder stops earlier than it must.

        Raises:
            LeaseLost: another took it over, or the holder's share is over.
        """
        self._check()
        now = self._applicant.clock.monotonic()
        if now - self._sent >= self.share_seconds / RENEWALS:
            self._renew(now)
            self._check()  # the renewal itself may have taken too long

    def _check(self) -> None:
        passed = self._applicant.clock.monotonic() - self._sent
        if passed >= self.share_seconds:
            share = f"{self.share_seconds:.0f} s are its holder's share"
            raise self._lost(f"it was renewed {passed:.0f} s ago, and {share}")

    def _renew(self, now: float) -> None:
        renewed = self.lease.model_copy(update={"beat": self.lease.beat + 1})
        try:
            ends_at = _ends_at(self._applicant, now)
            if ends_at is not None and self.lease.ends_at is not None:
                ends_at = max(ends_at, self.lease.ends_at)  # those given before are honoured still
            renewed = renewed.model_copy(update={"ends_at": ends_at})
            self._applicant.register.write(
                Put(lease_key(self._applicant.stream), to_attributes(renewed), _own(self.lease))
            )
        except ConditionFailed as refusal:
            found = as_lease(refusal.items[0], self._applicant.stream)
            whose = f"{found.holder} has epoch {found.epoch}" if found else "its record is gone"
            raise self._lost(whose) from refusal
        except Unknown:
            # It may have landed, or may land late: the next one must not have the same beat.
            self.lease = renewed.model_copy(update={"ends_at": self.lease.ends_at})
            return
        except Unavailable:
            return  # tried again at the next tick, for as long as the share lasts
        self.lease, self._sent = renewed, now

    def release(self) -> None:
        """Give it back, so that the next need not wait.

        Interleavings of the conditional write: another took over, then the condition on the epoch
        fails in the store and its lease stands. A delayed renewal of ours lands after the release:
        its condition asks for a lease that is held, and fails.

        Where a call was made whose fate is not known, and which may still be on its way, the
        credentials that it was made with bind the next holder.

        Raises:
            Unavailable: it is not known to be released; the next has to wait for a full lease.
        """
        ends_at = self.lease.ends_at if self.unsettled else None
        beat = self.lease.beat + 1
        freed = self.lease.model_copy(
            update={"state": "released", "beat": beat, "ends_at": ends_at}
        )
        try:
            self._applicant.register.write(
                Put(lease_key(self._applicant.stream), to_attributes(freed), _own(self.lease))
            )
        except ConditionFailed:
            return  # another's by now

    def _lost(self, why: str) -> LeaseLost:
        return LeaseLost(
            f"the lease of {self._applicant.stream}, epoch {self.lease.epoch}, was lost: {why}",
            rule="lease-lost",
            remedy="nothing was done after that; run the command again: it goes on where the"
            " targets' fences stand",
        )


@dataclass(frozen=True, slots=True)
class TenuredClock:
    """A clock that renews the lease while somebody sleeps; implements ``plans.clock.Clock``."""

    clock: Clock
    tenure: Tenure

    def now(self) -> datetime:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, in parts that are short enough to renew in between.

        Raises:
            LeaseLost: as for ``Tenure.tick``.
        """
        part = self.tenure.share_seconds / RENEWALS
        ends = self.clock.monotonic() + seconds
        while (left := ends - self.clock.monotonic()) > 0:
            self.clock.sleep(max(min(part, left), SLEEP_MIN_SECONDS))
            self.tenure.tick()
