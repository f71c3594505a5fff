"""octoDNS's dynamic records are read whole, as the sets that they are in Route 53, or refused.

That octoDNS makes the same sets is proven in ``test_zone_dynamic_octodns.py``.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from planner.zone_dump import dump_zone
from planner.zone_yaml import parse_zone_yaml
from plans.errors import Invalid
from plans.kinds.dns import RecordKey, Records

ZONE = "example.com."
CHECK = "11111111-2222-3333-4444-555555555555"
UP = "status: up"
POOLS = f"pools: {{eu: {{values: [{{value: 192.0.2.1, {UP}}}]}}}}"
RULES = "rules: [{pool: eu}]"


def read(text: str, zone: str = ZONE) -> dict[RecordKey, Records]:
    data = dedent(text).encode()
    return parse_zone_yaml(data, "zone.yaml", zone, escaped_semicolons=None).records


def problems(text: str, zone: str = ZONE) -> list[str]:
    with pytest.raises(Invalid) as caught:
        read(text, zone)
    return [problem.removeprefix("zone.yaml:") for problem in caught.value.problems]


def record(pools: str, rules: str = "[{pool: eu}]", more: str = "type: A, value: 192.0.2.9") -> str:
    """A record whose ``dynamic`` has these, in flow style on line 1."""
    return f"www: {{{more}, dynamic: {{pools: {pools}, rules: {rules}}}}}\n"


WHOLE = f"""
    www:
      type: A
      ttl: 60
      values: [192.0.2.9, 192.0.2.8]
      dynamic:
        pools:
          eu:
            fallback: us
            values:
              - {{value: 192.0.2.20, weight: 100, health_check: {CHECK}}}
              - {{value: 192.0.2.3, weight: 2, status: down, health_check_down: down-1}}
              - {{value: 192.0.2.100, status: up}}
          us:
            fallback: null
            values: [{{value: 192.0.2.4, status: obey, health_check: {CHECK}}}]
        rules:
          - {{pool: eu, geos: [EU-DE, AF, NA-US-CA]}}
          - {{pool: us}}
