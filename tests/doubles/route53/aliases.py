"""What an alias may point at.

Source: API Reference, AliasTarget. Within its own zone: a record set of the same type that exists
already when the alias is created, in the order of the batch (seen: octodns/octodns#366, where a
target that the same batch updates only later counted as not found; of several sets one is enough,
since octodns-route53 makes pools so, ``_mod_keyer``). Elsewhere: an AWS resource, which the double
knows by the hosted zone that AWS publishes for it. Texts seen: aws/aws-cdk#19643.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.doubles.route53.names import is_within
from tests.doubles.route53.record_sets import RecordSet

CLOUDFRONT_ZONE: Final = "Z2FDTNDATAQYW2"

# Hosted zones of AWS services, with the domain of their names. Source: API Reference, AliasTarget;
# AWS General Reference, "Elastic Load Balancing endpoints" and "Amazon S3 website endpoints".
SERVICE_ZONES: Final[Mapping[str, str]] = {
    CLOUDFRONT_ZONE: "cloudfront.net.",
    "Z2BJ6XQ5FK7U4H": "awsglobalaccelerator.com.",
    "Z32O12XQLNTSW2": "eu-west-1.elb.amazonaws.com.",
    "Z2IFOLAFXWLO4F": "elb.eu-west-1.amazonaws.com.",
    "Z35SXDOTRQ7X7K": "us-east-1.elb.amazonaws.com.",
    "Z3AQBSTGFYJSTF": "s3-website-us-east-1.amazonaws.com.",
}
_TYPES: Final = frozenset({"NS", "SOA"})


def alias_faults(
    alias: RecordSet, zone_id: str, zone_name: str, exists: Callable[[str, str], bool]
) -> Iterator[str]:
    """Why an alias cannot be created.

    Args:
        exists: whether the zone has a record set of this name and type that the alias may use.
    """
    assert alias.alias is not None
    target, target_zone = alias.alias["DNSName"], alias.alias["HostedZoneId"]
    tried = (
        f"Tried to create an alias that targets {target}, type {alias.type} in zone {target_zone}"
    )
    if alias.type in _TYPES:
        yield f"{tried}, but an alias is not of type {alias.type}"
        return
    domain = zone_name if target_zone == zone_id else SERVICE_ZONES.get(target_zone)
    if domain is None or not is_within(target, domain):
        yield f"{tried}, but the alias target name does not lie within the target zone"
    if domain is None or (target_zone == zone_id and not exists(target, alias.type)):
        yield f"{tried}, but that target was not found"
    if target_zone == CLOUDFRONT_ZONE and alias.alias["EvaluateTargetHealth"]:
        yield f"{tried}, but the health of a CloudFront distribution cannot be evaluated"
