"""``planfence metrics``: numbers about streams, for a monitoring system to alarm on."""

from __future__ import annotations

import click

from planfence.app import STREAM, App, Command, Result, shared_options


@click.command("metrics", cls=Command, short_help="Numbers to alarm on. Reads only.")
@click.argument("stream", type=STREAM, required=False)
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str | None) -> Result:
    """Print numbers about a stream in the text format of Prometheus. Only reads.

    Journal entries by kind, desired and applied generation, hold, lease, standing override. They
    are counted from the register and the whole journal, which is checked on the way as by
    `journal --verify`. Targets are not asked.

    Without STREAM: every stream of planfence.toml. One that cannot be read has planfence_up 0 and
    no other number, and sets the exit code.

    Exit codes: 0 done; 1 a journal is broken; 3 refused; 5 the register does not answer.

    Example: planfence metrics dns/example.com
    """
    from planfence.metrics import metrics

    return metrics(app, stream)
