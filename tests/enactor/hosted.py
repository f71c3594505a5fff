"""A stream whose target is a hosted zone of the strict double, through the SDK and the real target.

The double and the product share one virtual clock: hours of pacing pass in no time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import enactor.ports
import planner.ports
from enactor.enacting import Outcome
from enactor.route53 import Route53Target
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records, fence_name
from plans.observed.route53 import Route53View
from plans.observed.route53_api import Account, ZoneApi
from plans.observed.route53_sets import read_set
from plans.observed.route53_settings import Settings
from plans.published import Published
from tests.builders import ZONE, Stream, a, a_fence
from tests.doubles.route53 import hooks
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.core import Applied
from tests.doubles.route53.core import Settings as Service
from tests.doubles.route53.double import Double
from tests.doubles.route53.evidence import fence_seen

CHANGE = "ChangeResourceRecordSets"
LIST = "ListResourceRecordSets"
FENCE_NAME = fence_name(ZONE)
WWW = RecordKey(f"www.{ZONE}", "A")
FIRST = a_fence(step=0, done=False)
NEXT = a_fence(attempt="f" * 32)
ONE, TWO = Records(300, ("192.0.2.1",)), Records(300, ("192.0.2.2",))


class SmallView(Route53View):
    """A batch holds four elements beside its fence, so that a small plan has several steps."""

    step_capacity = (4, 1_000)


class SmallTarget(Route53Target):
    """As ``SmallView``."""

    step_capacity = (4, 1_000)


class Hosted(Stream):
    """One stream, one hosted zone. ``target_class`` is what enacting passes write to.

    Args:
        service: what of the service is met: throttling, a change under way, ...
        settings: of the account, as the config file would have them.
        sets_max: the zone's quota.
    """

    def __init__(
        self,
        service: Service | None = None,
        *,
        settings: Settings | None = None,
        sets_max: int | None = None,
        **stream: Any,
    ) -> None:
        clock = VirtualClock()
        self.double = Double(clock, service)
        self.zone_id = self.double.add_zone(ZONE, sets_max=sets_max)
        self.target = f"route53://{self.zone_id}"
        self.view_class: type[Route53View] = Route53View
        self.target_class: type[Route53Target] = Route53Target
        self.account_settings = settings or Settings()
        self.client = hooks.client(self.double)
        super().__init__(self.target, **{"updates_max": "100%", "deletes_max": "100%", **stream})
        self.clock = clock  # type: ignore[assignment] # the double's too
        self.desired.records = {**a("www"), **a("mail")}

    def account(self) -> Account:
        """What one process has: its own count of the account's rates."""
        clock: Any = self.clock
        return Account(clock, self.account_settings, make_client=lambda: self.client)

    def api(self) -> ZoneApi:
        return ZoneApi(self.account(), self.zone_id)

    def view(self) -> Route53View:
        return self.view_class(self.target, ZONE, self.api())

    def open(self) -> Route53Target:
        return self.target_class(self.target, ZONE, self.api())

    @property
    def planner_ports(self) -> planner.ports.Ports:
        clock: Any = self.clock
        return planner.ports.Ports(
            self.archive, self.register, clock, self.desired, lambda _: self.view()
        )

    @property
    def enactor_ports(self) -> enactor.ports.Ports:
        clock: Any = self.clock
        return enactor.ports.Ports(
            self.archive, self.register, clock, self.new_id, lambda *_: self.open(), self.watched
        )

    def enact(self, published: Published | None = None, **request: Any) -> Outcome:
        """One enacting pass, which does not wait for propagation unless it is told to."""
        return super().enact(published, **{"sync": False, **request})

    # What the zone holds

    def edit(self, *changes: tuple[str, Mapping[str, Any]]) -> None:
        """Somebody else's batch: ``("CREATE", set)``, ..."""
        self.double.edit(
            self.zone_id,
            *({"Action": action, "ResourceRecordSet": each} for action, each in changes),
        )

    def raw(self, name: str, rdtype: str = "A") -> list[dict[str, Any]]:
        """The sets of a name and type, as the service has them."""
        every = self.double.record_sets(self.zone_id)
        return [each for each in every if (each["Name"], each["Type"]) == (name, rdtype)]

    def state(self) -> dict[RecordKey, Records]:
        """What the zone holds, but for its fence, SOA and apex NS."""
        sets = self.double.record_sets(self.zone_id)
        read = [read_set(each, self.zone_id) for each in sets]
        return {
            each.key: each.records for each in read if each.key.name not in {ZONE, fence_name(ZONE)}
        }

    @property
    def fence(self) -> FenceSeen:
        found = self.raw(fence_name(ZONE), "TXT")
        return fence_seen(
            tuple(each["Value"] for each in found[0]["ResourceRecords"]) if found else None
        )

    def operations(self) -> list[str]:
        """What was asked of the service, in order."""
        return [call.operation for call in self.double.calls]


def simple(label: str, *values: str, ttl: int = 300, rdtype: str = "A") -> dict[str, Any]:
    """A simple record set, as the service has it."""
    records = [{"Value": value} for value in values or ("192.0.2.1",)]
    return {"Name": f"{label}.{ZONE}", "Type": rdtype, "TTL": ttl, "ResourceRecords": records}


def many(prefix: str, count: int, value: str = "192.0.2.1") -> dict[RecordKey, Records]:
    """So many names with an address, in the zone's order."""
    keys = (RecordKey(f"{prefix}{number:05}.{ZONE}", "A") for number in range(count))
    return dict.fromkeys(keys, Records(300, (value,)))


def fenced(*sets: Mapping[str, Any], service: Service | None = None) -> Hosted:
    """A zone that holds ``FIRST`` and these sets."""
    hosted = Hosted(service)
    hosted.open().apply((), expected=None, fence=FIRST)
    hosted.double.put(hosted.zone_id, *sets)
    return hosted


def step(
    hosted: Hosted,
    *changes: Change,
    target: Route53Target | None = None,
    expected: FenceSeen = FIRST,
    fence: Fence = NEXT,
) -> None:
    """One step, as a pass sends it: the fence is read, and then the batch is sent."""
    target = target or hosted.open()
    target.read_fence()
    target.apply(changes, expected=expected, fence=fence)


def change(label: str, before: Records | None, after: Records | None, rdtype: str = "A") -> Change:
    return Change(f"{label}.{ZONE}", rdtype, before, after)


def addresses(*values: str, ttl: int = 300) -> Records:
    return Records(ttl, values)


def actions(applied: Applied) -> list[tuple[str, str]]:
    """What a batch did, each with its name below the zone."""
    return [
        (each.action, each.record_set.name.removesuffix(f".{ZONE}")) for each in applied.changes
    ]
