"""Holds at the target: the fence record protected by the service that holds it.

Orders, and what a failure half-way leaves:

* A hold is written to the register first, with the word that targets are protected. Then each is.
  A failure leaves a hold that stands, some targets protected, and a register that says where to
  look: the same command goes on, ``release`` ends all of it.
* A release takes the protections off first, and then ends the hold in the register. A failure
  leaves a hold that stands, with some protections gone; the same command goes on. The other order
  would leave targets that refuse everybody, and nothing that says why.

Two people at once: A releases a hold while B, who released it too, has placed the next. A may take
B's protection off; then A's release of the register is refused, since it names the hold that A saw.
B's hold stands for all who ask the register, and B's same command protects the target again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from plans.errors import PlanfenceError, Refused, Unavailable
from plans.observed.places import hosted_zone_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planfence.wiring import Session
    from plans.decisions import Hold
    from plans.observed.route53_protections import ProtectionApi
    from plans.settings import Settings

_OURS: Final = "planfence hold of "


def check_protectable(settings: Settings) -> None:
    """Some target of the stream can be protected.

    Raises:
        Refused: none can.
    """
    if not _targets(settings):
        raise Refused(
            f"no target of {settings.stream} is in a service that protects records",
            rule="nothing-protectable",
            expected="a target route53://ZONE-ID",
            actual=", ".join(settings.targets),
            remedy="run it without --at-target: a hold in the register stops every planfence",
        )


def protect(session: Session, settings: Settings, hold: Hold) -> tuple[str, ...]:
    """Protect every target that can be, under a hold that stands in the register.

    Returns:
        Those of them that somebody else had protected already, whose protection stays.

    Raises:
        Refused, Unavailable: one could not be protected; the hold stands.
    """
    from plans.observed.route53_protections import COMMENT_MAX

    ours = f"{_OURS}{settings.stream}"
    comment = f"{ours} by {hold.by}: {hold.reason}"[:COMMENT_MAX]
    others = []
    for target, api in _apis(session, settings):
        try:
            api.protect(settings.zone, comment)
            found = api.comment(settings.zone)
        except PlanfenceError as error:
            what = f"{settings.stream} is held, but {target} may not be protected: {error.what}"
            again = f"`planfence release {settings.stream}` ends it"
            remedy = f"run the same command, which goes on; {again}"
            if isinstance(error, Refused):
                raise Refused(what, rule="protection-refused", remedy=remedy) from error
            raise Unavailable(what, rule="protection-unknown", remedy=remedy) from error
        if found is None:
            raise Unavailable(
                f"{settings.stream} is held, but the fence record of {target} is not protected",
                rule="protection-missing",
                remedy="somebody took it off again: run the same command, which goes on",
            )
        if not found.startswith(ours):
            others.append(target)
    return tuple(others)


def unprotect(session: Session, settings: Settings) -> tuple[str, ...]:
    """Take off what ``protect`` put on, before the hold is ended.

    Returns:
        The targets that stay protected, because somebody else did that.

    Raises:
        Refused, Unavailable: one may be protected still; the hold stands.
    """
    others = []
    for target, api in _apis(session, settings):
        found = api.comment(settings.zone)
        if found is not None and found.startswith(f"{_OURS}{settings.stream}"):
            api.unprotect(settings.zone)
            found = api.comment(settings.zone)
        if found is not None:
            others.append(target)
    return tuple(others)


def _targets(settings: Settings) -> tuple[str, ...]:
    every = (*settings.targets, *settings.retiring)
    return tuple(target for target in every if hosted_zone_ids((target,)))


def _apis(session: Session, settings: Settings) -> Iterator[tuple[str, ProtectionApi]]:
    from plans.observed.route53_protections import Models, ProtectionApi
    from plans.storage.aws import client

    make_client = partial(client, "route53", models=Models())
    account = session.route53.account().under(session.clock, make_client)
    for target in _targets(settings):
        [zone_id] = hosted_zone_ids((target,))
        yield target, ProtectionApi(account, zone_id)
