"""Who acts: what approvals rest on, and what the journal names.

On an embedded register that is a claim: ``PLANFENCE_USER``, else user@host. Whoever can write the
file could write another name anyway. With a DynamoDB register it is the ARN that AWS itself gives
for the credentials in use, because there approvals are what keeps a planner from enacting alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from planfence.app import ONE_LINE_MAX, UsageRefused
from planfence.stores import TablePlace
from plans.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planfence.app import App

VARIABLE: Final = "PLANFENCE_USER"


def who_acts(app: App, *, proven: bool) -> str:
    """The identity of this run.

    Args:
        proven: False where the name is only told and nothing is decided by it, as the enactor's:
            it has to work while STS does not (DESIGN section 7), and then tells what is claimed.

    Raises:
        UsageRefused: the name that is claimed is no name.
        Refused: AWS does not accept the credentials.
        Unavailable: AWS does not say who acts; nothing was changed.
    """
    stores = app.session().stores
    place = stores.register
    if not isinstance(place, TablePlace):
        return _claimed(app.outside.environment)
    if app.outside.environment.get(VARIABLE):
        app.note(f"{VARIABLE} is not used: with a DynamoDB register AWS says who acts")
    if proven:
        return _caller(app, place, stores.budget_seconds)
    try:
        return _caller(app, place, budget_seconds=0)  # one try: the budget is for the stores
    except Unavailable:
        claimed = f"unproven {_user_at_host()}"
        app.note(f"the journal will name {claimed}: AWS STS does not say who acts now")
        return claimed


def _caller(app: App, place: TablePlace, budget_seconds: float) -> str:
    """The ARN of the caller. GetCallerIdentity needs no permission, and no policy can deny it."""
    from plans.storage.aws import Calls, client

    # The register's region, because one is needed and the caller's may not be set at all.
    sts = client("sts", region=place.region)
    calls = Calls("AWS STS, which says who acts,", app.outside.clock, budget_seconds)
    return str(calls.read(sts.get_caller_identity)["Arn"])


def _claimed(environment: Mapping[str, str]) -> str:
    by = environment.get(VARIABLE) or _user_at_host()
    if not by.isprintable() or len(by) > ONE_LINE_MAX or not by.strip():
        raise UsageRefused(
            f"{VARIABLE} is not one line of printable text",
            rule="usage",
            remedy="set it to a name",
        )
    return by


def _user_at_host() -> str:
    import getpass

    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = f"uid{os.getuid()}"
    return f"{user}@{os.uname().nodename}"
