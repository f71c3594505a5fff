"""The service itself: one account's zones, changes and health checks, and the operations on them.

No threads, no I/O, no faults: each operation runs from start to end, or is refused. Whoever shares
it between threads holds a lock around each call (``double.Double`` does).

What is refused first, where several things are wrong: throttling of requests, the schema, the zone,
throttling of changes, a change under way, health checks, the batch. AWS documents no such order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from plans.clock import Clock
from tests.doubles.route53.batch import judge
from tests.doubles.route53.buckets import Buckets
from tests.doubles.route53.errors import ServiceError, invalid_input, prior_request
from tests.doubles.route53.facets import choices
from tests.doubles.route53.health import HEALTHY, HealthCheck, seen_everywhere, stamp
from tests.doubles.route53.names import NameProblem, stored_name
from tests.doubles.route53.record_sets import Change
from tests.doubles.route53.structure import changes_of
from tests.doubles.route53.zones import HostedZone, Page

PAGE_SETS_MAX: Final = 300
PAGE_ENTITIES_MAX: Final = 100


@dataclass(frozen=True)
class Settings:
    """What of the service a test wants to meet.

    Args:
        throttled: both throttling limits are enforced.
        overdraft: see ``buckets``.
        insync_after_seconds: how long a change is PENDING, on the double's clock.
        insync_after_polls: how many answers to GetChange at least say PENDING.
        busy_seconds: how long after a change of a zone the next one of the same zone is refused
            with ``PriorRequestNotComplete``.
    """

    throttled: bool = False
    overdraft: bool = False
    insync_after_seconds: float = 0.0
    insync_after_polls: int = 0
    busy_seconds: float = 0.0


class Applied(NamedTuple):
    """A batch that changed a zone. ``fence_*`` are the fence record's values around it."""

    number: int
    zone_id: str
    change_id: str
    changes: tuple[Change, ...]
    fence_before: tuple[str, ...] | None
    fence_after: tuple[str, ...] | None
    foreign: bool


@dataclass
class _Submitted:
    """A change on its way to the name servers."""

    at: datetime
    insync_at_seconds: float
    polls_left: int
    comment: str | None


