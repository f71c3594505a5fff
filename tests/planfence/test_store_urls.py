"""The URLs of the stores: what they name, and what is said of those that name none."""

from __future__ import annotations

from pathlib import Path

import pytest

from planfence.stores import (
    BUDGET_SECONDS,
    BucketPlace,
    FilePlace,
    NoPlace,
    TablePlace,
    archive_place,
    register_place,
)
from plans.storage import aws
from tests.planfence.project import STREAM, Project

FOLDER = Path("/project")
BUCKET_RULE = (
    "3 to 63 of a-z 0-9 . -, a letter or digit at either end, no two dots together, no IP address"
)
ARCHIVES = "the archive is file:path or s3://bucket/prefix"
REGISTERS = "the register is sqlite:path or dynamodb://table"
ENDPOINT = "and set AWS_ENDPOINT_URL for an endpoint that is not AWS's"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("file:plans", FilePlace(FOLDER / "plans")),
        ("file:/srv/plans", FilePlace(Path("/srv/plans"))),
        ("s3://my-bucket", BucketPlace("my-bucket", "", None)),
        ("s3://my-bucket/", BucketPlace("my-bucket", "", None)),
        ("s3://my.bucket.7/a/b_c.d=e+f-G", BucketPlace("my.bucket.7", "a/b_c.d=e+f-G", None)),
        ("s3://abc/a/?region=eu-west-1", BucketPlace("abc", "a", "eu-west-1")),
        ("s3://abc?region=us-gov-west-1", BucketPlace("abc", "", "us-gov-west-1")),
    ],
)
def test_an_archives_url_names_a_folder_or_a_bucket(
    url: str, place: FilePlace | BucketPlace
) -> None:
    assert archive_place(url, FOLDER) == place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:register.db", FilePlace(FOLDER / "register.db")),
        ("dynamodb://abc", TablePlace("abc", None, False)),
        (
            "dynamodb://My_table.7-x?region=eu-west-1",
            TablePlace("My_table.7-x", "eu-west-1", False),
        ),
        ("dynamodb://t-1?allow=eventual-replicas", TablePlace("t-1", None, True)),
        (
            "dynamodb://t-1?region=ap-southeast-12&allow=eventual-replicas",
            TablePlace("t-1", "ap-southeast-12", True),
        ),
    ],
)
def test_a_registers_url_names_a_file_or_a_table(url: str, place: FilePlace | TablePlace) -> None:
    assert register_place(url, FOLDER) == place


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("plans", f"'plans' names no scheme: {ARCHIVES}"),
        ("file:", "'file:' must be file:path"),
        ("file://host/plans", "'file://host/plans' must be file:path"),
        ("S3://my-bucket", "S3: names no archive; did you mean s3:?"),
        ("gs://my-bucket", f"gs: names no archive; {ARCHIVES}"),
        ("dynamodb://table", f"dynamodb: names no archive; {ARCHIVES}"),
        ("s3:my-bucket/a", "'s3:my-bucket/a' must be s3://bucket/prefix"),
        ("s3://my-bucket#a", "'s3://my-bucket#a' must be s3://bucket/prefix"),
        ("s3://my-bucket\n", "'s3://my-bucket\\n' must be s3://bucket/prefix"),
        ("s3://", f"'' is no bucket name: {BUCKET_RULE}"),
        ("s3://ab", f"'ab' is no bucket name: {BUCKET_RULE}"),
        ("s3://My-bucket", f"'My-bucket' is no bucket name: {BUCKET_RULE}"),
        ("s3://-abc", f"'-abc' is no bucket name: {BUCKET_RULE}"),
        ("s3://a..b", f"'a..b' is no bucket name: {BUCKET_RULE}"),
        ("s3://10.0.0.1", f"'10.0.0.1' is no bucket name: {BUCKET_RULE}"),
        ("s3://user@abc", f"'user@abc' is no bucket name: {BUCKET_RULE}"),
        (
            "s3://abc--x-s3",
            "'abc--x-s3' is no general-purpose bucket: AWS keeps --x-s3 for itself",
        ),
        ("s3://xn--abc", "'xn--abc' is no general-purpose bucket: AWS keeps xn-- for itself"),
        ("s3://abc//a", "the prefix '/a' has an empty segment, . or .."),
        ("s3://abc/a//b", "the prefix 'a//b' has an empty segment, . or .."),
        ("s3://abc/a/../b", "the prefix 'a/../b' has an empty segment, . or .."),
        ("s3://abc/a*", "the prefix 'a*' may have A-Z a-z 0-9 _ . = + - between its slashes"),
        ("s3://abc/ä", "the prefix 'ä' may have A-Z a-z 0-9 _ . = + - between its slashes"),
        (f"s3://abc/{'a' * 257}", "the prefix has 257 characters, and 256 is the most"),
        ("s3://abc?", "unknown key '' in the query; known: region"),
        ("s3://abc?regoin=x", "unknown key 'regoin' in the query; did you mean region=?"),
        (
            "s3://abc?allow=eventual-replicas",
            "unknown key 'allow' in the query; known: region",
        ),
        ("s3://abc?region=", "region= is no region, as eu-west-1 is"),
        ("s3://abc?region=eu-west-1&region=eu-west-1", "region= stands twice in the query"),
        ("https://example.com/a", f"https: names no archive; write s3://bucket/prefix, {ENDPOINT}"),
        (
            "http://127.0.0.1:9000/abc",
            f"http: names no archive; write s3://bucket/prefix, {ENDPOINT}",
        ),
        (
            "https://abc.s3.eu-west-1.amazonaws.com/a/b",
            "https: names no archive; write s3://abc/a/b?region=eu-west-1",
        ),
        (
            "https://s3.eu-west-1.amazonaws.com/abc/a",
            "https: names no archive; write s3://abc/a?region=eu-west-1",
        ),
        ("https://abc.s3.amazonaws.com/a", "https: names no archive; write s3://abc/a"),
        ("https://s3.amazonaws.com/", "https: names no archive; write s3://bucket/prefix"),
        ("arn:aws:s3:::abc/a", "arn: names no archive; write s3://abc/a"),
        ("arn:aws:sqs:eu-west-1:1:q", f"arn: names no archive; {ARCHIVES}"),
    ],
)
def test_what_names_no_archive_is_told_with_what_would(url: str, problem: str) -> None:
    with pytest.raises(NoPlace) as caught:
        archive_place(url, FOLDER)
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("register.db", f"'register.db' names no scheme: {REGISTERS}"),
        ("sqlite://register.db", "'sqlite://register.db' must be sqlite:path"),
        ("dynamo://table", "dynamo: names no register; did you mean dynamodb:?"),
        ("s3://bucket", f"s3: names no register; {REGISTERS}"),
        ("dynamodb:table", "'dynamodb:table' must be dynamodb://table"),
        ("dynamodb://t", "'t' is no table name: 3 to 255 of A-Z a-z 0-9 _ . -"),
        ("dynamodb://table/x", "'table/x' is no table name: 3 to 255 of A-Z a-z 0-9 _ . -"),
        ("dynamodb://tab?alow=x", "unknown key 'alow' in the query; did you mean allow=?"),
        ("dynamodb://tab?allow=x", "allow=x is unknown; known: eventual-replicas"),
        ("dynamodb://tab?budget=3", "unknown key 'budget' in the query; known: region, allow"),
        (
            "https://dynamodb.eu-west-1.amazonaws.com/",
            "https: names no register; write dynamodb://table?region=eu-west-1",
        ),
        ("http://localhost:8000", f"http: names no register; write dynamodb://table, {ENDPOINT}"),
        (
            "arn:aws:dynamodb:eu-west-1:123456789012:table/abc",
            "arn: names no register; write dynamodb://abc?region=eu-west-1",
        ),
        ("arn:aws:s3:::abc", f"arn: names no register; {REGISTERS}"),
    ],
)
def test_what_names_no_register_is_told_with_what_would(url: str, problem: str) -> None:
    with pytest.raises(NoPlace) as caught:
        register_place(url, FOLDER)
    assert caught.value.problems == (problem,)


