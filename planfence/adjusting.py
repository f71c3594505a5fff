"""What ``stream`` does: show a stream's settings, or change them and show old and new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from pydantic import ValidationError

from planfence.app import App, Result
from planfence.output import Line, lines, table
from planfence.targets import same_target, target_problem
from planfence.wiring import mismatches
from plans.kinds.rdata import normal_name
from plans.kinds.zone import within
from plans.mirror import read_mirrors
from plans.observed.places import target_id
from plans.settings import Settings, change_settings

_PLAIN = (
    "mode",
    "approvals",
    "self_approval",
    "approval_hours",
    "updates_max",
    "deletes_max",
    "plan_hours",
    "lease_seconds",
    "retain_days",
    "retain_count",
    "prune_grace_hours",
)


def show_settings(app: App, stream: str) -> Result:
    session = app.session()
    settings = session.settings(stream)
    for note in mismatches(session.config, settings):
        app.note(note)
    content = _content(settings)
    rows = [(_option(name), _text(value)) for name, value in content.items()]
    document = {"outcome": "done", "settings": content}
    return Result(document, (Line(stream, "loud"), *lines(*table(rows, "  "))))


def change_stream(app: App, stream: str, given: Mapping[str, Any]) -> Result:
    """Change what was given.

    Raises:
        click.UsageError: nothing was given, or a value cannot be used.
        Refused: a target is dropped that has not retired.
        Conflict: the settings changed meanwhile.
    """
    if all(value is None or value is False or value == () for value in given.values()):
        raise click.UsageError("say what to change")
    by = app.identity()
    session = app.session()
    before = session.settings(stream)
    wanted = _wanted(app, before, given)
    try:
        after = Settings.model_validate({**before.model_dump(by_alias=True), **wanted})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = _option(str(first["loc"][0])) if first["loc"] else "settings"
        raise click.UsageError(f"{place}: {first['msg']}") from error
    old, new = _content(before), _content(after)
    changed = {name: (old[name], new[name]) for name in new if new[name] != old[name]}
    if changed:
        change_settings(
            session.register,
            before,
            after,
            by=by,
            clock=session.clock,
            attempt=session.new_id(),
        )
    for note in mismatches(session.config, after):
        app.note(note)
    document = {
        "outcome": "done",
        "changed": {name: {"old": pair[0], "new": pair[1]} for name, pair in changed.items()},
    }
    rows = [
        (_option(name), f"{_text(pair[0])} -> {_text(pair[1])}") for name, pair in changed.items()
    ]
    told = lines(*table(rows, "  ")) if rows else lines("  nothing changes")
    return Result(document, (Line(stream, "loud"), *told))


def _wanted(app: App, before: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: given[name] for name in _PLAIN if given[name] is not None}
    if given["protect"] and given["no_protect"]:
        raise click.UsageError("--protect and --no-protect exclude each other")
    if given["protect"] or given["no_protect"]:
        wanted["protect"] = tuple(_protected(name, before.zone) for name in given["protect"])
    if given["target"] or given["retire"]:
        targets, retiring = _targets(app, before, given["target"], given["retire"])
        wanted["targets"], wanted["retiring"] = targets, retiring
    return wanted


def _protected(name: str, zone: str) -> str:
    try:
        whole = normal_name(name, zone)
    except ValueError as error:
        raise click.UsageError(f"--protect: {error}") from error
    if not name or not within(whole, zone):
        raise click.UsageError(f"--protect: {name!r} is no name in {zone}")
    return name.lower()


def _targets(
    app: App, before: Settings, target: tuple[str, ...], retire: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The targets and the retiring ones after the change.

    A target that comes back while it retires is no longer retiring. One that has retired is
    dropped by naming it again.
    """
    session = app.session()
    _check_targets(app, target or before.targets, before.zone)
    targets = [target_id(url) for url in target or before.targets]
    retiring = [name for name in before.retiring if name not in target]
    mirrors = read_mirrors(session.register, before.stream)
    for name in dict.fromkeys(retire):
        if name in target or name not in (*before.targets, *before.retiring):
            known = ", ".join((*before.targets, *before.retiring))
            raise click.UsageError(f"--retire: {name} is none of its other targets: {known}")
        if name in targets:
            targets.remove(name)
        if name not in retiring:
            retiring.append(name)
        elif name in mirrors and mirrors[name].retired:
            retiring.remove(name)
    if not targets:
        raise click.UsageError("--retire: a stream keeps at least one target")
    return tuple(targets), tuple(retiring)


def _check_targets(app: App, targets: Sequence[str], zone: str) -> None:
    seen: dict[object, str] = {}
    for url in targets:
        problem = target_problem(url, zone, keyed=False)
        if problem:
            raise click.UsageError(f"--target: {problem}")
        thing = same_target(url, app.session().config.root)
        if thing in seen:
            raise click.UsageError(f"--target: {url} is the same target as {seen[thing]}")
        seen[thing] = url


def _content(settings: Settings) -> dict[str, Any]:
    document = settings.model_dump(mode="json", by_alias=True)
    fixed = ("schema", "stream")
    return {name: value for name, value in document.items() if name not in fixed}


def _option(name: str) -> str:
    return name.replace("_", "-")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
