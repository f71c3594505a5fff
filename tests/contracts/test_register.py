"""What every register guarantees (``plans.storage.register``), held against each backend."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from contextlib import suppress
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import pytest

from plans.errors import ConditionFailed
from plans.storage.register import (
    Absent,
    Action,
    All,
    Attribute,
    Check,
    Condition,
    Either,
    Key,
    Operator,
    Put,
    Register,
    Where,
)
from tests.contracts.conftest import OpenRegister

POINTER = Key("enact#dns/example.com", "pointer")
OTHER = Key("enact#dns/example.com", "other")
ALWAYS = All(())
NEVER = Either(())
_COMPARED: dict[Operator, Callable[[Any, Any], bool]] = {
    "=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
OPERATORS = list(_COMPARED)
TEXTS = [
    "", "a", "A", "ab", "é", "e\u0301", "z", "10", "9", "null", "true", "' OR 1=1 --", 'q"\\',
    "\n\t\x01\x7f", "\ufffd", "\U0001f512", "\ue000",
]  # fmt: skip
NUMBERS = [0, 1, -1, 9, 10, 2**53, 2**53 + 1, 10**12 - 1, 2**63 - 1, -(2**63) + 1]
OTHERS: list[Attribute] = [None, True, False, [], ["a"], ["1", "é"]]
NO_ATTRIBUTES: list[Any] = [
    1.5, float("nan"), {"a": 1}, b"bytes", [1], [None], [["a"]], ["\0"], "a\0b", "\ud800", 2**63,
    -(2**63), ("a",),
]  # fmt: skip


def holds(register: Register, key: Key, condition: Condition) -> bool:
    try:
        register.write(Check(key, condition))
    except ConditionFailed:
        return False
    return True


# conditions


def test_every_comparison_is_exact_within_a_type_and_false_across_types(
    register: Register,
) -> None:
    everything: list[Attribute] = [*TEXTS, *NUMBERS, *OTHERS]
    values: list[str | int] = [*TEXTS, *NUMBERS]
    for stored in everything:
        register.write(Put(POINTER, {"value": stored}, ALWAYS))
        for operator in OPERATORS:
            true: list[Where] = []
            false: list[Where] = []
            for value in values:
                expected = type(stored) is type(value) and _COMPARED[operator](stored, value)
                (true if expected else false).append(Where("value", operator, value))
            assert holds(register, POINTER, All(tuple(true))), (stored, operator)
            assert not holds(register, POINTER, Either(tuple(false))), (stored, operator)


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_missing_attribute_and_a_missing_item_make_every_comparison_false(
    register: Register, operator: Operator
) -> None:
    assert not holds(register, POINTER, Where("generation", operator, 0))
    register.write(Put(POINTER, {"other": 0}, ALWAYS))
    assert not holds(register, POINTER, Where("generation", operator, 0))


def test_absent_holds_only_where_there_is_no_item(register: Register) -> None:
    assert holds(register, POINTER, Absent())
    register.write(Put(POINTER, {}, Absent()))
    assert not holds(register, POINTER, Absent())
    assert register.read(POINTER) == {}


def test_all_of_nothing_holds_and_either_of_nothing_does_not(register: Register) -> None:
    for _ in range(2):
        assert holds(register, POINTER, ALWAYS)
        assert not holds(register, POINTER, NEVER)
        assert not holds(register, POINTER, All((ALWAYS, NEVER)))
        assert holds(register, POINTER, Either((NEVER, ALWAYS)))
        register.write(Put(POINTER, {"a": 1}, ALWAYS))


def test_a_name_of_punctuation_is_only_a_name(register: Register) -> None:
    for name in ["a.b", "$", "a[0]", "' OR 1=1 --", "*", "#-1", " ", "fence#zonefile:out/x"]:
        register.write(Put(POINTER, {name: 1, "a": 2, "b": [""]}, ALWAYS))
        assert holds(register, POINTER, Where(name, "=", 1))
        assert not holds(register, POINTER, Where(name, "=", 2))
        assert register.read(POINTER) == {name: 1, "a": 2, "b": [""]}


def test_an_attribute_may_be_called_as_a_key_is(register: Register) -> None:
    attributes: dict[str, Attribute] = {"pk": 1, "_pk": 2, "sk": "a", "__sk": "b", "_": 3}
    register.write(Put(POINTER, attributes, ALWAYS))
    assert register.read(POINTER) == attributes
    for name, value in attributes.items():
        assert isinstance(value, int | str)
        assert holds(register, POINTER, Where(name, "=", value))
    assert not holds(register, POINTER, Where("_sk", "=", "a"))
    assert not holds(register, POINTER, Where("sk", "=", POINTER.sk))


# put


@pytest.mark.parametrize("value", [*TEXTS, *NUMBERS, *OTHERS], ids=repr)
def test_a_value_is_read_back_with_its_type(register: Register, value: Attribute) -> None:
    register.write(Put(POINTER, {"value": value}, Absent()))
    found = register.read(POINTER)
    assert found == {"value": value}
    assert found is not None
    assert isinstance(found["value"], type(value))


def test_put_replaces_the_whole_item(register: Register) -> None:
    register.write(Put(POINTER, {"a": 1, "b": 2}, Absent()))
    register.write(Put(POINTER, {"b": 3}, Where("a", "=", 1)))
    assert register.read(POINTER) == {"b": 3}


def test_a_put_whose_condition_fails_says_what_it_found_and_changes_nothing(
    register: Register,
) -> None:
    register.write(Put(POINTER, {"generation": 7, "attempt": "a"}, Absent()))
    with pytest.raises(ConditionFailed) as refused:
        register.write(Put(POINTER, {"generation": 6}, Where("generation", "<", 6)))
    assert refused.value.failed == (0,)
    assert refused.value.items == ({"generation": 7, "attempt": "a"},)
    assert register.read(POINTER) == {"generation": 7, "attempt": "a"}


def test_a_put_that_fails_on_a_missing_item_creates_none(register: Register) -> None:
    with pytest.raises(ConditionFailed) as refused:
        register.write(Put(POINTER, {"generation": 1}, Where("generation", "<", 1)))
    assert refused.value.items == (None,)
    assert register.read(POINTER) is None
    assert list(register.scan(POINTER.pk)) == []


def test_a_put_may_allow_both_a_missing_item_and_a_lower_generation(register: Register) -> None:
    def raised(generation: int) -> Put:
        lower = Where("generation", "<", generation)
        return Put(POINTER, {"generation": generation}, Either((Absent(), lower)))

    register.write(raised(2))
    register.write(raised(3))
    for stale in (1, 2, 3):
        with pytest.raises(ConditionFailed):
            register.write(raised(stale))
    assert register.read(POINTER) == {"generation": 3}


def test_f8_a_write_sent_twice_is_told_apart_by_its_attempt(register: Register) -> None:
    claim = Put(POINTER, {"generation": 1, "attempt": "ours"}, Absent())
    register.write(claim)
    with pytest.raises(ConditionFailed) as refused:
        register.write(claim)
    (found,) = refused.value.items
    assert found is not None
    assert found["attempt"] == "ours"


def test_f7_no_write_that_fails_takes_an_item_away(register: Register) -> None:
    register.write(Put(POINTER, {"generation": 1}, Absent()))
    for condition in (Absent(), NEVER, Where("generation", "=", 2)):
        with pytest.raises(ConditionFailed):
            register.write(Put(POINTER, {}, condition), Put(OTHER, {}, ALWAYS))
    assert register.read(POINTER) == {"generation": 1}
    assert register.read(OTHER) is None


# transactions


def test_a_transaction_writes_everything_or_nothing(register: Register) -> None:
    keys = [Key("journal#s/t", f"{n:03d}") for n in range(100)]
    register.write(*(Put(key, {"n": n}, Absent()) for n, key in enumerate(keys)))
    with pytest.raises(ConditionFailed) as refused:
        register.write(*(Put(key, {"n": -1}, Where("n", "<", 99)) for key in keys))
    assert refused.value.failed == (99,)
    assert refused.value.items[99] == {"n": 99}
    assert [item.attributes["n"] for item in register.scan("journal#s/t")] == list(range(100))


def test_a_refusal_names_every_condition_that_failed_and_what_it_was_held_to(
    register: Register,
) -> None:
    register.write(Put(OTHER, {"held": "yes"}, Absent()))
    third = Key("journal#s/t", "last")
    with pytest.raises(ConditionFailed) as refused:
        register.write(
            Put(POINTER, {"generation": 1}, Absent()),
            Check(OTHER, Where("held", "=", "no")),
            Put(third, {"n": 1}, Where("n", "=", 0)),
        )
    assert refused.value.failed == (1, 2)
    assert refused.value.items[1:] == ({"held": "yes"}, None)
    assert register.read(POINTER) is None


def test_a_check_lets_the_others_write_and_writes_nothing_itself(register: Register) -> None:
    register.write(Check(OTHER, Absent()), Put(POINTER, {"generation": 1}, Absent()))
    assert register.read(OTHER) is None
    assert register.read(POINTER) == {"generation": 1}


@pytest.mark.parametrize(
    "actions",
    [
        (),
        (Check(POINTER, ALWAYS), Put(POINTER, {}, ALWAYS)),
        tuple(Check(Key("p", str(n)), ALWAYS) for n in range(101)),
        (Put(Key("", "s"), {}, ALWAYS),),
        (Put(Key("p", ""), {}, ALWAYS),),
        (Check(POINTER, Where('a"b', "=", 1)),),
        (Check(POINTER, Where("a", "=", True)),),
        (Check(POINTER, Where("a", "=", 2**63)),),
        (Check(POINTER, Where("a", "=", "\0")),),
        (Check(POINTER, All((Either((Where("a", "= 1 OR 1", 1),)),))),),  # type: ignore[arg-type]
        (Put(POINTER, {"": 1}, ALWAYS),),
        (Put(POINTER, {"é": 1}, ALWAYS),),
        (Put(POINTER, {1: 1}, ALWAYS),),  # type: ignore[dict-item]
    ],
)
def test_what_no_register_can_do_is_a_programming_error(
    register: Register, actions: tuple[Action, ...]
) -> None:
    with pytest.raises(ValueError, match=r"action|key|compar|attribute"):
        register.write(*actions)
    assert register.read(POINTER) is None


@pytest.mark.parametrize("value", NO_ATTRIBUTES, ids=ascii)
def test_a_value_that_is_no_attribute_is_a_programming_error(
    register: Register, value: Any
) -> None:
    with pytest.raises(ValueError, match=r"attribute|surrogates"):
        register.write(Put(OTHER, {}, ALWAYS), Put(POINTER, {"value": value}, ALWAYS))
    assert register.read(OTHER) is None


@pytest.mark.parametrize("token", ["", "x" * 37])
def test_a_token_of_no_possible_length_is_a_programming_error(
    register: Register, token: str
) -> None:
    with pytest.raises(ValueError, match="token"):
        register.write(Put(POINTER, {}, Absent()), token=token)
    assert register.read(POINTER) is None


@pytest.mark.parametrize("count", [1, 2])
def test_a_write_that_is_repeated_with_its_token_has_one_effect(
    register: Register, count: int
) -> None:
    # Two answers are right: the first one's again, by a store that remembers tokens, or that the
    # condition does not hold any more.
    keys = (POINTER, OTHER)[:count]
    for key in keys:
        register.write(Put(key, {"n": 0}, Absent()))
    bumped = [Put(key, {"n": 1}, Where("n", "=", 0)) for key in keys]
    token = str(uuid.uuid4())  # 36 characters
    register.write(*bumped, token=token)
    with suppress(ConditionFailed):
        register.write(*bumped, token=token)
    assert register.read_all(*keys) == ({"n": 1},) * count
    register.write(*(Put(key, {"n": 2}, Where("n", "=", 1)) for key in keys))
    with suppress(ConditionFailed):
        register.write(*bumped, token=token)
    assert register.read_all(*keys) == ({"n": 2},) * count


# read and scan


def test_several_are_read_in_the_order_of_their_keys_and_missing_ones_as_none(
    register: Register,
) -> None:
    there = [Key(pk, f"{n:03d}") for n in range(30) for pk in ("p", "q")]
    register.write(*(Put(key, {"at": f"{key.pk} {key.sk}"}, Absent()) for key in there))
    asked = [*there, *(Key("p", f"{n:03d}") for n in range(30, 70))]
    random.Random(5).shuffle(asked)
    expected = tuple({"at": f"{key.pk} {key.sk}"} if key in there else None for key in asked)
    assert len(asked) == 100
    assert register.read_all(*asked) == expected
    assert register.read_all(*asked[:3], asked[0]) == (*expected[:3], expected[0])
    assert register.read_all() == ()


def test_every_client_reads_what_one_has_written(open_register: OpenRegister) -> None:
    writer, reader = open_register(), open_register()
    assert reader.read(POINTER) is None
    for generation in range(3):
        register_has = Either((Absent(), Where("generation", "<", generation)))
        writer.write(Put(POINTER, {"generation": generation}, register_has))
        assert reader.read(POINTER) == {"generation": generation}
        assert [item.key for item in reader.scan(POINTER.pk)] == [POINTER]


def test_nobody_changes_an_item_by_changing_what_was_read_or_written(register: Register) -> None:
    names = ["a"]
    attributes: dict[str, Attribute] = {"names": names}
    register.write(Put(POINTER, attributes, Absent()))
    names.append("b")
    attributes["more"] = 1
    found: Any = register.read(POINTER)
    with suppress(TypeError, AttributeError):  # Frozen is as good as a copy.
        found["names"].append("c")
    with suppress(TypeError, AttributeError):
        found["names"][0] = "d"
    with suppress(TypeError, AttributeError):
        found["names"] = []
    assert register.read(POINTER) == {"names": ["a"]}
    with pytest.raises(ConditionFailed) as refused:
        register.write(Check(POINTER, NEVER))
    assert refused.value.items == ({"names": ["a"]},)


def test_a_scan_ascends_by_code_point_within_one_partition(register: Register) -> None:
    for sk in random.Random(3).sample([*TEXTS[1:], "pointer", "a#1"], len(TEXTS) + 1):
        for pk in ("p", "p#", "q"):
            register.write(Put(Key(pk, sk), {"at": f"{pk} {sk}"}, Absent()))
    found = list(register.scan("p"))
    assert [item.key.sk for item in found] == sorted([*TEXTS[1:], "pointer", "a#1"])
    assert all(item.attributes == {"at": f"p {item.key.sk}"} for item in found)


def test_a_scan_has_all_of_a_prefix_above_after_over_many_pages(register: Register) -> None:
    keys = [f"step#{n:06d}" for n in range(700)] + ["pointer", "steq", "step"]
    for start in range(0, len(keys), 100):
        register.write(*(Put(Key("p", sk), {}, Absent()) for sk in keys[start : start + 100]))
    for prefix in ("", "step#", "step#0006", "step", "steq", "t"):
        for after in ("", "step#", "step#000255", "step#000256", "step#000699", "steq", "zz"):
            expected = sorted(sk for sk in keys if sk.startswith(prefix) and sk > after)
            assert [item.key.sk for item in register.scan("p", prefix, after)] == expected


def test_a_scan_under_way_stops_no_writer_and_misses_nothing_written_before_it(
    open_register: OpenRegister,
) -> None:
    reader, writer = open_register(), open_register()
    keys = [Key("p", f"{n:06d}") for n in range(0, 1200, 2)]
    for start in range(0, len(keys), 100):
        writer.write(*(Put(key, {"n": 0}, Absent()) for key in keys[start : start + 100]))
    seen = []
    for turn, item in enumerate(reader.scan("p")):
        seen.append(item.key)
        writer.write(Put(Key("p", f"{1199 - 2 * (turn % 500):06d}"), {"n": turn}, ALWAYS))
        reader.read(keys[0])
    assert set(keys) <= set(seen)
    assert seen == sorted(set(seen))
