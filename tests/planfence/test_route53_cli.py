"""``route53://`` from the command: the whole walk, and every bad input as one line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.doubles.route53 import hooks
from tests.doubles.route53.core import Settings as Service
from tests.doubles.route53.double import Double
from tests.doubles.route53.faults import Fault, denied, internal_error, lost_before, throttled
from tests.planfence.hosted_zone import NS, ONE, TWO_TARGETS, ZONE, Cloud, simple
from tests.planfence.project import STREAM, Project, Ran

TWO = "www: {type: A, ttl: 300, value: 192.0.2.51}\n'*': {type: TXT, ttl: 60, value: hello}\n"


@pytest.fixture
def cloud(project: Project) -> Iterator[Cloud]:
    double = Double(project.clock, Service(insync_after_seconds=20))
    with hooks.serving(double):
        yield Cloud(project, double, double.add_zone(ZONE))


def test_the_whole_walk_from_an_empty_zone_to_a_dump_that_plans_to_nothing(cloud: Cloud) -> None:
    project = cloud.project
    cloud.start()
    assert "2 to create" in project.ok("plan", STREAM, "--quiet").out
    project.ok("show", STREAM)
    project.approve(1)
    ran = project.enact(1)
    assert ran.code == 0
    assert f"planfence: {cloud.target}: step 1, done" in ran.err
    assert f"planfence: {cloud.target}: waiting for its name servers, 2 s" in ran.err
    assert f"  {cloud.target}: done" in ran.out.splitlines()
    assert cloud.live() == {("www", "A"): ["192.0.2.50"], ("old", "A"): ["192.0.2.40"]}
    assert "nothing changed by hand" in project.ok("drift", STREAM).out
    assert "unchanged" in project.ok("plan", STREAM).out
    cloud.go(TWO)
    assert cloud.live() == {("www", "A"): ["192.0.2.51"], ("\\052", "TXT"): ['"hello"']}
    status = project.ok("status", STREAM, "--format", "json").json
    [target] = status["streams"][0]["targets"]
    assert (target["target"], target["fence"]["generation"]) == (cloud.target, 2)
    dumped = project.ok("dump", STREAM).out
    cloud.desire(dumped)
    assert "unchanged" in project.ok("plan", STREAM).out
    project.ok("journal", STREAM, "--verify")


def test_a_pass_that_waits_for_the_service_keeps_its_lease(project: Project) -> None:
    """A change of the zone is under way for longer than a holder's share of the lease."""
    double = Double(project.clock, Service(busy_seconds=90))
    with hooks.serving(double):
        cloud = Cloud(project, double, double.add_zone(ZONE))
        cloud.start()
        project.ok("stream", "set", STREAM, "--lease-seconds", "60")
        began = project.clock.monotonic()
        cloud.go()
        assert project.clock.monotonic() - began >= 90
    assert cloud.live() == {("www", "A"): ["192.0.2.50"], ("old", "A"): ["192.0.2.40"]}


def test_a_change_by_hand_is_drift_and_its_undoing_is_marked(cloud: Cloud) -> None:
    project = cloud.project
    cloud.start()
    cloud.go()
    cloud.edit(
        ("DELETE", simple("www", "192.0.2.50")),
        ("CREATE", simple("www", "192.0.2.99")),
        (
            "CREATE",
            {
                **simple("geo", "192.0.2.1"),
                "SetIdentifier": "de",
                "GeoLocation": {"CountryCode": "DE"},
            },
        ),
    )
    ran = project.run("drift", STREAM, "--detailed-exitcode")
    assert ran.code == 2
    assert "  ~ www.example.com. 300 A 192.0.2.50 -> 192.0.2.99" in ran.out
    assert "  + geo.example.com. 300 A [de] 192.0.2.1 geo_country=DE" in ran.out
    ran = project.ok("plan", STREAM)
    assert "reverts a manual change" in ran.out
    assert "  - geo.example.com. 300 A [de] 192.0.2.1 geo_country=DE  (reverts" in ran.out
    project.approve(2)
    assert project.enact(2).code == 0
    assert cloud.live() == {("www", "A"): ["192.0.2.50"], ("old", "A"): ["192.0.2.40"]}


