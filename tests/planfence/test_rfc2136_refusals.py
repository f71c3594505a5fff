"""A zone at BIND, and every way in which it may not go: one line, its exit code, no change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import dns.message
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

from tests.planfence.project import STREAM, Project
from tests.planfence.served import served, zone_at
from tests.servers.bind import OTHER_KEY, Bind, Zone, dnspython_key
from tests.servers.scripted import Close, Request, Script, passed_on, scripted


def refused_everywhere(project: Project, code: int, rule: str) -> None:
    """No command that reads the zone does anything else than say so."""
    for command in (("plan", STREAM), ("dump", STREAM)):
        project.refused(code, rule, *command)


def enact_fails(project: Project, generation: int, code: int, rule: str, zone: Zone) -> None:
    """Enacting says so in one line of its own, and the zone stays as it is."""
    before = zone.records()
    ran = project.enact(generation)
    assert ran.code == code, ran.err
    lines = [line for line in ran.err.splitlines() if f"[{rule}]" in line]
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    assert zone.records() == before


def approved(project: Project, zone: Zone) -> int:
    served(project, zone)
    generation = project.plan()
    project.approve(generation)
    return generation


def put_key(project: Project, algorithm: str, name: str, secret: str) -> None:
    text = f'key "{name}" {{ algorithm {algorithm}; secret "{secret}"; }};'
    project.write("ours.key", text)


@pytest.mark.parametrize(
    ("name", "secret", "rule"),
    [
        ("nobody", None, "tsig-key"),
        ("planfence", "bm90IHRoZSBzZWNyZXQ=", "tsig-secret"),
        ("planfence", "?", "key-unusable"),
    ],
)
def test_a_key_that_is_wrong(
    name: str, secret: str | None, rule: str, project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server)
    generation = approved(project, zone)
    right = (project.root / "ours.key").read_text().split('"')[3]
    put_key(project, "hmac-sha256", name, secret or right)
    refused_everywhere(project, 3, rule)
    enact_fails(project, generation, 3, rule, zone)


def test_a_key_that_may_not(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server)
    generation = approved(project, zone)
    stranger = zone.folder / f"{OTHER_KEY}.key"
    project.write("ours.key", stranger.read_text())
    refused_everywhere(project, 3, "server-refused")
    enact_fails(project, generation, 3, "server-refused", zone)


def test_a_key_that_is_not_there(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server)
    generation = approved(project, zone)
    (project.root / "ours.key").unlink()
    refused_everywhere(project, 3, "key-unusable")
    enact_fails(project, generation, 3, "key-unusable", zone)


def test_a_server_that_is_not_there(project: Project, own_bind: Bind) -> None:
    zone = zone_at(own_bind)
    generation = approved(project, zone)
    own_bind.kill()
    refused_everywhere(project, 5, "server-unreachable")
    ran = project.enact(generation)
    assert (ran.code, "[server-unreachable]" in ran.err) == (5, True)


def test_a_zone_that_the_server_does_not_have(project: Project, bind_server: Bind) -> None:
    zone = replace(zone_at(bind_server), name="elsewhere.example.")
    served(project, zone)
    refused_everywhere(project, 3, "zone-not-served")


def coded(code: str) -> Script:
    def script(request: Request) -> Iterable[bytes]:
        answer = dns.message.make_response(request)
        answer.set_rcode(dns.rcode.from_text(code))
        yield answer.to_wire()

    return script


def truncated(zone: Zone) -> Script:
    def script(request: Request) -> Iterable[bytes]:
        if request.question[0].rdtype != dns.rdatatype.AXFR:
            return [passed_on(request, zone.port)]
        first = dns.message.make_response(request)
        first.flags |= dns.flags.AA
        found = zone.transfer()
        name = dns.name.from_text(zone.name)
        first.answer = [
            dns.rrset.from_rdata_list(name, 3600, list(found.find_rdataset(name, "SOA")))
        ]
        return closing_after(first.to_wire(multi=True))

    return script


def closing_after(wire: bytes) -> Iterable[bytes]:
    yield wire
    raise Close


@pytest.mark.parametrize(
    ("kind", "code", "rule"),
    [("SERVFAIL", 5, "server-failed"), ("truncated", 5, "transfer-incomplete")],
)
def test_a_server_that_fails_or_breaks_off(
    kind: str, code: int, rule: str, project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server)
    script = truncated(zone) if kind == "truncated" else coded(kind)
    key = dnspython_key(zone.key_file)
    with scripted(script, verify=key, zone=zone.name) as place:
        served(project, zone, target=f"rfc2136://{place}/{zone.name}")
        refused_everywhere(project, code, rule)


def test_a_name_whose_changes_fit_no_message_is_refused_when_planning(
    project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server)
    served(project, zone)
    many = ", ".join(f"'{number:0200d}'" for number in range(400))
    text = (project.root / "zones/example.com.yaml").read_text()
    project.write("zones/example.com.yaml", f"{text}big: {{type: TXT, values: [{many}]}}\n")
    ran = project.refused(3, "step-too-large", "plan", STREAM)
    assert f"the changes of big.{zone.name} do not fit" in ran.err


def test_a_fence_that_somebody_removed_is_adopted_only_when_told_to(
    project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server)
    served(project, zone)
    project.go()
    zone.by_hand(lambda update: update.delete("_planfence", "TXT"))
    project.desire("two")
    generation = project.plan()
    project.approve(generation)
    enact_fails(project, generation, 3, "fence-missing", zone)
    assert project.enact(generation, "--adopt").code == 0
    assert zone.values("www", "A") == {"192.0.2.51"}


def test_a_name_in_the_way_of_an_alias_is_told_before_anything_is_done(
    project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server, "blog HINFO pc os\n")
    generation = approved(project, zone)
    ran = project.enact(generation)
    assert (ran.code, f"meet at blog.{zone.name}" in ran.err) == (3, True)
    enact_fails(project, generation, 3, "cname-clash", zone)  # the fence stands, and no more
