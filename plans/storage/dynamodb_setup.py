"""The register's table itself: what it must be, how it is made, and what is refused.

=========================== ==============================================================
must be                     because
=========================== ==============================================================
keys ``pk`` and ``sk``      access policies see partition keys only (DESIGN section 2)
of one Region               replicas take each other's older items (eventual consistency),
                            or refuse transactions (strong consistency)
on demand                   a burst of enactors must not wait for capacity
recoverable to a point      the pointer is the one mutable fact, and this its only backup
in time
protected from deletion     as above
without time to live        no item may expire: an approval or a rejection that is gone
                            says the opposite
=========================== ==============================================================

Sources: "Global tables: how it works", "Point-in-time recovery", "Time to Live" and "Using
deletion protection", Amazon DynamoDB Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from plans.clock import Clock
from plans.errors import Refused, Unavailable
from plans.storage.aws import Calls

NO_TABLE: Final = "ResourceNotFoundException"
CREATED_WITHIN_SECONDS: Final = 120.0
POLL_SECONDS: Final = 1.0

_IN_USE: Final = "ResourceInUseException"
# Right after a table is made: it is there, but not for the part of the service that backs it up.
_NOT_YET: Final = frozenset(
    {"ContinuousBackupsUnavailableException", "TableNotFoundException", _IN_USE}
)
_KEYS: Final = [("pk", "HASH", "S"), ("sk", "RANGE", "S")]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of DynamoDB that is, or is to be, a register."""

    name: str
    client: Any
    calls: Calls
    clock: Clock
    allow_eventual_replicas: bool

    def missing(self) -> Unavailable:
        """The error of using it when it is not there."""
        return Unavailable(
            f"there is no register dynamodb://{self.name}",
            rule="register-unavailable",
            remedy="check its name and region, or run `planfence init --create`",
        )

    def refuse_replicas(self) -> None:
        """Refuse a table that other Regions have replicas of.

        Raises:
            Refused: it has replicas (``register-eventual-replicas``, unless that is waived, or
                ``register-strong-replicas``).
            Unavailable: there is no such table, or no answer.
        """
        found = self._described()
        if found is None:
            raise self.missing()
        refusal = self._replicas_refused(found)
        if refusal is not None:
            raise refusal

    def problems(self) -> list[str]:
        """What is missing or wrong, each as one line with what to do."""
        found = self._described()
        if found is None:
            return [f"there is no table {self.name}: run `planfence init --create`"]
        if _keys(found) != _KEYS:
            wrong = f"the keys of table {self.name} are not pk and sk, both text"
            return [f"{wrong}: give the register a table of its own"]
        return list(self._wrong(found))

    def create(self) -> None:
        """Make the table, or turn on its protection; see ``DynamoRegister.create``."""
        if self._described() is None:
            self._make()
        found = self._active()
        if _keys(found) != _KEYS:
            return  # Somebody else's table: nothing in it is ours to change.
        if not found.get("DeletionProtectionEnabled"):
            # Two of these, or one delivered twice, set the same.
            self.calls.write(
                lambda: self.client.update_table(
                    TableName=self.name, DeletionProtectionEnabled=True
                ),
                again=frozenset({_IN_USE}),
            )
        if not self._is_recoverable():
            self.calls.write(
                lambda: self.client.update_continuous_backups(
                    TableName=self.name,
                    PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
                ),
                again=_NOT_YET,
            )

    def _make(self) -> None:
        # Two creators: the service knows one table of a name; whoever comes second is told that it
        # is in use, and goes on with what the first has made. A lost answer: the next run finds
        # the table, or makes it.
        try:
            self.calls.write(
                lambda: self.client.create_table(
                    TableName=self.name,
                    AttributeDefinitions=[
                        {"AttributeName": name, "AttributeType": type_} for name, _, type_ in _KEYS
                    ],
                    KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind, _ in _KEYS],
                    BillingMode="PAY_PER_REQUEST",
                    DeletionProtectionEnabled=True,
                ),
                answers=frozenset({_IN_USE}),
            )
        except ClientError:
            pass  # Somebody else has made it meanwhile.

    def _active(self) -> Mapping[str, Any]:
        """The table once it can be used. A table that was just made may not be seen at once."""
        deadline = self.clock.monotonic() + CREATED_WITHIN_SECONDS
        while True:
            found = self._described()
            if found is not None and found["TableStatus"] == "ACTIVE":
                return found
            if self.clock.monotonic() >= deadline:
                raise Unavailable(
                    f"table {self.name} was not ready within {CREATED_WITHIN_SECONDS:g} s",
                    rule="register-creating",
                    remedy="look at the table in the console, then run `planfence init --create`"
                    " again",
                )
            self.clock.sleep(POLL_SECONDS)

    def _wrong(self, found: Mapping[str, Any]) -> Iterator[str]:
        refusal = self._replicas_refused(found)
        if refusal is not None:
            yield f"{refusal.what}: {refusal.remedy}"
        if found.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
            yield (
                f"table {self.name} has provisioned capacity, and writes wait when it is used up:"
                f" run `aws dynamodb update-table --table-name {self.name} --billing-mode"
                " PAY_PER_REQUEST`"
            )
        if not found.get("DeletionProtectionEnabled"):
            yield (
                f"table {self.name} is not protected from deletion: run `planfence init --create`"
            )
        if not self._is_recoverable():
            yield (
                f"table {self.name} has no point-in-time recovery: run `planfence init --create`"
            )
        attribute = self._expires_by()
        if attribute is not None:
            yield (
                f"table {self.name} lets items expire by {attribute}, and none of a register may:"
                f" run `aws dynamodb update-time-to-live --table-name {self.name}"
                f" --time-to-live-specification Enabled=false,AttributeName={attribute}`"
            )

    def _replicas_refused(self, found: Mapping[str, Any]) -> Refused | None:
        if not found.get("Replicas"):
            return None
        if found.get("MultiRegionConsistency") == "STRONG":
            # They refuse TransactWriteItems, and without that nothing can be journaled.
            return Refused(
                f"table {self.name} is a global table of strong consistency, which has no"
                " transactions",
                rule="register-strong-replicas",
                expected="a table of one Region",
                actual=f"replicas in {_regions(found)}",
                remedy="give the register a table of its own, in one Region",
            )
        if self.allow_eventual_replicas:
            return None
        return Refused(
            f"table {self.name} is a global table of eventual consistency, where an older item can"
            " win over a newer one",
            rule="register-eventual-replicas",
            expected="a table of one Region",
            actual=f"replicas in {_regions(found)}",
            remedy="give the register a table of its own; or, if everybody uses this one Region"
            " only, write `allow=eventual-replicas` into its URL",
        )

    def _described(self) -> Mapping[str, Any] | None:
        try:
            answer = self.calls.read(
                lambda: self.client.describe_table(TableName=self.name),
                answers=frozenset({NO_TABLE}),
            )
        except ClientError:
            return None
        table: Mapping[str, Any] = answer["Table"]
        return table

    def _is_recoverable(self) -> bool:
        answer = self.calls.read(
            lambda: self.client.describe_continuous_backups(TableName=self.name), again=_NOT_YET
        )
        backups = answer["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")

    def _expires_by(self) -> str | None:
        """The attribute by which items expire, if they do."""
        answer = self.calls.read(lambda: self.client.describe_time_to_live(TableName=self.name))
        found = answer["TimeToLiveDescription"]
        if found["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
            return None
        return str(found["AttributeName"])


def _keys(table: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    return [
        (each["AttributeName"], each["KeyType"], types[each["AttributeName"]])
        for each in table["KeySchema"]
    ]


def _regions(table: Mapping[str, Any]) -> str:
    return ", ".join(each["RegionName"] for each in table["Replicas"])
