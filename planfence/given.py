"""What a person gives an override: zone YAML, a zone document or a plan, every error at once.

The file's ending says what it is, else its first character. A document is checked as
``planfence check`` does, but for its bytes, which need not be in canonical form: what becomes of a
person's file is written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from planfence.app import App
from planfence.check_document import Finding, check_document
from planfence.checking import STDIN, stdin_bytes
from planner.overriding import Given, applied_state, pools_of, rebased_state, with_pools
from planner.ports import Ports
from planner.zone_yaml import parse_zone_yaml
from plans.document import digest_of
from plans.errors import Invalid, Refused
from plans.kinds.dns import RecordKey, Records
from plans.kinds.zone import ZoneDocument, state_of
from plans.plan import Plan
from plans.settings import Settings

_YAML: Final = frozenset({".yaml", ".yml"})
_TAKEN: Final = ("zone", "plan")


def given_state(app: App, ports: Ports, settings: Settings, file: str) -> Given:
    """The desired state that a file gives.

    Args:
        file: relative to the working directory; ``-`` is stdin.

    Raises:
        Invalid: it cannot be accepted; ``problems`` has every reason, with file and line.
        Refused: it cannot be read, or is a plan of another stream, or one whose desired state is
            lost with nothing to make its changes to.
        Unavailable: a store or a target cannot be read.
    """
    data = _bytes(app.outside.folder / file if file != STDIN else None, file)
    if Path(file).suffix.lower() in _YAML or not data.lstrip().startswith(b"{"):
        given = yaml_state(settings, data, file, escaped_semicolons(app, settings))
        return _beside_pools(app, ports, settings, given)
    name = _checked(data, file, settings.zone)
    if name == "zone":
        records = state_of(ZoneDocument.model_validate_json(data))
        return Given(records, file, digest_of(data), len(data))
    plan = Plan.model_validate_json(data)
    if plan.stream != settings.stream:
        raise Refused(
            f"{file} is a plan of another stream",
            rule="foreign-stream",
            expected=settings.stream,
            actual=plan.stream,
            remedy="give a plan of this stream, or a desired state",
        )
    start = rebased_state(ports, settings, plan)
    app.note(f"{file} is plan {plan.generation}; taken from it: {start.what}")
    return Given(start.records, file, digest_of(data), len(data))


def _beside_pools(app: App, ports: Ports, settings: Settings, given: Given) -> Given:
    """Zone YAML with the pools that are applied: it has no words for them."""
    try:
        applied = applied_state(ports, settings)
    except Refused as refusal:
        app.note(f"whether there are capacity pools to keep is not known: {refusal.what}")
        return given
    return keeping_pools(app, given, applied.records if applied else {})


def keeping_pools(app: App, given: Given, applied: Mapping[RecordKey, Records]) -> Given:
    """A person's zone with the capacity pools of what is applied, which a note names."""
    records, kept = with_pools(given.records, pools_of(applied))
    if kept:
        app.note(f"capacity pools stay as they are applied: {', '.join(kept)}")
    return replace(given, records=records)


def yaml_state(settings: Settings, data: bytes, name: str, escaped: bool | None) -> Given:
    """The desired state that zone YAML holds.

    Args:
        escaped: as for ``parse_zone_yaml``.

    Raises:
        Invalid: it is not accepted; ``problems`` has all the reasons.
    """
    zone = parse_zone_yaml(data, name, settings.zone, escaped_semicolons=escaped)
    return Given(zone.records, name, zone.digest, zone.size)


def escaped_semicolons(app: App, settings: Settings) -> bool | None:
    """How planfence.toml says that ``;`` is written; None where it does not."""
    configured = app.session().config.streams.get(settings.stream)
    return configured.escaped_semicolons if configured else None


def _bytes(path: Path | None, file: str) -> bytes:
    try:
        return stdin_bytes() if path is None else path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(
            f"{file} cannot be read: {reason}",
            rule="file-unreadable",
            remedy="give a file that can be read, or - for stdin",
        ) from error


def _checked(data: bytes, file: str, zone: str) -> str:
    """What a JSON document is, if there is nothing wrong with it.

    Raises:
        Invalid: there is.
    """
    checked = check_document(data, zone=zone)
    problems = [
        _told(file, finding)
        for finding in checked.findings
        if finding.rule != "document-not-canonical"
    ]
    if checked.name is not None and checked.name not in _TAKEN:
        problems = [f"{file}: is a {checked.name}, and neither a zone nor a plan"]
    if problems:
        raise Invalid(
            problems,
            rule="override-invalid",
            remedy="mend the file: `planfence check FILE` shows the same",
        )
    assert checked.name is not None
    return checked.name


def _told(file: str, finding: Finding) -> str:
    place = "".join(f":{part}" for part in (finding.line, finding.column) if part)
    path = f"{finding.path}: " if finding.path else ""
    return f"{file}{place}: {path}{finding.message} ({finding.rule})"
