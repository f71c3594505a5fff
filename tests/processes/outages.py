"""The endpoint of the AWS stores goes away, or loses one answer: at each request of a pass in turn.

The SDK sends nothing twice by itself, so whatever arrives twice or late here was sent so by the
product, after it had asked what became of the first, or by the network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from plans.plan import Mode
from plans.storage.aws import CALL_SECONDS
from tests.processes.asked import Asked
from tests.processes.crew import Crew
from tests.processes.endpoint import Endpoint, Fate, Seen
from tests.processes.points import Points
from tests.processes.stores import Aws, AwsAt
from tests.processes.trouble import Ended, Pass, enact_in, publish_in, to_enact, to_publish
from tests.processes.world import Report, World

# The least that leaves time to try again: the budget must have room for one more whole call.
BUDGET_SECONDS: Final = CALL_SECONDS + 0.1
OF_MUTATIONS: Final[tuple[Fate, ...]] = ("gone after", "cut", "lost", "twice", "late", "last")


@dataclass
class Outage:
    """A ``Trouble``: one request of a pass meets a fate."""

    number: int
    fate: Fate
    target: str = ""
    seen: Seen | None = None

    def run(self, world: World, pass_: Pass) -> Report:
        stores = world.stores
        assert isinstance(stores, Aws)
        self.target = stores.server.endpoint
        with Crew() as crew:
            endpoint = Endpoint(crew, self.target, self.number, self.fate)
            behind = replace(world, stores=stores.at(endpoint.port, BUDGET_SECONDS))
            report = crew.start(lambda _: pass_(behind, Points())).result()
            self.seen = endpoint.end()
        return report

    def after_all(self) -> None:
        assert self.seen is not None
        if self.seen.held is not None:
            self.seen.held.send(self.target)


@dataclass(frozen=True, slots=True)
class Struck:
    """A request that met its fate, and how the pass ended that had sent it."""

    request: Asked
    fate: Fate
    ended: Ended


def outages(
    stores_at: AwsAt, folder: Path, mode: Mode, *, publish: bool, begun: bool
) -> list[Struck]:
    """The endpoint is gone from each request on in turn; and each mutation meets every fate."""
    play = publish_in if publish else enact_in
    scene = (to_publish if publish else to_enact)(stores_at, folder / "scene", mode, begun=begun)

    def strike(number: int, fate: Fate) -> tuple[Seen, Ended]:
        name, trouble = f"{number} {fate}", Outage(number, fate)
        ended = play(trouble, name, scene.again(folder / name))
        assert trouble.seen is not None
        return trouble.seen, ended

    unharmed, _ = strike(0, "served")
    struck = []
    for number, request in enumerate(unharmed.asked, start=1):
        fates: tuple[Fate, ...] = ("gone", *(OF_MUTATIONS if request.mutates else ()))
        for fate in fates:
            seen, ended = strike(number, fate)
            assert seen.asked[number - 1].operation == request.operation
            struck.append(Struck(request, fate, ended))
    return struck
