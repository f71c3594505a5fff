"""What a fuzzer makes of the corpus gets past the syntax, and finds a reader that is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

import plans.published
import tests.fuzz.document_targets
import tests.fuzz.targets
from planner.pools_file import PoolsRead, parse_pools
from plans.document import decode
from plans.errors import Refused
from plans.fence import Unreadable, parse_fence
from plans.kinds.dns import RecordKey, Records
from plans.kinds.zone import ZoneDocument
from plans.published import as_plan
from plans.storage.archive import Stored
from tests.fuzz.corpora import inputs
from tests.fuzz.document_targets import LINEAGE, STREAM
from tests.fuzz.mutators import crossover, mutator
from tests.fuzz.targets import TARGETS

BYTES_MAX = 8_000
PLANS = ("converge", "first", "routed", "two-targets")
CHANGED = ("plan", "stored", "given", "zone", "pools", "zonefile", "fence")


def as_it_is(data: bytes, size_max: int) -> bytes:
    """In place of the fuzzer's own change of bytes, which is there only while it runs."""
    return data[:size_max]


def made(
    target: str, count: int, size_max: int = BYTES_MAX, of: Collection[str] = ()
) -> Iterator[bytes]:
    """What comes of the corpus, or of some of it, under the seeds 0, 1, 2, ..."""
    change = mutator(target, as_it_is)
    assert change
    start = [path.read_bytes() for path in inputs(target) if not of or path.name in of]
    for seed in range(count):
        yield change(start[seed % len(start)], size_max, seed)


@pytest.mark.parametrize("target", CHANGED)
def test_one_seed_makes_the_same_inputs_again_and_another_makes_others(target: str) -> None:
    first = list(made(target, 100))
    assert first == list(made(target, 100))
    assert len(set(first)) > 80


@pytest.mark.parametrize("target", CHANGED)
def test_no_input_is_longer_than_asked_for(target: str) -> None:
    assert all(len(data) <= 300 for data in made(target, 200, size_max=300))


@pytest.mark.parametrize("target", ["wire", "page"])
def test_where_there_is_no_structure_to_keep_the_fuzzer_changes_bytes(target: str) -> None:
    assert mutator(target, as_it_is) is None
    assert crossover(target) is None


def test_four_in_ten_of_what_comes_of_plans_are_plans_and_the_rest_meets_every_rule() -> None:
    met: Counter[str] = Counter()
    different = set()
    for data in made("plan", 600, of=PLANS):
        try:
            different.add(as_plan(Stored(data, "etag"), STREAM, LINEAGE, 1).digest)
            met["read"] += 1
        except Refused as refusal:
            met[refusal.rule] += 1
    assert met["read"] >= 240
    assert len(different) > 150
    foreign = {"foreign-stream", "foreign-lineage", "foreign-generation"}
    codec = {"schema-version", "document-invalid", "document-not-canonical"}
    assert set(met) == {"read", *codec, *foreign}


def test_a_part_of_one_document_is_put_into_another() -> None:
    join = crossover("plan")
    assert join
    first, other = ((inputs("plan")[0].parent / name).read_bytes() for name in ("first", "routed"))
    joined = [join(first, other, BYTES_MAX, seed) for seed in range(50)]
    assert joined == [join(first, other, BYTES_MAX, seed) for seed in range(50)]
    assert len({first, *joined}) > 10
    assert join(first, b"no JSON", 20, 1) == first[:20]
    deep = b"[" * 900 + b"]" * 900
    assert all(join(deep, deep, 50, seed) == deep[:50] for seed in range(5))
    assert all(len(join(first, other, 100, seed)) <= 100 for seed in range(20))


# A reader that is broken on purpose


def no_faults(*_: Any) -> tuple[()]:
    return ()


def not_canonical(model: Any, body: bytes, *, what: str) -> Any:
    try:
        return model.model_validate_json(body)
    except ValidationError:
        return decode(model, body, what=what)


def the_last_one(document: ZoneDocument) -> dict[RecordKey, Records]:
    return {
        RecordKey(each.name, each.type, each.identifier): Records(each.ttl, each.values)
        for each in document.records
    }


def a_loose_fence(text: str) -> Any:
    seen = parse_fence(text.strip())
    return Unreadable(text) if isinstance(seen, Unreadable) else seen


def fewer_pools(*parts: Any) -> PoolsRead:
    read = parse_pools(*parts)
    return PoolsRead(read.pools[1:], read.lines[1:], read.digest, read.size)


def any_change(*_: Any) -> None:
    return


BROKEN: dict[str, tuple[str, ModuleType, str, Callable[..., Any]]] = {
    "steps that are not counted": ("plan", plans.published, "numbering_faults", no_faults),
    "another stream's plan": ("plan", plans.published, "_check_place", no_faults),
    "a plan written otherwise": ("plan", plans.published, "decode", not_canonical),
    "a change outside the zone": (
        "plan",
        tests.fuzz.document_targets,
        "check_changes",
        any_change,
    ),
    "a change that cannot be": ("plan", plans.published, "change_faults", no_faults),
    "an attachment written otherwise": ("stored", plans.published, "decode", not_canonical),
    "a record set twice": (
        "stored",
        plans.published,
        "state_of",
        the_last_one,
    ),
    "a fence with a space": ("fence", tests.fuzz.targets, "parse_fence", a_loose_fence),
    "a pool left out": ("pools", tests.fuzz.targets, "parse_pools", fewer_pools),
    "a line left out": (
        "zonefile",
        tests.fuzz.targets,
        "quick_entries",
        lambda text, zone: [],
    ),
}


def run_all(target: str, count: int) -> None:
    for data in made(target, count):
        TARGETS[target](data)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_reader_is_found(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, module, name, broken = BROKEN[case]
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(AssertionError):
        run_all(target, 2_000)