class Route53:
    """One account. ``history`` has every batch applied, in order."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self.clock = clock
        self.settings = settings
        self.history: list[Applied] = []
        self._buckets = Buckets(clock, overdraft=settings.overdraft)
        self._zones: dict[str, HostedZone] = {}
        self._changes: dict[str, _Submitted] = {}
        self._health_checks: dict[str, HealthCheck] = {}
        self._tags: dict[tuple[str, str], dict[str, str]] = {}

    # What tests prepare

    def add_zone(self, name: str, *, private: bool = False, reference: str | None = None) -> str:
        zone_id = f"Z{len(self._zones) + 1:012d}PF"
        zone = HostedZone(
            zone_id, stored_name(name), reference or f"made-{zone_id}", private=private
        )
        self._zones[zone_id] = zone
        return zone_id

    def add_health_check(self, config: Mapping[str, Any], reference: str | None = None) -> str:
        check_id = f"00000000-0000-4000-8000-{len(self._health_checks) + 1:012d}"
        reference = reference or f"made-{check_id}"
        check = HealthCheck(check_id, reference, config, seen_everywhere(HEALTHY))
        self._health_checks[check_id] = check
        return check_id

    def set_health(self, check_id: str, seen: Mapping[str, str]) -> None:
        """What the checkers of each Region see from now on; ``health`` has texts."""
        check = self._health_checks[check_id]
        self._health_checks[check_id] = HealthCheck(check.id, check.reference, check.config, seen)

    def zone(self, zone_id: str) -> HostedZone:
        """A zone.

        Raises:
            ServiceError: ``NoSuchHostedZone``.
        """
        if zone_id not in self._zones:
            raise ServiceError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
        return self._zones[zone_id]

    # Operations

    def admit(self, operation: str) -> None:
        """Count a request against its buckets."""
        if self.settings.throttled:
            self._buckets.request(operation)

    def create_hosted_zone(self, members: Mapping[str, Any]) -> tuple[HostedZone, dict[str, Any]]:
        """A new zone with its SOA and NS, and the ChangeInfo."""
        reference = members["CallerReference"]
        if any(zone.reference == reference for zone in self._zones.values()):
            raise ServiceError("HostedZoneAlreadyExists", f"Reference {reference} was used before")
        private = bool(members.get("HostedZoneConfig", {}).get("PrivateZone"))
        try:
            zone_id = self.add_zone(members["Name"], private=private, reference=reference)
        except NameProblem as problem:
            raise ServiceError("InvalidDomainName", str(problem)) from problem
        return self.zone(zone_id), self._change_info(self._submitted(None), "PENDING")

    def list_hosted_zones(
        self, marker: str | None, size: int
    ) -> tuple[list[HostedZone], str | None]:
        """A page of zones, and the marker of the next one."""
        found, following = _page(self._zones, marker, size)
        return [self._zones[zone_id] for zone_id in found], following

    def list_resource_record_sets(
        self, zone_id: str, start: tuple[str | None, str | None, str | None], size: int
    ) -> Page:
        """A page of record sets, PENDING changes included.

        Source: API Reference, ListResourceRecordSets: a type without a name is InvalidInput (its
        message is empty, as seen: boto/boto3#941).
        """
        name, rdtype, identifier = start
        zone = self.zone(zone_id)
        if name is None:
            if rdtype is not None or identifier is not None:
                raise invalid_input("")
            return zone.page(None, size)
        if identifier is not None and rdtype is None:
            raise invalid_input("")
        if rdtype is not None and rdtype not in choices("RRType"):
            raise invalid_input(f"Invalid resource type: {rdtype}")
        try:
            return zone.page((name, rdtype or "", identifier or ""), size)
        except NameProblem as problem:
            raise invalid_input(str(problem)) from problem

    def change_resource_record_sets(
        self, zone_id: str, batch: Mapping[str, Any], *, foreign: bool = False
    ) -> dict[str, Any]:
        """Apply a batch, whole or not at all; its ChangeInfo.

        Args:
            foreign: somebody else's, whom neither throttling nor a change under way holds up.
        """
        zone = self.zone(zone_id)
        changes = changes_of(batch)
        now = self.clock.monotonic()
        if not foreign:
            if self.settings.throttled:
                self._buckets.changes(sum(change.weight for change in changes))
            if now < zone.busy_until_seconds:
                raise prior_request()
        self._check_health_checks(changes)
        verdict = judge(zone.as_judged(), changes)
        fence_before = zone.fence()
        zone.commit(verdict)
        zone.busy_until_seconds = now + self.settings.busy_seconds
        change_id = self._submitted(batch.get("Comment"))
        number = len(self.history) + 1
        fences = fence_before, zone.fence()
        self.history.append(Applied(number, zone_id, change_id, changes, *fences, foreign))
        return self._change_info(change_id, "PENDING")

    def protect(self, zone_id: str, wanted: Mapping[tuple[str, str], str]) -> None:
        """Protect names and types, all or none.

        Source: API Reference, CreateResourceRecordSetProtections.
        """
        zone = self.zone(zone_id)
        outside = [name for name, _ in wanted if not f".{name}".endswith(f".{zone.name}")]
        there = [key for key in wanted if key in zone.protections]
        if outside or (there and len(there) < len(wanted)):
            raise ServiceError("InvalidResourceRecordSetProtectionBatch", "an entry is invalid")
        if there:
            raise ServiceError("ProtectionAlreadyExists", "every entry is protected already")
        zone.protections.update(wanted)

    def unprotect(self, zone_id: str, ended: Mapping[tuple[str, str], str]) -> None:
        """End protections, all or none.

        Source: API Reference, DeleteResourceRecordSetProtections.
        """
        zone = self.zone(zone_id)
        if any(key not in zone.protections for key in ended):
            raise ServiceError("InvalidResourceRecordSetProtectionBatch", "no protection exists")
        for key in ended:
            del zone.protections[key]

    def get_change(self, change_id: str) -> dict[str, Any]:
        """A change's status: PENDING until it has been long and often enough."""
        submitted = self._changes.get(change_id)
        if submitted is None:
            raise ServiceError("NoSuchChange", f"Could not find resource with ID: {change_id}")
        polls_left = submitted.polls_left
        submitted.polls_left = max(polls_left - 1, 0)
        if polls_left or self.clock.monotonic() < submitted.insync_at_seconds:
            return self._change_info(change_id, "PENDING")
        return self._change_info(change_id, "INSYNC")

    def delay_insync(self, change_id: str, seconds: float) -> None:
        """Keep a change PENDING for so long from now on."""
        self._changes[change_id].insync_at_seconds = self.clock.monotonic() + seconds

    def create_health_check(self, members: Mapping[str, Any]) -> HealthCheck:
        """A new health check, or the one that this reference made with the same configuration.

        Source: API Reference, CreateHealthCheck, ``CallerReference``.
        """
        reference, config = members["CallerReference"], members["HealthCheckConfig"]
        for check in self._health_checks.values():
            if check.reference == reference:
                if check.config != config:
                    raise ServiceError(
                        "HealthCheckAlreadyExists", f"Reference {reference} was used before"
                    )
                return check
        return self.health_check(self.add_health_check(config, reference))

    def change_tags(self, kind: str, resource: str, members: Mapping[str, Any]) -> None:
        """Add and remove tags of a health check or a hosted zone.

        Source: API Reference, ChangeTagsForResource.
        """
        if kind not in choices("TagResourceType"):
            raise invalid_input(f"Invalid resource type: {kind}")
        if kind == "healthcheck":
            self.health_check(resource)
        else:
            self.zone(resource)
        if not members.get("AddTags") and not members.get("RemoveTagKeys"):
            raise invalid_input("There are neither tags to add nor to remove.")
        tags = self._tags.setdefault((kind, resource), {})
        tags |= {tag["Key"]: tag["Value"] for tag in members.get("AddTags", ())}
        for key in members.get("RemoveTagKeys", ()):
            tags.pop(key, None)

    def list_health_checks(
        self, marker: str | None, size: int
    ) -> tuple[list[HealthCheck], str | None]:
        """A page of health checks, and the marker of the next one."""
        found, following = _page(self._health_checks, marker, size)
        return [self._health_checks[check_id] for check_id in found], following

    def health_check(self, check_id: str) -> HealthCheck:
        """A health check.

        Raises:
            ServiceError: ``NoSuchHealthCheck``.
        """
        if check_id not in self._health_checks:
            raise ServiceError(
                "NoSuchHealthCheck", f"A health check with id {check_id} does not exist."
            )
        return self._health_checks[check_id]

    def health_check_status(self, check_id: str) -> list[dict[str, Any]]:
        """What its checkers see."""
        check = self.health_check(check_id)
        if not check.has_status:
            raise invalid_input("A calculated health check has no status of its own.")
        return check.observations(self.clock.now())

    def _check_health_checks(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            check_id = change.record_set.members.get("HealthCheckId")
            if check_id is not None and change.action != "DELETE":
                self.health_check(check_id)

    def _submitted(self, comment: str | None) -> str:
        change_id = f"C{len(self._changes) + 1:013d}"
        self._changes[change_id] = _Submitted(
            self.clock.now(),
            self.clock.monotonic() + self.settings.insync_after_seconds,
            self.settings.insync_after_polls,
            comment,
        )
        return change_id

    def _change_info(self, change_id: str, status: str) -> dict[str, Any]:
        submitted = self._changes[change_id]
        return {
            "Id": f"/change/{change_id}",
            "Status": status,
            "SubmittedAt": stamp(submitted.at),
            "Comment": submitted.comment,
        }


def _page(ids: Mapping[str, Any], marker: str | None, size: int) -> tuple[list[str], str | None]:
    """Ids from a marker on, in the order in which they were made."""
    every = list(ids)
    if marker is not None and marker not in ids:
        raise invalid_input(f"The marker {marker} does not exist.")
    start = every.index(marker) if marker is not None else 0
    rest = every[start:]
    return rest[:size], rest[size] if len(rest) > size else None
