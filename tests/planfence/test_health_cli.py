"""`plan` where a pool's health comes from AWS, a probe or a file: each answer, and each failure."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing

import boto3
import pytest

from tests.doubles.route53 import hooks
from tests.doubles.route53.double import Double
from tests.doubles.route53.faults import Fault, denied, internal_error, lost_before, throttled
from tests.doubles.route53.health import UNHEALTHY, seen_everywhere
from tests.emulators.servers import Server
from tests.planfence.project import STREAM, Project, Ran
from tests.planner.test_health_targets import Instances
from tests.servers.web import LOOPBACK, answering, web

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef"
ENDPOINT = {"Type": "HTTP", "IPAddress": "192.0.2.1", "Port": 80}
CONFIG = (
    f'[streams."{STREAM}"]\ndesired = "zones/example.com.yaml"\ntargets = ["zonefile:out/a.zone"]\n'
)
ZONE_FILE = "'': {type: NS, values: [ns1.example.net.]}\nwww: {type: A, value: 192.0.2.50}\n"


def start(project: Project, health: str) -> None:
    """A stream with a pool of two: one asked for its health, one always healthy."""
    project.write("planfence.toml", CONFIG)
    project.write("zones/example.com.yaml", ZONE_FILE)
    asked(project, health)
    project.ok("init")


def asked(project: Project, health: str) -> None:
    project.write(
        "zones/example.com.pools.yaml",
        "pools:\n  api:\n    type: A\n    members:\n"
        f"      - {{id: fra, address: 192.0.2.10, capacity: 1, health: {health}}}\n"
        "      - {id: iad, address: 192.0.2.20, capacity: 1}\n",
    )


def fra(project: Project) -> tuple[str, list[str]]:
    """A plan, and in or out and each detail of the member that is asked for."""
    document = project.ok("plan", STREAM, "--format", "json").json
    assert document["outcome"] == "published", document
    plan = json.loads(project.plan_path(document["generation"]).read_bytes())
    digests = {each["name"]: each["digest"] for each in plan["attachments"]}
    [path] = (project.root / ".planfence/archive").rglob(f"*{digests['health']}*")
    [pool] = json.loads(path.read_bytes())["pools"]
    member = pool["members"][0]
    return member["state"], [each["detail"] for each in member["observations"]]


def fails(project: Project, code: int, rule: str, *words: str) -> Ran:
    """The pass ends in one line, and nothing at all was published."""
    ran = project.refused(code, rule, "plan", STREAM)
    for word in words:
        assert word in ran.err
    assert not list((project.root / ".planfence/archive").rglob("plans/*"))
    return ran


@pytest.fixture
def double(project: Project) -> Iterator[Double]:
    double = Double(project.clock)
    with hooks.serving(double):
        yield double


# Answers


def test_a_route_53_check_decides_who_is_in(project: Project, double: Double) -> None:
    check = double.add_health_check(ENDPOINT)
    start(project, f"{{route53: {check}}}")
    assert fra(project) == ("in", ["16 of 16 checkers report success"])
    double.set_health(check, seen_everywhere(UNHEALTHY))
    assert fra(project) == ("out", ["0 of 16 checkers report success"] * 3)


def test_a_target_group_decides_who_is_in(
    project: Project, moto_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    group = Instances(moto_server, 1)
    start(project, f'{{target_group: "{group.arn}"}}')
    assert fra(project) == ("in", ["1 of 1 targets healthy"])
    group.stop(*group.ids)
    assert fra(project) == ("out", ["0 of 1 targets healthy (1 unused)"] * 3)


def test_a_probe_decides_who_is_in(project: Project) -> None:
    with closing(socket.socket()) as closed, web(answering("204 No Content")) as port:
        closed.bind((LOOPBACK, 0))
        start(project, f'{{http: {{url: "http://{LOOPBACK}:{port}/up"}}}}')
        assert fra(project) == ("in", ["204"])
        gone = closed.getsockname()[1]
        asked(project, f'{{http: {{url: "http://{LOOPBACK}:{gone}/up?key=hunter2"}}}}')
        assert fra(project) == ("out", ["connection refused"] * 3)
    said = [project.ok(*words).out for words in (("show", STREAM), ("plan", STREAM))]
    assert "hunter2" not in "".join(said)


# Failures


@pytest.mark.parametrize(
    ("fault", "code", "rule", "word"),
    [
        (denied, 3, "access-denied", "denies GetHealthCheckStatus"),
        (throttled, 5, "route53-busy", "Rate exceeded"),
        (lost_before, 5, "store-unavailable", "did not serve within 30 s"),
        (internal_error, 5, "store-unavailable", "did not serve within 30 s"),
    ],
)
def test_a_check_that_cannot_be_asked_ends_the_pass_in_one_line(
    project: Project, double: Double, fault: Fault, code: int, rule: str, word: str
) -> None:
    check = double.add_health_check(ENDPOINT)
    start(project, f"{{route53: {check}}}")
    double.next("GetHealthCheckStatus", *[fault] * 1000)
    fails(project, code, rule, check, word)


def test_a_check_that_does_not_exist_ends_the_pass_in_one_line(
    project: Project, double: Double
) -> None:
    start(project, "{route53: 0ac5e1b2}")
    fails(project, 3, "health-check-missing", "0ac5e1b2", "correct its id")


def test_a_calculated_check_ends_the_pass_in_one_line(project: Project, double: Double) -> None:
    check = double.add_health_check({"Type": "CALCULATED", "HealthThreshold": 1})
    start(project, f"{{route53: {check}}}")
    fails(project, 3, "health-check-type", check, "CALCULATED")


def test_without_credentials_a_check_ends_the_pass_in_one_line(project: Project) -> None:
    start(project, "{route53: 0ac5e1b2}")
    fails(project, 3, "aws-settings", "0ac5e1b2", "AWS_PROFILE")


def test_a_group_that_does_not_exist_ends_the_pass_in_one_line(
    project: Project, moto_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    start(project, f'{{target_group: "{GROUP}"}}')
    fails(project, 3, "target-group-missing", GROUP)


def test_a_load_balancer_api_that_is_down_ends_the_pass_in_one_line(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.socket()) as closed:
        closed.bind((LOOPBACK, 0))
        endpoint = f"http://{LOOPBACK}:{closed.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        start(project, f'{{target_group: "{GROUP}"}}')
        fails(project, 5, "store-unavailable", GROUP, "did not serve within 30 s")


@pytest.mark.parametrize("text", [None, "half a li"])
def test_a_file_that_is_gone_or_half_written_ends_the_pass_in_one_line(
    project: Project, text: str | None
) -> None:
    start(project, "{file: health/fra}")
    if text is not None:
        project.write("zones/health/fra", text)
    ran = fails(project, 3, "health-file", "zones/health/fra")
    assert "half a li" not in ran.err


def test_what_is_live_stays_while_health_cannot_be_asked(project: Project, double: Double) -> None:
    check = double.add_health_check(ENDPOINT)
    start(project, f"{{route53: {check}}}")
    project.go()
    live = project.root / "out/a.zone"
    before = live.read_bytes()
    assert b"192.0.2.10" in before
    double.set_health(check, seen_everywhere(UNHEALTHY))
    double.next("GetHealthCheckStatus", *[lost_before] * 1000)
    project.refused(5, "store-unavailable", "plan", STREAM)
    double.clear()
    project.go()
    assert b"192.0.2.10" not in live.read_bytes()
