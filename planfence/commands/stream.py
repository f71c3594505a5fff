"""``planfence stream``: the settings of a stream, which live in the register."""

from __future__ import annotations

from typing import Final

import click

from planfence.app import STREAM, App, Command, ParamType, Result, shared_options

# Those of plans.settings, which help must not import; a test compares them.
LEASE_SECONDS_MIN: Final = 40
LEASE_SECONDS_MAX: Final = 3600


class Limit(ParamType):
    """A count, or a percentage of the record sets that are there."""

    name = "limit"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value)
        number = text.removesuffix("%")
        fits = number.isascii() and number.isdigit() and len(number) <= 9
        if not fits or (text.endswith("%") and int(number) > 100):
            self.fail(f"{text!r} is neither a count nor a percentage up to 100%", param, ctx)
        return str(int(number)) + ("%" if text.endswith("%") else "")


class LeaseSeconds(ParamType):
    """How long a lease lasts: not at all, or longer than three calls."""

    name = "seconds"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value)
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else -1
        if number != 0 and not LEASE_SECONDS_MIN <= number <= LEASE_SECONDS_MAX:
            most = f"{LEASE_SECONDS_MIN} to {LEASE_SECONDS_MAX}"
            self.fail(f"{text!r} is neither 0, for no lease, nor {most} seconds", param, ctx)
        return number


LIMIT = Limit()
LEASE = LeaseSeconds()
HOURS = click.IntRange(1, 24 * 365)
GRACE = click.IntRange(0, 24 * 365)


@click.group("stream", short_help="Show or change a stream's settings.")
@shared_options
def command() -> None:
    """Show or change the settings of a stream. They live in the register, not in planfence.toml."""


@command.command("show", cls=Command, short_help="Show the settings. Reads only.")
@click.argument("stream", type=STREAM)
@shared_options
@click.pass_obj
def show(app: App, /, *, stream: str) -> Result:
    """Show every setting of a stream. Only reads.

    Example: planfence stream show dns/example.com
    """
    from planfence.adjusting import show_settings

    return show_settings(app, stream)


@command.command("set", cls=Command, short_help="Change settings.")
@click.argument("stream", type=STREAM)
@click.option("--mode", type=click.Choice(["exact", "converge"]), help="of the next plans")
@click.option("--approvals", type=click.IntRange(0, 20), help="how many a plan needs")
@click.option("--self-approval", type=click.Choice(["allow", "deny"]), help="by who made the plan")
@click.option("--approval-hours", type=HOURS, help="until an approval expires")
@click.option("--updates-max", type=LIMIT, metavar="LIMIT", help="a count, or 30%")
@click.option("--deletes-max", type=LIMIT, metavar="LIMIT", help="a count, or 30%")
@click.option("--protect", multiple=True, metavar="NAME", help="repeatable; replaces the names")
@click.option("--no-protect", is_flag=True, help="protect no name")
@click.option("--plan-hours", type=HOURS, help="until a plan expires")
@click.option("--lease-seconds", type=LEASE, metavar="N", help="of a pass; 0: no lease")
@click.option("--retain-days", type=click.IntRange(0, 3650), help="a younger plan is not pruned")
@click.option("--retain-count", type=click.IntRange(1, 10**6), help="newest applied ones are kept")
@click.option("--prune-grace-hours", type=GRACE, help="between a plan's mark and its burial")
@click.option("--target", multiple=True, metavar="URL", help="repeatable; replaces the targets")
@click.option("--retire", multiple=True, metavar="URL", help="repeatable; lets a target go")
@shared_options
@click.pass_obj
def change(app: App, /, stream: str, **given: object) -> Result:
    """Change settings of a stream, and show old and new.

    Writes the settings and a journal entry to the register. Plans that are under way are judged by
    the new settings. A percentage counts from 10 record sets on. NAME is relative to the zone, or
    ends with a dot; @ is the apex.

    A target leaves in two steps: --retire, then plan, approve and enact, which raises its fence
    for the last time; --retire again drops it from the settings.

    Exit codes: 0 done; 3 refused (a target must retire first); 4 changed by somebody meanwhile.

    Example: planfence stream set dns/example.com --approvals 2 --deletes-max 5 --protect www
    """
    from planfence.adjusting import change_stream

    return change_stream(app, stream, given)
