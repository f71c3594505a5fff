"""The whole walk with a zone at BIND, by commands alone; and every way in which it may not go."""

from __future__ import annotations

from collections.abc import Iterable

import dns.message
import dns.rcode
import dns.rdatatype
import dns.update

from tests.planfence.project import STREAM, Project
from tests.planfence.served import configure, served, zone_at
from tests.servers.bind import Bind, dnspython_key
from tests.servers.scripted import Close, Request, passed_on, scripted

FILE = "zonefile:out/a.zone"
OURS = "the stream's is example.com."
SAME = "is the same target as rfc2136://ns1/example.com of dns/a"
KEYLESS = "must name its TSIG key, as rfc2136://host:port/zone?key=NAME does"


def of_target(document: dict[str, object], target: str) -> dict[str, object]:
    """What a command's JSON says of one target."""
    targets = document["targets"]
    assert isinstance(targets, list)
    return next(each for each in targets if each["target"] == target)


# The walk


def test_the_whole_walk(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server, "old A 192.0.2.40\nleftover TXT x\n")
    served(project, zone)
    project.ok("stream", "set", STREAM, "--deletes-max", "100%", "--updates-max", "100%")
    generation = project.go()
    assert zone.values("www", "A") == {"192.0.2.50"}
    assert zone.values("leftover", "TXT") == set()
    assert zone.values("", "NS") == {"ns1.example.com.", "ns2.example.com."}
    status = project.ok("status", STREAM, "--format", "json").json["streams"][0]
    assert status["applied"]["generation"] == generation
    (place,) = status["targets"]
    assert (place["target"], place["state"]) == (zone.target, "done")
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")
    assert "nothing changed by hand" in project.ok("drift", STREAM, "--detailed-exitcode").out

    zone.by_hand(lambda update: update.replace("www", 60, "A", "192.0.2.99"))
    drift = project.run("drift", STREAM, "--detailed-exitcode")
    assert (drift.code, "192.0.2.99" in drift.out) == (2, True)
    project.go("two")
    assert zone.values("www", "A") == {"192.0.2.51"}
    assert zone.values("old", "A") == set()
    assert zone.dig() == zone.records()


def test_a_dump_of_the_zone_plans_to_no_changes(project: Project, bind_server: Bind) -> None:
    zone = zone_at(
        bind_server, 'txt TXT "a;b" "c"\n* MX 10 mail\nmail A 192.0.2.1\nx HINFO pc os\n'
    )
    served(project, zone)
    ran = project.ok("dump", STREAM, "--escaped-semicolons")
    assert "1 record set of types that it does not manage" in ran.out
    project.write("zones/example.com.yaml", ran.out)
    config = (project.root / "planfence.toml").read_text()
    project.write("planfence.toml", config.replace("kind ", "escaped_semicolons = true\nkind "))
    document = project.ok("plan", STREAM, "--format", "json").json
    assert document["summary"] == {"creates": 0, "updates": 0, "deletes": 0}


def test_a_dump_is_the_start_and_what_is_changed_by_hand_since_is_seen_and_undone(
    project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server, "www 60 A 192.0.2.1\nmail 300 MX 10 mx.example.net.\n")
    served(project, zone)
    text = project.ok("dump", STREAM).out
    project.write("zones/example.com.yaml", text)
    project.go()
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")
    assert project.ok("dump", STREAM).out == text  # the fence is no part of it
    zone.by_hand(lambda update: update.replace("www", 60, "A", "192.0.2.99"))
    zone.by_hand(lambda update: update.delete("mail", "MX"))
    drift = project.run("drift", STREAM, "--detailed-exitcode")
    assert drift.code == 2
    assert f"  ~ www.{zone.name} 60 A 192.0.2.1 -> 192.0.2.99" in drift.out
    assert f"  - mail.{zone.name} 300 MX 10 mx.example.net." in drift.out
    # Kept: as the desired state, what is live asks for nothing.
    project.write("zones/example.com.yaml", project.ok("dump", STREAM).out)
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")
    # Or undone, and marked as such.
    project.write("zones/example.com.yaml", text)
    planned = project.ok("plan", STREAM, "--allow", "updates-max", "--reason", "by hand").out
    assert f"  ~ www.{zone.name} 60 A 192.0.2.99 -> 192.0.2.1  (reverts a manual ch" in planned
    generation = project.ok("show", STREAM, "--format", "json").json["generation"]
    project.approve(generation)
    assert project.enact(generation).code == 0
    assert project.ok("dump", STREAM).out == text
    assert zone.values("mail", "MX") == {"10 mx.example.net."}


