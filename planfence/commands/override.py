"""``planfence override``: a person's own plan, in an emergency."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import click

from planfence.app import FILE, REASON, STREAM, App, Command, F, Result, shared_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from planfence.overriding import Asked


def _rules(
    ctx: click.Context,  # noqa: ARG001 - click's signature
    param: click.Parameter,  # noqa: ARG001 - click's signature
    incomplete: str,
) -> list[CompletionItem]:
    from planfence.completing import rules

    return rules(incomplete)


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--reason", type=REASON, required=True, help="why; kept in plan and journal"),
    click.option("--hold", is_flag=True, help="hold the stream first, for the same reason"),
    click.option("--enact", is_flag=True, help="enact it at once"),
    click.option("--adopt", is_flag=True, help="make a fence where one is gone; with --enact"),
    click.option("--break-glass", is_flag=True, help="your word alone is enough; it is shouted"),
    click.option(
        "--allow", multiple=True, metavar="RULE", help="waive this guard", shell_complete=_rules
    ),
    click.option(
        "--mode",
        type=click.Choice(["exact", "converge"]),
        default="converge",
        help="default converge, which works from any state",
    ),
)


def emergency_options(function: F) -> F:
    """The options that ``override`` and ``rollback`` share."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def asked(
    origin: Literal["override", "rollback"], stream: str, named: str, given: dict[str, Any]
) -> Asked:
    """What was asked for.

    Args:
        named: the command line's words for what to enact, as a shell takes them.

    Raises:
        click.UsageError: options that do not go together, or a rule that nobody can waive.
    """
    from shlex import quote

    from planfence.overriding import Asked
    from plans.guards import WAIVABLE

    allow = tuple(dict.fromkeys(given["allow"]))
    unknown = [rule for rule in allow if rule not in WAIVABLE]
    if unknown:
        raise click.UsageError(
            f"{unknown[0]} is no guard that can be waived; these can: {', '.join(WAIVABLE)}"
        )
    if given["adopt"] and not given["enact"]:
        raise click.UsageError("--adopt goes with --enact")
    words = ["planfence", origin, stream, named, "--reason", quote(given["reason"])]
    words += ["--hold"] * given["hold"]
    words += [f"--allow {rule}" for rule in allow]
    words += [f"--mode {given['mode']}"] * (given["mode"] != "converge")
    again = " ".join(words)
    return Asked(stream=stream, origin=origin, again=again, **{**given, "allow": allow})


@click.command("override", cls=Command, short_help="An emergency: enact your own desired state.")
@click.argument("stream", type=STREAM)
@click.argument("file", type=FILE, metavar="[FILE]", required=False)
@click.option("--edit", is_flag=True, help="edit the applied desired state instead of a FILE")
@emergency_options
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, file: str | None, edit: bool, **given: Any) -> Result:
    """Publish a plan of your own: a new generation above all others, and fenced like any other.

    Writes a plan to the archive and an entry to the journal. With --hold it writes a hold before
    that. With --enact it changes the targets at once. Needs neither the planner nor git, nor the
    stream's desired state, nor any older plan. It passes holds. Guards bind it: --allow waives one
    by name. From then on the planner is refused, until `planfence release`.

    FILE is one of
      *.yaml, *.yml  octoDNS zone YAML: the complete desired state
      *.json         a zone document, or a plan, whose desired state is taken and planned anew
      -              stdin, one of both
    --edit opens what is applied in VISUAL or EDITOR. Nothing is done if you change nothing.

    Where the stream wants approvals, --enact needs --break-glass: your approval is then enough, and
    journal, review and output say so loudly. Without --enact the commands to go on are shown. A
    lease that a dead pass holds is waited out, for twice its length at most.

    Exit codes: 0 published, or applied; 3 refused; 4 superseded; 5 unavailable, try again;
    6 applied in part, run the enact command that is shown.

    Examples: planfence override dns/example.com fixed.yaml --reason "bad plan live"
              planfence override dns/example.com fixed.yaml --reason outage --hold --enact
              planfence override dns/example.com --edit --reason outage --enact --break-glass
    """
    from shlex import quote

    from planfence.overriding import override

    if edit is (file is not None):
        raise click.UsageError("give a FILE, or --edit, and not both")
    named = quote(file) if file is not None else "--edit"
    return override(app, asked("override", stream, named, given), file)
