"""Refusals that no other test of the command meets."""

from __future__ import annotations

from tests.planfence.project import STREAM, Project


def test_a_plan_made_on_a_state_that_is_gone_is_not_approved(project: Project) -> None:
    project.start()
    first = project.plan()
    project.desire("two")
    second = project.plan()
    project.approve(first)
    assert project.enact(first).code == 0
    digest = project.digest(second)
    ran = project.refused(4, "superseded", "approve", STREAM, str(second), "--digest", digest)
    assert "was made on a state that is gone" in ran.err
    assert f"`planfence plan {STREAM}`" in ran.err


def test_a_plan_that_leaves_a_zone_without_records_is_refused_by_name(project: Project) -> None:
    project.start()
    nameservers = "'': {type: NS, ttl: 86400, values: [ns1.example.com., ns2.example.com.]}\n"
    project.write("zones/example.com.yaml", nameservers + "www: {type: A, value: 192.0.2.50}\n")
    generation = project.plan()
    project.approve(generation)
    assert project.enact(generation).code == 0
    project.write("zones/example.com.yaml", nameservers)
    ran = project.refused(3, "never-empty", "plan", STREAM, one_line=False)
    assert "expected at least 1 record set left beside apex SOA and NS, found 0 left" in ran.err
    assert "--allow never-empty" in ran.err
