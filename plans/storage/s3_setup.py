"""The bucket of an S3 archive: what it must be set to, whether it is, and setting it.

None of it is what the archive's guarantees rest on, but for one thing: that the store keeps the
conditions of PutObject. That is tried out, on an object of its own. The rest is depth: versions let
a pruned plan be recovered, the policy stops clients that are not planfence, and nothing is public.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

from botocore.exceptions import ClientError

from plans.errors import PlanfenceError, Refused
from plans.storage.archive import CONTROL
from plans.storage.aws import Calls, code_of

MARKER: Final = f"{CONTROL}/write-once"
_MARKER_BODY: Final = b"An archive of planfence: what lies beside this is written once.\n"
_ETAG_OF_NOTHING: Final = '"00000000000000000000000000000000"'

_NOT_OFFERED: Final = frozenset({"NotImplemented", "MethodNotAllowed", "UnsupportedOperation"})
_KEPT: Final = frozenset({"PreconditionFailed", "412", "NoSuchKey"})
# A bucket made a moment ago may not be known everywhere yet; or another init is under way.
_NOT_YET: Final = frozenset({"NoSuchBucket", "OperationAborted", "ConditionalRequestConflict"})
_WITHOUT_CONSTRAINT: Final = frozenset({"us-east-1", "aws-global"})

_ALL_BLOCKED: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_MEND: Final = "`planfence init --create` mends it"

Policy = Mapping[str, Any]


class Send(Protocol):
    """Sends one PutObject of an archive's key."""

    def __call__(self, key: str, body: bytes, **condition: str) -> None: ...


class _NotOffered(Exception):
    """The store does not know this setting at all."""


class _Setting(NamedTuple):
    wrong: Callable[[], str | None]
    """What is wrong, without the bucket's name, or None."""
    mend: Callable[[], None] | None


