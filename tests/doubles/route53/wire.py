"""Requests and answers as they stand on the wire, and which operation a request is.

What no operation here answers is ``NotImplemented`` (501), which AWS never says: a test that gets
there is told that the double has no opinion, instead of a plausible lie.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.doubles.route53 import protections
from tests.doubles.route53.core import PAGE_ENTITIES_MAX, PAGE_SETS_MAX, Route53
from tests.doubles.route53.errors import ServiceError, invalid_input
from tests.doubles.route53.facets import NAMESPACE, parse, render
from tests.doubles.route53.record_sets import RecordSet
from tests.doubles.route53.zones import HostedZone

_DECLARATION: Final = '<?xml version="1.0"?>\n'


@dataclass(frozen=True)
class Request:
    """A request of the API, signed or not."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    operation: str
    ids: tuple[str, ...]

    def holds(self, text: str) -> bool:
        """Whether the text stands in its path or body."""
        return text in self.path or text.encode() in self.body


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


Handler = Callable[[Route53, Request], str]


def request(method: str, url: str, body: bytes) -> Request:
    """A request by its URL and body."""
    parts = urlsplit(url)
    query = {
        name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()
    }
    for operation, route in _ROUTES.items():
        match = route.path.fullmatch(parts.path)
        if match is not None and method == route.method:
            ids = tuple(map(unquote, match.groups()))
            return Request(method, parts.path, query, body, operation, ids)
    return Request(method, parts.path, query, body, "NotImplemented", ())


def served(service: Route53, asked: Request) -> Answer:
    """What the service answers."""
    route = _ROUTES.get(asked.operation)
    if route is None:
        return refusal(501, "NotImplemented", f"the double has no {asked.method} {asked.path}")
    try:
        service.admit(asked.operation)
        return Answer(route.status, (_DECLARATION + route.handler(service, asked)).encode())
    except ServiceError as error:
        return refusal(error.status, error.code, error.message)


def refusal(status: int, code: str, message: str) -> Answer:
    """An error as AWS sends it, batches included. Seen: aws/aws-sdk-kotlin#1435 (October 2024)."""
    kind = "Receiver" if status >= 500 else "Sender"
    body = (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>double</RequestId></ErrorResponse>"
    )
    return Answer(status, (_DECLARATION + body).encode())


def documented_refusal(*messages: str) -> Answer:
    """``InvalidChangeBatch`` as the API Reference writes it, and as AWS sent it until 2024.

    botocore finds no code and no message in it.
    """
    inner = "".join(f"<Message>{escape(message)}</Message>" for message in messages)
    body = (
        f'<InvalidChangeBatch xmlns="{NAMESPACE}"><Messages>{inner}</Messages>'
        "<RequestId>double</RequestId></InvalidChangeBatch>"
    )
    return Answer(400, (_DECLARATION + body).encode())


# Operations


def _create_hosted_zone(service: Route53, asked: Request) -> str:
    zone, info = service.create_hosted_zone(parse(asked.body, "CreateHostedZoneRequest"))
    servers = {"NameServers": zone.name_servers}
    answer = {"HostedZone": _zone(zone), "ChangeInfo": info, "DelegationSet": servers}
    return _document(answer, "CreateHostedZoneResponse")


def _list_hosted_zones(service: Route53, asked: Request) -> str:
    size, marker = _size(asked, PAGE_ENTITIES_MAX), asked.query.get("marker")
    zones, following = service.list_hosted_zones(marker, size)
    return _entities(asked, "HostedZones", [_zone(zone) for zone in zones], following, size)


def _get_hosted_zone(service: Route53, asked: Request) -> str:
    zone = service.zone(asked.ids[0])
    answer: dict[str, Any] = {"HostedZone": _zone(zone)}
    if zone.private:
        answer["VPCs"] = [{"VPCRegion": "us-east-1", "VPCId": "vpc-1"}]
    else:
        answer["DelegationSet"] = {"NameServers": zone.name_servers}
    return _document(answer, "GetHostedZoneResponse")


def _list_resource_record_sets(service: Route53, asked: Request) -> str:
    size, query = _size(asked, PAGE_SETS_MAX), asked.query
    start = query.get("name"), query.get("type"), query.get("identifier")
    page = service.list_resource_record_sets(asked.ids[0], start, size)
    following = ""
    if page.following is not None:
        name, rdtype, identifier = page.following.key
        following = (
            f"<NextRecordName>{name}</NextRecordName><NextRecordType>{rdtype}</NextRecordType>"
        )
        if identifier:
            following += f"<NextRecordIdentifier>{escape(identifier)}</NextRecordIdentifier>"
    sets = "".join(map(_record_set, page.record_sets))
    return (
        f'<ListResourceRecordSetsResponse xmlns="{NAMESPACE}"><ResourceRecordSets>{sets}'
        f"</ResourceRecordSets><IsTruncated>{'true' if following else 'false'}</IsTruncated>"
        f"{following}<MaxItems>{size}</MaxItems></ListResourceRecordSetsResponse>"
    )


def _change_resource_record_sets(service: Route53, asked: Request) -> str:
    members = parse(asked.body, "ChangeResourceRecordSetsRequest")
    info = service.change_resource_record_sets(asked.ids[0], members["ChangeBatch"])
    return _document({"ChangeInfo": info}, "ChangeResourceRecordSetsResponse")