def test_routed_sets_are_shown_whole_wherever_changes_are(cloud: Cloud) -> None:
    alias = {
        "HostedZoneId": cloud.zone_id,
        "DNSName": "www.example.com.",
        "EvaluateTargetHealth": False,
    }
    pair = [
        {**simple("w", "192.0.2.1"), "SetIdentifier": "one", "Weight": 1},
        {**simple("w", "192.0.2.1"), "SetIdentifier": "two", "Weight": 1},
    ]
    several = simple("multi", "192.0.2.1")
    several["ResourceRecords"].append({"Value": "192.0.2.2"})
    several.update(SetIdentifier="m", GeoLocation={"ContinentCode": "EU"})
    cloud.edit(
        ("CREATE", simple("www", "192.0.2.50")),
        ("CREATE", {"Name": f"alias.{ZONE}", "Type": "A", "AliasTarget": alias}),
        *(("CREATE", each) for each in pair),
        ("CREATE", several),
    )
    cloud.start("www: {type: A, ttl: 300, value: 192.0.2.50}\n")
    project = cloud.project
    ran = project.ok("plan", STREAM, "--allow", "deletes-max", "--reason", "moved")
    assert "  - alias.example.com. A alias=self:www.example.com.:false" in ran.out
    assert "  - w.example.com. 300 A [one] 192.0.2.1 weight=1" in ran.out
    assert "  - w.example.com. 300 A [two] 192.0.2.1 weight=1" in ran.out
    assert "  - multi.example.com. 300 A [m] geo_continent=EU" in ran.out
    shown = project.ok("diff", STREAM, "--format", "json").json
    [place] = shown["parts"] if "parts" in shown else shown["targets"]
    change = next(each for each in place["changes"] if each.get("identifier") == "two")
    assert change["before"]["attributes"] == ["weight=1"]
    assert "300 A [m] geo_continent=EU" in project.ok("show", STREAM, "--format", "markdown").out


def test_an_enacting_pass_may_be_told_not_to_wait(cloud: Cloud) -> None:
    cloud.start()
    generation = cloud.project.plan()
    cloud.project.approve(generation)
    assert cloud.project.enact(generation, "--no-sync").code == 0
    assert not [call for call in cloud.double.calls if call.operation == "GetChange"]


def test_what_is_not_in_sync_in_time_is_applied_and_said(cloud: Cloud) -> None:
    cloud.start(more="[route53]\nsync_seconds = 5\n\n")
    generation = cloud.project.plan()
    cloud.project.approve(generation)
    ran = cloud.project.enact(generation, "--format", "json")
    assert ran.code == 0
    [target] = ran.json["targets"]
    assert target["done"]
    assert target["note"] == "not yet on all name servers of Route 53 after 5 s"


def test_one_target_that_fails_does_not_stop_the_other(cloud: Cloud) -> None:
    project = cloud.project
    cloud.start(NS + ONE, TWO_TARGETS)
    cloud.go()
    cloud.desire(NS + TWO)
    generation = project.plan()
    project.approve(generation)
    cloud.double.next("ChangeResourceRecordSets", denied)
    ran = project.enact(generation)
    assert ran.code == 6
    assert "[access-denied]" in ran.out
    assert "192.0.2.51" in (project.root / "out/a.zone").read_text()
    assert cloud.live()["www", "A"] == ["192.0.2.50"]
    assert project.enact(generation).code == 0
    assert cloud.live()["www", "A"] == ["192.0.2.51"]


# Bad inputs


