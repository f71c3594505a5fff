"""A zone at its primary name server as a target: a step is one signed UPDATE message (RFC 2136).

Guarantees:

1. A step lands whole or not at all, and only on exactly the fence it expects and only if every
   ``before`` holds: the server itself evaluates both, in the transaction that writes.
2. TTLs, which the server does not compare, are compared just before the step is sent.
3. NOERROR is not taken for "done": what a step wrote is read back from the same server, fence and
   TTLs included.

Not guaranteed: a TTL that somebody changes by hand between its comparison and the step is
overwritten. The next plan does not show it, because the step wrote what was desired.
"""

from __future__ import annotations

from typing import Final

import dns.exception
import dns.rcode
import dns.tsig
import dns.update

from enactor.targets import drifted, fence_moved, records_text
from enactor.update_message import fence_change, update_message
from plans.errors import Refused, Unavailable, Unknown
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records, fence_name, first_drift
from plans.observed.exchange import Broken, answer_refused, key_refused
from plans.observed.fence_record import fence_seen
from plans.observed.rfc2136 import ServerView
from plans.observed.transfer import Transferred
from plans.observed.view import refuse_routed

_PREREQUISITE_FAILED: Final = frozenset(
    {dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN}
)
# What may stand beside a CNAME (RFC 2181 section 10.1, RFC 4035 section 2.5).
_BESIDE_CNAME: Final = frozenset({"CNAME", "RRSIG", "NSEC", "KEY"})


