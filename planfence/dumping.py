"""What ``dump`` shows: what is live on one target, as a desired state that asks for just that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from planfence.app import App, Result
from planfence.config import StreamConfig
from planfence.output import Line, clean, plural
from planfence.watching import WatchedView
from planfence.wiring import Session
from planner.pools_file import pools_path, read_pools
from planner.zone_dump import dump_zone, has_semicolons
from plans.errors import PlanfenceError, Refused
from plans.observed.view import Observation

Pooled = frozenset[tuple[str, str]]
"""Names and types of record sets."""


@dataclass(frozen=True, slots=True)
class Places:
    """A stream's zone and targets: all that a dump needs to know of its settings."""

    zone: str
    targets: tuple[str, ...]


def dump(app: App, stream: str, target: str | None, escaped_semicolons: bool | None) -> Result:
    r"""One target's live state as zone YAML.

    Args:
        target: which one; None if the stream has one only, or all hold the same.
        escaped_semicolons: how to write ``;`` in TXT and SPF; None is what planfence.toml says.

    Raises:
        Refused: no such target, it does not exist or holds nothing that planfence manages, targets
            differ and none was named, or what it holds cannot be written as a desired state.
        Unavailable: a target cannot be read; it is never taken for empty.
    """
    session = app.session()
    places = _places(app, session, stream)
    configured = session.config.streams.get(stream)
    decided = configured.escaped_semicolons if configured else None
    written = decided if escaped_semicolons is None else escaped_semicolons
    pooled = _pooled(session, configured, places.zone)
    chosen, whole, found = _choose(app, places, stream, target, pooled)
    if not found.state:
        raise Refused(
            f"{chosen} holds no record set of a type that planfence manages",
            rule="dump-empty",
            remedy="write the desired state by hand: docs/desired-state.md",
        )
    matters = has_semicolons(found.state)
    text = dump_zone(
        places.zone,
        found.state,
        escaped_semicolons=written,
        source=chosen,
        remarks=(
            *_remarks(places.zone, chosen, found, written if matters else None),
            *_pool_remarks(whole, pooled),
        ),
    )
    if matters and written != decided:
        app.note(
            f"before `planfence plan`: escaped_semicolons = {str(written).lower()} belongs under"
            f' [streams."{stream}"] in {session.config.path.name}'
        )
    document = {
        "outcome": "done",
        "target": chosen,
        "zone": places.zone,
        "record_sets": len(found.state),
        "left_alone": found.left_alone,
        "escaped_semicolons": written if matters else None,
        "yaml": text,
    }
    return Result(document, tuple(Line(line) for line in text.splitlines()))


def _places(app: App, session: Session, stream: str) -> Places:
    """Zone and targets from the register, or from planfence.toml before the stream is made."""
    configured = session.config.streams.get(stream)
    try:
        settings = session.settings(stream)
    except PlanfenceError as error:
        unmade = error.rule == "stream-missing" or session.lacks_register(error)
        if configured is None or not unmade:
            raise
        app.note(
            f"{stream} is not in the register yet: zone and targets are those of"
            f" {session.config.path.name}"
        )
        return Places(configured.zone, configured.targets)
    session.check_zone(settings)
    return Places(settings.zone, (*settings.targets, *settings.retiring))


def _pooled(session: Session, configured: StreamConfig | None, zone: str) -> Pooled:
    """Names and types that the pools file keeps: the zone file must not have them too."""
    if configured is None:
        return frozenset()
    found = read_pools(pools_path(session.config.root / configured.desired), zone)
    return frozenset((pool.name, pool.type) for pool in found.pools) if found else frozenset()


def _choose(
    app: App, places: Places, stream: str, target: str | None, pooled: Pooled
) -> tuple[str, Observation, Observation]:
    """The target to dump, what it holds, and that without pools.

    Pools are not compared: they look different where there are no weights.
    """
    session = app.session()
    if target is not None and target not in places.targets:
        raise Refused(
            f"{stream} has no target {target}",
            rule="target-missing",
            expected=" or ".join(places.targets),
            actual=target,
            remedy="name a target of the stream",
        )
    names = places.targets if target is None else (target,)
    found: dict[str, Observation] = {}
    for name in names:
        found[name] = WatchedView(app, session.views(places.zone)(name)).observe()
    first = names[0]
    without = {name: _without(each, pooled) for name, each in found.items()}
    for other in names[1:]:
        _refuse_difference(stream, names, {first: without[first], other: without[other]})
    if not found[first].exists:
        raise Refused(
            f"{first} does not exist: there is nothing to start from",
            rule="dump-missing",
            remedy="correct the stream's targets, or write the desired state by hand",
        )
    return first, found[first], without[first]


def _without(found: Observation, pooled: Pooled) -> Observation:
    state = {key: each for key, each in found.state.items() if (key.name, key.type) not in pooled}
    return replace(found, state=state)


def _refuse_difference(stream: str, targets: Sequence[str], pair: dict[str, Observation]) -> None:
    one, other = pair
    first, second = pair[one], pair[other]
    if first.state == second.state and first.exists == second.exists:
        return
    keys = first.state.keys() | second.state.keys()
    differing = [key for key in keys if first.state.get(key) != second.state.get(key)]
    first_key = " ".join(part for part in min(differing) if part) if differing else ""
    where = f", first in {first_key}" if differing else ""
    raise Refused(
        f"the targets of {stream} do not hold the same records: {one} and {other} differ{where}",
        rule="targets-differ",
        remedy=f"name one: `planfence dump {stream} TARGET`, of {', '.join(targets)}",
    )


def _remarks(
    zone: str, target: str, found: Observation, escaped_semicolons: bool | None
) -> Iterator[str]:
    yield f"{zone} as it is on {clean(target)}, written by `planfence dump`."
    yield "Names are relative to the zone; names in values are absolute and end with a dot."
    if escaped_semicolons is not None:
        form = r"'\;'" if escaped_semicolons else "as it is"
        yield (
            f"In TXT and SPF ';' is written {form}: escaped_semicolons ="
            f" {str(escaped_semicolons).lower()} in planfence.toml."
        )
    others = plural(found.left_alone, "record set")
    more = f" and {others} of types that it does not manage" if found.left_alone else ""
    yield f"Not here, because planfence leaves it alone: the SOA{more}."


def _pool_remarks(whole: Observation, pooled: Pooled) -> Iterator[str]:
    names = sorted({(key.name, key.type) for key in whole.state} & pooled)
    if names:
        listed = ", ".join(f"{clean(name)} {rdtype}" for name, rdtype in names)
        yield f"Not here, because the pools file beside it keeps them: {listed}."