class BucketSetup:
    """The settings of one archive's bucket.

    Args:
        root: what all keys are below: empty, or with a slash at its end.
    """

    def __init__(self, client: Any, calls: Calls, bucket: str, root: str) -> None:
        self._client = client
        self._calls = calls
        self._bucket = bucket
        self._root = root
        self._wanted = statements(
            client.meta.partition,
            bucket,
            root,
            # Where there is no TLS, demanding it would lock everybody out, us included.
            tls=not client.meta.endpoint_url.startswith("http://"),
        )

    def prepare(self, send: Send, *, create: bool) -> list[str]:
        """See ``S3Archive.prepare``."""
        if not self._exists():
            if not create:
                return [f"there is no bucket {self._bucket}; `planfence init --create` makes it"]
            self._create()
        lines = list(self._settings(create=create))
        return [*lines, *self._conditions(send, create=create)]

    def _settings(self, *, create: bool) -> Iterator[str]:
        # Public access first: the policy is then put into a bucket that is closed.
        for setting in (
            _Setting(self._public, self._block_public),
            _Setting(self._acls, self._end_acls),
            _Setting(self._unversioned, self._version),
            _Setting(self._policy_lacks, self._put_policy),
            _Setting(self._expires, None),
        ):
            try:
                wrong = setting.wrong()
            except _NotOffered:
                continue
            if wrong is not None and create and setting.mend is not None:
                setting.mend()
            elif wrong is not None:
                yield f"bucket {self._bucket}: {wrong}"

    def _conditions(self, send: Send, *, create: bool) -> Iterator[str]:
        """Try out that the store refuses what it must. Writes the marker, and only where told."""
        if not self._asked("head_object", "404", Key=self._root + MARKER):
            if not create:
                yield f"bucket {self._bucket}: there is no {self._root}{MARKER}; {_MEND}"
                return
            # Two inits: one creates it, and the other is refused, which is as good.
            self._accepts(send, IfNoneMatch="*")
        for condition in ({"IfNoneMatch": "*"}, {"IfMatch": _ETAG_OF_NOTHING}):
            if self._accepts(send, **condition):
                raise Refused(
                    f"bucket {self._bucket} takes a write whose condition does not hold",
                    rule="conditions-ignored",
                    expected=f"412 for {condition}",
                    actual="written",
                    remedy="use a store with conditional writes: S3 itself, or a newer gateway",
                )

    def _accepts(self, send: Send, **condition: str) -> bool:
        try:
            self._calls.write(
                lambda: send(MARKER, _MARKER_BODY, **condition), answers=_KEPT, again=_NOT_YET
            )
        except ClientError:
            return False
        return True

    # The bucket

    def _exists(self) -> bool:
        return self._asked("head_bucket", "404") is not None

    def _create(self) -> None:
        region = self._client.meta.region_name
        where = {} if region in _WITHOUT_CONSTRAINT else {"LocationConstraint": region}
        try:
            self._calls.write(
                lambda: self._client.create_bucket(
                    Bucket=self._bucket,
                    ObjectOwnership="BucketOwnerEnforced",
                    **({"CreateBucketConfiguration": where} if where else {}),
                ),
                answers=frozenset({"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}),
                again=_NOT_YET,
            )
        except ClientError as error:
            if code_of(error) == "BucketAlreadyExists":
                raise self._taken() from error
            # Ours: another init was quicker.

    def _taken(self) -> PlanfenceError:
        return Refused(
            f"bucket {self._bucket} is somebody else's: the name is taken",
            rule="bucket-taken",
            remedy="name another bucket in the archive's URL",
        )

    # Its settings

    def _public(self) -> str | None:
        code = "NoSuchPublicAccessBlockConfiguration"
        found = self._asked("get_public_access_block", code) or {}
        blocked = found.get("PublicAccessBlockConfiguration", {})
        missing = [name for name in _ALL_BLOCKED if blocked.get(name) is not True]
        return f"public access is not blocked ({', '.join(missing)}); {_MEND}" if missing else None

    def _block_public(self) -> None:
        self._set("put_public_access_block", PublicAccessBlockConfiguration=_ALL_BLOCKED)

    def _acls(self) -> str | None:
        code = "OwnershipControlsNotFoundError"
        found = self._asked("get_bucket_ownership_controls", code) or {}
        rules = found.get("OwnershipControls", {}).get("Rules", [])
        if [rule.get("ObjectOwnership") for rule in rules] == ["BucketOwnerEnforced"]:
            return None
        return f"access lists count (its ownership is not BucketOwnerEnforced); {_MEND}"

    def _end_acls(self) -> None:
        rules = [{"ObjectOwnership": "BucketOwnerEnforced"}]
        self._set("put_bucket_ownership_controls", OwnershipControls={"Rules": rules})

    def _unversioned(self) -> str | None:
        found = self._asked("get_bucket_versioning") or {}
        if found.get("Status") == "Enabled":
            return None
        return f"versioning is off, and a pruned plan could not be recovered; {_MEND}"

    def _version(self) -> None:
        self._set("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})

    def _policy(self) -> Policy | None:
        found = self._asked("get_bucket_policy", "NoSuchBucketPolicy")
        policy: Policy | None = None if found is None else json.loads(found["Policy"])
        return policy

    def _policy_lacks(self) -> str | None:
        found = [_normal(each) for each in statements_of(self._policy())]
        missing = [each["Sid"] for each in self._wanted if _normal(each) not in found]
        return (
            f"its policy lacks the statement {' and '.join(missing)}; {_MEND}" if missing else None
        )

    def _put_policy(self) -> None:
        # A policy has no condition to be written by. Somebody else's statement that is put between
        # the reading and the writing is lost; that of another init is the same as ours.
        policy = json.dumps(merged(self._policy(), self._wanted))
        self._set("put_bucket_policy", Policy=policy)

    def _expires(self) -> str | None:
        found = self._asked("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration")
        plans = f"{self._root}streams/"
        rules = [rule for rule in (found or {}).get("Rules", ()) if ends_objects(rule, plans)]
        if not rules:
            return None
        named = " and ".join(repr(rule.get("ID", "")) for rule in rules)
        return (
            f"its lifecycle rule {named} deletes plans, and frees their keys for an old planner to"
            " take; let it end noncurrent versions only"
        )

    def _asked(self, operation: str, *absent: str, **arguments: Any) -> Any:
        """The answer, or None where the code says that there is none."""
        call = getattr(self._client, operation)
        try:
            return self._calls.read(
                lambda: call(Bucket=self._bucket, **arguments), answers=_NOT_OFFERED | {*absent}
            )
        except ClientError as error:
            if code_of(error) in _NOT_OFFERED:
                raise _NotOffered from error
            return None

    def _set(self, operation: str, **arguments: Any) -> None:
        # Two of these, or one that is delivered twice, set the same.
        call = getattr(self._client, operation)
        self._calls.write(lambda: call(Bucket=self._bucket, **arguments), again=_NOT_YET)


# The policy


def statements(partition: str, bucket: str, root: str, *, tls: bool) -> list[dict[str, Any]]:
    """What planfence wants in the bucket's policy.

    A statement is known by its Sid, which has letters and digits only, as IAM asks. That of the
    prefix has a part of the prefix's digest in it: several archives may share a bucket.
    """
    arn = f"arn:{partition}:s3:::{bucket}"
    everybody = {"Effect": "Deny", "Principal": "*"}
    tls_only = {
        "Sid": "PlanfenceTlsOnly",
        **everybody,
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    write_once = {
        "Sid": f"PlanfenceWriteOnce{hashlib.sha256(root.encode()).hexdigest()[:8]}",
        **everybody,
        "Action": "s3:PutObject",
        "Resource": [f"{arn}/{root}streams/*", f"{arn}/{root}{CONTROL}/*"],
        # Both must be absent: a create has the one, a bury the other. Keys within one operator are
        # joined by "and" (IAM User Guide, "Conditions with multiple context keys or values").
        "Condition": {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}},
    }
    return [tls_only, write_once] if tls else [write_once]


def statements_of(policy: Policy | None) -> list[dict[str, Any]]:
    """A policy's statements; one may stand without a list."""
    found = [] if policy is None else policy["Statement"]
    return found if isinstance(found, list) else [found]


def merged(policy: Policy | None, wanted: list[dict[str, Any]]) -> dict[str, Any]:
    """The policy with these statements, and all of its own that have another Sid."""
    ours = {each["Sid"] for each in wanted}
    kept = [each for each in statements_of(policy) if each.get("Sid") not in ours]
    return {"Version": "2012-10-17", **(policy or {}), "Statement": [*kept, *wanted]}


def _normal(part: Any) -> Any:
    """The same for what means the same: one is a list of one, a list has no order."""
    if isinstance(part, dict):
        if part.keys() == {"AWS"}:  # Principal: "*" and {"AWS": "*"} both name everybody.
            return _normal(part["AWS"])
        return {name: _normal(each) for name, each in part.items()}
    listed = part if isinstance(part, list) else [part]
    return sorted(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)


def ends_objects(rule: Mapping[str, Any], prefix: str) -> bool:
    """Whether a lifecycle rule may end a current version below a prefix.

    Source: Amazon S3 API Reference, ``LifecycleRule`` and ``LifecycleRuleFilter``.
    """
    ends = {"Days", "Date"} & rule.get("Expiration", {}).keys()
    if rule.get("Status") != "Enabled" or not ends:
        return False
    found = rule.get("Filter", {})
    every = {**found, **found.get("And", {})}
    if every.get("Tag") or every.get("Tags"):
        return False  # no object of an archive has a tag
    named = every.get("Prefix", rule.get("Prefix", ""))
    return bool(prefix.startswith(named) or named.startswith(prefix))
