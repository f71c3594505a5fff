"""What git says about order, asked of real repositories; what it cannot say is unknown (F12)."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from planner.dns import ZoneYaml
from planner.git import Checkout, checkout_of, relate
from planner.planning import Outcome, plan_stream
from planner.ports import Ports, Request
from plans.document import digest_of
from plans.errors import PlanfenceError, Refused, Unavailable
from plans.guards import Breached
from plans.plan import Plan, Waiver
from tests.builders import STREAM, ZONE, Stream, no_health


def zone_text(address: int) -> str:
    return (
        "'': {type: NS, ttl: 3600, value: ns1.example.com.}\n"
        f"www: {{type: A, ttl: 300, value: 192.0.2.{address}}}\n"
    )


@dataclass
class Repository:
    """A work tree with one zone file."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "example.com.yaml"

    def git(self, *arguments: str) -> str:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_")
        } | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
        result = subprocess.run(
            ["git", "-C", str(self.folder), *identity, *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
        return result.stdout.strip()

    def commit(self, address: int) -> str:
        self.path.write_text(zone_text(address), encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"address {address}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def empty(tmp_path: Path) -> Repository:
    folder = tmp_path / "work"
    folder.mkdir()
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    return repository


@pytest.fixture
def repository(empty: Repository) -> Repository:
    for address in (1, 2, 3):
        empty.commit(address)
    return empty


@dataclass
class Planned:
    """A stream whose desired state is read from a work tree."""

    stream: Stream
    repository: Repository

    def outcome(self, *waived: str) -> Outcome:
        ports = self.stream.planner_ports
        path = self.repository.path
        source = ZoneYaml(path, "example.com.yaml", ZONE, None, no_health, ports.clock)
        waivers = tuple(Waiver(rule=rule, reason="known") for rule in waived)
        return plan_stream(
            Ports(ports.archive, ports.register, ports.clock, source, ports.view),
            Request(stream=STREAM, by="ada", waivers=waivers),
        )

    def plan(self, *waived: str) -> Plan:
        outcome = self.outcome(*waived)
        assert outcome.published, outcome
        return outcome.published.plan

    def refused(self, *waived: str) -> PlanfenceError:
        with pytest.raises(Breached) as caught:
            self.outcome(*waived)
        return caught.value

    def enacted(self, plan: Plan) -> None:
        assert self.stream.settings.approvals == 0
        outcome = self.stream.enact(generation=plan.generation)
        assert outcome.outcome == "applied"

    def approval_asked(self, plan: Plan) -> bool:
        """Whether the plan is refused for want of an approval, though the stream asks for none."""
        with pytest.raises(Refused) as caught:
            self.enacted(plan)
        return caught.value.rule == "approvals"


@pytest.fixture
def planned(repository: Repository) -> Planned:
    return Planned(Stream(), repository)


def commits(repository: Repository) -> list[str]:
    """Newest first."""
    return repository.git("rev-list", "HEAD").splitlines()


# The commit of a file


def test_a_file_in_a_work_tree_has_its_commit_and_the_bytes_committed(
    repository: Repository,
) -> None:
    committed = digest_of(repository.path.read_bytes())
    assert checkout_of(repository.path) == Checkout(commits(repository)[0], committed)
    below = repository.folder / "zones" / "deep"
    below.mkdir(parents=True)
    (below / "new.yaml").write_text("{}", encoding="utf-8")
    assert checkout_of(below / "new.yaml") == Checkout(commits(repository)[0], None)


def test_a_linked_file_has_the_commit_of_where_it_lies(
    repository: Repository, tmp_path: Path
) -> None:
    link = tmp_path / "linked.yaml"
    link.symlink_to(repository.path)
    checkout = checkout_of(link)
    assert checkout
    assert checkout.commit == commits(repository)[0]


def test_outside_git_or_before_the_first_commit_a_file_has_no_commit(
    empty: Repository, tmp_path: Path
) -> None:
    assert checkout_of(tmp_path / "zone.yaml") is None
    assert checkout_of(empty.path) is None


def test_variables_of_a_git_hook_do_not_lead_to_another_repository(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    checkout = checkout_of(repository.path)
    assert checkout
    assert checkout.commit == commits(repository)[0]


def test_a_repository_that_git_cannot_read_is_unavailable_not_outside_git(
    repository: Repository,
) -> None:
    (repository.folder / ".git" / "config").write_text("[core\n", encoding="utf-8")
    with pytest.raises(Unavailable, match="cannot read the repository") as caught:
        checkout_of(repository.path)
    assert caught.value.rule == "git-unavailable"


def test_without_git_a_work_tree_is_unavailable(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="git did not answer") as caught:
        checkout_of(repository.path)
    assert caught.value.rule == "git-unavailable"


# How two commits stand


def test_commits_of_one_history_are_same_newer_or_older(repository: Repository) -> None:
    newest, middle, oldest = commits(repository)
    assert relate(repository.folder, middle, middle) == "same"
    assert relate(repository.folder, oldest, newest) == "newer"
    assert relate(repository.folder, newest, middle) == "older"


def test_a_rebased_commit_is_unrelated(repository: Repository) -> None:
    newest = commits(repository)[0]
    repository.git("commit", "--quiet", "--amend", "--message", "said otherwise")
    assert relate(repository.folder, newest, commits(repository)[0]) == "unrelated"
    repository.git("checkout", "--quiet", "--orphan", "elsewhere")
    assert relate(repository.folder, newest, repository.commit(9)) == "unrelated"


def test_a_commit_that_is_not_here_is_unknown(repository: Repository) -> None:
    newest = commits(repository)[0]
    assert relate(repository.folder, "f" * 40, newest) == "unknown"
    assert relate(repository.folder, newest, "f" * 40) == "unknown"


def test_in_a_shallow_clone_order_is_unknown(repository: Repository, tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clone")
    url = repository.folder.as_uri()
    repository.git("clone", "--quiet", "--depth", "1", url, str(clone.folder))
    newest, middle, _ = commits(repository)
    assert relate(clone.folder, newest, newest) == "same"
    assert relate(clone.folder, middle, newest) == "unknown"
    clone.git("checkout", "--quiet", "--orphan", "elsewhere")
    assert relate(clone.folder, newest, clone.commit(9)) == "unknown", "even where both are here"


# Planning from a work tree


def test_the_same_and_newer_commits_pass_without_any_approval(planned: Planned) -> None:
    first = planned.plan()
    assert first.source == commits(planned.repository)[0]
    planned.enacted(first)
    newer = planned.repository.commit(4)
    second = planned.plan()
    assert second.source == newer
    planned.enacted(second)
    planned.stream.zone().state.clear()
    assert planned.plan("never-empty").inputs[0].ancestry == "same"


def test_last_weeks_job_run_again_is_refused_by_name(planned: Planned) -> None:
    planned.plan()
    newest, middle, _ = commits(planned.repository)
    planned.repository.git("checkout", "--quiet", middle)
    error = planned.refused()
    assert (error.rule, error.expected, error.actual) == (
        "source-went-back",
        "no commit older than the parent plan's source",
        f"{middle[:12]} is older",
    )
    planned.refused("updates-max")
    plan = planned.plan("source-went-back")
    assert plan.source == newest
    assert planned.approval_asked(plan)


def test_a_dirty_file_is_recorded_with_the_commit_it_is_not(planned: Planned) -> None:
    planned.repository.path.write_text(zone_text(9), encoding="utf-8")
    [entry] = planned.plan().inputs
    assert (entry.commit, entry.dirty) == (commits(planned.repository)[0], True)


def test_a_file_that_no_commit_holds_is_dirty(planned: Planned) -> None:
    planned.repository.git("rm", "--quiet", "--cached", planned.repository.path.name)
    planned.repository.git("commit", "--quiet", "--message", "removed")
    [entry] = planned.plan().inputs
    assert entry.dirty


def test_a_plan_from_a_shallow_clone_needs_an_approval(planned: Planned, tmp_path: Path) -> None:
    planned.enacted(planned.plan())
    newest = planned.repository.commit(4)
    clone = tmp_path / "clone"
    url = planned.repository.folder.as_uri()
    planned.repository.git("clone", "--quiet", "--depth", "1", url, str(clone))
    planned.repository = Repository(clone)
    plan = planned.plan()
    assert (plan.inputs[0].ancestry, plan.source) == ("unknown", newest)
    assert planned.approval_asked(plan)


def test_a_plan_from_a_rebased_branch_needs_an_approval(planned: Planned) -> None:
    planned.enacted(planned.plan())
    planned.repository.path.write_text(zone_text(4), encoding="utf-8")
    planned.repository.git("commit", "--quiet", "--amend", "--all", "--message", "said otherwise")
    plan = planned.plan()
    assert plan.inputs[0].ancestry == "unrelated"
    assert planned.approval_asked(plan)


def test_a_work_tree_without_a_commit_plans_as_outside_git(empty: Repository) -> None:
    empty.path.write_text(zone_text(1), encoding="utf-8")
    planned = Planned(Stream(), empty)
    plan = planned.plan()
    assert (plan.source, plan.inputs[0].commit, plan.inputs[0].dirty) == (None, None, False)
    assert plan.expires_at - plan.created_at == timedelta(hours=168)
