"""A register in a table of MiniStack, with a script of faults below its client and every request
that it made written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from plans.storage.dynamodb import DynamoRegister
from tests.builders import FixedClock
from tests.doubles.botocore_faults import WireFaults
from tests.emulators.servers import Server, new_table

DATA_PLANE = ("GetItem", "BatchGetItem", "Query", "PutItem", "TransactWriteItems")


@dataclass
class Asked:
    """What the register asked for and was told, in order: operation and arguments or answer."""

    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def listen(self, client: Any) -> None:
        client.meta.events.register("provide-client-params.dynamodb.*", self._remember)
        client.meta.events.register("after-call.dynamodb.*", self._remember_answer)

    def _remember(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests.append((model.name, params))

    def _remember_answer(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.answers.append((model.name, parsed))

    @property
    def operations(self) -> list[str]:
        """Requests for items, by name: not those about the table itself."""
        return [name for name, _ in self.requests if name in DATA_PLANE]

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.requests if name == operation]


class Stage:
    """One register, its table, and another client of the table that meets no fault."""

    def __init__(self, server: Server, table: str | None = None, **settings: Any) -> None:
        self.server = server
        self.table = table or new_table(server)
        self.raw = server.client("dynamodb")
        self.client = server.client("dynamodb")
        self.faults = WireFaults(self.client)
        self.asked = Asked()
        self.asked.listen(self.client)
        self.clock = FixedClock()
        self.register = DynamoRegister(
            self.table, clock=self.clock, client=lambda: self.client, **settings
        )

    def another(self) -> DynamoRegister:
        """Somebody else's register in the same table, without faults."""
        return DynamoRegister(self.table, clock=self.clock, client=lambda: self.raw)

    def close(self) -> None:
        self.client.close()
        self.raw.close()