def refused_plan(cloud: Cloud, code: int, rule: str) -> Ran:
    before = cloud.double.record_sets(cloud.zone_id)
    ran = cloud.project.refused(code, rule, "plan", STREAM)
    assert cloud.double.record_sets(cloud.zone_id) == before
    return ran


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("route53:Z1", "must be route53://ZONE-ID"),
        ("route53://", "must be route53://ZONE-ID"),
        ("route53://example.com", "must be route53://ZONE-ID"),
        ("route53:///hostedzone/Z1", "must be route53://ZONE-ID"),
        ("route53://Z1?region=eu-west-1", "takes no query"),
    ],
)
def test_a_target_that_names_no_zone_is_a_mistake_in_the_config(
    cloud: Cloud, url: str, reason: str
) -> None:
    cloud.configure(f'targets = ["{url}"]')
    cloud.desire(ONE)
    ran = cloud.project.refused(64, "config", "init")
    assert reason in ran.err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("requests_per_second = 0", "requests_per_second: must be above 0"),
        ("changes_burst = -1", "changes_burst: must be a number from 0"),
        ("changes_burst = true", "changes_burst: must be a number from 0"),
        ('sync_seconds = "long"', "sync_seconds: must be a number from 0"),
        ("request_burst = 5", "request_burst: unknown key; did you mean requests_burst?"),
    ],
)
def test_a_wrong_setting_of_the_account_is_a_mistake_in_the_config(
    cloud: Cloud, line: str, reason: str
) -> None:
    cloud.configure(more=f"[route53]\n{line}\n")
    cloud.desire(ONE)
    assert reason in cloud.project.refused(64, "config", "init").err


def test_a_zone_that_is_not_there_is_refused(cloud: Cloud) -> None:
    cloud.zone_id, known = "Z404", cloud.zone_id
    cloud.start()
    cloud.zone_id = known
    assert "the hosted zone Z404" in refused_plan(cloud, 3, "route53-zone-missing").err


def test_a_zone_of_another_name_is_refused(cloud: Cloud) -> None:
    cloud.zone_id = cloud.double.add_zone("example.net.")
    cloud.start()
    assert (
        "expected example.com., found example.net."
        in refused_plan(cloud, 3, "route53-zone-name").err
    )


FAILING: dict[str, tuple[Fault, int, str]] = {
    "no permission": (denied, 3, "access-denied"),
    "no answer": (lost_before, 5, "store-unavailable"),
    "an internal error": (internal_error, 5, "store-unavailable"),
    "throttled by others": (throttled, 5, "route53-busy"),
}


@pytest.mark.parametrize(("fault", "code", "rule"), FAILING.values(), ids=FAILING)
def test_a_service_that_does_not_answer_is_one_line(
    cloud: Cloud, fault: Fault, code: int, rule: str
) -> None:
    cloud.start()
    cloud.double.next("*", *[fault] * 1_000)
    refused_plan(cloud, code, rule)


def test_a_type_that_route_53_does_not_have_is_refused_when_planning(cloud: Cloud) -> None:
    cloud.start("loc: {type: LOC, value: 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m}\n")
    ran = refused_plan(cloud, 3, "route53-unsupported")
    assert "cannot hold loc.example.com. LOC: it has no records of type LOC" in ran.err


def test_a_name_that_does_not_fit_one_batch_is_refused_when_planning(cloud: Cloud) -> None:
    values = ", ".join(f"192.0.{number // 250}.{number % 250}" for number in range(1_000))
    cloud.start(f"www: {{type: A, ttl: 60, values: [{values}]}}\n")
    assert "the changes of www.example.com." in refused_plan(cloud, 3, "step-too-large").err


def test_two_streams_never_share_a_hosted_zone(cloud: Cloud) -> None:
    cloud.configure()
    path = cloud.project.root / "planfence.toml"
    text = path.read_text()
    cloud.project.write("planfence.toml", text + text.replace(STREAM, "dns/again"))
    cloud.desire(ONE)
    assert "is the same target as" in cloud.project.refused(64, "config", "init").err


# Costs


def test_the_sdk_is_imported_only_where_a_target_needs_it(project: Project) -> None:
    project.start()
    code = (
        "import sys, json\n"
        "from planfence.cli import main\n"
        "main(['plan', 'dns/example.com', '--quiet'])\n"
        "found = [name for name in ('boto3', 'botocore', 'tenacity') if name in sys.modules]\n"
        "print(json.dumps(found), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert json.loads(ran.stderr.splitlines()[-1]) == []
