"""``planfence plan``: one planning pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from planfence.app import REASON, STREAM, App, Command, Result, shared_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXIT_CHANGES = 2


def _rules(
    ctx: click.Context,  # noqa: ARG001 - click's signature
    param: click.Parameter,  # noqa: ARG001 - click's signature
    incomplete: str,
) -> list[CompletionItem]:
    from planfence.completing import rules

    return rules(incomplete)


@click.command("plan", cls=Command, short_help="Publish a plan, if anything differs.")
@click.argument("stream", type=STREAM)
@click.option(
    "--allow",
    multiple=True,
    metavar="RULE",
    help="waive this guard; with --reason",
    shell_complete=_rules,
)
@click.option("--reason", type=REASON, help="why; kept in the plan")
@click.option("--detailed-exitcode", is_flag=True, help="2 instead of 0 if changes are proposed")
@shared_options
@click.pass_obj
def command(
    app: App, /, *, stream: str, allow: tuple[str, ...], reason: str | None, detailed_exitcode: bool
) -> Result:
    """Compare the desired state with every target, and publish what should change as a plan.

    Writes one plan to the archive, and nothing else: no target, no register. Publishes nothing if
    nothing differs, or if the newest plan already asks for the same.

    RULE is updates-max, deletes-max, protected, never-empty, apex, source-went-back,
    undoes-override or parent-unreadable. A plan with a waiver needs an approval.

    Exit codes: 0 published, pending or unchanged; 3 refused; 5 try again.
    With --detailed-exitcode: 0 unchanged; 2 published or pending.

    Example: planfence plan dns/example.com
    """
    from planfence.passes import plan_once
    from plans.guards import WAIVABLE

    unknown = [rule for rule in allow if rule not in WAIVABLE]
    if unknown:
        raise click.UsageError(
            f"{unknown[0]} is no guard that can be waived; these can: {', '.join(WAIVABLE)}"
        )
    if allow and reason is None:
        raise click.UsageError("--allow needs --reason TEXT")
    proposed, result = plan_once(app, stream, tuple(dict.fromkeys(allow)), reason)
    if proposed and detailed_exitcode:
        return Result(result.document, result.lines, EXIT_CHANGES, result.report)
    return result
