"""A review finds the lines that matter: what is wrong first, what is dangerous before the rest."""

from __future__ import annotations

import pytest

from planfence.changes import DANGERS, danger
from planfence.output import plain_text
from planfence.report import report_text
from planfence.review import Context, review
from plans.decisions import Hold
from plans.kinds.dns import Change, RecordKey, Records
from plans.plan import (
    Base,
    FenceAtPlanning,
    GuardResult,
    HoldAtPlanning,
    Input,
    PlanReference,
    TargetPlan,
    Waiver,
)
from tests.builders import a_fence
from tests.planfence.project import STREAM, Project
from tests.planfence.reviewed import DIGEST, NOW, ZONE, context_of, published, target_of


def change(name: str, before: str | None, after: str | None, rdtype: str = "A") -> Change:
    """A change from texts such as ``300 192.0.2.1 192.0.2.2``."""
    full = ZONE if name == "@" else f"{name}.{ZONE}"

    def content(text: str | None) -> Records | None:
        if text is None:
            return None
        ttl, *values = text.split()
        return Records(int(ttl), tuple(values))

    return Change(full, rdtype, content(before), content(after))


def text_of(*targets: TargetPlan, context: Context | None = None, **fields: object) -> str:
    return plain_text(report_text(review(published(*targets, **fields), context or context_of())))


def many(count: int) -> list[Change]:
    """Creates that do not fold."""
    return [change(f"n{number}", None, f"300 10.0.0.{number}") for number in range(count)]


# The order of danger

IN_ORDER = (
    change("@", "300 1.1.1.1", None),
    change("zz", "300 1.1.1.1", None),
    change("@", "300 ns1.", "300 ns2.", "NS"),
    change("@", None, "300 mx.", "MX"),
    change("yy", "300 1.1.1.1", "300 2.2.2.2"),
    change("xx", "300 1.1.1.1", "60 1.1.1.1"),
    change("aa", None, "300 1.1.1.1"),
)


def test_deletes_come_first_then_the_apex_values_ttls_and_creates() -> None:
    levels = [DANGERS[danger(each, ZONE)] for each in IN_ORDER]
    assert levels == [
        *("delete", "delete", "apex change", "apex change"),
        *("update", "TTL update", "create"),
    ]
    text = text_of(target_of("t", *reversed(IN_ORDER)))
    rows = [line for line in text.splitlines() if line[:4] in {"  - ", "  ~ ", "  + "}]
    assert rows == [
        "  - example.com. 300 A 1.1.1.1",
        "  - zz.example.com. 300 A 1.1.1.1",
        "  + example.com. 300 MX mx.",
        "  ~ example.com. 300 NS ns1. -> ns2.",
        "  ~ yy.example.com. 300 A 1.1.1.1 -> 2.2.2.2",
        "  ~ xx.example.com. ttl 300 -> 60 A",
        "  + aa.example.com. 300 A 1.1.1.1",
    ]


def test_the_same_change_on_many_names_is_told_once_with_every_name() -> None:
    same = [change(f"web{number}", "300 1.1.1.1", "300 2.2.2.2") for number in range(1, 21)]
    text = text_of(target_of("t", *same, change("mail", "300 1.1.1.1", "300 2.2.2.2")))
    assert "  ~ same change on 21 names: 300 A 1.1.1.1 -> 2.2.2.2\n" in text
    assert "      mail, web[1-20]\n" in text or "      web[1-20], mail\n" in text


def test_two_names_are_not_folded_and_the_apex_is_never_folded_with_others() -> None:
    two = [change(name, "300 1.1.1.1", None) for name in ("a", "b")]
    assert "same change" not in text_of(target_of("t", *two))
    three = [change(name, "300 1.1.1.1", None) for name in ("@", "a", "b")]
    assert "same change" not in text_of(target_of("t", *three))


