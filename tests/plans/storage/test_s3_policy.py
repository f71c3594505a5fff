"""What planfence wants in a bucket's policy, and must not find among its lifecycle rules."""

from __future__ import annotations

from typing import Any

import pytest

from plans.storage.s3_setup import ends_objects, merged, statements, statements_of


def test_statements_are_those_of_the_partition_and_the_prefix() -> None:
    tls, write_once = statements("aws-cn", "b", "p/", tls=True)
    assert tls["Resource"] == ["arn:aws-cn:s3:::b", "arn:aws-cn:s3:::b/*"]
    assert write_once["Resource"] == [
        "arn:aws-cn:s3:::b/p/streams/*",
        "arn:aws-cn:s3:::b/p/.control/*",
    ]
    (bare,) = statements("aws", "b", "", tls=False)
    assert bare["Resource"] == ["arn:aws:s3:::b/streams/*", "arn:aws:s3:::b/.control/*"]
    assert bare["Sid"] != write_once["Sid"]
    assert all(each["Sid"].isalnum() for each in (tls, write_once, bare))


def test_a_policy_keeps_its_version_and_all_that_is_not_ours() -> None:
    wanted = statements("aws", "b", "", tls=False)
    old = {"Version": "2008-10-17", "Id": "x", "Statement": {"Effect": "Deny"}}
    assert statements_of(old) == [{"Effect": "Deny"}]
    assert merged(old, wanted) == {**old, "Statement": [{"Effect": "Deny"}, *wanted]}
    assert merged(None, wanted) == {"Version": "2012-10-17", "Statement": wanted}
    assert merged(merged(old, wanted), wanted) == merged(old, wanted)


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        ({"Expiration": {"Days": 1}}, True),
        ({"Expiration": {"Date": "2030-01-01"}, "Filter": {}}, True),
        ({"Expiration": {"Days": 1}, "Filter": {"Prefix": ""}}, True),
        ({"Expiration": {"Days": 1}, "Filter": {"Prefix": "team/a/streams/dns/"}}, True),
        ({"Expiration": {"Days": 1}, "Filter": {"Prefix": "team/"}}, True),
        ({"Expiration": {"Days": 1}, "Prefix": "team/a/"}, True),
        ({"Expiration": {"Days": 1}, "Filter": {"And": {"Prefix": "t"}}}, True),
        ({"Expiration": {"Days": 1}, "Filter": {"Prefix": "team/b/"}}, False),
        ({"Expiration": {"Days": 1}, "Prefix": "logs/"}, False),
        ({"Expiration": {"Days": 1}, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}, False),
        ({"Expiration": {"Days": 1}, "Filter": {"And": {"Tags": [{"Key": "a"}]}}}, False),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True}}, False),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, False),
        ({"Expiration": {"Days": 1}, "Status": "Disabled"}, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_rule_ends_objects_if_it_may_delete_a_current_version_there(
    rule: dict[str, Any], ends: bool
) -> None:
    assert ends_objects({"Status": "Enabled", **rule}, "team/a/streams/") == ends
