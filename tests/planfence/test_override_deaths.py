"""An override whose process dies anywhere is run again, and ends as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from plans.storage.files import FileArchive
from plans.storage.sqlite import SqliteRegister
from tests.builders import Died
from tests.planfence.project import DESIRED, STREAM, Project

COMMAND = ("override", STREAM, "fixed.yaml", "--reason", "x", "--hold", "--enact", "--break-glass")


class Writes:
    """Counts what is written to the stores, and dies before or after one of them."""

    def __init__(self, dies_at: int, *, after: bool) -> None:
        self.dies_at, self.after, self.count = dies_at, after, 0

    def of(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count == self.dies_at and not self.after:
                raise Died
            written = write(*arguments, **named)
            if self.count == self.dies_at:
                raise Died
            return written

        return counted


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, writes: Writes) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(SqliteRegister, "write", writes.of(SqliteRegister.write))
        patched.setattr(FileArchive, "create", writes.of(FileArchive.create))
        yield


def prepared(project: Project) -> None:
    project.start()
    project.go()
    project.ok("stream", "set", STREAM, "--self-approval", "deny")
    project.desire("two")
    project.plan()  # automation has one ready
    project.write("fixed.yaml", (DESIRED / "one.yaml").read_text("utf-8").replace(".50", ".99"))


def check_ended(project: Project) -> None:
    for target in "ab":
        assert "192.0.2.99" in (project.root / f"out/{target}.zone").read_text(encoding="utf-8")
    [stream] = project.ok("status", "--format", "json").json["streams"]
    assert stream["desired"] == stream["applied"]
    assert stream["hold"]["by"] == "ana@lab"
    project.ok("journal", STREAM, "--verify")


@pytest.mark.parametrize("after", [False, True])
def test_it_is_run_again_wherever_it_died(
    after: bool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(project)
    deaths = 0
    while True:
        writes = Writes(deaths + 1, after=after)
        try:
            with watched(monkeypatch, writes):
                project.ok(*COMMAND)
            break
        except Died:
            deaths += 1
        held = project.ok("status", "--format", "json").json["streams"][0]["hold"]
        if held:
            ran = project.run("enact", STREAM, "--newest", "--format", "json").json
            assert ran["outcome"] in ("refused", "already_applied", "applied"), "never automation's"
            assert "192.0.2.51" not in (project.root / "out/a.zone").read_text(encoding="utf-8")
        else:
            assert (deaths, after) == (1, False), "what is first is the hold"
    # Under its own hold: two objects, the override's entry, the approval, the claim and the end.
    assert deaths >= 6
    check_ended(project)
