"""``dump``: what is live becomes a desired state that asks for no change of a record."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from plans.kinds.dns import MANAGED_TYPES
from tests.planfence.project import CONFIG, STREAM, Project

A, B = "zonefile:out/a.zone", "zonefile:out/b.zone"
DESIRED = "zones/example.com.yaml"
ROOT = Path(__file__).parents[2]
DESIRED_FOLDER = ROOT / "tests/golden/desired"
EXAMPLE = ROOT / "examples/dns/zones/example.com.yaml"
ONE_TARGET = CONFIG.replace(', "zonefile:out/b.zone"', "")

BY_HAND = """\
; example.com -- call Ana before you touch the MX
$ORIGIN com.
$TTL 1d
example IN SOA ns1.example hostmaster.example (
            2026080101  ; serial
            4h 1h       ; refresh, retry
            2w          ; expire
            300 )       ; minimum
        IN  NS      ns1.example
            NS      NS2.Example.NET.
            MX      10 Mail.example
$ORIGIN example.com.
            TXT     "v=spf1 mx -all" ( "; and"
                    " more" )
ns1         A       192.0.2.53
mail  300   A       192.0.2.25
WWW         A       192.0.2.80
            A       192.0.2.81
            AAAA    2001:DB8:0:0::50
ftp   1h30m CNAME   www
10          PTR     host.example.net.
*.dev       CAA     0 issue ";"
_sip._udp   SRV     0 5 5060 sip
sip         NAPTR   10 100 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
bbs         LOC     52 22 23 N 4 53 32 E -2m
host        HINFO   "PDP-11" "UNIX"
            RP      ana bbs
