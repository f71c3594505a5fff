"""What ``init`` does: config file, stores, streams; each only if it is missing."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any, Final

from planfence.app import App, Result
from planfence.config import StreamConfig, find_config
from planfence.output import Line
from planfence.wiring import Session, mismatches
from plans.errors import Refused, Unavailable
from plans.names import settings_key
from plans.settings import Settings, create_stream

TEMPLATE: Final = """\
# planfence reads this file from the working directory or from a folder above it.
# Paths are relative to this file. Unknown keys are an error.

[stores]
# archive  = "file:.planfence/archive"          # plans, write-once
# register = "sqlite:.planfence/register.db"    # settings, pointer, decisions, journal

# One table for each stream. Take away the marks, then run `planfence init` again.
#
# [streams."dns/example.com"]                   # kind/name, 2 or 3 segments of a-z 0-9 . _ -
# kind    = "dns"
# desired = "zones/example.com.yaml"            # octoDNS zone YAML
# zone    = "example.com."                      # default: the desired file's stem
# targets = ["zonefile:out/example.com.zone"]   # only copied by `init`: the register binds
# escaped_semicolons = true                     # how the YAML writes ; in TXT, where it has any
"""


def initialise(app: App, *, create: bool) -> Result:
    """Make what is missing.

    Raises:
        UsageRefused: the config file cannot be accepted.
        Refused: one store is missing and the other is not (rule ``store-missing``).
        Unavailable: something could not be made.
    """
    items: list[dict[str, Any]] = []
    told: list[Line] = []

    def did(item: str, what: str, detail: str) -> None:
        items.append({"item": item, "did": what, "name": detail})
        told.append(Line(f"{what:<9}{item} {detail}"))

    by = app.identity()
    path, there = find_config(app.outside.folder, app.flags.config, app.outside.environment)
    if not there:
        _write_template(path)
    did("config", "found" if there else "created", str(path))
    session = app.session()
    for name, place, made in _stores(session, create=create):
        did(name, "created" if made else "found", str(place))
    for configured in session.config.streams.values():
        made = _stream(app, session, configured, by)
        did("stream", "created" if made else "found", configured.name)
        for note in mismatches(session.config, session.settings(configured.name)):
            app.note(note)
    told += _next(session)
    return Result({"outcome": "done", "items": items}, tuple(told))


def _write_template(path: Path) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        return  # another init was quicker
    except OSError as error:
        raise Unavailable(
            f"cannot write {path}: {error.strerror}",
            rule="config-unavailable",
            remedy="mend it, then run `planfence init` again",
        ) from error


def _stores(session: Session, *, create: bool) -> list[tuple[str, Path, bool]]:
    """Make the stores. One without the other is not made anew in silence.

    A register without its archive, or the other way round, is most likely a disk that is not
    mounted or a file that was lost: an empty one in its place would look like a stream without
    plans, or without a pointer.
    """
    archive, register = session.archive_path, session.register_path
    has_archive, has_register = (archive / ".control").is_dir(), register.exists()
    if has_archive != has_register and not create:
        name, place = ("register", register) if has_archive else ("archive", archive)
        raise Refused(
            f"the {name} {place} is missing and the other store is not",
            rule="store-missing",
            remedy="restore it or mount its disk; if it is lost for good or wanted anew,"
            " `planfence init --create`",
        )
    session.archive.prepare()
    session.register.prepare()
    return [
        ("archive", archive, not has_archive),
        ("register", register, not has_register),
    ]


def _stream(app: App, session: Session, configured: StreamConfig, by: str) -> bool:
    """Create a stream that the register lacks, with a fresh lineage."""
    if session.register.read(settings_key(configured.name)) is not None:
        return False
    settings = Settings(
        stream=configured.name,
        kind="dns",
        lineage=app.outside.new_id(),
        version=1,
        zone=configured.zone,
        targets=configured.targets,
        # The embedded stores know people by user@host only: a second one would prove nothing.
        self_approval="allow",
    )
    return create_stream(
        session.register, settings, by=by, clock=session.clock, attempt=session.new_id()
    )


def _next(session: Session) -> list[Line]:
    config = session.config
    if not config.streams:
        what = f"describe a stream in {config.path.name}, then `planfence init` again"
        return [Line(f"next     {what}")]
    first = next(iter(config.streams.values()))
    told = [Line(f"next     planfence plan {first.name}")]
    if not (config.root / first.desired).exists():
        dumped = f"planfence dump {first.name} > {quote(first.desired)}"
        told.insert(0, Line(f"first    write {first.desired}, or take over what is live: {dumped}"))
    return told
