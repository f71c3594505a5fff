"""A stream's settings. They live in the register, where only an admin may write them.

Every write raises ``version`` by one under the condition that it is still the one read; a claim
carries the version it verified, so that a setting cannot change under it (schedule S10).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from plans.clock import Clock
from plans.document import Document, IdText, from_attributes, to_attributes
from plans.errors import ConditionFailed, Conflict, Refused
from plans.journal import Draft, record
from plans.mirror import read_mirror
from plans.names import STREAM_PATTERN, mirror_key, pointer_key, settings_key, valid_stream
from plans.plan import Mode
from plans.storage.register import Absent, Action, Attributes, Check, Put, Register, Where

LEASE_SECONDS_MIN = 40
LEASE_SECONDS_MAX = 3600

Limit = Annotated[str, Field(pattern=r"^([0-9]{1,9}|(100|[0-9]{1,2})%)$")]
# The validators below refuse these; the JSON Schema says so too.
StreamName = Annotated[str, Field(json_schema_extra={"pattern": STREAM_PATTERN})]
# No lease, or one that is longer than three calls: a call must end well within its holder's share.
LeaseSeconds = Annotated[
    int,
    Field(
        ge=0,
        le=LEASE_SECONDS_MAX,
        json_schema_extra={"not": {"minimum": 1, "maximum": LEASE_SECONDS_MIN - 1}},
    ),
]
Names = Annotated[tuple[str, ...], Field(json_schema_extra={"uniqueItems": True})]


class Settings(Document):
    """Settings of one stream; ``planfence stream set --help`` says what each does.

    The defaults are a new stream's, but for ``self_approval``: on the embedded stores, where a
    name is a claim, ``init`` makes it ``allow``. ``targets`` are acted on; ``retiring`` are on
    their way out: the next plan only raises their fence for the last time.
    """

    schema_version: Literal["planfence/settings/v1"] = Field(
        "planfence/settings/v1", alias="schema"
    )
    stream: StreamName
    kind: Literal["dns"]
    lineage: IdText
    version: Annotated[int, Field(ge=1)]
    zone: str
    targets: Annotated[Names, Field(min_length=1)]
    retiring: Names = ()
    mode: Mode = "exact"
    approvals: Annotated[int, Field(ge=0, le=20)] = 1
    self_approval: Literal["allow", "deny"] = "deny"
    approval_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24
    updates_max: Limit = "30%"
    deletes_max: Limit = "30%"
    protect: Names = ()
    plan_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 168
    lease_seconds: LeaseSeconds = 0
    retain_days: Annotated[int, Field(ge=0, le=3650)] = 30
    retain_count: Annotated[int, Field(ge=1, le=10**6)] = 100
    prune_grace_hours: Annotated[int, Field(ge=0, le=24 * 365)] = 24

    @field_validator("stream")
    @classmethod
    def _stream_is_named_well(cls, stream: str) -> str:
        if not valid_stream(stream):
            raise ValueError("a stream is kind/name, 2 or 3 segments of a-z 0-9 . _ -")
        return stream

    @field_validator("lease_seconds")
    @classmethod
    def _lease_outlasts_calls(cls, seconds: int) -> int:
        if 0 < seconds < LEASE_SECONDS_MIN:
            raise ValueError(f"a lease has {LEASE_SECONDS_MIN} seconds at least; 0: there is none")
        return seconds

    @field_validator("targets", "retiring", "protect")
    @classmethod
    def _no_repeats(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("holds a value twice")
        return names


def read_settings(register: Register, stream: str) -> Settings:
    """The stream's settings.

    Raises:
        Refused: there is no such stream (rule ``stream-missing``), or it is not readable.
        Unavailable: the register cannot be read.
    """
    return as_settings(register.read(settings_key(stream)), stream)


def as_settings(attributes: Attributes | None, stream: str) -> Settings:
    """The settings that an item holds.

    Raises:
        Refused: as for ``read_settings``.
    """
    if attributes is None:
        raise Refused(
            f"there is no stream {stream} in this register",
            rule="stream-missing",
            remedy="add it to planfence.toml and run `planfence init`",
        )
    return from_attributes(Settings, attributes, what=f"the settings of {stream}")


def create_stream(
    register: Register, settings: Settings, *, by: str, clock: Clock, attempt: str
) -> bool:
    """Create a stream, with the lineage its settings were given. Idempotent.

    Interleavings of the conditional create: another `init` creates the stream between our read
    and our write, then the condition fails and its lineage stands; ours was never used.

    Returns:
        Whether it was created by this call.
    """
    draft = Draft("created", clock.now(), by, attempt, details=(("lineage", settings.lineage),))
    put = Put(settings_key(settings.stream), to_attributes(settings), Absent())
    try:
        record(register, settings.stream, draft, put)
    except ConditionFailed:
        return False
    return True


def change_settings(
    register: Register, before: Settings, after: Settings, *, by: str, clock: Clock, attempt: str
) -> Settings:
    """Replace a stream's settings by ``after``, whose version is raised by one.

    A target leaves in two steps, because an older plan could still write to one that no newer plan
    fences (schedule S1): it moves to ``retiring``, the next plan raises its fence for the last
    time, and only then it may be dropped.

    Interleavings: another admin's change lands between our read and our write, then the condition
    on the version fails and nothing is written. A claim that verified the old version is in
    flight: it lands before us and is bound to what it verified, or after us and is refused.

    Raises:
        Refused: a target is dropped that has not retired (rule ``retire-first``).
        Conflict: the settings changed meanwhile.
    """
    gone = {*before.targets, *before.retiring} - {*after.targets, *after.retiring}
    # Before the first claim every target leaves under the one condition that there is none yet.
    checks = dict.fromkeys(_left(register, before.stream, target) for target in sorted(gone))
    raised = after.model_copy(update={"version": before.version + 1})
    put = Put(
        settings_key(before.stream), to_attributes(raised), Where("version", "=", before.version)
    )
    changed = {
        name: str(value)
        for name, value in to_attributes(raised).items()
        if value != to_attributes(before)[name]
    }
    draft = Draft("settings", clock.now(), by, attempt, details=tuple(changed.items()))
    try:
        record(register, before.stream, draft, put, *checks)
    except ConditionFailed as refusal:
        raise Conflict(
            f"the settings of {before.stream} changed meanwhile",
            rule="settings-changed",
            remedy="run the command again",
        ) from refusal
    return raised


def _left(register: Register, stream: str, target: str) -> Action:
    """The condition under which a target may be dropped: retired, or nothing was ever claimed."""
    mirror = read_mirror(register, stream, target)
    if mirror is not None and mirror.retired:
        return Check(mirror_key(stream, target), Where("attempt", "=", mirror.attempt))
    if register.read(pointer_key(stream)) is None:
        return Check(pointer_key(stream), Absent())
    raise Refused(
        f"{target} still belongs to {stream}",
        rule="retire-first",
        remedy=f"`planfence stream set {stream} --retire {target}`, then plan, approve and enact:"
        " that raises its fence for the last time",
    )
