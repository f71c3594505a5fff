"""Markdown for pull requests: it fits, it shows the worst first, and nothing gets out of its place.

What a reader of the comment would see is found with a CommonMark parser that is not ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from planfence.output import Block, Grid, Line
from planfence.render.comment import as_comment, as_refusal
from planfence.render.markdown import BYTES_MAX, as_markdown, code, cut, fenced, plain
from planfence.review import review
from plans.kinds.dns import Change, Records
from plans.plan import Waiver
from tests.planfence.project import STREAM, Project
from tests.planfence.reviewed import (
    DIGEST,
    EVIL,
    ZONE,
    context_of,
    nasty,
    published,
    reviews,
    target_of,
)

GITHUB_MAX = 65_536
PARSER = MarkdownIt("commonmark").enable("table")
OUR_HTML = {"<code>", "</code>", "<details><summary>How it was made</summary>", "</details>"}


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def assert_in_its_place(text: str) -> None:
    """All text that is not ours is code; all HTML, links and headings are ours."""
    in_code = False
    for token in tokens(text):
        if token.type in {"html_inline", "html_block"}:
            html = token.content.strip()
            assert html in OUR_HTML or re.fullmatch(r"<!-- planfence:[a-z0-9/._-]+ -->", html), html
            in_code = html == "<code>"
        elif token.type == "text" and not in_code:
            assert not re.search(r"EVIL|[@#`|<>*]|://", token.content), token.content
        assert token.type not in {"link_open", "image", "em_open", "s_open"}


@given(reviews())
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_any_plan_fits_in_a_comment_and_nothing_of_it_gets_out(drawn: tuple) -> None:  # type: ignore[type-arg]
    plan, context = drawn
    text = as_comment(STREAM, review(plan, context))
    assert len(text.encode()) <= BYTES_MAX < GITHUB_MAX
    assert text.startswith(f"<!-- planfence:{STREAM} -->\n")
    assert DIGEST in text
    assert_in_its_place(text)
    assert text.count("\n### ") == 1


@given(st.lists(nasty, max_size=2000), st.lists(st.tuples(nasty, nasty), max_size=500))
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_any_text_fits_in_the_markdown_of_any_command(
    told: list[str], rows: list[tuple[str, str]]
) -> None:
    blocks: list[Block] = [*map(Line, told), Grid(tuple(rows), ("ONE", "TWO")), Line("end")]
    text = as_markdown(STREAM, "planfence: done", blocks)
    assert len(text.encode()) <= BYTES_MAX
    assert_in_its_place(text)


@given(st.text(max_size=3000), st.text(max_size=3000), st.lists(st.text(), max_size=3000))
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_any_refusal_fits_in_a_comment(message: str, remedy: str, problems: list[str]) -> None:
    document = {"outcome": "refused", "message": message, "remedy": remedy, "problems": problems}
    text = as_refusal(STREAM, document)
    assert len(text.encode()) <= BYTES_MAX
    rest = list(PARSER.parse(text))
    assert [token.type for token in rest].count("fence") == 1
    assert rest[-1].type == "fence"


@pytest.mark.parametrize("text", EVIL)
def test_code_shows_exactly_what_it_was_given(text: str) -> None:
    for form in (f"x {code(text, 10_000)} y", f"| a |\n| --- |\n| {code(text, 10_000)} |"):
        shown = "".join(
            token.content
            for token in tokens(form)
            if token.type in {"text", "code_inline"} and token.content not in {"x ", " y", "a"}
        )
        assert shown == cut(text, 10_000).strip()
    assert_in_its_place(f"x {code(text)} y")


def test_a_block_is_fenced_by_more_than_it_holds() -> None:
    (fence,) = PARSER.parse(fenced(["```", "````x", "end"]))
    assert fence.content == "```\n````x\nend\n"


def test_only_plain_words_are_left_as_they_are() -> None:
    assert plain("REVERTS 3 MANUAL CHANGES, enacting needs --adopt") == (
        "REVERTS 3 MANUAL CHANGES, enacting needs --adopt"
    )
    assert plain("see www.evil.example") == "`see www.evil.example`"
    assert code("") == ""


def create(number: int) -> Change:
    return Change(f"h{number}.{ZONE}", "A", None, Records(300, (f"192.0.2.{number}",)))


def test_what_is_left_out_is_counted_and_less_dangerous_than_what_is_shown() -> None:
    creates = [create(number) for number in range(12_000)]
    gone = Change(f"zz.{ZONE}", "A", Records(300, ("192.0.2.1",)), None)
    first, second = target_of("zonefile:a", *creates), target_of("zonefile:b", *creates, gone)
    text = as_comment(STREAM, review(published(first, second), context_of()))
    assert "\n- zz.example.com. 300 A 192.0.2.1" in text
    found = re.search(rf"and ([0-9,]+) more creates: `planfence show {STREAM} 7`", text)
    assert found
    shown = text.count("\n+ h")
    assert shown > 500
    assert int(found.group(1).replace(",", "")) + shown == 24_000
    assert "**Look at these first**" in text
    assert text.index("zz.example.com.") < text.index("+ h")


def test_commands_and_digest_are_whole_and_at_the_end() -> None:
    text = as_comment(STREAM, review(published(target_of("t", create(1))), context_of()))
    *_, decide = (token for token in tokens(text) if token.type == "fence")
    assert decide.content.splitlines() == [
        f"digest   {DIGEST}",
        "state    pending, 0 of 1 approvals",
        f"approve  planfence approve {STREAM} 7 --digest {DIGEST}",
        f"enact    planfence enact {STREAM} 7 --digest {DIGEST}",
    ]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("applied", "**APPLIED**"),
        ("superseded", "**SUPERSEDED**"),
        ("expired", "**EXPIRED at 2026-01-01 12:00:00Z**"),
        ("rejected", "**REJECTED**: `by bob: no`"),
        ("held", "**MADE UNDER A HOLD**"),
        ("conflicting", "**CONFLICTING**"),
    ],
)
def test_a_plan_that_is_closed_says_so_in_a_banner_and_offers_no_command(
    word: str, said: str
) -> None:
    text = as_comment(STREAM, review(published(target_of("t", create(1))), context_of(word)))
    (banner,) = re.findall("^> .*$", text, re.MULTILINE)
    assert banner.startswith(f"> {said}")
    assert f"planfence enact {STREAM}" not in text
    open_one = as_comment(STREAM, review(published(target_of("t")), context_of("approved")))
    assert "\n> " not in open_one


def test_a_waiver_is_above_the_changes() -> None:
    waiver = Waiver(rule="apex", reason="moving @home")
    plan = published(target_of("t", create(1)), waivers=(waiver,))
    text = as_comment(STREAM, review(plan, context_of()))
    assert "- **WAIVED GUARD**: `apex (not needed): moving @home`" in text
    assert text.index("WAIVED") < text.index("h1.example.com.")


def test_every_command_has_markdown_and_a_refusal_too(project: Project) -> None:
    project.start()
    published_text = project.ok("plan", STREAM, "--format", "markdown").out
    pending = project.ok("plan", STREAM, "--format", "markdown").out
    shown = project.ok("show", STREAM, "--format", "markdown").out
    assert published_text == pending == shown
    refused = project.run("enact", STREAM, "--newest", "--format", "markdown")
    assert refused.code == 3
    assert "### planfence: refused" in refused.out
    for command in (("status",), ("list", STREAM), ("diff", STREAM), ("journal", STREAM)):
        text = project.ok(*command, "--format", "markdown").out
        assert text.startswith("<!-- planfence")
        assert_in_its_place(text.replace("<!-- planfence -->", "").replace("ana@lab", "ana"))
    project.approve(1)
    project.enact(1)
    applied = project.ok("show", STREAM, "--format", "markdown").out
    assert "> **APPLIED**" in applied
    unchanged = project.ok("plan", STREAM, "--format", "markdown").out
    assert f"### planfence: unchanged `{STREAM}`" in unchanged
