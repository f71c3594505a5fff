"""How the service refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_STATUS: Final = {
    "AccessDenied": 403,
    "HealthCheckAlreadyExists": 409,
    "HostedZoneAlreadyExists": 409,
    "InternalFailure": 500,
    "NoSuchChange": 404,
    "NoSuchHealthCheck": 404,
    "NoSuchHostedZone": 404,
    "ProtectionAlreadyExists": 409,
    "ServiceUnavailable": 503,
}


class ServiceError(Exception):
    """A refusal with the service's own code; its HTTP status is 400 unless the code says otherwise.

    Args:
        messages: more than one only for ``InvalidChangeBatch``: one for each error of the batch.
    """

    def __init__(self, code: str, *messages: str) -> None:
        super().__init__(code, *messages)
        self.code = code
        self.messages: Sequence[str] = messages

    @property
    def status(self) -> int:
        return _STATUS.get(self.code, 400)

    @property
    def message(self) -> str:
        """The messages as AWS joins them: in brackets if they are a batch's.

        Seen on AWS: aws/aws-sdk-kotlin#1435 (October 2024).
        """
        text = ", ".join(self.messages)
        return f"[{text}]" if self.code == "InvalidChangeBatch" else text


def invalid_input(message: str) -> ServiceError:
    return ServiceError("InvalidInput", message)


def invalid_xml(message: str) -> ServiceError:
    """The request does not follow the schema. Form seen on AWS: libdns/route53#284 (2024)."""
    return invalid_input(
        "Invalid XML ; javax.xml.stream.XMLStreamException: org.xml.sax.SAXParseException;"
        f" lineNumber: 1; columnNumber: 1; {message}"
    )


def prior_request() -> ServiceError:
    """Source: Developer Guide, "Maximums on API requests"."""
    return ServiceError(
        "PriorRequestNotComplete",
        "The request was rejected because Route 53 was still processing a prior request.",
    )


def throttled() -> ServiceError:
    return ServiceError("Throttling", "Rate exceeded")
