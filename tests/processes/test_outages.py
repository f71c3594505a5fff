"""The endpoint of the AWS stores goes away or loses an answer: the next pass completes, once.

Shown on MiniStack, behind a relay that cuts: at every request of a pass in turn. Each request that
changes something is also served with its answer lost, served twice, and served long after.
"""

from __future__ import annotations

from pathlib import Path

from tests.processes.outages import OF_MUTATIONS, Struck, outages
from tests.processes.stage import Stage
from tests.processes.stores import AwsAt

FOR_GOOD = ("gone", "gone after")


def assert_try_again(struck: Struck) -> None:
    """Nothing is done and it says so (5), or whole targets are and it says that (6)."""
    end = struck.ended
    expected = ("partial", 6) if end.report.done else ("unavailable", 5)
    assert (end.report.outcome, end.report.exit_code) == expected, struck
    assert end.zones_changed >= len(end.report.done), struck


def assert_found_out(struck: Struck) -> None:
    """The pass asked again and went on; but what is only a copy may be left to the next pass."""
    if struck.request.operation == "PutItem" and struck.ended.report.exit_code:
        assert_try_again(struck)
        assert struck.ended.report.rule == "store-unknown"
    else:
        assert struck.ended.report.exit_code == 0, struck


def assert_ended_well(struck: list[Struck]) -> None:
    for each in struck:
        if each.fate in FOR_GOOD:
            assert_try_again(each)
        else:
            assert_found_out(each)


def assert_struck_all(struck: list[Struck], mutations: list[str]) -> None:
    """Every request of the pass, and those that change something are the ones meant."""
    met = [str(each.request) for each in struck if each.fate == "last"]
    assert [request.partition("zonefile:")[0] for request in met] == mutations
    gone = [each for each in struck if each.fate == "gone"]
    assert len(gone) > len(mutations), "reads were struck too"
    assert len(struck) == len(gone) + len(OF_MUTATIONS) * len(mutations)


def test_whichever_request_of_enacting_meets_an_outage_the_next_pass_completes_it(
    on_stage: Stage, aws_at: AwsAt, tmp_path: Path
) -> None:
    # The first generation, because only its pass makes mirrors; in converge, which reads the most.
    struck = on_stage(outages, aws_at, tmp_path, "converge", publish=False, begun=False)
    assert_ended_well(struck)
    mirrored = "PutItem fence#"
    claimed, applied = "TransactWriteItems claimed", "TransactWriteItems applied"
    assert_struck_all(struck, [claimed, mirrored, mirrored, applied])


def test_whichever_request_of_planning_meets_an_outage_one_plan_is_published(
    on_stage: Stage, aws_at: AwsAt, tmp_path: Path
) -> None:
    struck = on_stage(outages, aws_at, tmp_path, "exact", publish=True, begun=True)
    assert_ended_well(struck)
    attachment, plan = (str(each.request) for each in struck if each.fate == "last")
    assert plan == "PutObject 000000000002.json"
    assert_struck_all(struck, [attachment, plan])
    for each in struck:
        arrived = each.request.subject.endswith(".json") and each.fate == "gone after"
        published = each.ended.report.exit_code == 0 or arrived
        assert each.ended.published == int(published), each
