"""Protections on the strict double, by the SDK with the operations that it is told of."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError

from plans.observed.route53_protections import Models
from tests.doubles.route53 import hooks
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double

ZONE = "example.com."


class World:
    def __init__(self) -> None:
        self.double = Double(VirtualClock())
        self.zone_id = self.double.add_zone(ZONE)
        core = botocore.session.Session()
        core.register_component("data_loader", Models())
        core.set_credentials(*hooks.CREDENTIALS)
        hooks.attach(core.get_component("event_emitter"), self.double)
        session = boto3.session.Session(botocore_session=core, region_name="us-east-1")
        self.client: Any = session.client("route53")

    def create(self, *names: str, **more: str) -> str:
        wanted = [{"RecordName": name, "RecordType": "A", **more} for name in names]
        return self._asked(self.client.create_resource_record_set_protections, wanted)

    def delete(self, *names: str) -> str:
        ended = [{"RecordName": name, "RecordType": "A"} for name in names]
        return self._asked(self.client.delete_resource_record_set_protections, ended)

    def _asked(self, call: Any, protections: list[dict[str, str]]) -> str:
        try:
            call(HostedZoneId=self.zone_id, Protections=protections)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"

    def names(self) -> list[str]:
        return sorted(self.double.protections(self.zone_id))


@pytest.fixture
def world() -> World:
    return World()


def test_all_are_protected_or_none(world: World) -> None:
    assert world.create("a.example.com", "b.example.com.", Comment="x < y") == "done"
    assert world.create("a.example.com", "b.example.com") == "ProtectionAlreadyExists"
    assert (
        world.create("a.example.com", "c.example.com") == "InvalidResourceRecordSetProtectionBatch"
    )
    assert world.create("d.example.com", "e.example.net") == (
        "InvalidResourceRecordSetProtectionBatch"
    )
    assert world.names() == ["a.example.com. A", "b.example.com. A"]


def test_all_are_freed_or_none(world: World) -> None:
    world.create("a.example.com", "b.example.com")
    assert (
        world.delete("a.example.com", "c.example.com") == "InvalidResourceRecordSetProtectionBatch"
    )
    assert world.names() == ["a.example.com. A", "b.example.com. A"]
    assert world.delete("a.example.com", "b.example.com") == "done"
    assert world.names() == []


def test_a_listing_has_comments_and_says_where_it_goes_on(world: World) -> None:
    world.create("a.example.com", "b.example.com", Comment="x < y")
    listed = world.client.list_resource_record_set_protections
    page = listed(HostedZoneId=world.zone_id)
    assert page["ResourceRecordSetProtections"] == [
        {"RecordName": f"{label}.{ZONE}", "RecordType": "A", "Comment": "x < y"} for label in "ab"
    ]
    assert "NextToken" not in page


def test_what_the_service_does_not_know_is_invalid(world: World) -> None:
    assert world.create("a.example.com", Comment="x" * 257) == "InvalidInput"
    assert world.create(f"{'x' * 64}.example.com") == "InvalidInput"
    assert world.create(*(f"a{number}.example.com" for number in range(101))) == "InvalidInput"
    assert world.names() == []


def test_a_protected_name_is_changed_by_nobody(world: World) -> None:
    world.create("a.example.com", Comment="mine")
    made = {
        "Name": "a.example.com",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}],
    }
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": made}]}
    with pytest.raises(ClientError, match=r"InvalidChangeBatch.*is protected: mine"):
        world.client.change_resource_record_sets(HostedZoneId=world.zone_id, ChangeBatch=batch)
    world.delete("a.example.com")
    world.client.change_resource_record_sets(HostedZoneId=world.zone_id, ChangeBatch=batch)
