"""Puts the parts together: config file, stores, views and targets, for one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

from planfence.app import Flags, Outside, UsageRefused
from planfence.config import FILE_NAME, Config, find_config, read_config
from planfence.keys import Keys
from planfence.route53 import PassRoute53, Route53
from planfence.stores import (
    FilePlace,
    NoPlace,
    StoreName,
    Stores,
    archive_place,
    register_place,
)
from plans.errors import PlanfenceError
from plans.storage.files import FileArchive
from plans.storage.sqlite import SqliteRegister

if TYPE_CHECKING:
    import enactor.ports
    import planner.health
    import planner.ports
    from enactor.targets import Target
    from plans.lease import Tenure
    from plans.observed.dns import Access
    from plans.observed.view import View
    from plans.plan import Ancestry
    from plans.settings import Settings
    from plans.storage.dynamodb import DynamoRegister
    from plans.storage.s3 import S3Archive

P = TypeVar("P")


class Session:
    """The config file and the stores it names. A store is opened when it is first used.

    Only then is what it needs imported: the AWS SDK costs more than a whole command on the embedded
    stores.
    """

    def __init__(
        self, config: Config, stores: Stores, outside: Outside, keys: Keys, route53: Route53
    ) -> None:
        self.config = config
        self.stores = stores
        self.clock = outside.clock
        self.new_id = outside.new_id
        self.keys = keys
        self.route53 = route53

    @cached_property
    def archive(self) -> FileArchive | S3Archive:
        place, budget_seconds = self.stores.archive, self.stores.budget_seconds
        if isinstance(place, FilePlace):
            return FileArchive(place.path)
        from plans.storage.s3 import S3Archive

        return S3Archive(
            place.bucket,
            place.prefix,
            clock=self.clock,
            region=place.region,
            budget_seconds=budget_seconds,
        )

    @cached_property
    def register(self) -> SqliteRegister | DynamoRegister:
        place, budget_seconds = self.stores.register, self.stores.budget_seconds
        if isinstance(place, FilePlace):
            return SqliteRegister(place.path, busy_seconds=budget_seconds)
        from plans.storage.dynamodb import DynamoRegister

        return DynamoRegister(
            place.table,
            clock=self.clock,
            region=place.region,
            budget_seconds=budget_seconds,
            allow_eventual_replicas=place.allow_eventual_replicas,
        )

    def close(self) -> None:
        """Close the register, if it was opened: an archive keeps nothing open."""
        if "register" in self.__dict__:
            self.register.close()

    def lacks_register(self, error: PlanfenceError) -> bool:
        """Whether reading failed because there is no register at all yet."""
        place = self.stores.register
        if isinstance(place, FilePlace):
            return not place.path.exists()
        return error.rule == "register-unavailable"  # as ``DynamoRegister`` says

    def settings(self, stream: str) -> Settings:
        """The register's settings of a stream, which are the ones that bind."""
        from plans.settings import read_settings

        return read_settings(self.register, stream)

    @property
    def access(self) -> Access:
        """How this machine gets at targets."""
        from plans.observed.dns import Access

        return Access(self.config.root, self.clock, self.keys.of, self.route53.account)

    def view(self, settings: Settings) -> Callable[[str], View]:
        """What makes read-only views on a stream's targets."""
        return self.views(settings.zone)

    def views(self, zone: str) -> Callable[[str], View]:
        """The same, for a stream that the register does not have yet."""
        from plans.observed.dns import dns_view

        return lambda target: dns_view(target, zone, self.access)

    def health(self, folder: Path) -> planner.health.HealthSource:
        """Who is asked for the health of pool members; their files are relative to the folder."""
        from planfence.probing import at_once, look_up
        from planner.health_sources import HealthSources

        return HealthSources(folder, self.clock, self.route53.account, look_up, at_once)

    def planner_ports(self, settings: Settings) -> planner.ports.Ports:
        """What a planning pass is given. A stream that the file lacks has no desired state."""
        from planner.dns import ZoneYaml
        from planner.ports import DesiredSource, Ports

        configured = self.config.streams.get(settings.stream)
        desired: DesiredSource = NotConfigured(self.config.path, settings.stream)
        if configured is not None:
            path = self.config.root / configured.desired
            desired = ZoneYaml(
                path,
                configured.desired,
                settings.zone,
                configured.escaped_semicolons,
                lambda: self.health(path.parent),
                self.clock,
            )
        return Ports(self.archive, self.register, self.clock, desired, self.view(settings))

    def enactor_ports(self, progress: enactor.ports.Progress) -> enactor.ports.Ports:
        """What an enacting pass is given."""
        from enactor.dns import dns_target
        from enactor.ports import Ports
        from plans.lease import TenuredClock

        place = self.stores.register
        region = None if isinstance(place, FilePlace) else place.region
        route53 = PassRoute53(self.route53, self.clock, self.config.role, region)

        def target(name: str, settings: Settings, tenure: Tenure | None) -> Target:
            access = self.access
            if tenure is not None:  # whatever waits, renews
                clock, account = TenuredClock(access.clock, tenure), partial(route53.account, name)
                access = replace(access, clock=clock, account=partial(account, tenure))
            return dns_target(name, settings.zone, access)

        return Ports(
            self.archive,
            self.register,
            self.clock,
            self.new_id,
            target,
            progress,
            bound=route53.bound,
        )

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
    """What the config file names, to be opened when it is used.

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
    return session_of(read_config(path), outside, flags)


def session_of(config: Config, outside: Outside, flags: Flags) -> Session:
    """What a config file names, unless a flag or the environment names another store.

    Raises:
        UsageRefused: one of those names none.
    """
    stores = Stores(
        _place(outside, config, flags.archive, "archive", archive_place),
        _place(outside, config, flags.register, "register", register_place),
        config.budget_seconds,
    )
    keys, account = Keys(config, outside.environment), Route53(config.route53, outside.clock)
    return Session(config, stores, outside, keys, account)


def _place(
    outside: Outside,
    config: Config,
    flag: str | None,
    name: StoreName,
    read: Callable[[str, Path], P],
) -> P:
    """Flag over environment over file; only the file's paths are relative to the file.

    Raises:
        UsageRefused: the flag or the variable names no such store.
    """
    variable = f"PLANFENCE_{name.upper()}"
    url = flag or outside.environment.get(variable)
    if not url:
        return read(getattr(config, name), config.root)
    try:
        return read(url, outside.folder)
    except NoPlace as error:
        source = f"--{name}" if flag else variable
        raise UsageRefused(
            f"{source}: {error.problems[0]}",
            rule="config",
            problems=error.problems,
            remedy=f"correct {source}",
        ) from error


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
        f"{stream}: {target} is retiring: once it has, take it out of {config.path.name}"
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
