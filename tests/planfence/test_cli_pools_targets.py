"""One pool on targets with weights and without, in one stream: Route 53, BIND and a zone file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.doubles.route53 import hooks
from tests.doubles.route53.double import Double
from tests.planfence.pooled import FILE, SITES, Pooled
from tests.planfence.project import STREAM, Project
from tests.planfence.served import RealClock, served, zone_at
from tests.servers.bind import Bind, Zone

APEX_DESIRED = """\
'': {type: NS, ttl: 86400, values: [ns1.example.com., ns2.example.com.]}
www: {type: A, ttl: 300, value: 192.0.2.50}
"""


@dataclass
class Everywhere(Pooled):
    """One zone on Route 53, at BIND and in a file."""

    double: Double
    zone_id: str
    bind: Zone

    def sets(self, label: str = "web") -> list[dict[str, Any]]:
        """What Route 53 has at a name."""
        found = self.double.record_sets(self.zone_id)
        return [dict(each) for each in found if each["Name"].startswith(f"{label}.")]

    def weighted(self) -> dict[str, tuple[int, str]]:
        """Weight and address of each set that Route 53 has of the pool."""
        return {
            each["SetIdentifier"]: (each["Weight"], each["ResourceRecords"][0]["Value"])
            for each in self.sets()
        }


@pytest.fixture
def everywhere(project: Project, bind_server: Bind) -> Iterator[Everywhere]:
    """Generation 1 is applied on all three."""
    bind = zone_at(bind_server)
    project.clock = RealClock()
    double = Double(project.clock)
    there = Everywhere(project, double, double.add_zone(bind.name), bind)
    with hooks.serving(double):
        served(project, bind, f"route53://{there.zone_id}", "zonefile:out/a.zone")
        project.ok("stream", "set", STREAM, "--updates-max", "100%", "--deletes-max", "100%")
        there.pools()
        there.well(*SITES)
        project.write("zones/example.com.yaml", APEX_DESIRED)
        project.ok("plan", STREAM, "--allow", "apex", "--reason", "the same everywhere")
        project.approve(1)
        assert project.enact(1, "--no-sync").code == 0
        yield there


def test_one_pool_is_weighted_on_route_53_and_one_set_at_bind_and_in_a_file(
    everywhere: Everywhere,
) -> None:
    there, project = everywhere, everywhere.project
    addresses = {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    weights = {"eu": (255, "192.0.2.1"), "us": (255, "192.0.2.2"), "ap": (64, "192.0.2.3")}
    assert there.weighted() == weights
    assert there.bind.values("web", "A") == there.live() == addresses
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")

    there.well("eu", "ap")
    out = project.ok("plan", STREAM).out
    assert f"- web.{there.bind.name} 60 A [us] 192.0.2.2 weight=255\n" in out
    assert "0 to create, 2 to update, 1 to delete on 3 targets" in out
    assert "reverts a manual change" not in out
    project.approve(2)
    assert project.enact(2, "--no-sync").code == 0
    del weights["us"]
    assert there.weighted() == weights, "nobody else's weight moved"
    assert there.bind.values("web", "A") == there.live() == addresses - {"192.0.2.2"}
    assert "nothing changed by hand" in project.ok("drift", STREAM).out
    assert "no changes" in project.ok("diff", STREAM).out


def test_a_dump_of_targets_that_differ_in_pools_only_is_of_all_of_them(
    everywhere: Everywhere,
) -> None:
    project = everywhere.project
    text = project.ok("dump", STREAM).out
    assert "www:" in text
    assert "\nweb:" not in text
    project.write("zones/example.com.yaml", text)
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")


def test_a_name_moves_out_of_the_pools_file_and_back_in_one_write(everywhere: Everywhere) -> None:
    there, project = everywhere, everywhere.project
    weighted, pools = there.weighted(), project.root / "zones/example.com.pools.yaml"
    text = pools.read_text(encoding="utf-8")
    pools.unlink()
    plain = "web: {type: A, ttl: 60, value: 192.0.2.1}\n"
    project.write("zones/example.com.yaml", APEX_DESIRED + plain)
    for generation in (2, 3):
        assert project.plan() == generation
        project.approve(generation)
        assert project.enact(generation, "--no-sync").code == 0
        if generation == 2:
            [simple] = there.sets()
            assert "SetIdentifier" not in simple
            assert there.bind.values("web", "A") == {"192.0.2.1"}
            project.write("zones/example.com.yaml", APEX_DESIRED)
            pools.write_text(text, encoding="utf-8")
    assert there.weighted() == weighted
    assert len(there.bind.values("web", "A")) == 3
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")


def test_cnames_of_a_pool_are_refused_by_the_first_target_without_weights_that_stays(
    everywhere: Everywhere,
) -> None:
    there, project = everywhere, everywhere.project
    members = ", ".join(
        f"{{id: {site}, address: {site}.example.net., capacity: 1}}" for site in SITES
    )
    project.write(FILE, f"pools: {{c: {{type: CNAME, members: [{members}]}}}}\n")
    ran = project.refused(3, "pool-unrepresentable", "plan", STREAM)
    assert f"{there.bind.target} has no weights" in ran.err
    project.ok(
        "stream", "set", STREAM, "--retire", there.bind.target, "--retire", "zonefile:out/a.zone"
    )
    project.ok("plan", STREAM)
    project.approve(2)
    assert project.enact(2, "--no-sync").code == 0
    assert {each["SetIdentifier"] for each in there.sets("c")} == set(SITES)
