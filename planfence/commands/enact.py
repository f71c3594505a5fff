"""``planfence enact``: one enacting pass."""

from __future__ import annotations

import click

from planfence.app import (
    REASON,
    STREAM,
    App,
    Command,
    GenerationNumber,
    Result,
    full_digest,
    shared_options,
)


@click.command("enact", cls=Command, short_help="Do what a plan says. Changes targets.")
@click.argument("stream", type=STREAM)
@click.argument("generation", metavar="[GEN]", type=GenerationNumber(), required=False)
@click.option("--digest", metavar="D", help="the plan's digest, all 64 digits")
@click.option("--newest", is_flag=True, help="the newest plan that may be enacted")
@click.option("--adopt", is_flag=True, help="make a fence where one is gone or foreign")
@click.option("--allow", type=click.Choice(["jump-max"]), help="accept it; with --reason")
@click.option("--reason", type=REASON, help="why; kept in the journal")
@click.option(
    "--wait",
    type=click.IntRange(0, 24 * 3600),
    default=0,
    metavar="SECONDS",
    help="for the stream's lease, if another pass holds it",
)
@click.option("--no-sync", is_flag=True, help="do not wait until all name servers answer so")
@shared_options
@click.pass_obj
def command(
    app: App,
    /,
    *,
    stream: str,
    generation: int | None,
    digest: str | None,
    newest: bool,
    adopt: bool,
    allow: str | None,
    reason: str | None,
    wait: int,
    no_sync: bool,
) -> Result:
    """Enact a plan: exactly the bytes named, step by step, each under the target's fence.

    Changes the targets, and in the register the pointer, the mirrors of the fences and the
    journal. Run again after a crash or a partial pass, it goes on where the fences stand.

    Names a plan by GEN and --digest, or asks for the newest by --newest.

    Exit codes: 0 applied, or applied already; 3 refused; 4 superseded by a newer plan;
    5 unavailable, try again; 6 applied in part, run it again.

    Example: planfence enact dns/example.com 7 --digest 3f1c...
    """
    from planfence.passes import enact_once

    if newest in (generation is not None, digest is not None):
        raise click.UsageError("name one plan: GEN with --digest D, or --newest")
    if (allow is None) != (reason is None):
        raise click.UsageError("--allow and --reason go together")
    if generation is not None and digest is not None:
        app.about["generation"] = generation
        digest = full_digest(digest, stream, generation)
        app.about["digest"] = digest
    return enact_once(
        app,
        stream,
        generation,
        digest,
        adopt=adopt,
        allow_jump=reason,
        sync=not no_sync,
        wait_seconds=wait,
    )