def test_a_name_server_holds_no_routed_set(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server)
    served(project, zone)
    routing = "routing: [{id: one, value: 192.0.2.1, weight: 1}]"
    project.write("zones/example.com.yaml", f"w: {{type: A, {routing}}}\n")
    ran = project.refused(3, "set-unrepresentable", "plan", STREAM)
    assert f"cannot hold w.{zone.name} A as it is desired" in ran.err


def test_a_change_of_many_messages_is_applied_step_by_step(
    project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server)
    served(project, zone)
    labels = [f"host-{number:05d}" for number in range(2500)]
    lines = "".join(f"{label}: {{type: A, value: 192.0.2.1}}\n" for label in labels)
    apex = "'': {type: NS, ttl: 86400, values: [ns1.example.com., ns2.example.com.]}\n"
    project.write("zones/example.com.yaml", apex + lines)
    project.go()
    assert len(zone.records()) == 2500 + 3  # NS and the fence
    shown = project.ok("show", STREAM, "1", "--format", "json").json["plan"]
    (target,) = shown["waves"][0]["targets"]
    assert len(target["steps"]) >= 3


def test_a_zone_and_a_file_in_one_stream(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server)
    served(project, zone, FILE)
    project.go()
    assert zone.values("www", "A") == {"192.0.2.50"}
    text = (project.root / "out/a.zone").read_text()
    assert f"www.{zone.name} 300 IN A 192.0.2.50" in text
    assert "nothing changed by hand" in project.ok("drift", STREAM).out


# One target that fails


def test_a_server_that_is_down_does_not_stop_the_file_and_comes_later(
    project: Project, own_bind: Bind
) -> None:
    zone = zone_at(own_bind)
    served(project, zone, FILE)
    generation = project.plan()
    project.approve(generation)
    own_bind.kill()
    ran = project.enact(generation, "--format", "json")
    assert (ran.code, ran.json["outcome"]) == (6, "partial")
    error = of_target(ran.json, zone.target)["error"]
    assert isinstance(error, dict)
    assert (error["outcome"], error["rule"]) == ("unavailable", "server-unreachable")
    assert of_target(ran.json, FILE)["done"] is True

    status = project.ok("status", STREAM)
    assert f"{zone.target}  unavailable: cannot reach the name server" in status.out
    drifted = project.run("status", STREAM, "--format", "json").json["streams"][0]["targets"]
    assert [place["state"] for place in drifted] == ["unreachable", "done"]

    own_bind.start_again()
    ran = project.enact(generation, "--format", "json")
    assert (ran.code, ran.json["outcome"], ran.json["resumed"]) == (0, "applied", True)
    assert zone.values("www", "A") == {"192.0.2.50"}


def test_a_file_that_fails_does_not_stop_the_server(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server)
    served(project, zone, FILE)
    generation = project.plan()
    project.approve(generation)
    (project.root / "out").symlink_to("nowhere")
    ran = project.enact(generation, "--format", "json")
    assert (ran.code, ran.json["outcome"]) == (6, "partial")
    assert of_target(ran.json, zone.target)["done"] is True
    assert zone.values("www", "A") == {"192.0.2.50"}


def test_a_step_that_nobody_answers_is_resumed_from_the_fence(
    project: Project, bind_server: Bind
) -> None:
    """The fence is made; what follows is neither answered nor passed on, until it is."""
    zone = zone_at(bind_server)
    updates: list[int] = []
    up = False

    def dying(request: Request) -> Iterable[bytes]:
        if isinstance(request, dns.update.UpdateMessage):
            updates.append(request.id)
            if len(updates) > 1 and not up:
                raise Close
        return [passed_on(request, zone.port)]

    with scripted(dying, verify=dnspython_key(zone.key_file), zone=zone.name) as place:
        served(project, zone, target=f"rfc2136://{place}/{zone.name}")
        generation = project.plan()
        project.approve(generation)
        ran = project.enact(generation)
        assert (ran.code, ran.err.count("[update-unknown]")) == (5, 1)
        assert zone.values("www", "A") == set()
        up = True
        ran = project.enact(generation, "--format", "json")
        assert (ran.code, ran.json["outcome"], ran.json["resumed"]) == (0, "applied", True)
    assert zone.values("www", "A") == {"192.0.2.50"}


# Keys


def test_the_key_may_come_from_the_environment(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server)
    served(project, zone)
    words = (project.root / "ours.key").read_text().split('"')
    (project.root / "ours.key").unlink()
    project.environment["PLANFENCE_TSIG_OURS"] = f"hmac-sha256:planfence:{words[3]}"
    assert project.plan() == 1