class ServerTarget(ServerView):
    """The zone at its primary; implements ``enactor.targets.Target``."""

    drops_silently = True

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        """Write changes and fence by one UPDATE, or nothing; then read back what it wrote.

        Raises:
            FenceMoved: the zone holds another fence than ``expected``, and nothing was changed; or
                a newer step followed this one before it could be read back.
            Drifted: a ``before`` does not hold; nothing was changed.
            Unknown: sent, and no answer that can be believed came, or it could not be read back.
            Unavailable: there is no connection, or reading came to nothing; nothing was changed.
            Refused: the server does not take this, and nothing was changed; or it took the step and
                dropped a change of it (rule ``silently-dropped``).
        """
        # Racing enactors. A and B both read fence F and both send a message that has F as its
        # prerequisite. A server takes the messages for one zone one after the other (RFC 2136
        # section 3.7): the first, say A's, finds F and replaces it in the same transaction. B's
        # finds A's fence: NXRRSET, and nothing of it was done. Which of them is newer does not
        # matter, nor when they looked.
        #
        # Paused sender. A compares, builds its message, stalls before or inside the send, and wakes
        # after any length of time, newer generations applied. Its message still names F, which is
        # gone for good, because every fence has a step or attempt of its own: refused as above.
        # What A looked at before the pause decides nothing but which error is told. After 300 s the
        # server refuses the signature's age first, which is no answer: A reads the fence.
        whole = (fence_change(self.zone, expected, fence), *changes)
        for change in changes:
            refuse_routed(self.id, change)
        self._look_before(changes, expected)
        rcode = self._send(self._signed(whole))
        if rcode in _PREREQUISITE_FAILED:
            raise self._why_refused(changes, expected)
        refusal = answer_refused(self.server, rcode, "update")
        if isinstance(refusal, Unavailable):
            raise self._unanswered(f"an update may have been taken: {refusal.what}") from refusal
        if refusal is not None:
            raise refusal
        self._read_back(whole, fence)

    def _message(self, whole: tuple[Change, ...]) -> dns.update.UpdateMessage:
        """The protection is in it; a test takes it out by overriding this one method."""
        return update_message(self.zone, whole)

    def _signed(self, whole: tuple[Change, ...]) -> tuple[dns.update.UpdateMessage, bytes]:
        message = self._message(whole)
        message.use_tsig(self.server.signing_key)
        try:
            return message, message.to_wire()
        except dns.exception.TooBig as error:
            raise Refused(
                f"a step of {len(whole)} changes does not fit one message to {self.id}",
                rule="step-too-large",
                remedy="publish a new plan, which is cut by what this target holds",
            ) from error

    def _look_before(self, changes: tuple[Change, ...], expected: FenceSeen) -> None:
        """Compare what the server does not: TTLs, and what stands where a CNAME takes over.

        Raises:
            FenceMoved, Drifted, Refused: as for ``apply``; nothing was sent.
        """
        fence_key = RecordKey(fence_name(self.zone), "TXT")
        wanted = {change.key: change.before for change in changes if change.before is not None}
        if not _takes_over(changes):
            found = self.look((fence_key, *wanted))
            there = found.pop(fence_key, None)
            if found == wanted and fence_seen(there.values if there else ()) == expected:
                return
        self._compare(self.transferred(), changes, expected)

    def _compare(self, zone: Transferred, changes: tuple[Change, ...], expected: FenceSeen) -> None:
        """Raise what does not let the step through, if anything does not."""
        if zone.observation.fence != expected:
            raise fence_moved(self.id, expected, zone.observation.fence)
        drift = first_drift(zone.state, changes)
        if drift is not None:
            raise drifted(drift, zone.state.get(drift.key))
        added = {(change.name, change.type) for change in changes if change.after is not None}
        for name, kinds in _kinds_after(zone, changes, fence_name(self.zone)).items():
            if "CNAME" in kinds and kinds - _BESIDE_CNAME:
                raise Refused(
                    f"a CNAME and other data would meet at {name} of {self.id}",
                    rule="cname-clash",
                    expected="a CNAME alone, or none",
                    actual=", ".join(sorted(kinds)),
                    remedy="remove one of them at the server, then `planfence plan`: the server"
                    " would drop the change without a word",
                )
            if (name, "DS") in added and "NS" not in kinds:
                raise Refused(
                    f"{name} of {self.id} would have DS records and no NS records",
                    rule="ds-without-ns",
                    expected="NS records beside them: a delegation",
                    actual=", ".join(sorted(kinds)),
                    remedy="correct the desired state, then `planfence plan`: the server would drop"
                    " the change without a word",
                )

    def _send(self, signed: tuple[dns.update.UpdateMessage, bytes]) -> int:
        """Send the message, and return what the server says of it.

        Raises:
            Unavailable: there is no connection; nothing was sent.
            Unknown: sent, in part or whole, and no answer came that can be believed; or it took too
                long to send, and must be signed anew.
            Refused: our key is not accepted.
        """
        message, wire = signed
        with self.server.connect() as connection:
            try:
                connection.send(wire)
                return self.server.verified(connection.receive(), message).rcode
            except Broken as error:
                what = f"{self.id} gave no answer to an update: {error}"
                raise self._unanswered(what) from error
            except dns.tsig.PeerBadTime as error:
                raise self._unanswered(f"{self.id} was sent an update that is too old") from error
            except dns.tsig.PeerError as error:
                raise key_refused(self.server, error) from error

    def _why_refused(self, changes: tuple[Change, ...], expected: FenceSeen) -> Unknown:
        """Find what the server refused the step for. Whatever it is, nothing was changed.

        Raises:
            FenceMoved, Drifted, Refused: it is found.
        """
        self._compare(self.transferred(), changes, expected)
        return self._unanswered(f"{self.id} refused a step, and what for is gone again")

    def _unanswered(self, what: str) -> Unknown:
        return Unknown(
            what,
            rule="update-unknown",
            remedy="read the fence and compare generations before anything else",
        )

    def _read_back(self, whole: tuple[Change, ...], fence: Fence) -> None:
        """See that the step is there, whole, on the server that acknowledged it.

        Raises:
            FenceMoved: a newer step stands there already; what it left is not ours to judge.
            Refused: a change was dropped (rule ``silently-dropped``).
            Unknown: it could not be read.
        """
        meant = {change.key: change.after for change in whole}
        try:
            if self.look(meant.keys()) == meant:
                return
            zone = self.transferred()
        except Unavailable as error:
            raise self._unanswered(f"a step was taken and not read back: {error.what}") from error
        if zone.observation.fence != fence:
            raise fence_moved(self.id, fence, zone.observation.fence)
        found: dict[RecordKey, Records | None] = {
            **zone.state,
            RecordKey(fence_name(self.zone), "TXT"): zone.fence,
        }
        for key, after in meant.items():
            if found.get(key) != after:
                raise Refused(
                    f"{self.id} acknowledged a step, and {key.name} {key.type} is not as it says",
                    rule="silently-dropped",
                    expected=records_text(after),
                    actual=records_text(found.get(key)),
                    remedy="see which rule of the server drops it, or who changed it at this very"
                    " moment; then `planfence plan`",
                )


def _takes_over(changes: tuple[Change, ...]) -> bool:
    """Whether a CNAME takes the place of other data: no prerequisite says that it was all."""
    removed = {change.name for change in changes if change.after is None}
    return any(
        change.type == "CNAME" and change.before is None and change.name in removed
        for change in changes
    )


def _kinds_after(zone: Transferred, changes: tuple[Change, ...], fence: str) -> dict[str, set[str]]:
    """The types that each name of a step would have after it."""
    kinds: dict[str, set[str]] = {change.name: set() for change in changes} | {fence: {"TXT"}}
    for name, kind in (*((key.name, key.type) for key in zone.state), *zone.left_alone):
        if name in kinds:
            kinds[name].add(kind)
    for change in changes:
        if change.after is None:
            kinds[change.name].discard(change.type)
        else:
            kinds[change.name].add(change.type)
    return kinds