def test_every_problem_of_a_url_comes_at_once(project: Project) -> None:
    url = "s3://A/a//b?x=1&region=there"
    project.write("planfence.toml", f'[stores]\narchive = "{url}"\nbudget_seconds = 14\n')
    ran = project.run("check", "planfence.toml")
    assert ran.code == 3
    told = [
        (2, "archive", "unknown key 'x' in the query; known: region"),
        (2, "archive", "region=there is no region, as eu-west-1 is"),
        (2, "archive", f"'A' is no bucket name: {BUCKET_RULE}"),
        (2, "archive", "the prefix 'a//b' has an empty segment, . or .."),
        (3, "budget_seconds", "must be a whole number of seconds, 15 to 600"),
    ]
    assert ran.out.splitlines()[:-1] == [
        f"planfence.toml:{line}: stores.{place}: {reason} [config]" for line, place, reason in told
    ]
    project.write("ok.toml", "")
    given = project.refused(64, "config", "list", STREAM, "--config", "ok.toml", "--archive", url,
                            one_line=False)  # fmt: skip
    assert "--archive: unknown key 'x' in the query" in given.err.splitlines()[0]
    assert "correct --archive" in given.err.splitlines()[0]
    assert len(given.err.splitlines()) == 5


@pytest.mark.parametrize("value", ["14", "601", "30.0", '"30"', "true"])
def test_a_budget_is_a_whole_number_of_seconds_that_a_call_fits_in(
    value: str, project: Project
) -> None:
    project.write("planfence.toml", f"[stores]\nbudget_seconds = {value}\n")
    assert "15 to 600" in project.refused(64, "config", "status").err


def test_the_budget_that_is_meant_without_one_is_the_stores_own() -> None:
    assert BUDGET_SECONDS == aws.BUDGET_SECONDS


def test_a_file_with_stores_in_aws_is_accepted_without_asking_them(project: Project) -> None:
    project.write(
        "planfence.toml",
        '[stores]\narchive = "s3://bucket/prefix"\nregister = "dynamodb://table?region=eu-west-1"\n'
        "budget_seconds = 600\n",
    )
    project.ok("check", "planfence.toml")
