"""The policies of ``deploy/roles``, and what a call of the SDK asks them for.

IAM itself cannot be run here, and MiniStack's ignores partition keys. So this evaluates what the
policies use and nothing else: allowed actions on resources, ``ForAllValues:StringLike`` and
``Null``. A condition that it does not know is an error, not a match. Sources: "Policy evaluation
logic" and "IAM JSON policy elements: Condition operators" (IAM User Guide); "Actions, resources,
and condition keys" for Amazon S3 and for Amazon DynamoDB (Service Authorization Reference).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import OperationModel

ROOT = Path(__file__).parents[2]
ROLES = ("admin", "planner", "reviewer", "enactor", "janitor", "break-glass")
PLACEHOLDERS = ("BUCKET", "PREFIX", "TABLE", "REGION", "ACCOUNT")
ACCOUNT = "000000000000"  # MiniStack's
LEADING_KEYS = "dynamodb:LeadingKeys"
WRITTEN_BY = {"IfNoneMatch": "s3:if-none-match", "IfMatch": "s3:if-match"}

# Where the SDK's operation has another name than the action that it is allowed by.
_ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
}
_CHANGING = re.compile(r"(s3|dynamodb):(Create|Delete|Put|Update)\w+")


@dataclass(frozen=True)
class Asked:
    """One thing that a call asks for. ``context`` has the condition keys that the call fills."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        return _CHANGING.fullmatch(self.action) is not None

    @property
    def partitions(self) -> set[str]:
        """The kinds of rows: ``settings`` for ``settings#dns/example.com``."""
        return {key.partition("#")[0] for key in self.context.get(LEADING_KEYS, ())}


@dataclass(frozen=True)
class Places:
    """What the placeholders stand for."""

    bucket: str
    prefix: str
    table: str
    region: str


def policy(role: str, places: Places) -> dict[str, Any]:
    """A role's policy for these stores, filled in by the very command of ``deploy/README.md``."""
    readme = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    [command] = re.findall(r"^    (sed (?:.*\\\n)*.*roles/planner\.json.*)$", readme, re.MULTILINE)
    command = command.partition(" > ")[0].replace("planner", role)
    for example, value in (
        ("my-bucket", places.bucket),
        ("my/prefix", places.prefix),
        ("my-table", places.table),
        ("eu-west-1", places.region),
        ("123456789012", ACCOUNT),
    ):
        assert example in command
        command = command.replace(example, value)
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    filled: dict[str, Any] = json.loads(done.stdout)
    return filled


def asked(model: OperationModel, parameters: Mapping[str, Any], region: str) -> Iterator[Asked]:
    """What one call of the SDK has to be allowed."""
    operation = model.name
    match model.service_model.service_name:
        case "s3":
            yield _asked_of_s3(operation, parameters)
            if parameters.get("ObjectOwnership"):
                bucket = f"arn:aws:s3:::{parameters['Bucket']}"
                yield Asked("s3:PutBucketOwnershipControls", bucket)
        case "dynamodb":
            yield from _asked_of_dynamodb(operation, parameters, region)
        case service:
            assert (service, operation) == ("sts", "GetCallerIdentity"), "which no policy can deny"


def _asked_of_s3(operation: str, parameters: Mapping[str, Any]) -> Asked:
    key = parameters.get("Key")
    resource = f"arn:aws:s3:::{parameters['Bucket']}" + (f"/{key}" if key else "")
    context = {name: (parameters[part],) for part, name in WRITTEN_BY.items() if part in parameters}
    return Asked(_ACTIONS.get(operation, f"s3:{operation}"), resource, context)


def _asked_of_dynamodb(
    operation: str, parameters: Mapping[str, Any], region: str
) -> Iterator[Asked]:
    def table(name: str) -> str:
        return f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{name}"

    def on(action: str, name: str, *keys: str) -> Asked:
        return Asked(f"dynamodb:{action}", table(name), {LEADING_KEYS: keys} if keys else {})

    match operation:
        case "BatchGetItem":
            for name, part in parameters["RequestItems"].items():
                yield on(operation, name, *(key["pk"]["S"] for key in part["Keys"]))
        case "Query":
            pk = parameters["ExpressionAttributeValues"][":pk"]["S"]
            yield on(operation, parameters["TableName"], pk)
        case "GetItem":
            yield on(operation, parameters["TableName"], parameters["Key"]["pk"]["S"])
        case "PutItem":
            yield on(operation, parameters["TableName"], parameters["Item"]["pk"]["S"])
        case "TransactWriteItems":
            # "Each item is authorized as the single-item action it performs."
            for item in parameters["TransactItems"]:
                [(kind, part)] = item.items()
                key = part.get("Item") or part["Key"]
                action = {"Put": "PutItem", "ConditionCheck": "ConditionCheckItem"}[kind]
                yield on(action, part["TableName"], key["pk"]["S"])
        case _:
            yield on(operation, parameters["TableName"])


def allows(document: Mapping[str, Any], wanted: Asked) -> bool:
    """Whether a policy that only allows allows this."""
    return any(_matches(statement, wanted) for statement in document["Statement"])


def _matches(statement: Mapping[str, Any], wanted: Asked) -> bool:
    assert statement["Effect"] == "Allow"
    return (
        wanted.action in actions_of(statement)
        and fnmatchcase(wanted.resource, statement["Resource"])
        and all(
            _holds(operator, name, expected, wanted.context)
            for operator, tests in statement.get("Condition", {}).items()
            for name, expected in tests.items()
        )
    )


def _holds(operator: str, name: str, expected: Any, context: Mapping[str, tuple[str, ...]]) -> bool:
    if operator == "Null":
        return (name in context) is (expected == "false")
    assert operator == "ForAllValues:StringLike", f"{operator} is not evaluated here"
    # True where the call has no such key: that is why each policy asks by Null that it has one.
    return all(any(fnmatchcase(key, each) for each in expected) for key in context.get(name, ()))


def actions_of(statement: Mapping[str, Any]) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def as_ministack_reads_it(document: Mapping[str, Any]) -> dict[str, Any]:
    """The policy without its conditions: MiniStack fills none of their keys, and denies by Null."""
    statements = [
        {name: part for name, part in statement.items() if name != "Condition"}
        for statement in document["Statement"]
    ]
    return {**document, "Statement": statements}


def denied(operation: str, wanted: Asked) -> ClientError:
    """What the service answers, as the SDK raises it."""
    code, status = ("AccessDenied", 403) if wanted.action.startswith("s3:") else (
        "AccessDeniedException", 400,
    )  # fmt: skip
    message = f"not authorized to perform: {wanted.action} on resource: {wanted.resource}"
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)