"""


def alias(label: str, *attributes: str) -> Records:
    target = f"alias=self:_octodns-{label}.www.example.com.:true"
    return Records(0, (), tuple(sorted((target, *attributes))))


def test_a_dynamic_record_is_the_sets_that_octodns_route53_makes() -> None:
    def key(label: str, identifier: str = "") -> RecordKey:
        return RecordKey(f"{label}www.example.com.", "A", identifier)

    assert read(WHOLE) == {
        key("_octodns-default-pool."): Records(60, ("192.0.2.8", "192.0.2.9")),
        key("_octodns-eu-pool.", "eu-Primary"): alias("eu-value", "failover=PRIMARY"),
        key("_octodns-eu-pool.", "eu-Secondary-us"): alias("us-pool", "failover=SECONDARY"),
        key("_octodns-us-pool.", "us-Primary"): alias("us-value", "failover=PRIMARY"),
        key("_octodns-us-pool.", "us-Secondary-default"): alias(
            "default-pool", "failover=SECONDARY"
        ),
        # In the order of their text, as octoDNS numbers them.
        key("_octodns-eu-value.", "eu-000"): Records(60, ("192.0.2.100",), ("weight=1",)),
        key("_octodns-eu-value.", "eu-001"): Records(
            60, ("192.0.2.20",), (f"health_check={CHECK}", "weight=100")
        ),
        key("_octodns-eu-value.", "eu-002"): Records(
            60, ("192.0.2.3",), ("health_check=down-1", "weight=2")
        ),
        key("_octodns-us-value.", "us-000"): Records(
            60, ("192.0.2.4",), (f"health_check={CHECK}", "weight=1")
        ),
        key("", "0-eu-AF"): alias("eu-pool", "geo_continent=AF"),
        key("", "0-eu-EU-DE"): alias("eu-pool", "geo_country=DE"),
        key("", "0-eu-NA-US-CA"): alias("eu-pool", "geo_country=US", "geo_subdivision=CA"),
        key("", "1-us-None"): alias("us-pool", "geo_country=*"),
    }


def test_what_dynamic_became_is_dumped_as_routing_and_read_back_the_same() -> None:
    state = read(WHOLE)
    text = dump_zone(ZONE, state, escaped_semicolons=None, source="live")
    assert "dynamic" not in text
    assert read(text) == state


@pytest.mark.parametrize("name", ["''", "'*'", "a.b"])
def test_a_dynamic_record_may_stand_at_any_name_and_beside_another_type(name: str) -> None:
    pool = "pools: {p: {values: [{value: '2001:db8::1', status: up}]}}"
    text = f"""
        {name}:
          - {{type: A, value: 192.0.2.9, dynamic: {{{POOLS}, {RULES}}}}}
          - {{type: AAAA, value: '::1', dynamic: {{{pool}, rules: [{{pool: p}}]}}}}
    """
    found = read(text)
    at = ZONE if name == "''" else f"{name.strip(chr(39))}.{ZONE}"
    assert {key.name for key in found if key.type == "A"} == {
        at,
        *(f"_octodns-{label}.{at}" for label in ("default-pool", "eu-pool", "eu-value")),
    }
    assert len(found) == 10


@pytest.mark.parametrize(
    ("dynamic", "reason"),
    [
        ("[]", "dynamic: expected a map, found a list"),
        (f"{{{POOLS}}}", "dynamic: rules is missing"),
        (f"{{{RULES}}}", "dynamic: pools is missing"),
        (f"{{{POOLS}, {RULES}, geos: x}}", "dynamic: unknown key 'geos'"),
        (f"{{pools: {{}}, {RULES}}}", "pools is empty"),
        (f"{{pools: [], {RULES}}}", "pools: expected a map, found a list"),
        (f"{{{POOLS}, rules: []}}", "dynamic: rules is empty"),
        (f"{{{POOLS}, rules: {{}}}}", "dynamic rules: expected a list, found a map"),
        (f"{{{POOLS}, rules: *a}}", "alias *a: write it out"),
        (f"{{{POOLS}, rules: [*a, {{pool: eu}}]}}", "alias *a: write it out"),
        (f"{{pools: {{eu: *a}}, {RULES}}}", "alias *a: write it out"),
        (f"{{pools: *a, {RULES}}}", "alias *a: write it out"),
    ],
)
def test_a_dynamic_that_is_not_pools_and_rules_is_refused(dynamic: str, reason: str) -> None:
    found = problems(f"www: {{type: A, value: 192.0.2.9, dynamic: {dynamic}}}\n")
    assert f"1: {reason}" in found


@pytest.mark.parametrize(
    ("pool", "reason"),
    [
        ("{}", "pool 'eu': values is missing"),
        ("192.0.2.1", "pool 'eu': expected a map, found text"),
        ("{values: 192.0.2.1}", "pool 'eu' values: expected a list, found text"),
        ("{values: []}", "pool 'eu': values is empty"),
        ("{values: *a}", "alias *a: write it out"),
        ("{values: [*a]}", "alias *a: write it out"),
        ("{values: [192.0.2.1]}", "pool 'eu' value 1: expected a map, found text"),
        (f"{{values: [{{{UP}}}]}}", "pool 'eu' value 1: value is missing"),
        (f"{{values: [{{value: x, {UP}}}]}}", "A value 'x'"),
        (f"{{values: [{{value: *a, {UP}}}]}}", "alias *a: write it out"),
        (f"{{values: [{{value: 192.0.2.1, {UP}, up: true}}]}}", "pool 'eu' value 1: unknown key"),
        (f"{{values: [{{value: 192.0.2.1, {UP}, weight: 2}}]}}", "pool 'eu' has one value, whose"),
        (f"{{fallback: x, values: [{{value: 192.0.2.1, {UP}}}]}}", "pool 'eu' falls back to 'x',"),
        (f"{{fallback: eu, values: [{{value: 192.0.2.1, {UP}}}]}}", "pools fall back in a circle:"),
        (f"{{fallback: [], values: [{{value: 192.0.2.1, {UP}}}]}}", "pool 'eu' fallback: expected"),
        (f"{{fallback: *a, values: [{{value: 192.0.2.1, {UP}}}]}}", "alias *a: write it out"),
    ],
)
def test_a_pool_that_is_not_surely_one_is_refused(pool: str, reason: str) -> None:
    found = problems(record(f"{{eu: {pool}}}"))
    assert any(problem.startswith(f"1: {reason}") for problem in found), found


@pytest.mark.parametrize("weight", ["0", "101", "-1", "1.0", "'5'", "010", "x", "[]", "~"])
def test_a_weight_is_a_plain_number_from_1_to_100(weight: str) -> None:
    pool = f"{{eu: {{values: [{{value: 192.0.2.1, {UP}, weight: {weight}}}]}}}}"
    [found] = problems(record(pool))
    assert found.startswith("1: pool 'eu' value 1 weight: expected a plain number from 1 to 100,")
    assert problems(record(pool.replace(f" {weight}}}", " *a}"))) == ["1: alias *a: write it out"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("default", "pool 'default': the name stands for the record's own values"),
        ("EU", "pool 'EU': a pool's name is 1 to 48 of a-z, 0-9, '-' and '_'"),
        ("a.b", "pool 'a.b': a pool's name is 1 to 48 of a-z, 0-9, '-' and '_'"),
        ("x" * 49, f"pool '{'x' * 49}': a pool's name is 1 to 48 of a-z, 0-9, '-' and '_'"),
    ],
)
def test_a_pool_whose_name_cannot_be_in_a_name_of_the_zone_is_refused(
    name: str, reason: str
) -> None:
    pools = f"{{{name}: {{values: [{{value: 192.0.2.1, {UP}}}]}}}}"
    assert problems(record(pools, f"[{{pool: {name}}}]")) == [f"1: {reason}"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "status obey (octoDNS's default) needs a health check, and planfence makes none: add"),
        ("status: obey", "status obey (octoDNS's default) needs a health check, and planfence"),
        ("status: down", "status down needs a health check that is disabled and inverted, and"),
        ("status: down, health_check: c", "health_check has no use where status is down"),
        ("status: up, health_check: c", "health_check has no use where status is up"),
        ("status: up, health_check_down: c", "health_check_down has no use where status is up"),
        ("health_check_down: c", "health_check_down has no use where status is obey"),
    ],
)
def test_a_status_needs_its_own_health_check_and_no_other(value: str, reason: str) -> None:
    found = problems(record(f"{{eu: {{values: [{{value: 192.0.2.1, {value}}}]}}}}"))
    assert found[0].startswith(f"1: pool 'eu' value 1: {reason}")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("status: off", "1: pool 'eu' value 1 status: expected up, down or obey, found 'off'"),
        ("status: []", "1: pool 'eu' value 1 status: expected text, found a list"),
        ("status: *a", "1: alias *a: write it out"),
        ("health_check: ", "1: pool 'eu' value 1 health_check: expected text, found nothing"),
        ("health_check: a b", "1: pool 'eu' value 1 health_check: 'a b' is no health check's id"),
    ],
)
def test_a_status_or_health_check_that_is_none_is_refused(value: str, reason: str) -> None:
    assert problems(record(f"{{eu: {{values: [{{value: 192.0.2.1, {value}}}]}}}}")) == [reason]


_ONE = f"{{values: [{{value: 192.0.2.1, {UP}}}]}}"
TWO = f"{{eu: {_ONE}, us: {_ONE}}}"


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("[{pool: eu}]", "pool 'us' is used by no rule and no fallback"),
        ("[{pool: us, geos: [AS]}, {pool: x}]", "rule 2: there is no pool 'x'"),
        ("[{pool: us, geos: [AS]}, {pool: eu, geos: [EU]}]", "rule 2 is the last: it is for all"),
        ("[{pool: us}, {pool: eu}]", "rule 1 has no geos: such a rule is the last, and alone"),
        ("['{pool: us}', {pool: eu}]", "rule 1: expected a map, found text"),
        ("[{pool: us, geos: []}, {pool: eu}]", "rule 1: geos is empty"),
        ("[{pool: us, geos: AS}, {pool: eu}]", "rule 1 geos: expected a list, found text"),
        ("[{pool: us, geos: [[]]}, {pool: eu}]", "rule 1 geos: expected text, found a list"),
        ("[{pool: us, geos: [XX]}, {pool: eu}]", "rule 1: 'XX': there is no such geo code"),
        ("[{pool: us, geos: [as]}, {pool: eu}]", "rule 1: 'as': there is no such geo code"),
        ("[{pool: us, geos: [AS-US]}, {pool: eu}]", "rule 1: 'AS-US': there is no such geo code"),
        ("[{pool: us, geos: [NA-CA-ON]}, {pool: eu}]", "rule 1: 'NA-CA-ON': Route 53 has no"),
        ("[{pool: us, geos: [AF-EH]}, {pool: eu}]", "rule 1: 'AF-EH': Route 53 has no geolocation"),
        ("[{pool: us, geos: [AS, AS]}, {pool: eu}]", "rule 1: 'AS' is in 'AS', which rule 1 has"),
        ("[{pool: us, geos: [NA-US, NA]}, {pool: eu}]", "rule 1: 'NA-US' is in 'NA', which rule 1"),
        (
            "[{pool: us, geos: [NA]}, {pool: eu, geos: [NA-US]}, {pool: eu}]",
            "rule 2: 'NA-US' is in 'NA', which rule 1 has",
        ),
        (
            "[{pool: us, geos: [NA]}, {pool: us, geos: [EU]}, {pool: eu}]",
            "rule 2: pool 'us' has a rule; join them",
        ),
        ("[{pool: us, subnets: []}, {pool: eu}]", "rule 1: subnets need a CIDR collection"),
        ("[{geos: [AS]}, {pool: eu}]", "rule 1: pool is missing"),
        ("[{pool: , geos: [AS]}, {pool: eu}]", "rule 1 pool: expected text, found nothing"),
        ("[{pool: us, geos: [AS], geo: x}, {pool: eu}]", "rule 1: unknown key 'geo'"),
        ("[us, {pool: eu}]", "rule 1: expected a map, found text"),
    ],
)
def test_rules_that_do_not_say_who_gets_what_are_refused(rules: str, reason: str) -> None:
    found = problems(record(TWO, rules))
    assert any(problem.startswith(f"1: {reason}") for problem in found), found


def test_a_smaller_place_may_come_before_a_larger_one() -> None:
    rules = "[{pool: us, geos: [NA-US]}, {pool: eu, geos: [NA]}, {pool: us}]"
    found = {key.identifier for key in read(record(TWO, rules)) if key.name == f"www.{ZONE}"}
    assert found == {"0-us-NA-US", "1-eu-NA", "2-us-None"}


def test_pools_that_fall_back_in_a_circle_are_refused_once() -> None:
    pools = ", ".join(
        f"{name}: {{fallback: {to}, values: [{{value: 192.0.2.1, {UP}}}]}}"
        for name, to in (("eu", "a"), ("a", "b"), ("b", "c"), ("c", "a"))
    )
    assert problems(record(f"{{{pools}}}")) == ["1: pools fall back in a circle: a -> b -> c -> a"]


def test_a_name_and_type_holds_a_hundred_sets() -> None:
    values = [f"{{value: 192.0.2.{number}, {UP}}}" for number in range(101)]
    pool = "{eu: {values: [%s]}}"
    assert len(read(record(pool % ", ".join(values[:100])))) == 104
    [found] = problems(record(pool % ", ".join(values)))
    assert found == "1: pool 'eu' has 101 values; 100 are the most"
    [found] = problems(record(TWO, f"[{{pool: us, geos: [{', '.join(PLACES)}]}}, {{pool: eu}}]"))
    assert found == "1: the rules make 101 record sets; 100 are the most"


PLACES = [
    *(
        f"EU-{code}"
        for code in "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI".split()
    ),
    *(
        f"EU-{code}"
        for code in "GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL".split()
    ),
    *(
        f"AF-{code}"
        for code in "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG ER ET GA GH GM GN".split()
    ),
    *(
        f"AS-{code}"
        for code in "AE AF AM AZ BD BH BN BT CC CN CY GE HK ID IL IN IO IQ IR JO".split()
    ),
    *(
        f"NA-{code}"
        for code in "AG AI AW BB BL BM BQ BS BZ CR CU CW DM DO GD GL GP GT HN HT".split()
    ),
]


def test_a_generated_name_that_the_file_has_is_refused() -> None:
    text = record(f"{{eu: {{values: [{{value: 192.0.2.1, {UP}}}]}}}}")
    other = "_octodns-eu-value.www: {type: A, value: 192.0.2.3}\n"
    name = "_octodns-eu-value.www.example.com. A"
    assert problems(text + other) == [f"2: {name} is here twice, first at line 1"]
    assert problems(other + text) == [f"2: {name} is here twice, first at line 1"]
    [found] = problems(text + other.replace("A,", "CNAME,").replace("192.0.2.3", "a."))
    assert found.startswith("2: _octodns-eu-value.www.example.com. has CNAME beside A")


def test_a_generated_name_above_255_octets_is_refused() -> None:
    name = ".".join(["x" * 57] * 4)
    text = f"""
        {name}: {{type: A, value: 192.0.2.9, dynamic: {{{POOLS}, {RULES}}}}}
    """
    [found] = problems(text)
    assert found.startswith(f"2: dynamic makes _octodns-default-pool.{name}.{ZONE}: name ")
    assert "255" in found


def test_a_dynamic_cname_is_held_to_what_every_cname_is() -> None:
    pools = f"{{eu: {{values: [{{value: a., {UP}}}]}}}}"
    text = record(pools, more="type: CNAME, values: [a., b.]")
    assert problems(text) == [
        "1: _octodns-default-pool.www.example.com. CNAME has 2 values; one is allowed"
    ]
    apex = record(pools, more="type: CNAME, value: a.").replace("www:", "'':")
    assert problems(apex) == [
        "1: CNAME at the apex: the zone's own NS and SOA are there (RFC 1034 section 3.6.2)"
    ]


def test_the_record_itself_is_read_too_and_every_problem_is_told_at_once() -> None:
    pools = f"{{eu: {{values: [{{value: x, {UP}}}]}}}}"
    found = problems(record(pools, more="type: A, ttl: x, value: y"))
    assert len(found) == 3
    assert problems(
        record(TWO.replace("us:", "x:"), "[{pool: x, geos: [AS]}, {pool: eu}]", "type: A")
    )
    assert problems("a..b" + record(f"{{{POOLS[8:-1]}}}")[3:])[0].startswith("1: name 'a..b'")


@pytest.mark.parametrize("key", ["alias: {}", "routing: []", "health_check: x"])
def test_dynamic_beside_another_way_to_say_it_is_refused(key: str) -> None:
    text = record(f"{{{POOLS[8:-1]}}}", more=f"type: A, value: 192.0.2.9, {key}")
    assert problems(text) == [f"1: {key.partition(':')[0]} beside dynamic: which one is meant?"]


@pytest.mark.parametrize("key", ["healthcheck", "route53"])
def test_settings_of_health_checks_are_refused_whatever_the_values_name(key: str) -> None:
    pools = f"{{eu: {{values: [{{value: 192.0.2.1, health_check: {CHECK}}}]}}}}"
    more = f"type: A, value: 192.0.2.9, octodns: {{lenient: true, {key}: {{}}}}"
    [found] = problems(record(pools, more=more))
    assert found.startswith(
        f"1: octodns.{key} sets up health checks, which planfence does not make"
    )
