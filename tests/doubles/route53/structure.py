"""What a change may look like, whatever stands in the zone: else the request is ``InvalidInput``.

Source: API Reference, ResourceRecordSet, GeoLocation, GeoProximityLocation. The texts were seen on
AWS: hashicorp/terraform-provider-aws#1668, boto/boto3#2240, agorapulse/grails-aws-sdk#95.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.doubles.route53.errors import ServiceError, invalid_input
from tests.doubles.route53.names import NameProblem
from tests.doubles.route53.record_sets import POLICIES, Change, RecordSet

_CONTINENTS: Final = frozenset("AF AN AS EU OC NA SA".split())
_POLICIES_NAMED: Final = f"[{', '.join(POLICIES[:-1])}, or {POLICIES[-1]}]"
_PLACES: Final = ("AWSRegion", "LocalZoneGroup", "Coordinates")


def changes_of(members: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes of a request's ``ChangeBatch``.

    Raises:
        ServiceError: ``InvalidInput`` for the first that has an impossible shape;
            ``InvalidChangeBatch`` for names that are none.
    """
    problems: list[str] = []
    changes = []
    for change in members["Changes"]:
        action, given = change["Action"], change["ResourceRecordSet"]
        _check_content(action, given)
        _check_policy(action, given)
        _check_places(given)
        try:
            changes.append(Change(action, RecordSet(given)))
        except NameProblem as problem:
            problems.append(str(problem))
    if problems:
        raise ServiceError("InvalidChangeBatch", *problems)
    return tuple(changes)


def _check_content(action: str, given: Mapping[str, Any]) -> None:
    contents = [
        "AliasTarget" in given,
        "TTL" in given or "ResourceRecords" in given,
        "TrafficPolicyInstanceId" in given,
    ]
    if contents[2] and action != "DELETE":
        raise invalid_input("Use CreateTrafficPolicyInstance to create its resource record sets.")
    whole = "TTL" in given and "ResourceRecords" in given
    if sum(contents) == 1 and (whole or not contents[1]):
        return
    found = "more than one" if sum(contents) > 1 else "none"
    raise _invalid_request(
        "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or"
        f" TrafficPolicyInstanceId], but found {found}",
        action,
        given,
    )


def _check_policy(action: str, given: Mapping[str, Any]) -> None:
    # A MultiValueAnswer that is false is one all the same: DevelopingSpace/starchart#446.
    policies = [name for name in POLICIES if name in given]
    identified = "SetIdentifier" in given
    if policies and not identified:
        raise _invalid_request("Missing field 'SetIdentifier'", action, given)
    if identified and len(policies) != 1:
        found = "more than one" if policies else "none"
        what = f"Expected exactly one of {_POLICIES_NAMED}, but found {found}"
        raise _invalid_request(what, action, given)


def _check_places(given: Mapping[str, Any]) -> None:
    location = given.get("GeoLocation", {})
    if "ContinentCode" in location:
        if len(location) > 1:
            raise invalid_input("A ContinentCode stands alone in a GeoLocation.")
        if location["ContinentCode"] not in _CONTINENTS:
            raise invalid_input(f"There is no continent {location['ContinentCode']}.")
    elif "GeoLocation" in given and "CountryCode" not in location:
        raise invalid_input("A GeoLocation has a ContinentCode or a CountryCode.")
    # Ukraine has them too (ListGeoLocations).
    if "SubdivisionCode" in location and location["CountryCode"] not in {"US", "UA"}:
        raise invalid_input("A SubdivisionCode needs the CountryCode US.")
    proximity = given.get("GeoProximityLocation")
    if proximity is not None and sum(place in proximity for place in _PLACES) != 1:
        raise invalid_input(f"A GeoProximityLocation has exactly one of {', '.join(_PLACES)}.")


def _invalid_request(what: str, action: str, given: Mapping[str, Any]) -> ServiceError:
    identifier = given.get("SetIdentifier", "null")
    return invalid_input(
        f"Invalid request: {what} in Change with [Action={action}, Name={given['Name']},"
        f" Type={given['Type']}, SetIdentifier={identifier}]"
    )
