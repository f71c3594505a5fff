"""``planfence dump``: what is live, as a desired state."""

from __future__ import annotations

import click

from planfence.app import STREAM, App, Command, Result, shared_options


@click.command("dump", cls=Command, short_help="What is live, as desired state. Reads only.")
@click.argument("stream", type=STREAM)
@click.argument("target", required=False)
@click.option(
    "--escaped-semicolons/--no-escaped-semicolons",
    default=None,
    help="write ; in TXT as \\; or as it is; default: what planfence.toml says",
)
@shared_options
@click.pass_obj
def command(
    app: App, /, *, stream: str, target: str | None, escaped_semicolons: bool | None
) -> Result:
    """Write the records that are live on a target as zone YAML. Only reads.

    The syntax is octoDNS's; routed sets, aliases and health checks of Route 53 have keys of their
    own (docs/desired-state.md).

    A start from a zone that exists: as the stream's desired state, what is printed asks for no
    change of a record. Neither a desired state nor a plan is needed for it. It is read back and
    compared before anything is printed; what cannot be a desired state is refused.

    TARGET is one of the stream's targets. Without it the stream has only one, or all of them must
    hold the same records.

    Exit codes: 0 done; 3 refused (targets differ, a record that cannot be managed, or ; in a TXT
    value while escaped_semicolons is not decided); 5 the target cannot be read, try again.

    Examples: planfence dump dns/example.com > zones/example.com.yaml
              planfence dump dns/example.com zonefile:out/example.com.zone
    """
    from planfence.dumping import dump

    return dump(app, stream, target, escaped_semicolons)