def test_the_secret_is_nowhere_but_in_its_file(project: Project, bind_server: Bind) -> None:
    zone = zone_at(bind_server)
    served(project, zone)
    secret = (project.root / "ours.key").read_text().split('"')[3]
    project.go()
    told = [
        project.run(*command)
        for command in (
            ("show", STREAM),
            ("journal", STREAM),
            ("status", "--format", "json"),
            ("stream", "show", STREAM),
            ("drift", STREAM, "--debug"),
        )
    ]
    assert not any(secret in ran.out + ran.err for ran in told)
    for path in project.root.rglob("*"):
        if path.is_file() and path.name != "ours.key":
            assert secret.encode() not in path.read_bytes(), path


def test_a_key_that_everybody_may_read_is_a_note(project: Project, bind_server: Bind) -> None:
    served(project, zone_at(bind_server))
    (project.root / "ours.key").chmod(0o644)
    ran = project.ok("status", STREAM, "--format", "json")
    assert ran.err.count("everybody on this host may read the key") == 1
    assert "chmod 600" in str(ran.json["notes"])


# The config file and the settings


def config_problems(project: Project, *targets: str, keys: str = "") -> list[str]:
    listed = ", ".join(f'"{target}"' for target in targets)
    project.write(
        "planfence.toml",
        '[streams."dns/a"]\ndesired = "a.yaml"\nzone = "example.com."\n'
        f"targets = [{listed}]\n{keys}",
    )
    ran = project.run("status", "--format", "json")
    assert ran.code == 64
    problems = ran.json["problems"] or [ran.json["message"].partition("planfence.toml: ")[2]]
    return [problem.replace('streams."dns/a".targets', "targets") for problem in problems]


def test_a_target_must_name_its_key_and_the_streams_zone(project: Project) -> None:
    assert config_problems(
        project,
        "rfc2136://ns1/example.com",
        "rfc2136://ns1/example.net?key=a",
        "rfc2136://ns1/example.com?secret=a",
        "rfc2136://ns1?key=a",
        "rfc2136://ns1/example.com?key=a",
        "rfc2136://NS1:53/example.com.?key=b",
    ) == [
        f"targets[0]: 'rfc2136://ns1/example.com' {KEYLESS}",
        f"targets[1]: rfc2136://ns1/example.net?key=a: its zone is example.net., and {OURS}",
        f"targets[2]: 'rfc2136://ns1/example.com?secret=a' {KEYLESS}",
        "targets[3]: 'rfc2136://ns1' must be rfc2136://host:port/zone?key=NAME",
        f"targets: rfc2136://NS1:53/example.com. {SAME}",
    ]


def test_keys_are_tables_with_a_file(project: Project) -> None:
    keys = '[keys]\na = "x"\n[keys.b]\n[keys.c]\nfile = 1\nsecret = "s"\n[keys."d/e"]\nfile = "f"\n'
    assert config_problems(project, "zonefile:a", keys=keys) == [
        "keys.a: must be a table",
        "keys.b.file: is missing",
        "keys.c.secret: unknown key; known: file",
        "keys.c.file: must be text",
        "keys.d/e: a key's name here has letters, digits, _ . and -, no others",
    ]


def test_the_register_knows_a_target_without_its_query(project: Project, bind_server: Bind) -> None:
    zone, other = zone_at(bind_server), zone_at(bind_server)
    served(project, zone)
    settings = project.ok("stream", "show", STREAM, "--format", "json").json["settings"]
    assert settings["targets"] == [zone.target]
    same_zone = f"rfc2136://localhost:{zone.port}/{zone.name}"
    ran = project.ok(
        *("stream", "set", STREAM, "--target", f"{zone.target}?key=ours"),
        *("--target", f"{same_zone}?key=ours", "--format", "json"),
    )
    assert ran.json["changed"]["targets"]["new"] == [zone.target, same_zone]
    assert f"--retire {same_zone}" in ran.err, "the file does not have it"
    project.refused(3, "key-missing", "plan", STREAM, one_line=False)
    for wrong in (other.target, f"{zone.target}?secret=x"):
        ran = project.run("stream", "set", STREAM, "--target", wrong)
        assert ran.code == 64


def test_a_target_that_retires_needs_its_key_to_the_end(
    project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server)
    served(project, zone, FILE)
    project.go()
    ran = project.ok("stream", "set", STREAM, "--retire", zone.target)
    assert f"{zone.target} is retiring: once it has, take it out of planfence.toml" in ran.err
    project.go()
    project.ok("stream", "set", STREAM, "--retire", zone.target)
    config = (project.root / "planfence.toml").read_text()
    project.write("planfence.toml", config.replace(f'"{zone.target}?key=ours", ', ""))
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")


def test_a_config_file_with_a_server_is_accepted_by_check(
    project: Project, bind_server: Bind
) -> None:
    zone = zone_at(bind_server)
    configure(project, zone)
    ran = project.ok("check", "planfence.toml")
    assert "accepted" in ran.out
