"""Tells a person at a terminal what a pass is reading, which can take long for a big zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planfence.app import App
from plans.fence import FenceSeen
from plans.kinds.dns import Change
from plans.observed.view import Observation, View

if TYPE_CHECKING:
    import planner.ports
    from plans.plan import Ancestry


@dataclass(frozen=True, slots=True)
class WatchedView:
    """A view that tells when it observes; implements ``plans.observed.view.View``."""

    app: App
    view: View

    @property
    def id(self) -> str:
        return self.view.id

    @property
    def step_capacity(self) -> tuple[int, ...]:
        return self.view.step_capacity

    def step_size(self, change: Change) -> tuple[int, ...]:
        return self.view.step_size(change)

    def read_fence(self) -> FenceSeen:
        return self.view.read_fence()

    def observe(self) -> Observation:
        with self.app.working(f"observing {self.view.id}"):
            return self.view.observe()


@dataclass(frozen=True, slots=True)
class WatchedDesired:
    """A source that tells when it is read; implements ``planner.ports.DesiredSource``."""

    app: App
    source: planner.ports.DesiredSource

    def read(self) -> planner.ports.DesiredRead:
        with self.app.working("reading the desired state"):
            return self.source.read()

    def relate(self, source: str, commit: str) -> Ancestry:
        return self.source.relate(source, commit)


def watched_view(app: App, view: Callable[[str], View]) -> Callable[[str], View]:
    """Views that tell when they observe."""
    return lambda target: WatchedView(app, view(target))


def watched(app: App, ports: planner.ports.Ports) -> planner.ports.Ports:
    """A planning pass's ports, telling what they read."""
    desired = WatchedDesired(app, ports.desired)
    return replace(ports, desired=desired, view=watched_view(app, ports.view))
