"""Settings live in the register, with versions; a target leaves in two steps (S1, S10)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from plans.errors import Conflict, Refused
from plans.fence import Fence
from plans.journal import read_entries, verify
from plans.mirror import raise_mirror, read_mirror
from plans.names import settings_key
from plans.settings import Settings, change_settings, create_stream, read_settings
from tests.builders import (
    LINEAGE,
    OTHER_LINEAGE,
    START,
    STREAM,
    T1,
    T2,
    FixedClock,
    Stream,
    overwrite_item,
    settings_of,
)
from tests.doubles.faults import after, lost_after
from tests.doubles.memory import MemoryRegister


def created(register: Any, settings: Settings, number: int = 1) -> bool:
    return create_stream(
        register, settings, by="admin", clock=FixedClock(), attempt=f"{number:032x}"
    )


def changed(stream: Stream, **updates: Any) -> Settings:
    """A change computed on the settings as they are now."""
    before = stream.settings
    return change_settings(
        stream.register,
        before,
        before.model_copy(update=updates),
        by="admin",
        clock=stream.clock,
        attempt=stream.new_id(),
    )


def test_the_defaults_are_those_of_the_design() -> None:
    settings = settings_of()
    assert settings.model_dump(exclude={"schema_version", "stream", "kind", "lineage", "zone"}) == {
        "version": 1,
        "targets": (T1,),
        "retiring": (),
        "mode": "exact",
        "approvals": 1,
        "self_approval": "deny",
        "approval_hours": 24,
        "updates_max": "30%",
        "deletes_max": "30%",
        "protect": (),
        "plan_hours": 168,
        "lease_seconds": 0,
        "retain_days": 30,
        "retain_count": 100,
        "prune_grace_hours": 24,
    }


def test_creating_a_stream_twice_keeps_the_first_lineage() -> None:
    register = MemoryRegister()
    assert created(register, settings_of())
    assert not created(register, settings_of(lineage=OTHER_LINEAGE), 2)
    assert read_settings(register, STREAM) == settings_of()
    [entry] = read_entries(register, STREAM)
    assert (entry.kind, entry.details) == ("created", {"lineage": LINEAGE})


def test_a_lost_answer_to_the_creation_is_a_creation() -> None:
    stream = Stream()
    other = settings_of(stream="dns/other.example")
    stream.faults.next("write", "settings", lost_after)
    assert created(stream.register, other, 9)
    assert read_settings(stream.register, "dns/other.example") == other


def test_a_stream_that_is_not_there_or_not_readable_is_refused() -> None:
    register = MemoryRegister()
    with pytest.raises(Refused, match="there is no stream") as caught:
        read_settings(register, STREAM)
    assert caught.value.rule == "stream-missing"
    overwrite_item(register, settings_key(STREAM), version=1)
    with pytest.raises(Refused, match="the settings of dns/example") as caught:
        read_settings(register, STREAM)
    assert caught.value.rule == "document-invalid"


@pytest.mark.parametrize(
    "stream",
    [
        "dns",
        "dns/",
        "/dns",
        "dns//x",
        "dns/a/b/c",
        "dns/Example.com",
        "dns/..",
        "./dns",
        "dns/a b",
        "dns/a\n",
        "dns/example.com/plans",  # its keys would lie among those of dns/example.com
        "dns/example.com/blobs",
        "",
    ],
)
def test_a_stream_with_a_bad_name_cannot_be(stream: str) -> None:
    with pytest.raises(ValidationError, match="2 or 3 segments"):
        settings_of(stream=stream)


@pytest.mark.parametrize("stream", ["dns/x", "dns/plans", "dns/a.b/c-d_e", "dns/example.com/www"])
def test_a_stream_has_two_or_three_segments(stream: str) -> None:
    assert settings_of(stream=stream).stream == stream


@pytest.mark.parametrize(
    "bad",
    [
        {"targets": ()},
        {"targets": (T1, T1)},
        {"retiring": (T2, T2)},
        {"protect": ("www", "www")},
        {"updates_max": "101%"},
        {"updates_max": "-1"},
        {"deletes_max": "30 %"},
        {"deletes_max": "all"},
        {"approvals": -1},
        {"approvals": 21},
        {"approval_hours": 0},
        {"plan_hours": 0},
        {"mode": "fast"},
        {"self_approval": "maybe"},
        {"version": 0},
        {"lineage": "x"},
        {"unknown": 1},
    ],
)
def test_a_setting_out_of_range_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings_of(**bad)


def test_every_change_raises_the_version_and_is_journaled_with_what_it_changed() -> None:
    stream = Stream()
    assert changed(stream, mode="converge", protect=("www",)).version == 2
    assert changed(stream).version == 3
    assert stream.settings.mode == "converge"
    entries = list(read_entries(stream.register, STREAM))
    assert [entry.kind for entry in entries] == ["created", "settings", "settings"]
    assert entries[1].details == {"version": "2", "mode": "converge", "protect": "['www']"}
    assert entries[2].details == {"version": "3"}
    verify(stream.register, STREAM)


def test_of_two_changes_on_the_same_version_one_is_refused() -> None:
    stream = Stream()
    stream.faults.next("write", "settings", after(partial(changed, stream, approvals=2)))
    with pytest.raises(Conflict) as caught:
        changed(stream, approvals=3)
    assert caught.value.rule == "settings-changed"
    assert (stream.settings.approvals, stream.settings.version) == (2, 2)


# A target leaves in two steps


def test_before_the_first_claim_any_target_may_be_dropped() -> None:
    stream = Stream(T1, T2)
    stream.publish()
    assert changed(stream, targets=(T1,)).targets == (T1,)


def test_a_target_dropped_while_the_first_claim_is_made_stays() -> None:
    stream = Stream(T1, T2)
    published = stream.publish(START)
    stream.faults.next("write", "settings", after(partial(stream.enact, published)))
    with pytest.raises(Conflict):
        changed(stream, targets=(T1,))
    assert stream.settings.targets == (T1, T2)


def test_a_target_that_was_claimed_retires_before_it_is_dropped() -> None:
    stream = Stream(T1, T2)
    stream.applied()
    for gone in ({"targets": (T1,)}, {"targets": (T1,), "retiring": ()}):
        with pytest.raises(Refused, match="memory:t2 still belongs to") as caught:
            changed(stream, **gone)
        assert caught.value.rule == "retire-first"
        assert caught.value.remedy
        assert "--retire memory:t2" in caught.value.remedy
    changed(stream, targets=(T1,), retiring=(T2,))
    with pytest.raises(Refused):
        changed(stream, retiring=())
    stream.applied()
    assert changed(stream, retiring=()).retiring == ()


def test_a_retired_target_that_is_written_again_meanwhile_stays() -> None:
    stream = Stream(T1, T2)
    stream.applied()
    changed(stream, targets=(T1,), retiring=(T2,))
    stream.applied()
    newer = Fence(9, 1, True, "d" * 64, LINEAGE, "e" * 32)
    seen = read_mirror(stream.register, STREAM, T2)
    again = partial(
        raise_mirror, stream.register, STREAM, T2, seen, newer, retired=False, attempt="e" * 32
    )
    stream.faults.next("write", "settings", after(again))
    with pytest.raises(Conflict):
        changed(stream, retiring=())
    assert stream.settings.retiring == (T2,)
