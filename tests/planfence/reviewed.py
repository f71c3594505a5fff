"""Plans to review that no planner would write: any text in any place, thousands of changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from planfence.review import Context
from planfence.states import Standing
from plans.decisions import Hold, Rejection
from plans.kinds.dns import Change, RecordKey, Records
from plans.plan import (
    Base,
    FenceAtPlanning,
    GuardResult,
    HoldAtPlanning,
    Input,
    Plan,
    PlanReference,
    Step,
    Summary,
    TargetPlan,
    Waiver,
    Wave,
)
from plans.published import Published
from tests.builders import LINEAGE, a_fence

ZONE = "example.com."
STREAM = "dns/example.com"
DIGEST = "d" * 64
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORDS = "pending approved desired applied rejected expired superseded held conflicting".split()

# What each piece would do if it got out is in its own words.
EVIL = (
    "EVIL",
    "@EVIL",
    "#1EVIL",
    "```",
    "````\n# EVIL",
    "~~~",
    "`EVIL`",
    "|EVIL|",
    "\\|EVIL",
    "</code>EVIL",
    "<img src=x onerror=EVIL>",
    "<!-- EVIL",
    "--> EVIL",
    "</details>EVIL",
    "[EVIL](https://EVIL.example)",
    "https://EVIL.example",
    "**EVIL**",
    "&lt;EVIL&gt;",
    "\x1b[31mEVIL",
    "\u202eEVIL",
    "\r\n\r\nEVIL",
    "[bold]EVIL[/bold]",
    "EVILÄ\U0001f9a0" * 30,
    "`" * 70,
)

nasty = st.lists(st.sampled_from(EVIL), min_size=1, max_size=6).map(" ".join)
one_line = nasty.map(lambda text: "".join(c for c in text if c >= " " and c != "\x7f")[:1000])


def record_sets(values: list[str], ttl: int = 300) -> Records:
    return Records(ttl, tuple(values))


@st.composite
def changes(draw: st.DrawFn) -> tuple[Change, ...]:
    """Up to some thousands, made of a few contents on many names."""
    contents = draw(st.lists(st.lists(nasty, min_size=1, max_size=40), min_size=1, max_size=3))
    result = []
    for index, values in enumerate(contents):
        kind = draw(st.sampled_from(["create", "delete", "update", "ttl"]))
        own = draw(st.booleans())
        for number in range(draw(st.sampled_from([1, 2, 40, 400, 2000]))):
            name = f"{draw(nasty) if number == 0 else 'h'}-{index}-{number}.{ZONE}"
            told = record_sets([f"{value} {number}" if own else value for value in values])
            other = record_sets([*told.values[:1], "192.0.2.1"], 600)
            before = {"create": None, "delete": told, "update": other, "ttl": told}[kind]
            ends = {"create": told, "delete": None, "update": told}
            after = ends.get(kind, Records(60, told.values))
            result.append(Change(name, draw(st.sampled_from(["A", "TXT"])), before, after))
    return tuple(result)


def fence_text(kind: str, text: str) -> str | None:
    texts = {
        "none": None,
        "ours": a_fence().text(),
        "foreign": a_fence(lineage="9" * 32).text(),
        "evil": text,
    }
    return texts[kind]


def plan_of(*targets: TargetPlan, **fields: Any) -> Plan:
    """A plan with these targets; its counts are theirs."""
    every = [change for target in targets for step in target.steps for change in step.changes]
    made = sum(1 for change in every if change.before is None)
    gone = sum(1 for change in every if change.after is None)
    defaults: dict[str, Any] = {
        "stream": STREAM,
        "kind": "dns",
        "lineage": LINEAGE,
        "generation": 7,
        "parent": PlanReference(generation=6, digest="c" * 64),
        "base": Base(desired=None, applied=None, fences=(), hold=None),
        "origin": "planner",
        "mode": "exact",
        "created_at": NOW,
        "created_by": "ana@lab",
        "expires_at": NOW,
        "reason": None,
        "inputs": (),
        "source": None,
        "standing": None,
        "guards": (),
        "waivers": (),
        "summary": Summary(creates=made, updates=len(every) - made - gone, deletes=gone),
        "waves": (Wave(number=1, targets=targets),),
        "attachments": (),
        "content_digest": DIGEST,
    }
    return Plan(**defaults | fields)


def target_of(name: str, *every: Change, retire: bool = False, existing: int = 9) -> TargetPlan:
    steps = (Step(number=1, changes=tuple(every)),)
    return TargetPlan(target=name, retire=retire, existing=existing, steps=steps)


def published(*targets: TargetPlan, **fields: Any) -> Published:
    return Published(plan_of(*targets, **fields), DIGEST)  # type: ignore[arg-type]


def context_of(word: str = "pending", **fields: Any) -> Context:
    """What a review is made in; ``word`` is where the plan stands."""
    rejection = Rejection(
        lineage=LINEAGE, generation=7, by="bob", reason="no", at=NOW, attempt="a" * 32
    )
    standing = Standing(word, (), 1, rejection if word == "rejected" else None)
    return Context(**{"zone": ZONE, "standing": standing, **fields})


rule_lists = st.lists(nasty, max_size=60)
rejections = st.builds(
    Rejection,
    lineage=st.just(LINEAGE),
    generation=st.just(7),
    by=one_line,
    reason=one_line,
    at=st.just(NOW),
    attempt=st.just("a" * 32),
)
holds = st.builds(
    Hold,
    state=st.just("held"),
    by=one_line,
    reason=one_line,
    at=st.just(NOW),
    attempt=st.just("a" * 32),
)
inputs = st.builds(
    Input,
    name=nasty,
    digest=st.just(DIGEST),
    size=st.just(1),
    commit=st.just("a" * 40),
    dirty=st.booleans(),
    ancestry=st.sampled_from(["older", "unknown", "same"]),
    returns_to=st.just(3),
    read_at=st.just(NOW),
    complete=st.just("whole file"),
)


@st.composite
def guards(draw: st.DrawFn) -> tuple[GuardResult, ...]:
    return tuple(
        GuardResult.model_validate(
            {
                "rule": rule,
                "target": rule,
                "limit": rule,
                "actual": rule * 3,
                "outcome": draw(st.sampled_from(["passed", "waived", "breached"])),
            }
        )
        for rule in draw(rule_lists)
    )


@st.composite
def bases(draw: st.DrawFn, names: list[str]) -> Base:
    kinds = st.sampled_from(["none", "ours", "foreign", "evil"])
    held = HoldAtPlanning(by=draw(nasty), reason=draw(nasty)) if draw(st.booleans()) else None
    fences = tuple(
        FenceAtPlanning(target=name, fence=fence_text(draw(kinds), name)) for name in names
    )
    return Base(desired=None, applied=None, fences=fences, hold=held)


@st.composite
def reviews(draw: st.DrawFn) -> tuple[Published, Context]:
    """Any plan, and anything that can stand about it."""
    names = [f"zonefile:{index} {draw(nasty)}" for index in range(draw(st.integers(1, 4)))]
    same = draw(st.booleans())
    first = draw(changes())
    parts = [first if same or index == 0 else draw(changes()) for index, _ in enumerate(names)]
    plan = published(
        *(target_of(name, *part) for name, part in zip(names, parts, strict=True)),
        base=draw(bases(names)),
        origin=draw(st.sampled_from(["planner", "override", "rollback"])),
        created_by=draw(one_line),
        reason=draw(one_line),
        inputs=(draw(inputs),),
        guards=draw(guards()),
        waivers=tuple(Waiver(rule=rule, reason=draw(one_line)) for rule in draw(rule_lists)),
    )
    word = draw(st.sampled_from(WORDS))
    approvers = tuple(draw(st.lists(one_line, max_size=20)))
    rejection = draw(rejections) if word == "rejected" else None
    applied: dict[RecordKey, Records] | None = {} if draw(st.booleans()) else None
    return plan, Context(
        zone=ZONE,
        standing=Standing(word, approvers, 30, rejection),
        applied=applied,
        hold=draw(holds) if draw(st.booleans()) else None,
        fenced=frozenset(names),
    )
