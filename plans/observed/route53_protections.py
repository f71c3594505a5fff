"""Protections of Route 53: a record set that the service itself changes for nobody.

While the fence record of a zone is protected, every batch that carries a fence is refused whole, be
it ours or a rogue enactor's, and whatever its permissions. Who takes the protection off is told
apart by permission alone.

Asking twice does no harm here: what is protected already, or not any more, is looked at and told.

Source: API Reference, CreateResourceRecordSetProtections, DeleteResourceRecordSetProtections and
ListResourceRecordSetProtections; Developer Guide, "Protecting records from changes". botocore 1.43
does not know them: ``Models`` tells it their form, which is that of 1.44.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError
from botocore.loaders import Loader

from plans.kinds.dns import fence_name
from plans.observed.route53_api import ZoneApi
from plans.observed.route53_text import name_to_api
from plans.storage.aws import code_of

COMMENT_MAX: Final = 256  # characters; AWS shows it to whoever is refused

# "" as well: botocore may not find the code of an error whose form it does not know.
_ALREADY: Final = frozenset(
    {"", "InvalidResourceRecordSetProtectionBatch", "ProtectionAlreadyExists"}
)


class ProtectionApi(ZoneApi):
    """The protection of a zone's fence record. The account's client has ``Models``."""

    def protect(self, zone: str, comment: str) -> None:
        """Ask for it. It may be there already: ``comment`` tells whose it is.

        Args:
            zone: the zone's name, absolute.
            comment: who holds it and why; at most ``COMMENT_MAX`` characters.

        Raises:
            Refused, Unavailable: it may not be protected.
        """
        wanted = {**_key(zone), "Comment": comment}
        self.read(
            _once_is_enough(
                lambda api: api.create_resource_record_set_protections(
                    HostedZoneId=self.zone_id, Protections=[wanted]
                )
            )
        )

    def unprotect(self, zone: str) -> None:
        """Ask for its end.

        Raises:
            Refused, Unavailable: it may be protected still.
        """
        self.read(
            _once_is_enough(
                lambda api: api.delete_resource_record_set_protections(
                    HostedZoneId=self.zone_id, Protections=[_key(zone)]
                )
            )
        )

    def comment(self, zone: str) -> str | None:
        """What the protection says, "" if nothing; None: the fence record is not protected."""
        wanted = _key(zone)
        answer = self._listed({})
        while True:
            for each in answer["ResourceRecordSetProtections"]:
                name = each["RecordName"].lower().removesuffix(".") + "."
                if {"RecordName": name, "RecordType": each["RecordType"]} == wanted:
                    return str(each.get("Comment", ""))
            if not answer.get("NextToken"):
                return None
            answer = self._listed({"NextToken": answer["NextToken"]})

    def _listed(self, token: Mapping[str, str]) -> Any:
        return self.read(
            lambda api: api.list_resource_record_set_protections(HostedZoneId=self.zone_id, **token)
        )


def _key(zone: str) -> dict[str, str]:
    return {"RecordName": name_to_api(fence_name(zone)), "RecordType": "TXT"}


def _once_is_enough(call: Callable[[Any], Any]) -> Callable[[Any], None]:
    """The same call, which may find that nothing is left to do."""

    def made(api: Any) -> None:
        try:
            call(api)
        except ClientError as error:
            if code_of(error) not in _ALREADY:
                raise

    return made


class Models(Loader):
    """What botocore knows, and these operations where it does not know them itself."""

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if (service_name, type_name) != ("route53", "service-2"):
            return model
        return {
            **model,
            "operations": {**_OPERATIONS, **model["operations"]},
            "shapes": {**_SHAPES, **model["shapes"]},
        }


_PATH: Final = "/2013-04-01/hostedzone/{Id}/rrsetprotection"
_NAMESPACE: Final = {"uri": "https://route53.amazonaws.com/doc/2013-04-01/"}


def _operation(name: str, method: str, path: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"shape": f"{name}Request"}
    if method == "POST":
        asked |= {"locationName": f"{name}Request", "xmlNamespace": _NAMESPACE}
    http = {"method": method, "requestUri": path}
    return {"name": name, "http": http, "input": asked, "output": {"shape": f"{name}Response"}}


def _structure(required: tuple[str, ...], **members: dict[str, str]) -> dict[str, Any]:
    return {"type": "structure", "required": list(required), "members": members}


def _list(of: str) -> dict[str, Any]:
    return {"type": "list", "member": {"shape": of, "locationName": of}}


_TEXT: Final = {"shape": "ProtectionText"}
_ZONE: Final = {"shape": "ResourceId", "location": "uri", "locationName": "Id"}
_RECORD: Final = {"RecordName": _TEXT, "RecordType": _TEXT}
_CONFIG: Final = "ResourceRecordSetProtectionConfig"
_KEY: Final = "ResourceRecordSetProtectionKey"
_FOUND: Final = "ResourceRecordSetProtection"
_CREATE: Final = "CreateResourceRecordSetProtections"
_DELETE: Final = "DeleteResourceRecordSetProtections"
_LIST: Final = "ListResourceRecordSetProtections"

_OPERATIONS: Final = {
    _CREATE: _operation(_CREATE, "POST", _PATH),
    _DELETE: _operation(_DELETE, "POST", f"{_PATH}/delete"),
    _LIST: _operation(_LIST, "GET", _PATH),
}
_SHAPES: Final[dict[str, Any]] = {
    "ProtectionText": {"type": "string"},
    _CONFIG: _structure(("RecordName", "RecordType"), **_RECORD, Comment=_TEXT),
    _KEY: _structure(("RecordName", "RecordType"), **_RECORD),
    _FOUND: _structure(("RecordName", "RecordType"), **_RECORD, Comment=_TEXT),
    f"{_CONFIG}Batch": _list(_CONFIG),
    f"{_KEY}Batch": _list(_KEY),
    f"{_FOUND}s": _list(_FOUND),
    f"{_CREATE}Request": _structure(
        ("HostedZoneId", "Protections"),
        HostedZoneId=_ZONE,
        Protections={"shape": f"{_CONFIG}Batch"},
    ),
    f"{_DELETE}Request": _structure(
        ("HostedZoneId", "Protections"), HostedZoneId=_ZONE, Protections={"shape": f"{_KEY}Batch"}
    ),
    f"{_LIST}Request": _structure(
        ("HostedZoneId",),
        HostedZoneId=_ZONE,
        NextToken={**_TEXT, "location": "querystring", "locationName": "nexttoken"},
    ),
    f"{_CREATE}Response": _structure(()),
    f"{_DELETE}Response": _structure(()),
    f"{_LIST}Response": _structure(
        (), ResourceRecordSetProtections={"shape": f"{_FOUND}s"}, NextToken=_TEXT
    ),
}
