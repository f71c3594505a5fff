"""``hold --at-target``: the service refuses every enactor, ours or not, until ``release``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from plans.decisions import Hold
from plans.document import to_attributes
from plans.names import hold_key
from plans.observed.route53_protections import ProtectionApi
from tests.doubles.route53.remote import RemoteDouble, running
from tests.planfence.project import STREAM, Project

ZONE = "example.com."
FENCE = f"_planfence.{ZONE}"
COMMENT = f"planfence hold of {STREAM} by ana@lab: a test"
HOLD = ("hold", STREAM, "--at-target", "--reason", "a test")
CREATE = "CreateResourceRecordSetProtections"
DELETE = "DeleteResourceRecordSetProtections"
LIST = "ListResourceRecordSetProtections"


@pytest.fixture(scope="module")
def double() -> Iterator[RemoteDouble]:
    with running() as double:
        yield double


@dataclass
class Hosted:
    """A project whose targets are zones of the double, with one generation applied."""

    project: Project
    double: RemoteDouble
    zone_ids: list[str]

    def comments(self) -> list[str | None]:
        """What protects the fence record of each zone."""
        found = self.double.ask("protections", zone_ids=self.zone_ids)
        return [each.get(f"{FENCE} TXT") for each in found]

    def rogue(self) -> str:
        """The code with which a batch is refused that has a right fence, from somebody else."""
        fence = next(
            each for each in self.double.record_sets(self.zone_ids[0]) if each["Name"] == FENCE
        )
        changes = [{"Action": verb, "ResourceRecordSet": fence} for verb in ("DELETE", "CREATE")]
        try:
            self.double.client().change_resource_record_sets(
                HostedZoneId=self.zone_ids[0], ChangeBatch={"Changes": changes}
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "landed"

    def status(self) -> Any:
        return self.project.ok("status", STREAM, "--format", "json").json["streams"][0]

    def journal(self) -> list[tuple[str, dict[str, str]]]:
        entries = self.project.ok("journal", STREAM, "--format", "json").json["entries"]
        return [(each["kind"], dict(each["details"])) for each in entries][-2:]


@pytest.fixture
def hosted(project: Project, double: RemoteDouble, monkeypatch: pytest.MonkeyPatch) -> Hosted:
    for name, value in double.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    double.clear()
    zone_ids = [double.add_zone(ZONE), double.add_zone(ZONE)]
    targets = ", ".join(f'"route53://{zone_id}"' for zone_id in zone_ids)
    project.write(
        "planfence.toml",
        f'[streams."{STREAM}"]\ndesired = "example.com.yaml"\ntargets = [{targets}]\n',
    )
    desired(project, 1)
    project.ok("init")
    project.ok(
        "stream", "set", STREAM, "--approvals", "0", "--updates-max", "100%",
        "--deletes-max", "100%",
    )  # fmt: skip
    project.ok("plan", STREAM)
    project.ok("enact", STREAM, "--newest", "--no-sync")
    return Hosted(project, double, zone_ids)


def desired(project: Project, number: int) -> None:
    project.write("example.com.yaml", f"www: {{type: A, ttl: 300, value: 192.0.2.{number}}}\n")


def test_the_service_refuses_every_enactor_until_the_release(hosted: Hosted) -> None:
    project = hosted.project
    assert hosted.rogue() == "landed"
    ran = project.ok(*HOLD)
    assert f"{STREAM} is held at the target too by ana@lab" in ran.out
    assert hosted.comments() == [COMMENT] * 2
    assert hosted.rogue() == "InvalidChangeBatch"

    # Ours as well, though it does not see the hold: somebody ended it around `release`.
    desired(project, 2)
    attributes = to_attributes(
        Hold(state="released", by="x", reason="x", at=project.clock.now(), attempt="f" * 32)
    )
    before = hosted.status()["hold"]
    assert before["at_target"] is True
    project.overwrite_item(hold_key(STREAM), **attributes)
    project.ok("plan", STREAM)
    refused = project.run("enact", STREAM, "--newest", "--no-sync")
    assert refused.code == 3
    assert f"is protected: {COMMENT}" in refused.err
    assert "[route53-batch]" in refused.err
    project.overwrite_item(hold_key(STREAM), state="held", at_target=True)

    project.ok("release", STREAM)
    assert hosted.comments() == [None] * 2
    assert hosted.rogue() == "landed"
    project.ok("plan", STREAM)
    project.ok("enact", STREAM, "--newest", "--no-sync")


def test_status_journal_and_refusals_say_so(hosted: Hosted) -> None:
    project = hosted.project
    project.ok(*HOLD)
    assert "at the target too: a test" in project.ok("status", STREAM).out
    desired(project, 2)
    project.ok("plan", STREAM)
    assert (
        "ana@lab at the target too: a test"
        in project.refused(3, "held", "enact", STREAM, "--newest").err
    )
    project.ok("release", STREAM)
    assert hosted.journal() == [
        ("held", {"at-target": "yes", "reason": "a test"}),
        ("released", {"at-target": "yes"}),
    ]
    assert hosted.status()["hold"] is None


def test_a_hold_without_it_asks_route_53_nothing(hosted: Hosted) -> None:
    calls = len(hosted.double.calls)
    hosted.project.ok("hold", STREAM, "--reason", "a test")
    hosted.project.ok("release", STREAM)
    operations = {call.operation for call in hosted.double.calls[calls:]}
    assert not operations & {CREATE, DELETE, LIST}


@pytest.mark.parametrize(
    ("fault", "code", "rule"),
    [("denied", 3, "protection-refused"), ("internal_error", 5, "protection-unknown")],
)
def test_a_target_that_is_not_protected_leaves_a_hold_and_the_same_command_goes_on(
    hosted: Hosted, fault: str, code: int, rule: str
) -> None:
    hosted.double.next(CREATE, *[fault] * 100, containing=hosted.zone_ids[1])
    ran = hosted.project.run(*HOLD)
    assert (ran.code, ran.err.count("\n")) == (code, 1), ran.err
    assert "is held, but route53://" in ran.err
    assert f"[{rule}]" in ran.err
    assert hosted.comments() == [COMMENT, None]
    assert hosted.status()["hold"]["at_target"] is True
    hosted.double.clear()
    hosted.project.ok("hold", STREAM, "--at-target", "--reason", "another")
    assert hosted.comments() == [COMMENT] * 2
    assert hosted.status()["hold"]["reason"] == "a test"
    hosted.project.ok("release", STREAM)
    assert hosted.comments() == [None] * 2


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "twice", "throttled"])
def test_a_lost_or_doubled_answer_protects_once_and_frees_once(hosted: Hosted, fault: str) -> None:
    hosted.double.next(CREATE, fault)
    hosted.project.ok(*HOLD)
    assert hosted.comments() == [COMMENT] * 2
    hosted.double.next(DELETE, fault)
    hosted.project.ok("release", STREAM)
    assert hosted.comments() == [None] * 2


@pytest.mark.parametrize(("fault", "code"), [("denied", 3), ("internal_error", 5)])
@pytest.mark.parametrize("operation", [DELETE, LIST])
def test_a_release_that_cannot_free_a_target_releases_nothing(
    hosted: Hosted, operation: str, fault: str, code: int
) -> None:
    hosted.project.ok(*HOLD)
    hosted.double.next(operation, *[fault] * 100, containing=hosted.zone_ids[1])
    ran = hosted.project.run("release", STREAM)
    assert (ran.code, ran.err.count("\n")) == (code, 1), ran.err
    assert hosted.comments() == [None, COMMENT]
    assert hosted.status()["hold"]["at_target"] is True
    hosted.double.clear()
    hosted.project.ok("release", STREAM)
    assert hosted.comments() == [None] * 2
    assert hosted.status()["hold"] is None


def test_what_somebody_else_protected_stays_protected(hosted: Hosted) -> None:
    hosted.double.protect(hosted.zone_ids[0], FENCE, "TXT", "mine")
    hosted.double.protect(hosted.zone_ids[1], FENCE, "TXT")
    ran = hosted.project.ok(*HOLD)
    assert ran.err.count("is protected by somebody else already") == 2
    ran = hosted.project.ok("release", STREAM)
    assert ran.err.count("stays protected") == 2
    assert hosted.comments() == ["mine", ""]
    assert hosted.status()["hold"] is None


def test_a_protection_is_found_among_many(hosted: Hosted) -> None:
    for number in range(301):  # a page has 300
        hosted.double.protect(hosted.zone_ids[0], f"A{number}.{ZONE}", "TXT")
        hosted.double.protect(hosted.zone_ids[1], FENCE, "A") if number == 0 else None
    hosted.project.ok(*HOLD)
    assert hosted.comments() == [COMMENT] * 2
    hosted.project.ok("release", STREAM)
    assert hosted.comments() == [None] * 2


def test_a_protection_that_is_gone_at_once_is_told(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProtectionApi, "comment", lambda *_: None)
    ran = hosted.project.run(*HOLD)
    assert (ran.code, ran.err.count("\n")) == (5, 1)
    assert "[protection-missing]" in ran.err


def test_a_hold_that_stands_without_it_is_named(hosted: Hosted) -> None:
    hosted.project.ok("hold", STREAM, "--reason", "first")
    ran = hosted.project.refused(3, "held", *HOLD)
    assert "is held already by ana@lab: first" in ran.err
    assert hosted.comments() == [None] * 2


def test_a_stream_without_a_target_that_can_be_protected_is_refused(project: Project) -> None:
    project.start()
    project.refused(3, "nothing-protectable", *HOLD)


def test_it_does_not_lapse(project: Project) -> None:
    project.start()
    ran = project.run(*HOLD, "--for", "2h")
    assert ran.code == 64
    assert "--at-target does not lapse" in ran.err
