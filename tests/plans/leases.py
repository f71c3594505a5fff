"""A register with a lease in it, and applicants each with a clock of its own."""

from __future__ import annotations

from typing import Any

from plans.lease import (
    HOLDER_SHARE,
    Applicant,
    Lease,
    Tenure,
    acquire,
    read_lease,
)
from tests.builders import STREAM, FixedClock
from tests.doubles.faults import (
    Faults,
    FaultyRegister,
)
from tests.doubles.memory import MemoryRegister

SECONDS = 60
SHARE = SECONDS * HOLDER_SHARE


class World:
    """One register, and applicants each with a clock of its own."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.register = FaultyRegister(MemoryRegister(), self.faults)
        self.clock = FixedClock()
        self.waits: list[tuple[str, int, float]] = []

    def applicant(self, name: str, **fields: Any) -> Applicant:
        asked: dict[str, Any] = {
            "register": self.register,
            "stream": STREAM,
            "clock": self.clock,
            "holder": name,
            "owner": name[0] * 32,
            "seconds": SECONDS,
            "waiting": lambda *told: self.waits.append(told),
        }
        return Applicant(**asked | fields)

    def acquire(self, name: str, **fields: Any) -> Tenure:
        return acquire(self.applicant(name, **fields))

    @property
    def lease(self) -> Lease:
        found = read_lease(self.register, STREAM)
        assert found is not None
        return found
