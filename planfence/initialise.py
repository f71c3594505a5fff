"""What ``init`` does: config file, stores, streams; each only if it is missing."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any, Final

from planfence.app import App, Flags, Result
from planfence.config import StreamConfig, find_config, parse_config
from planfence.output import Line
from planfence.preparing import look_at_stores, prepare_stores
from planfence.stores import FilePlace
from planfence.wiring import Session, mismatches
from plans.errors import Unavailable
from plans.names import settings_key
from plans.settings import Settings, create_stream

TEMPLATE: Final = """\
# planfence reads this file from the working directory or from a folder above it.
# Paths are relative to this file. Unknown keys are an error.

[stores]
# archive  = "file:.planfence/archive"          # plans, write-once; or "s3://bucket/prefix"
# register = "sqlite:.planfence/register.db"    # all else; or "dynamodb://table?region=eu-west-1"
# budget_seconds = 30                           # how long to try before a store is "unavailable"

# One table for each stream. Take away the marks, then run `planfence init` again.
#
# [streams."dns/example.com"]                   # kind/name, 2 or 3 segments of a-z 0-9 . _ -
# kind    = "dns"
# desired = "zones/example.com.yaml"            # octoDNS zone YAML
# zone    = "example.com."                      # default: the desired file's stem
# targets = ["zonefile:out/example.com.zone"]   # only copied by `init`: the register binds
#                                               # or "rfc2136://ns1.example.com/example.com?key=ours"
# escaped_semicolons = true                     # how the YAML writes ; in TXT, where it has any
#
# [enactor]
# role = "arn:aws:iam::123456789012:role/NAME"  # Route 53: credentials that end with the lease
#
# [keys.ours]                                   # TSIG; or PLANFENCE_TSIG_OURS
# file = "ours.key"                             # BIND syntax, as tsig-keygen writes it
"""


def initialise(app: App, *, create: bool) -> Result:
    """Make what is missing.

    Raises:
        UsageRefused: the config file cannot be accepted.
        Refused: a store is not as it must be, and it was not said to make it; or it cannot be
            made. No stream is created then.
        Unavailable: something could not be made.
    """
    items: list[dict[str, Any]] = []
    told: list[Line] = []

    def did(item: str, what: str, detail: str) -> None:
        items.append({"item": item, "did": what, "name": detail})
        told.append(Line(f"{what:<9}{item} {detail}"))

    path, there = find_config(app.outside.folder, app.flags.config, app.outside.environment)
    session = app.session(None if there else parse_config(path, TEMPLATE.encode()))
    looked = look_at_stores(session, create=create)
    if not there:
        _write(path, _template(app.flags))
    did("config", "found" if there else "created", str(path))
    for prepared in prepare_stores(app, looked):
        did(prepared.item, prepared.did, prepared.name)
    for configured in session.config.streams.values():
        made = _stream(app, session, configured)
        did("stream", "created" if made else "found", configured.name)
        for note in mismatches(session.config, session.settings(configured.name)):
            app.note(note)
    told += _next(session)
    return Result({"outcome": "done", "items": items}, tuple(told))


def _template(flags: Flags) -> str:
    """A first config file, with the stores in AWS that were named on the command line."""
    lines = TEMPLATE.splitlines(keepends=True)
    for name, url in (("archive", flags.archive), ("register", flags.register)):
        if url and "://" in url:  # as only those have, of the URLs that were accepted
            index = next(n for n, line in enumerate(lines) if line.startswith(f"# {name} "))
            lines[index] = f'{name:<8} = "{url}"\n'
    return "".join(lines)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return  # another init was quicker
    except OSError as error:
        raise Unavailable(
            f"cannot write {path}: {error.strerror}",
            rule="config-unavailable",
            remedy="mend it, then run `planfence init` again",
        ) from error


def _stream(app: App, session: Session, configured: StreamConfig) -> bool:
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
        # An embedded register knows people by user@host only: a second one would prove nothing.
        self_approval="allow" if isinstance(session.stores.register, FilePlace) else "deny",
    )
    by = app.identity()
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
