"""The bucket of an S3 archive: made safe where it is asked for, and told what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config

from plans.errors import Refused, Unavailable, Unknown
from plans.storage.s3 import S3Archive
from tests.builders import FixedClock
from tests.doubles.botocore_faults import (
    WireFaults,
    answering,
    lost_before,
    no_connection,
    s3_error,
    served_but,
)
from tests.emulators.servers import ROOT, Server, new_bucket

FOREIGN = {
    "Sid": "somebody elses",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::BUCKET/*",
}


WRITE_ONCE = "PlanfenceWriteOnce50e11581"  # of the prefix team/a


class Setup:
    """A bucket that is not there yet, on MiniStack."""

    def __init__(self, server: Server, client: Any = None) -> None:
        self.bucket = f"planfence-{uuid4()}"
        self.client = client or server.client("s3")
        self.wire = WireFaults(self.client)
        self.clock = FixedClock()
        self.archive = self.part("team/a")

    def part(self, prefix: str) -> S3Archive:
        return S3Archive(self.bucket, prefix, clock=self.clock, client=lambda: self.client)

    def policy(self) -> list[Any]:
        found = json.loads(self.client.get_bucket_policy(Bucket=self.bucket)["Policy"])
        listed: list[Any] = found["Statement"]
        return listed

    def put_policy(self, *policy: Any) -> None:
        text = json.dumps({"Version": "2012-10-17", "Statement": list(policy)})
        self.client.put_bucket_policy(
            Bucket=self.bucket, Policy=text.replace("BUCKET", self.bucket)
        )


@pytest.fixture
def setup(ministack_server: Server) -> Setup:
    return Setup(ministack_server)


@pytest.fixture
def over_tls(ministack_server: Server) -> Setup:
    """As over TLS, which MiniStack does not speak: below botocore, ``https`` becomes ``http``."""

    def plainly(request: Any, **_: Any) -> None:
        request.url = request.url.replace("https://", "http://")

    client = ministack_server.client("s3")
    made = _client_at(ministack_server.endpoint.replace("http://", "https://"), client)
    made.meta.events.register_first("before-send.s3.*", plainly)
    return Setup(ministack_server, made)


def _client_at(endpoint: str, like: Any, region: str | None = None) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region or like.meta.region_name,
        aws_access_key_id=ROOT.access_key,
        aws_secret_access_key=ROOT.secret_key,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


# Made


def test_a_bucket_is_made_closed_versioned_and_guarded(over_tls: Setup) -> None:
    assert over_tls.archive.prepare() == []
    client, bucket = over_tls.client, over_tls.bucket
    blocked = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert blocked == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    owned = client.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert owned == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert client.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-west-1"
    arn = f"arn:aws:s3:::{bucket}"
    assert over_tls.policy() == [
        {
            "Sid": "PlanfenceTlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": WRITE_ONCE,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": [f"{arn}/team/a/streams/*", f"{arn}/team/a/.control/*"],
            "Condition": {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}},
        },
    ]


def test_what_was_made_is_an_archive_that_is_empty_and_complete(setup: Setup) -> None:
    setup.archive.prepare()
    assert setup.archive.check() == []
    assert list(setup.archive.list("")) == []
    setup.archive.create("streams/dns/a.b/plans/000000000001.json", b"plan")
    assert len(list(setup.archive.list(""))) == 1


def test_made_again_it_changes_nothing(setup: Setup) -> None:
    setup.archive.prepare()
    setup.wire.clear()
    assert setup.archive.prepare() == []
    # Two writes whose conditions do not hold are how the store is tried out.
    changing = [each for each in setup.wire.sent if not each.startswith(("Get", "Head", "List"))]
    assert changing == ["PutObject", "PutObject"]
    versions = setup.client.list_object_versions(Bucket=setup.bucket)["Versions"]
    assert [each["Key"] for each in versions] == ["team/a/.control/write-once"]


def test_a_bucket_that_was_there_gets_what_it_lacks(ministack_server: Server, setup: Setup) -> None:
    setup.bucket = new_bucket(ministack_server)
    archive = setup.part("")
    archive.create("kept", b"plan")
    assert len(archive.check()) == 3  # it is versioned, and has no access lists
    assert archive.prepare() == []
    assert archive.check() == []
    assert archive.read("kept") is not None


def test_where_there_is_no_tls_it_is_not_demanded(setup: Setup) -> None:
    setup.archive.prepare()
    assert [each["Sid"] for each in setup.policy()] == [WRITE_ONCE]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_bucket_is_made_in_the_clients_region(
    ministack_server: Server, setup: Setup, region: str
) -> None:
    client = _client_at(ministack_server.endpoint, setup.client, region)
    made = Setup(ministack_server, client)
    made.archive.prepare()
    where = client.get_bucket_location(Bucket=made.bucket)["LocationConstraint"]
    assert where == (None if region == "us-east-1" else region)


def test_two_inits_at_once_make_one_bucket(setup: Setup, ministack_server: Server) -> None:
    client = ministack_server.client("s3")
    first = S3Archive(setup.bucket, "team/a", clock=setup.clock, client=lambda: client)

    def overtaken(send: Callable[[], Any]) -> Any:
        first.prepare()
        return send()

    setup.wire.next("CreateBucket", overtaken)
    assert setup.archive.prepare() == []
    assert setup.archive.check() == []


@pytest.mark.parametrize("code", ["NoSuchBucket", "OperationAborted"])
def test_a_bucket_that_is_not_known_everywhere_yet_is_waited_for(setup: Setup, code: str) -> None:
    fault = s3_error(404 if code == "NoSuchBucket" else 409, code)
    setup.wire.next("PutBucketVersioning", fault, fault)
    setup.wire.next("PutPublicAccessBlock", fault)
    assert setup.archive.prepare() == []
    assert setup.archive.check() == []


# The policy of somebody else


def test_foreign_statements_stay_as_they_are(setup: Setup) -> None:
    setup.archive.prepare()
    setup.put_policy(FOREIGN)
    assert [line.split("; ")[0] for line in setup.archive.check()] == [
        f"bucket {setup.bucket}: its policy lacks the statement {WRITE_ONCE}"
    ]
    setup.archive.prepare()
    kept, ours = setup.policy()
    assert kept["Sid"] == "somebody elses"
    assert kept["Resource"] == f"arn:aws:s3:::{setup.bucket}/*"
    assert ours["Sid"] == WRITE_ONCE


def test_a_statement_of_ours_that_was_changed_is_put_right_in_its_place(setup: Setup) -> None:
    setup.archive.prepare()
    (ours,) = setup.policy()
    setup.put_policy({**ours, "Action": "s3:DeleteObject"}, FOREIGN)
    assert len(setup.archive.check()) == 1
    setup.archive.prepare()
    assert [each["Sid"] for each in setup.policy()] == ["somebody elses", ours["Sid"]]
    assert ours in setup.policy()


def test_several_archives_share_a_bucket_and_its_policy(setup: Setup) -> None:
    other = setup.part("team/b")
    setup.archive.prepare()
    assert len(other.check()) == 2  # the statement, and the mark
    other.prepare()
    assert setup.archive.check() == other.check() == []
    assert len(setup.policy()) == 2


def test_a_policy_that_says_the_same_in_other_words_is_left_alone(setup: Setup) -> None:
    setup.archive.prepare()
    (ours,) = setup.policy()
    same = {
        **ours,
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:PutObject"],
        "Resource": list(reversed(ours["Resource"])),
        "Condition": {"Null": {"s3:if-match": True, "s3:if-none-match": ["true"]}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": same})
    setup.client.put_bucket_policy(Bucket=setup.bucket, Policy=text)
    assert setup.archive.check() == []


# Looked at


def test_looking_at_a_bucket_that_is_not_there_makes_none(setup: Setup) -> None:
    assert setup.archive.check() == [
        f"there is no bucket {setup.bucket}; `planfence init --create` makes it"
    ]
    assert setup.wire.sent == ["HeadBucket"]


def test_everything_that_is_missing_is_said_and_nothing_is_changed(setup: Setup) -> None:
    where = {"LocationConstraint": "eu-west-1"}
    setup.client.create_bucket(Bucket=setup.bucket, CreateBucketConfiguration=where)
    setup.client.put_bucket_ownership_controls(
        Bucket=setup.bucket,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
    )
    setup.client.put_public_access_block(
        Bucket=setup.bucket,
        PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": False},
    )
    setup.wire.clear()
    lines = setup.archive.check()
    public = "IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets"
    prefix = f"bucket {setup.bucket}: "
    mend = "; `planfence init --create` mends it"
    assert lines == [
        f"{prefix}public access is not blocked ({public}){mend}",
        f"{prefix}access lists count (its ownership is not BucketOwnerEnforced){mend}",
        f"{prefix}versioning is off, and a pruned plan could not be recovered{mend}",
        f"{prefix}its policy lacks the statement {WRITE_ONCE}{mend}",
        f"{prefix}there is no team/a/.control/write-once{mend}",
    ]
    assert {each[:4] for each in setup.wire.sent} == {"Head", "GetP", "GetB"}
    assert setup.archive.prepare() == []


@pytest.mark.parametrize("operation", ["GetPublicAccessBlock", "GetBucketOwnershipControls"])
@pytest.mark.parametrize("code", ["NotImplemented", "MethodNotAllowed"])
def test_a_setting_that_a_store_does_not_know_is_not_asked_of_it(
    setup: Setup, operation: str, code: str
) -> None:
    setup.wire.next(operation, *[s3_error(501 if code == "NotImplemented" else 405, code)] * 2)
    assert setup.archive.prepare() == []
    assert setup.archive.check() == []


def test_settings_that_were_never_set_count_as_missing(setup: Setup) -> None:
    setup.archive.prepare()
    for operation, code in (
        ("GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("GetBucketOwnershipControls", "OwnershipControlsNotFoundError"),
        ("GetBucketPolicy", "NoSuchBucketPolicy"),
    ):
        setup.wire.next(operation, s3_error(404, code))
    assert len(setup.archive.check()) == 3


# Lifecycle


def test_f7_a_lifecycle_rule_that_frees_keys_is_told_and_left_for_a_person(setup: Setup) -> None:
    setup.archive.prepare()
    rule = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
    setup.client.put_bucket_lifecycle_configuration(
        Bucket=setup.bucket, LifecycleConfiguration={"Rules": [rule]}
    )
    for lines in (setup.archive.check(), setup.archive.prepare()):
        assert len(lines) == 1
        assert "its lifecycle rule 'tidy' deletes plans" in lines[0]
        assert "noncurrent versions only" in lines[0]
    found = setup.client.get_bucket_lifecycle_configuration(Bucket=setup.bucket)
    assert [each["ID"] for each in found["Rules"]] == ["tidy"]


# Refused


def test_a_bucket_of_somebody_else_is_refused(setup: Setup) -> None:
    setup.wire.next("CreateBucket", s3_error(409, "BucketAlreadyExists"))
    with pytest.raises(Refused) as raised:
        setup.archive.prepare()
    assert raised.value.rule == "bucket-taken"
    setup.wire.next("HeadBucket", answering(403, b""))
    with pytest.raises(Refused) as raised:
        setup.archive.check()
    assert raised.value.rule == "access-denied"


@pytest.mark.parametrize("ignored", ["If-None-Match", "If-Match"])
def test_a_store_that_ignores_a_condition_is_refused(setup: Setup, ignored: str) -> None:
    setup.archive.prepare()
    honoured: list[Any] = [] if ignored == "If-None-Match" else [lambda send: send()]
    for told in (setup.archive.check, setup.archive.prepare):
        setup.wire.next("PutObject", *honoured, answering(200, b"", etag='"0"'))
        with pytest.raises(Refused, match="takes a write whose condition does not hold") as raised:
            told()
        assert raised.value.rule == "conditions-ignored"
        assert ignored.replace("-", "") in str(raised.value.expected)


def test_what_is_denied_is_refused_and_not_taken_for_missing(setup: Setup) -> None:
    setup.archive.prepare()
    for operation in ("GetBucketPolicy", "GetBucketVersioning", "HeadObject", "PutObject"):
        setup.wire.next(operation, s3_error(403, "AccessDenied"))
        with pytest.raises(Refused) as raised:
            setup.archive.check()
        assert raised.value.rule == "access-denied"


def test_a_bucket_whose_making_got_no_answer_is_unknown_and_made_by_the_next_run(
    setup: Setup,
) -> None:
    setup.wire.next("CreateBucket", served_but(lost_before))
    with pytest.raises(Unknown):
        setup.archive.prepare()
    assert setup.archive.prepare() == []
    assert setup.archive.check() == []


def test_a_store_that_is_down_is_unavailable(setup: Setup) -> None:
    setup.wire.next("HeadBucket", *[no_connection] * 1000)
    with pytest.raises(Unavailable) as raised:
        setup.archive.check()
    assert type(raised.value) is Unavailable