def test_a_delete_whose_name_gets_another_type_says_so() -> None:
    swap = (
        change("www", "300 1.1.1.1", None),
        change("www", None, "300 lb.example.net.", "CNAME"),
    )
    text = text_of(target_of("t", *swap))
    assert "  - www.example.com. 300 A 1.1.1.1  (the name gets CNAME)\n" in text


def test_a_long_plan_begins_with_what_to_look_at_first() -> None:
    gone = change("old", "300 1.1.1.1 2.2.2.2", None)
    apex = change("@", "300 ns1.", "300 ns2.", "NS")
    values = change("www", "300 1.1.1.1", "300 2.2.2.2")
    text = text_of(target_of("a", *many(40), values, apex, gone), target_of("b", *many(40)))
    first, _, _ = text.partition("\na  (")
    assert "look at these first" in first
    assert first.index("- old") < first.index("~ example.com.") < first.index("~ www")
    assert "  (a)" in first
    assert "n1.example.com." not in first
    assert "look at these first" not in text_of(target_of("a", *many(20), gone))
    assert "look at these first" not in text_of(target_of("a", *many(40)))


def test_many_deletes_do_not_hide_one_change_of_the_apex() -> None:
    gone = [change(f"gone{number}", f"300 1.1.1.{number}", None) for number in range(40)]
    apex = change("@", "300 ns1.", "300 ns2.", "NS")
    values = change("www", "300 1.1.1.1", "300 2.2.2.2")
    text = text_of(target_of("a", *gone, apex, values, *many(40)))
    first, _, _ = text.partition("\na  (")
    shown = [line for line in first.splitlines() if line.startswith(("  - ", "  ~ "))]
    assert [line[:8] for line in shown] == ["  - gone"] * 8 + ["  ~ exam", "  ~ www."]
    assert "... 32 more deletes below" in first


def test_what_does_not_fit_first_is_counted_and_stands_below() -> None:
    gone = [change(f"gone{number}", f"300 1.1.1.{number}", None) for number in range(40)]
    text = text_of(target_of("t", *gone))
    assert "  ... 30 more deletes below\n" in text
    assert text.count("- gone") == 50


def test_what_was_changed_by_hand_is_looked_at_before_its_equals() -> None:
    ttl = change("hand", "300 1.1.1.1", "60 1.1.1.1")
    text = text_of(target_of("t", *many(40), ttl), context=context_of(applied={}))
    first, _, _ = text.partition("\nt  (")
    assert "~ hand.example.com. ttl 300 -> 60 A  (reverts a manual change)" in first


def test_a_change_is_in_exactly_one_fold() -> None:
    part = review(published(target_of("t", *IN_ORDER, *many(50))), context_of()).parts[0]
    folded = [each for fold in part.folds for each in fold.changes]
    assert sorted(folded, key=repr) == sorted((*IN_ORDER, *many(50)), key=repr)


# What nobody may overlook


def test_waivers_are_shouted_with_limit_actual_and_reason() -> None:
    guard = GuardResult(rule="apex", target="t", limit="none", actual="changed", outcome="waived")
    waivers = (
        Waiver(rule="apex", reason="moving"),
        Waiver(rule="deletes-max", reason="to be safe"),
    )
    lines = text_of(target_of("t"), guards=(guard,), waivers=waivers).splitlines()
    assert lines[1:3] == [
        "!! WAIVED GUARD: apex (changed, limit: none): moving",
        "!! WAIVED GUARD: deletes-max (not needed): to be safe",
    ]
    assert "  WAIVED  apex  changed  limit: none" in lines


