"""``planfence hold``: a person's pause."""

from __future__ import annotations

from datetime import timedelta

import click

from planfence.app import REASON, STREAM, App, Command, ParamType, Result, shared_options

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DAYS_MAX = 365


class Duration(ParamType):
    """How long: 30m, 2h, 1d."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        text = str(value)
        number, unit = text[:-1], _UNITS.get(text[-1:])
        lasting = timedelta()
        if unit and number.isascii() and number.isdigit() and len(number) <= 6:
            lasting = timedelta(**{unit: int(number)})
        if not timedelta() < lasting <= timedelta(days=_DAYS_MAX):
            self.fail(f"{text!r} is no duration: 30m, 2h or 1d, at most {_DAYS_MAX}d", param, ctx)
        return lasting


@click.command("hold", cls=Command, short_help="Pause a stream.")
@click.argument("stream", type=STREAM)
@click.option("--reason", type=REASON, required=True, help="why; shown to whoever is refused")
@click.option(
    "--for",
    "lasting",
    type=Duration(),
    metavar="TIME",
    help="30m, 2h, 1d; default: until it is released",
)
@click.option(
    "--at-target",
    is_flag=True,
    help="Route 53: protect the fence record too, so that the service refuses every step",
)
@shared_options
@click.pass_obj
def command(
    app: App, /, *, stream: str, reason: str, lasting: timedelta | None, at_target: bool
) -> Result:
    """Pause a stream: nothing is claimed, and a running pass stops before its next step.

    Writes the hold and a journal entry to the register. A step that was already sent can still
    land. A plan made under a hold stays ineligible after it, also where the hold ended by --for.
    Overrides and rollbacks pass a hold.

    With --at-target Route 53 itself refuses every step of every enactor, overrides and rogue ones
    too, until `planfence release`. It does not lapse: there is no --for with it.

    Exit codes: 0 held; 3 refused (held already, and by whom; or a target cannot be protected); 5 a
    target may not be protected, the same command goes on.

    Example: planfence hold dns/example.com --reason "provider migration" --for 2h
    """
    from planfence.decide import hold_stream

    if at_target and lasting is not None:
        raise click.UsageError("--at-target does not lapse: leave --for out")
    return hold_stream(app, stream, reason, lasting, at_target=at_target)