def _get_change(service: Route53, asked: Request) -> str:
    return _document({"ChangeInfo": service.get_change(asked.ids[0])}, "GetChangeResponse")


def _create_health_check(service: Route53, asked: Request) -> str:
    check = service.create_health_check(parse(asked.body, "CreateHealthCheckRequest"))
    return _document({"HealthCheck": check.members()}, "CreateHealthCheckResponse")


def _change_tags_for_resource(service: Route53, asked: Request) -> str:
    kind, resource = asked.ids
    service.change_tags(kind, resource, parse(asked.body, "ChangeTagsForResourceRequest"))
    return _document({}, "ChangeTagsForResourceResponse")


def _create_protections(service: Route53, asked: Request) -> str:
    service.protect(asked.ids[0], protections.read(asked.body, "Create"))
    return protections.document("Create")


def _delete_protections(service: Route53, asked: Request) -> str:
    service.unprotect(asked.ids[0], protections.read(asked.body, "Delete"))
    return protections.document("Delete")


def _list_protections(service: Route53, asked: Request) -> str:
    size, token = min(int(asked.query.get("maxresults", "300")), 300), asked.query.get("nexttoken")
    found = sorted(service.zone(asked.ids[0]).protections.items())
    start = int(token or 0)
    following = str(start + size) if len(found) > start + size else None
    return protections.listed(found[start : start + size], following)


def _list_health_checks(service: Route53, asked: Request) -> str:
    size, marker = _size(asked, PAGE_ENTITIES_MAX), asked.query.get("marker")
    checks, following = service.list_health_checks(marker, size)
    return _entities(asked, "HealthChecks", [check.members() for check in checks], following, size)


def _get_health_check(service: Route53, asked: Request) -> str:
    members = service.health_check(asked.ids[0]).members()
    return _document({"HealthCheck": members}, "GetHealthCheckResponse")


def _get_health_check_status(service: Route53, asked: Request) -> str:
    observations = service.health_check_status(asked.ids[0])
    return _document({"HealthCheckObservations": observations}, "GetHealthCheckStatusResponse")


@dataclass(frozen=True)
class _Route:
    method: str
    path: re.Pattern[str]
    handler: Handler
    status: int = 200


def _route(method: str, path: str, handler: Handler, status: int = 200) -> _Route:
    return _Route(
        method, re.compile(f"/2013-04-01/{path}/?".replace("{}", "([^/]+)")), handler, status
    )


_ROUTES: Final = {
    "ChangeTagsForResource": _route("POST", "tags/{}/{}", _change_tags_for_resource),
    "ChangeResourceRecordSets": _route("POST", "hostedzone/{}/rrset", _change_resource_record_sets),
    "CreateHealthCheck": _route("POST", "healthcheck", _create_health_check, 201),
    "CreateResourceRecordSetProtections": _route(
        "POST", "hostedzone/{}/rrsetprotection", _create_protections
    ),
    "DeleteResourceRecordSetProtections": _route(
        "POST", "hostedzone/{}/rrsetprotection/delete", _delete_protections
    ),
    "ListResourceRecordSetProtections": _route(
        "GET", "hostedzone/{}/rrsetprotection", _list_protections
    ),
    "CreateHostedZone": _route("POST", "hostedzone", _create_hosted_zone, 201),
    "GetChange": _route("GET", "change/{}", _get_change),
    "GetHealthCheck": _route("GET", "healthcheck/{}", _get_health_check),
    "GetHealthCheckStatus": _route("GET", "healthcheck/{}/status", _get_health_check_status),
    "GetHostedZone": _route("GET", "hostedzone/{}", _get_hosted_zone),
    "ListHealthChecks": _route("GET", "healthcheck", _list_health_checks),
    "ListHostedZones": _route("GET", "hostedzone", _list_hosted_zones),
    "ListResourceRecordSets": _route("GET", "hostedzone/{}/rrset", _list_resource_record_sets),
}


def _size(asked: Request, most: int) -> int:
    """How many of a page; more than the most is the most (seen: boto/boto3#3848)."""
    text = asked.query.get("maxitems")
    if text is None:
        return most
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise invalid_input(f"maxitems is not a number from 1 on: {text}")
    return min(int(text), most)


def _entities(
    asked: Request, name: str, found: list[dict[str, Any]], following: str | None, size: int
) -> str:
    answer = {
        name: found,
        "Marker": asked.query.get("marker", ""),
        "IsTruncated": following is not None,
        "NextMarker": following,
        "MaxItems": size,
    }
    return _document(answer, f"{asked.operation}Response")


def _zone(zone: HostedZone) -> dict[str, Any]:
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.reference,
        "Config": {"PrivateZone": zone.private},
        "ResourceRecordSetCount": zone.count,
    }


def _record_set(record_set: RecordSet) -> str:
    members = record_set.members
    if len(members) > 4 or "ResourceRecords" not in members:
        return render(members, "ResourceRecordSet", "ResourceRecordSet")
    # A simple one, as almost all are: ten times as quick.
    values = "".join(
        f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>"
        for value in record_set.values
    )
    return (
        f"<ResourceRecordSet><Name>{record_set.name}</Name><Type>{record_set.type}</Type>"
        f"<TTL>{members['TTL']}</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet>"
    )


def _document(value: Mapping[str, Any], shape: str) -> str:
    text = render(value, shape, shape)
    return text.replace(f"<{shape}>", f'<{shape} xmlns="{NAMESPACE}">', 1)
