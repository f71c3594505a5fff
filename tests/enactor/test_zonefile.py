"""A zone file takes a step whole, on exactly the fence it expects, or not at all."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from enactor.targets import Target
from enactor.zonefile import ZoneFileTarget
from plans.errors import Drifted, FenceMoved, PlanfenceError, Refused
from plans.fence import Fence, FenceSeen, Unreadable
from plans.kinds.dns import Change, Records, diff
from plans.observed.view import Observation

ZONE = "example.com."
NS = Change(ZONE, "NS", None, Records(300, ("ns1.example.net.", "ns2.example.net.")))
A = Change("a.example.com.", "A", None, Records(60, ("192.0.2.1",)))
A_MOVED = Change("a.example.com.", "A", A.after, Records(60, ("192.0.2.2",)))
SOA = "example.com. 3600 IN SOA ns1.example.net. hostmaster.example.com. {} 3600 600 1209600 300\n"


def fence(generation: int, step: int = 1, attempt: str = "a") -> Fence:
    return Fence(generation, step, False, f"{generation:064x}", "1" * 32, attempt * 32)


class StillClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 1000.0 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zones" / "example.com.zone"


@pytest.fixture
def target(path: Path) -> ZoneFileTarget:
    return ZoneFileTarget(f"zonefile:{path}", path, ZONE, clock=StillClock())


@pytest.fixture
def served(target: ZoneFileTarget) -> ZoneFileTarget:
    """A zone with NS and A at generation 1."""
    target.apply((), expected=None, fence=fence(1, 0))
    target.apply((NS, A), expected=fence(1, 0), fence=fence(1))
    return target


def unchanged_by(
    target: ZoneFileTarget,
    error: type[PlanfenceError],
    changes: tuple[Change, ...] = (A_MOVED,),
    *,
    expected: FenceSeen = fence(1),  # noqa: B008 - frozen
) -> PlanfenceError:
    """The error that ``apply`` ends with, having left the very file that was there."""
    before = target.path.read_bytes(), target.path.stat()
    with pytest.raises(error) as caught:
        target.apply(changes, expected=expected, fence=fence(2))
    assert type(caught.value) is error
    after = target.path.read_bytes(), target.path.stat()
    assert after[0] == before[0]
    assert (after[1].st_ino, after[1].st_mtime_ns) == (before[1].st_ino, before[1].st_mtime_ns)
    return caught.value


def left_beside(target: ZoneFileTarget) -> set[str]:
    return {entry.name for entry in target.path.parent.iterdir()} - {
        target.path.name,
        f"{target.path.name}.lock",
    }


# A zone's life


def test_the_first_write_makes_folder_and_fence_and_no_soa(target: Target, path: Path) -> None:
    target.apply((), expected=None, fence=fence(1, 0))
    assert path.read_text() == (
        "; planfence zone file for example.com., written by `planfence enact`\n"
        f'_planfence.example.com. 60 IN TXT "{fence(1, 0).text()}"\n; end of zone\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert target.observe() == Observation(fence(1, 0), {})


def test_the_first_step_with_records_adds_an_soa(served: ZoneFileTarget) -> None:
    assert served.path.read_text().splitlines()[1:-1] == [
        SOA.format(1).rstrip(),
        "example.com. 300 IN NS ns1.example.net.",
        "example.com. 300 IN NS ns2.example.net.",
        "a.example.com. 60 IN A 192.0.2.1",
        f'_planfence.example.com. 60 IN TXT "{fence(1).text()}"',
    ]


def test_a_step_without_records_adds_no_soa(target: ZoneFileTarget) -> None:
    target.apply((), expected=None, fence=fence(1, 0))
    target.apply((), expected=fence(1, 0), fence=fence(1))
    assert "SOA" not in target.path.read_text()


def test_a_zone_without_an_apex_ns_gets_no_soa_and_is_refused(target: ZoneFileTarget) -> None:
    target.apply((), expected=None, fence=fence(1, 0))
    error = unchanged_by(target, Refused, (A,), expected=fence(1, 0))
    assert error.rule == "apex-ns-missing"


def test_a_step_adds_replaces_and_removes(served: ZoneFileTarget) -> None:
    new = Change("b.example.com.", "TXT", None, Records(60, ('"x" "y;z"',)))
    served.apply((A_MOVED, new), expected=fence(1), fence=fence(2))
    assert served.observe().state[new.key] == new.after
    assert served.observe().state[A.key] == A_MOVED.after
    served.apply((Change(new.name, new.type, new.after, None),), expected=fence(2), fence=fence(3))
    assert new.key not in served.observe().state
    assert served.read_fence() == fence(3)


@pytest.mark.parametrize(
    ("serial", "following"),
    [(5, 6), (2**31 - 1, 2**31), (2**32 - 2, 2**32 - 1), (2**32 - 1, 1), (0, 1)],
)
@pytest.mark.parametrize("changes", [(), (A,)], ids=["fence only", "a change"])
def test_every_step_raises_the_serial_by_rfc_1982_and_skips_zero(
    target: ZoneFileTarget, serial: int, following: int, changes: tuple[Change, ...]
) -> None:
    target.path.parent.mkdir()
    target.path.write_text(SOA.format(serial).replace("ns1.", "NS1."))
    target.apply(changes, expected=None, fence=fence(1))
    assert SOA.format(following) in target.path.read_text()


def test_unmanaged_records_survive_every_step(served: ZoneFileTarget) -> None:
    rrsig = "RRSIG NS 8 2 300 20300101000000 20200101000000 1 example.com. AAAA"
    kept = f"example.com. 9 IN DNSKEY 257 3 8 AwEAAQ==\nexample.com. 300 IN {rrsig}\n"
    kept += "u.example.com. 8 IN TYPE65400 \\# 1 00\n"
    with served.path.open("a") as file:
        file.write(kept + "; end of zone\n")
    served.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    served.apply((), expected=fence(2), fence=fence(3))
    assert kept in served.path.read_text()
    assert served.observe().left_alone == 3


def test_mode_and_owner_set_by_hand_are_kept(
    served: ZoneFileTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = []
    monkeypatch.setattr(os, "fchown", lambda _, uid, gid: owners.append((uid, gid)))
    served.path.chmod(0o640)
    served.apply((), expected=fence(1), fence=fence(2))
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o640
    assert owners == [(os.getuid(), served.path.stat().st_gid)]


# The condition


@pytest.mark.parametrize(
    "expected",
    [None, Unreadable("x"), fence(1, 0), fence(2), fence(1, attempt="b")],
    ids=["absent", "unreadable", "earlier step", "later generation", "another attempt"],
)
def test_a_fence_that_moved_refuses_and_leaves_the_file(
    served: ZoneFileTarget, expected: FenceSeen
) -> None:
    error = unchanged_by(served, FenceMoved, expected=expected)
    assert error.rule == "fence-moved"
    assert error.actual == fence(1).text()
    assert error.expected != error.actual
    assert left_beside(served) == set()


def test_a_fence_expected_where_the_file_is_gone_refuses_and_makes_no_file(
    target: ZoneFileTarget,
) -> None:
    with pytest.raises(FenceMoved) as caught:
        target.apply((), expected=fence(1), fence=fence(2))
    assert caught.value.actual == "no fence"
    assert not target.path.exists()


def test_what_is_unreadable_is_replaced_only_if_it_reads_exactly_so(
    served: ZoneFileTarget,
) -> None:
    served.path.write_text(SOA.format(1) + '_planfence.example.com. 60 TXT "mine"\n')
    error = unchanged_by(served, FenceMoved, (), expected=Unreadable("other"))
    assert (error.expected, error.actual) == ("'other'", "'mine'")
    served.apply((), expected=Unreadable("mine"), fence=fence(2))
    assert served.read_fence() == fence(2)


@pytest.mark.parametrize(
    ("before", "expected", "found"),
    [
        (None, "no such record", "60 192.0.2.1"),
        (Records(61, ("192.0.2.1",)), "61 192.0.2.1", "60 192.0.2.1"),
        (Records(60, ("192.0.2.1", "192.0.2.3")), "60 192.0.2.1, 192.0.2.3", "60 192.0.2.1"),
    ],
)
def test_drift_refuses_names_the_record_and_leaves_the_file(
    served: ZoneFileTarget, before: Records | None, expected: str, found: str
) -> None:
    change = Change(A.name, A.type, before, A_MOVED.after)
    error = unchanged_by(served, Drifted, (change,))
    assert error.rule == "drift"
    assert "a.example.com. A" in error.what
    assert (error.expected, error.actual) == (expected, found)
    assert left_beside(served) == set()


def test_a_record_that_is_gone_is_drift(served: ZoneFileTarget) -> None:
    change = Change("gone.example.com.", "A", A.after, None)
    assert unchanged_by(served, Drifted, (change,)).actual == "no such record"


class IgnoresExpected(ZoneFileTarget):
    """What the target would be without its condition."""

    def _check(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "unprotected"])
def test_only_the_condition_keeps_a_stale_step_out(served: ZoneFileTarget, protected: bool) -> None:
    """F1: an enactor compared fences, slept, and wakes after generation 3 was written."""
    kind = ZoneFileTarget if protected else IgnoresExpected
    stale = kind(served.id, served.path, ZONE, clock=StillClock())
    seen = stale.read_fence()
    changes = diff(ZONE, {NS.key: NS.after or Records(0, ())}, stale.observe().state)
    served.apply((A_MOVED,), expected=seen, fence=fence(3))
    if protected:
        unchanged_by(stale, FenceMoved, changes, expected=seen)
        return
    stale.apply(changes, expected=seen, fence=fence(2))
    assert stale.read_fence() == fence(2), "the older generation won"
    assert A.key not in stale.observe().state


# What cannot be written


@pytest.mark.parametrize(
    "change",
    [
        Change(
            "b.example.com.", "TXT", None, Records(60, ('"x"\nevil.example.com. 60 A 192.0.2.6',))
        ),
        Change("b.example.com.", "A", None, Records(60, ("not an address",))),
        Change("b.example.org.", "A", None, Records(60, ("192.0.2.1",))),
        Change("b.example.com.", "MX", None, Records(60, ("10 MAIL.example.com.",))),
        Change("a.example.com.", "CNAME", None, Records(60, ("b.example.com.",))),
        Change("_planfence.example.com.", "TXT", None, Records(60, ('"mine"',))),
        Change("b.example.com.", "DNSKEY", None, Records(60, ("257 3 8 AwEAAQ==",))),
        Change("b.example.com.", "A", None, Records(60, ())),
    ],
    ids=["injection", "no value", "outside", "case", "alias", "fence", "unmanaged", "no values"],
)
def test_what_would_not_read_back_as_meant_is_refused(
    served: ZoneFileTarget, change: Change
) -> None:
    error = unchanged_by(served, Refused, (change,))
    assert error.rule == "zonefile-not-as-meant"
    assert left_beside(served) == set()


@pytest.mark.parametrize("data", [b"", b"a 60 A 192.0.2.1\n", b"; planfence zone file\n"])
def test_a_file_that_is_not_whole_is_never_written_over(
    served: ZoneFileTarget, data: bytes
) -> None:
    served.path.write_bytes(data)
    unchanged_by(served, Refused, ())
    unchanged_by(served, Refused, (), expected=None)


@pytest.mark.parametrize("name", ["{}", "{}.lock", ".{}.planfence-new"])
def test_a_symlink_in_any_place_of_ours_is_refused(served: ZoneFileTarget, name: str) -> None:
    elsewhere = served.path.parent / "elsewhere"
    elsewhere.write_bytes(served.path.read_bytes())
    link = served.path.parent / name.format(served.path.name)
    link.unlink(missing_ok=True)
    link.symlink_to(elsewhere)
    assert unchanged_by(served, Refused).rule == "symlink"
    assert link.is_symlink()
    assert elsewhere.read_bytes() == served.path.read_bytes()
