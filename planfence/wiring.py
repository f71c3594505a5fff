"""Puts the parts together: config file, stores, views and targets, for one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from planfence.app import Flags, Outside, UsageRefused
from planfence.config import (
    ARCHIVE_SCHEME,
    FILE_NAME,
    REGISTER_SCHEME,
    Config,
    find_config,
    read_config,
    store_path,
)
from plans.clock import Clock
from plans.storage.files import FileArchive
from plans.storage.sqlite import SqliteRegister

if TYPE_CHECKING:
    import enactor.ports
    import planner.ports
    from enactor.targets import Target
    from plans.observed.view import View
    from plans.plan import Ancestry
    from plans.settings import Settings


@dataclass(frozen=True, slots=True)
class Session:
    """The config file and the stores it names, opened; nothing was read from them yet."""

    config: Config
    archive: FileArchive
    register: SqliteRegister
    archive_path: Path
    register_path: Path
    clock: Clock
    new_id: Callable[[], str]

    def close(self) -> None:
        self.register.close()

    def settings(self, stream: str) -> Settings:
        """The register's settings of a stream, which are the ones that bind."""
        from plans.settings import read_settings

        return read_settings(self.register, stream)

    def view(self, settings: Settings) -> Callable[[str], View]:
        """What makes read-only views on a stream's targets."""
        from plans.observed.dns import dns_view

        return lambda target: dns_view(target, folder=self.config.root, zone=settings.zone)

    def planner_ports(self, settings: Settings) -> planner.ports.Ports:
        """What a planning pass is given. A stream that the file lacks has no desired state."""
        from planner.dns import ZoneYaml
        from planner.ports import DesiredSource, Ports

        configured = self.config.streams.get(settings.stream)
        desired: DesiredSource = NotConfigured(self.config.path, settings.stream)
        if configured is not None:
            desired = ZoneYaml(
                self.config.root / configured.desired,
                configured.desired,
                settings.zone,
                configured.escaped_semicolons,
            )
        return Ports(self.archive, self.register, self.clock, desired, self.view(settings))

    def enactor_ports(
        self, settings: Settings, progress: enactor.ports.Progress
    ) -> enactor.ports.Ports:
        """What an enacting pass is given."""
        from enactor.dns import dns_target
        from enactor.ports import Ports

        def target(name: str) -> Target:
            return dns_target(name, folder=self.config.root, zone=settings.zone, clock=self.clock)

        return Ports(self.archive, self.register, self.clock, self.new_id, target, progress)

    def check_zone(self, settings: Settings) -> None:
        """The file and the register mean the same zone, or nothing may be planned from the file.

        Raises:
            UsageRefused: they do not.
        """
        configured = self.config.streams.get(settings.stream)
        if configured is not None and configured.zone != settings.zone:
            raise UsageRefused(
                f"{self.config.path}: streams.{settings.stream!r}.zone is {configured.zone}, and"
                f" the register says {settings.zone}",
                rule="config",
                remedy="a stream keeps its zone: correct the file, or make a stream of another"
                " name",
            )


@dataclass(frozen=True, slots=True)
class NotConfigured:
    """The desired state of a stream that the config file does not have."""

    path: Path
    stream: str

    def read(self) -> planner.ports.DesiredRead:
        raise UsageRefused(
            f"{self.path} has no stream {self.stream}",
            rule="config",
            remedy="add it, with where its desired state is",
        )

    def relate(self, source: str, commit: str) -> Ancestry:
        """Nothing is known of commits where there is no desired state."""
        return "same" if source == commit else "unknown"


def open_session(outside: Outside, flags: Flags) -> Session:
    """Read the config file and open what it names.

    Raises:
        UsageRefused: there is no config file, or it cannot be accepted.
    """
    path, there = find_config(outside.folder, flags.config, outside.environment)
    if not there:
        named = flags.config or outside.environment.get("PLANFENCE_CONFIG")
        raise UsageRefused(
            f"there is no {path}"
            if named
            else f"there is no {FILE_NAME} here or in a folder above",
            rule="config",
            remedy="`planfence init` makes one",
        )
    config = read_config(path)
    archive = _store(outside, config, flags.archive, "archive", ARCHIVE_SCHEME)
    register = _store(outside, config, flags.register, "register", REGISTER_SCHEME)
    return Session(
        config=config,
        archive=FileArchive(archive),
        register=SqliteRegister(register),
        archive_path=archive,
        register_path=register,
        clock=outside.clock,
        new_id=outside.new_id,
    )


def _store(outside: Outside, config: Config, flag: str | None, name: str, scheme: str) -> Path:
    """Flag over environment over file; only the file's paths are relative to the file."""
    url = flag or outside.environment.get(f"PLANFENCE_{name.upper()}")
    if url:
        return store_path(url, scheme, outside.folder)
    return store_path(getattr(config, name), scheme, config.root)


def mismatches(config: Config, settings: Settings) -> list[str]:
    """Where the file and the register differ about a stream, with the command that changes it.

    The register's settings bind; the file's targets are only copied when a stream is made.
    """
    stream = settings.stream
    configured = config.streams.get(stream)
    if configured is None:
        return [f"{stream} is in the register and not in {config.path.name}"]
    notes = []
    known = (*settings.targets, *settings.retiring)
    notes += [
        f"{stream}: {target} is retiring: take it out of {config.path.name}"
        for target in settings.retiring
        if target in configured.targets
    ]
    missing = [target for target in configured.targets if target not in known]
    if missing:
        wanted = " ".join(f"--target {quote(target)}" for target in (*settings.targets, *missing))
        notes.append(
            f"{stream}: {', '.join(missing)} is in {config.path.name} and not in the register,"
            f" which binds: `planfence stream set {stream} {wanted}`"
        )
    extra = [target for target in settings.targets if target not in configured.targets]
    if extra:
        retire = " ".join(f"--retire {quote(target)}" for target in extra)
        notes.append(
            f"{stream}: {', '.join(extra)} is in the register, which binds, and not in"
            f" {config.path.name}: `planfence stream set {stream} {retire}`"
        )
    if configured.zone != settings.zone:
        notes.append(
            f"{stream}: the zone is {settings.zone} in the register, which binds, and"
            f" {configured.zone} in {config.path.name}"
        )
    return notes