def test_what_a_plan_was_made_from_is_warned_of() -> None:
    source = Input(
        name="zone.yaml",
        digest=DIGEST,
        size=1,
        commit=None,
        dirty=True,
        ancestry="older",
        returns_to=3,
        read_at=NOW,
        complete="whole file",
    )
    unknown = source.model_copy(update={"dirty": False, "ancestry": "unknown", "returns_to": None})
    report = review(
        published(
            target_of("t", change("www", "300 1.1.1.1", "300 2.2.2.2")),
            target_of("r", retire=True),
            origin="rollback",
            inputs=(source, unknown),
            standing=PlanReference(generation=5, digest=DIGEST),
            base=Base(
                desired=None, applied=None, fences=(), hold=HoldAtPlanning(by="cy", reason="x")
            ),
            guards=(
                GuardResult(rule="apex", target=None, limit="l", actual="a", outcome="breached"),
            ),
        ),
        context_of(
            applied={RecordKey(f"www.{ZONE}", "A"): Records(300, ("9.9.9.9",))},
            hold=Hold(state="held", by="bo", reason="busy", at=NOW, attempt="a" * 32),
        ),
    )
    assert [warning.text for warning in report.warnings] == [
        "BREACHED GUARD: apex: a",
        "ROLLBACK: made by a person, passes holds",
        "HELD NOW: by bo: busy",
        "HELD when it was made: by cy: x",
        "STANDING override or rollback: generation 5",
        "DIRTY: zone.yaml is not what its commit holds",
        "OLDER COMMIT than the plans before it: zone.yaml",
        "RETURNS to the content of generation 3: zone.yaml",
        "UNKNOWN ANCESTRY, needs an approval: zone.yaml",
        "REVERTS 1 MANUAL CHANGE: www",
        "RETIRES a target: r",
    ]


FENCES: dict[str, tuple[str | None, bool, str | None]] = {
    "new": (None, False, None),
    "gone": (None, True, "FENCE MISSING, enacting needs --adopt: t"),
    "ours": (a_fence().text(), True, None),
    "foreign": (
        a_fence(lineage="9" * 32).text(),
        True,
        "FENCE FOREIGN, enacting needs --adopt: t",
    ),
    "unreadable": ("v=spf1 -all", True, "FENCE UNREADABLE, enacting needs --adopt: t"),
}


@pytest.mark.parametrize("case", FENCES)
def test_a_fence_that_is_not_ours_needs_adoption_and_the_command_says_so(case: str) -> None:
    fence, fenced, warned = FENCES[case]
    base = Base(
        desired=None,
        applied=None,
        fences=(FenceAtPlanning(target="t", fence=fence),),
        hold=None,
    )
    context = context_of(fenced=frozenset({"t"} if fenced else ()))
    report = review(published(target_of("t"), base=base), context)
    assert [warning.text for warning in report.warnings] == ([warned] if warned else [])
    command = dict(report.decide)["enact"]
    assert command.endswith(" --adopt") == (warned is not None)
    closed = review(published(target_of("t"), base=base), context_of("superseded"))
    assert closed.warnings == ()


def test_the_command_of_a_review_adopts_a_fence_that_is_gone(project: Project) -> None:
    project.start()
    project.go()
    for name in ("a", "b"):
        path = project.root / f"out/{name}.zone"
        lines = path.read_text("utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "_planfence" not in line))
    ran = project.ok("plan", STREAM)
    assert "!! FENCE MISSING, enacting needs --adopt: zonefile:out/a.zone\n" in ran.out
    project.approve(2)
    shown = project.ok("show", STREAM)
    (command,) = (line for line in shown.out.splitlines() if line.startswith("enact"))
    _, _, *arguments = command.split()
    assert arguments[-1] == "--adopt"
    assert project.run(*arguments[:-1]).code == 3
    assert project.run(*arguments).code == 0


@pytest.mark.parametrize(
    ("word", "banner"),
    [
        ("applied", "APPLIED: "),
        ("superseded", "SUPERSEDED: "),
        ("rejected", "REJECTED: by bob: no"),
        ("expired", "EXPIRED at 2026-01-01 12:00:00Z: "),
        ("held", "MADE UNDER A HOLD: "),
        ("conflicting", "CONFLICTING: "),
    ],
)
def test_a_closed_plan_says_so_at_once_and_offers_no_command(word: str, banner: str) -> None:
    text = text_of(target_of("t"), context=context_of(word))
    assert text.splitlines()[1].startswith(banner)
    assert "planfence enact" not in text
    assert "planfence approve" not in text
