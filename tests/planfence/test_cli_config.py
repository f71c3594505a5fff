"""``planfence.toml``, the environment and flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planfence.project import CONFIG, STREAM, Project


def test_every_problem_of_the_file_comes_at_once_with_its_path(project: Project) -> None:
    project.write(
        "planfence.toml",
        """
colour = "red"
[stores]
archve = "file:x"
register = "dynamo://table"
budget_seconds = true
[streams.Example]
desired = "a.yaml"
targets = ["zonefile:a"]
[streams."dns/a.example"]
kind = "mail"
desired = "zones/a.yaml"
zone = "a.example"
escaped_semicolons = "no"
targets = []
[streams."dns/b.example"]
desired = 7
targets = ["ftp://Z1", "zonefile:b", 3, "b", "zonefile:./b", "zonefile:b?x=1", "zonefile://b"]
targts = []
[streams."dns/c.example"]
desired = "zones/c.yaml"
targets = "zonefile:c"
""",
    )
    ran = project.refused(64, "config", "status", one_line=False)
    target = 'streams."dns/b.example".targets'
    assert "planfence.toml: 18 problems; correct the file" in ran.err.splitlines()[0]
    assert [line.strip() for line in ran.err.splitlines()[1:]] == [
        "colour: unknown key; known: stores, streams, keys, route53, enactor",
        "stores.archve: unknown key; did you mean archive?",
        "stores.register: dynamo: names no register; did you mean dynamodb:?",
        "stores.budget_seconds: must be a whole number of seconds, 15 to 600",
        'streams."Example": a stream is kind/name, 2 or 3 segments of a-z 0-9 . _ -',
        'streams."Example".kind: is missing',
        "streams.\"dns/a.example\".kind: 'mail' is no kind of this version, which has dns",
        "streams.\"dns/a.example\".zone: name 'a.example' has no final dot",
        'streams."dns/a.example".escaped_semicolons: must be true or false',
        'streams."dns/a.example".targets: must be a list with at least one target',
        'streams."dns/b.example".targts: unknown key; did you mean targets?',
        'streams."dns/b.example".desired: must be text',
        target
        + "[0]: ftp: does not exist here in this version, only zonefile:, rfc2136:, route53:",
        target + "[2]: must be text",
        target + "[3]: 'b' names no scheme, as zonefile: is",
        target + "[5]: zonefile:b?x=1: a zonefile: target takes no query",
        target + "[6]: 'zonefile://b' must be zonefile:path",
        'streams."dns/c.example".targets: must be a list with at least one target',
    ]


def test_programs_get_every_problem_too(project: Project) -> None:
    project.write("planfence.toml", "a = 1\nb = 2\n")
    ran = project.run("status", "--format", "json")
    assert ran.code == 64
    assert ran.json["outcome"] == "refused"
    assert ran.json["rule"] == "config"
    assert len(ran.json["problems"]) == 2


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[stores]\narchive = \n", "planfence.toml:2:11: Invalid value"),
        ("[stores", "planfence.toml: Expected ']' at the end of a table declaration"),
        ("[stores]\n[stores]\n", "planfence.toml:2:8: Cannot declare ('stores',) twice"),
    ],
)
def test_a_wrong_toml_gives_file_line_and_reason(text: str, place: str, project: Project) -> None:
    project.write("planfence.toml", text)
    assert place in project.refused(64, "config", "status").err


def test_a_file_that_is_not_utf8_gives_its_line(project: Project) -> None:
    (project.root / "planfence.toml").write_bytes(b"# one\n# \xff\n")
    assert "planfence.toml:2: not UTF-8" in project.refused(64, "config", "status").err


def test_tables_that_are_none_are_told(project: Project) -> None:
    project.write("planfence.toml", "stores = 1\nstreams = 2\n")
    assert "stores: must be a table" in project.refused(64, "config", "status", one_line=False).err
    project.write("planfence.toml", '[streams]\n"dns/x" = 2\n')
    assert 'streams."dns/x": must be a table' in project.refused(64, "config", "status").err


def test_without_a_file_the_remedy_is_init(project: Project) -> None:
    assert "`planfence init`" in project.refused(64, "config", "status").err
    assert "no-such.toml" in project.refused(64, "config", "status", "--config", "no-such.toml").err


def test_a_folder_in_the_files_place_is_one_line(project: Project) -> None:
    ran = project.refused(64, "config", "status", "--config", ".")
    assert "Is a directory" in ran.err


def test_the_file_is_found_upwards_and_its_paths_are_relative_to_itself(project: Project) -> None:
    project.start()
    below = project.root / "zones" / "deep"
    below.mkdir()
    ran = project.run("plan", STREAM, "--format", "json", folder=below)
    assert ran.json["outcome"] == "published"
    assert project.plan_path(1).exists()


def test_the_file_can_be_named_by_flag_over_environment(project: Project, tmp_path: Path) -> None:
    project.start()
    project.environment["PLANFENCE_CONFIG"] = "planfence.toml"
    project.write("other.toml", "[streams]\n")
    assert len(project.ok("status", "--format", "json").json["streams"]) == 1
    ran = project.ok("status", "--format", "json", "--config", "other.toml")
    assert ran.json["streams"] == []
    assert ran.json["notes"] == ["other.toml has no stream yet"]


def test_flags_win_over_the_environment_and_the_environment_over_the_file(
    project: Project,
) -> None:
    project.start()
    project.environment["PLANFENCE_REGISTER"] = "sqlite:nowhere.db"
    assert "nowhere.db" in project.refused(5, "register-unavailable", "list", STREAM).err
    project.ok("list", STREAM, "--register", "sqlite:.planfence/register.db")
    project.environment["PLANFENCE_ARCHIVE"] = "s4://bucket/prefix"
    ran = project.refused(64, "config", "list", STREAM)
    known = "the archive is file:path or s3://bucket/prefix"
    assert f"PLANFENCE_ARCHIVE: s4: names no archive; {known}" in ran.err
    assert "--archive" in project.refused(64, "config", "list", STREAM, "--archive", "x").err


def test_the_zone_is_the_desired_files_stem_unless_it_is_said(project: Project) -> None:
    project.start()
    assert project.ok("stream", "show", STREAM, "--format", "json").json["settings"]["zone"] == (
        "example.com."
    )
    project.write("planfence.toml", CONFIG + 'zone = "example.org."\n')
    assert "a stream keeps its zone" in project.refused(64, "config", "plan", STREAM).err
    assert "example.org." in project.ok("status").err
    project.ok("release", STREAM)


def test_a_stream_that_the_file_lacks_can_be_decided_on_but_not_planned(project: Project) -> None:
    project.start()
    project.go()
    project.write("planfence.toml", "")
    assert f"has no stream {STREAM}" in project.refused(64, "config", "plan", STREAM).err
    project.ok("hold", STREAM, "--reason", "x")
    project.ok("release", STREAM)
    assert "not in planfence.toml" in project.ok("status", STREAM).err


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[2J", " ", "x" * 1001])
def test_an_identity_is_one_line_of_text(name: str, project: Project) -> None:
    project.start()
    project.environment["PLANFENCE_USER"] = name
    project.refused(64, "usage", "hold", STREAM, "--reason", "x")


def test_without_an_identity_of_its_own_it_is_user_at_host(project: Project) -> None:
    project.start()
    del project.environment["PLANFENCE_USER"]
    ran = project.ok("hold", STREAM, "--reason", "x", "--format", "json")
    assert "@" in ran.json["by"]


def test_one_file_is_one_target_however_it_is_written(project: Project) -> None:
    other = CONFIG.replace("dns/example.com", "dns/other").replace("out/b", "x/../out/a")
    project.write("planfence.toml", CONFIG + other)
    ran = project.refused(64, "config", "status", one_line=False)
    place = 'streams."dns/other".targets'
    first = "is the same target as zonefile:out/a.zone of dns/example.com"
    assert [line.strip() for line in ran.err.splitlines()[1:]] == [
        f"{place}: zonefile:out/a.zone {first}",
        f"{place}: zonefile:x/../out/a.zone {first}",
    ]