"""


def take_over(project: Project, zone: str = BY_HAND) -> None:
    """A project with a zone that somebody wrote, and no desired state."""
    project.write("planfence.toml", ONE_TARGET)
    project.write("out/a.zone", zone)
    project.ok("init")


def test_a_zone_written_by_hand_is_taken_over_without_a_change_of_a_record(
    project: Project,
) -> None:
    take_over(project)
    ran = project.ok("dump", STREAM, "--no-escaped-semicolons")
    project.write(DESIRED, ran.out)
    project.write("planfence.toml", f"{ONE_TARGET}escaped_semicolons = false\n")
    assert project.ok("dump", STREAM).out == ran.out
    document = project.ok("plan", STREAM, "--format", "json").json
    assert document["outcome"] == "published"
    assert document["summary"] == {"creates": 0, "updates": 0, "deletes": 0}
    project.approve(1)
    assert project.enact(1).code == 0
    assert project.ok("dump", STREAM).out == ran.out  # the fence is no part of it
    assert "unchanged" in project.ok("plan", STREAM).out


def test_what_is_changed_by_hand_since_is_kept_by_a_new_dump_or_undone_by_the_old_one(
    project: Project,
) -> None:
    take_over(project)
    config = f"{ONE_TARGET}escaped_semicolons = false\n"
    project.write("planfence.toml", config)
    text = project.ok("dump", STREAM).out
    project.write(DESIRED, text)
    project.go()
    path = project.root / "out/a.zone"
    path.write_text(path.read_text().replace("192.0.2.25", "192.0.2.26"))
    changed = "mail.example.com. 300 A"
    drift = project.run("drift", STREAM, "--detailed-exitcode")
    assert drift.code == 2
    assert f"  ~ {changed} 192.0.2.25 -> 192.0.2.26" in drift.out
    project.write(DESIRED, project.ok("dump", STREAM).out)
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")
    project.write(DESIRED, text)
    undone = f"  ~ {changed} 192.0.2.26 -> 192.0.2.25  (reverts a manual change)"
    assert undone in project.ok("plan", STREAM).out.splitlines()


def test_what_planfence_leaves_alone_is_counted_and_not_dumped(project: Project) -> None:
    take_over(project)
    head, _, body = project.ok("dump", STREAM, "--escaped-semicolons").out.partition("---\n")
    assert "the SOA and 2 record sets of types that it does not manage." in head
    assert all(line.startswith("# ") for line in head.splitlines())
    for gone in ("HINFO", "RP", "SOA", "call Ana"):
        assert gone not in body


def test_the_walk_of_the_readme_takes_over_a_zone_written_by_hand(project: Project) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Start from a zone you have")[2].partition("\n## ")[0]
    said = re.findall(r"^    (.*)$", section, re.MULTILINE)
    zone = project.write("elsewhere/your.zone", (DESIRED_FOLDER / "by-hand.zone").read_text())
    commands = "\n".join(said).replace("/path/to/your.zone", str(zone))
    shim = project.write("bin/planfence", f'exec {sys.executable} -m planfence "$@"\n')
    shim.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{shim.parent}:{environment['PATH']}"
    out = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=project.root,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert "no changes, only fences are raised on 1 target" in out
    assert "no changes, only fences are raised on 1 target" in section


@pytest.mark.parametrize("escaped", ["true", "false"])
def test_a_zone_of_every_type_comes_back_as_it_was_enacted(escaped: str, project: Project) -> None:
    project.write("planfence.toml", f"{CONFIG}escaped_semicolons = true\n")
    project.write(DESIRED, EXAMPLE.read_text())
    project.ok("init")
    project.go()
    project.write("planfence.toml", f"{CONFIG}escaped_semicolons = {escaped}\n")
    ran = project.ok("dump", STREAM)
    assert ran.err == ""
    assert all(f"type: {rdtype}\n" in ran.out for rdtype in MANAGED_TYPES)
    project.write(DESIRED, ran.out)
    assert project.ok("plan", STREAM, "--format", "json").json["outcome"] == "unchanged"


def test_neither_a_stream_nor_a_store_is_needed_to_start(project: Project) -> None:
    project.write("planfence.toml", ONE_TARGET)
    project.write("out/a.zone", BY_HAND.replace(';"', '"').replace("; and", "and"))
    ran = project.ok("dump", STREAM)
    assert "not in the register yet" in ran.err
    assert not (project.root / ".planfence").exists()
    project.ok("init")
    again = project.ok("dump", STREAM)
    assert (again.out, again.err) == (ran.out, "")


def test_a_stream_that_is_in_neither_place_is_refused(project: Project) -> None:
    project.write("planfence.toml", ONE_TARGET)
    project.refused(5, "register-unavailable", "dump", "dns/other")
    project.ok("init")
    project.refused(3, "stream-missing", "dump", "dns/other")


def test_init_needs_no_desired_state_and_names_the_way_to_one(project: Project) -> None:
    project.write("planfence.toml", ONE_TARGET)
    out = project.ok("init").out
    assert f"planfence dump {STREAM} > {DESIRED}" in out
    project.desire("one")
    assert "dump" not in project.ok("init").out


def test_json_has_the_yaml_and_what_it_is_of(project: Project) -> None:
    take_over(project)
    text = project.ok("dump", STREAM, "--escaped-semicolons").out
    document = project.ok("dump", STREAM, "--escaped-semicolons", "--format", "json").json
    assert (document["outcome"], document["target"], document["zone"]) == (
        "done",
        A,
        "example.com.",
    )
    assert (document["record_sets"], document["left_alone"]) == (13, 2)
    assert document["escaped_semicolons"] is True
    assert document["yaml"] == text


# Semicolons


def test_a_semicolon_is_refused_until_it_is_decided_how_to_write_one(project: Project) -> None:
    take_over(project)
    ran = project.refused(3, "semicolons-undecided", "dump", STREAM)
    assert "escaped_semicolons = false" in ran.err
    assert "--no-escaped-semicolons" in ran.err
    assert "example.com. TXT" in ran.err


def test_the_way_semicolons_are_written_is_said_with_where_it_belongs(project: Project) -> None:
    take_over(project)
    escaped = project.ok("dump", STREAM, "--escaped-semicolons")
    assert r"\; and" in escaped.out
    assert "escaped_semicolons = true in planfence.toml" in escaped.out
    assert f'escaped_semicolons = true belongs under [streams."{STREAM}"]' in escaped.err
    project.write("planfence.toml", f"{ONE_TARGET}escaped_semicolons = true\n")
    assert project.ok("dump", STREAM).err == ""
    assert project.ok("dump", STREAM).out == escaped.out
    bare = project.ok("dump", STREAM, "--no-escaped-semicolons")
    assert "escaped_semicolons = false belongs under" in bare.err


def test_nothing_is_said_about_semicolons_where_there_are_none(project: Project) -> None:
    project.start()
    project.go()
    ran = project.ok("dump", STREAM, "--escaped-semicolons")
    assert ran.err == ""
    assert "semicolons" not in ran.out
    document = project.ok("dump", STREAM, "--escaped-semicolons", "--format", "json").json
    assert document["escaped_semicolons"] is None


# Targets


def test_targets_that_hold_the_same_are_one_and_others_must_be_named(project: Project) -> None:
    project.start()
    project.go()
    whole = project.ok("dump", STREAM).out
    assert f"as it is on {A}" in whole
    path = project.root / "out/b.zone"
    path.write_text(path.read_text().replace("192.0.2.50", "192.0.2.77"))
    ran = project.refused(3, "targets-differ", "dump", STREAM)
    assert f"{A} and {B} differ, first in www.example.com. A" in ran.err
    assert f"planfence dump {STREAM} TARGET" in ran.err
    assert project.ok("dump", STREAM, A).out == whole
    assert "value: 192.0.2.77" in project.ok("dump", STREAM, B).out
    path.unlink()
    project.refused(3, "targets-differ", "dump", STREAM)
    project.refused(3, "dump-missing", "dump", STREAM, B)
    ran = project.refused(3, "target-missing", "dump", STREAM, "zonefile:out/c.zone")
    assert f"{A} or {B}" in ran.err


def test_a_target_that_does_not_exist_is_nothing_to_start_from(project: Project) -> None:
    project.start()
    ran = project.refused(3, "dump-missing", "dump", STREAM)
    assert "does not exist" in ran.err


def test_a_zone_without_records_is_no_desired_state(project: Project) -> None:
    take_over(project, "@ 60 SOA ns1.example.net. hostmaster 1 2 3 4 5\n")
    project.refused(3, "dump-empty", "dump", STREAM)


def test_a_target_that_cannot_be_read_is_never_taken_for_empty(project: Project) -> None:
    take_over(project, "@ 60 SOA ns1.example.net. hostmaster 1 2 3 4 5\nx 60 A 192.0.2.\n")
    project.refused(3, "zonefile-invalid", "dump", STREAM)
    (project.root / "out/a.zone").unlink()
    (project.root / "out/a.zone").symlink_to("b.zone")
    project.refused(3, "symlink", "dump", STREAM)


def test_what_no_desired_state_can_hold_is_refused_with_every_reason(project: Project) -> None:
    take_over(
        project,
        "$TTL 60\n@ SOA ns1.example.net. hostmaster 1 2 3 4 5\n"
        "_planfence A 192.0.2.1\nd DNAME example.net.\nhost.d A 192.0.2.1\n",
    )
    ran = project.refused(3, "dump-refused", "dump", STREAM, one_line=False)
    assert len(ran.err.splitlines()) == 3
    assert f"{A}: host.d.example.com. is below the DNAME d.example.com." in ran.err


def test_a_file_that_names_another_zone_is_refused(project: Project) -> None:
    take_over(project)
    project.write("planfence.toml", ONE_TARGET.replace("kind ", 'zone = "example.net."\nkind '))
    project.refused(64, "config", "dump", STREAM)
