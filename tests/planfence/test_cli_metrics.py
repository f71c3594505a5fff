"""``metrics``: numbers that a monitoring system reads, and none that only look like it."""

from __future__ import annotations

import re

import pytest

from planfence.metrics import GAUGES, KINDS
from plans.journal import Draft, record
from plans.lease import Applicant, acquire
from plans.names import Key, journal_last_key
from plans.storage.sqlite import SqliteRegister
from tests.planfence.project import CONFIG, STREAM, Project

SAMPLE = re.compile(r'(planfence_[a-z_]+)\{([a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*)\} (\d+)')


def register_of(project: Project) -> SqliteRegister:
    return SqliteRegister(project.root / ".planfence/register.db")


def numbers(text: str) -> dict[tuple[str, str], int]:
    """Every sample by its name and its last label, read as strictly as the format is."""
    found = {}
    named: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            _, word, name, rest = line.split(" ", 3)
            assert rest
            if word == "HELP":
                assert name not in named, "the lines of one metric stand together"
                named.append(name)
            else:
                assert (word, name) == ("TYPE", named[-1])
                assert rest == ("counter" if name.endswith("_total") else "gauge")
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        assert sample[1] == named[-1]
        labels: dict[str, str] = dict(re.findall(r'([a-z]+)="([^"]*)"', sample[2]))
        found[(sample[1].removeprefix("planfence_"), labels.get("kind", labels["stream"]))] = int(
            sample[3]
        )
    return found


def of(project: Project) -> dict[str, int]:
    """The numbers of the one stream; of its journal ``applied entries`` and the like."""
    return {
        f"{label} entries" if name == "journal_entries_total" else name: value
        for (name, label), value in numbers(project.ok("metrics", STREAM).out).items()
    }


def test_a_new_stream_has_every_number_so_that_a_first_event_is_a_rise(project: Project) -> None:
    project.start()
    found = of(project)
    assert set(found) == {"up", *GAUGES, *(f"{kind} entries" for kind in KINDS)}
    assert {name for name, value in found.items() if value} == {
        "up",
        "created entries",
        "journal_last_sequence",
    }


def test_what_is_desired_applied_and_held_is_counted(project: Project) -> None:
    project.start()
    project.go()
    project.desire("two")
    project.plan()
    project.ok("hold", STREAM, "--reason", "why")
    found = of(project)
    assert (found["desired_generation"], found["applied_generation"]) == (1, 1)
    assert (found["held"], found["held entries"]) == (1, 1)
    assert [found[f"{kind} entries"] for kind in ("approved", "claimed", "applied")] == [1, 1, 1]
    assert found["journal_last_sequence"] == 5
    project.ok("release", STREAM)
    assert of(project)["held"] == 0


def test_an_override_is_counted_and_stands_until_it_is_released(project: Project) -> None:
    project.start()
    project.go()
    flags = ("--reason", "3 a.m.", "--enact", "--break-glass")
    desired = project.root / "zones/example.com.yaml"
    project.desire("two")
    project.ok("override", STREAM, str(desired), "--allow", "never-empty", *flags)
    for standing in (2, 0):
        found = of(project)
        assert (found["override entries"], found["break-glass entries"]) == (1, 1)
        assert found["standing_generation"] == standing
        project.ok("release", STREAM)


def test_the_lease_is_counted_and_so_is_one_that_was_lost(project: Project) -> None:
    project.start()
    register = register_of(project)
    tenure = acquire(Applicant(register, STREAM, project.clock, "eve", "e" * 32, 60))
    record(register, STREAM, Draft("lease-lost", project.clock.now(), "eve", "e" * 32, 1))
    found = of(project)
    assert (found["lease_epoch"], found["lease_held"], found["lease-lost entries"]) == (1, 1, 1)
    tenure.release()
    acquire(Applicant(register, STREAM, project.clock, "zoe", "f" * 32, 60)).release()
    register.close()
    found = of(project)
    assert (found["lease_epoch"], found["lease_held"]) == (2, 0)


def test_json_has_the_same_numbers(project: Project) -> None:
    project.start()
    project.go()
    [shown] = project.ok("metrics", "--format", "json").json["streams"]
    text = of(project)
    assert {name: int(shown[name]) for name in GAUGES} == {name: text[name] for name in GAUGES}
    assert shown["journal_entries"] == {kind: text[f"{kind} entries"] for kind in KINDS}


@pytest.mark.parametrize("flags", [(), ("--quiet",)])
def test_a_stream_that_cannot_be_read_is_not_up_and_hides_no_other(
    project: Project, flags: tuple[str, ...]
) -> None:
    project.start()
    config = CONFIG.replace("example.com", "other").replace("out/", "out2/")
    project.write("planfence.toml", CONFIG + config)
    project.write("zones/other.yaml", (project.root / "zones/example.com.yaml").read_text())
    project.ok("init")
    project.overwrite_item(Key("settings#dns/other", "settings"), mode="yolo")
    ran = project.run("metrics", *flags)
    assert ran.code == 3
    assert "planfence: dns/other: refused: " in ran.err
    found = numbers(ran.out)
    assert (found["up", STREAM], found["up", "dns/other"]) == (1, 0)
    assert [name for name, label in found if label == "dns/other"] == ["up"]
    shown = project.run("metrics", "--format", "json").json
    assert shown["outcome"] == "refused"
    assert shown["streams"][1]["error"]["rule"] == "document-invalid"
    assert shown["streams"][1]["journal_entries"] is None
    project.refused(3, "document-invalid", "metrics", "dns/other")


def test_where_no_stream_can_be_read_only_that_is_said(project: Project) -> None:
    project.start()
    project.overwrite_item(Key(f"settings#{STREAM}", "settings"), mode="yolo")
    assert numbers(project.run("metrics").out) == {("up", STREAM): 0}


def test_a_project_without_streams_has_no_numbers(project: Project) -> None:
    project.write("planfence.toml", "")
    project.ok("init")
    ran = project.ok("metrics")
    assert (ran.out, ran.err) == ("", "planfence: note: planfence.toml has no stream yet\n")


def test_a_journal_that_ends_too_early_or_has_a_hole_gives_no_numbers(project: Project) -> None:
    """A count of what is left would look like a quiet day."""
    project.start()
    project.go()
    register = register_of(project)
    end = register.read(journal_last_key(STREAM)) or {}
    register.close()
    project.overwrite_item(journal_last_key(STREAM), sequence=9)
    ran = project.refused(1, "journal-broken", "metrics", STREAM)
    assert "expected 9 entries, found 4" in ran.err
    project.overwrite_item(journal_last_key(STREAM), **dict(end))
    forget(project, 2)
    project.refused(1, "journal-gap", "metrics", STREAM)


def forget(project: Project, sequence: int) -> None:
    """Lose an entry, as no register does: somebody deletes it by hand."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(project.root / ".planfence/register.db")) as connection:
        sql = "DELETE FROM items WHERE pk = ? AND sk = ?"
        connection.execute(sql, (f"journal#{STREAM}", f"{sequence:012d}"))
        connection.commit()


def test_a_long_journal_is_counted_whole(project: Project) -> None:
    project.start()
    register = register_of(project)
    for number in range(250):
        attempt = f"{next(project.ids):032x}"
        record(register, STREAM, Draft("claimed", project.clock.now(), "eve", attempt, number + 1))
    register.close()
    found = of(project)
    assert (found["claimed entries"], found["journal_last_sequence"]) == (250, 251)
