"""What no emulator produces, put on the wire below botocore: the same script as ``doubles.faults``.

``WireFaults`` stands between a client and its socket, by botocore's own event ``before-send``. A
fault is given ``send``, which sends the signed request for real, and decides when, whether and how
often that happens and what the client is told. So the store's state is real, and everything above
the socket is the product's own: retries, parsing, classification.

``sent`` has the operation of every request that the client tried to send, faulted or not. An SDK
that sends twice by itself is seen there.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

Send = Callable[[], AWSResponse]
Fault = Callable[[Send], AWSResponse]

_URL: Final = "http://127.0.0.1/"
_DYNAMODB: Final = "com.amazonaws.dynamodb.v20120810#"


class WireFaults:
    """The script of one client."""

    def __init__(self, client: Any) -> None:
        self.sent: list[str] = []
        self._rules: list[tuple[str, Fault]] = []
        self._session = client._endpoint.http_session
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-send.{service}.*", self._before_send)

    def next(self, operation: str, *faults: Fault) -> None:
        """Fault the next requests of an operation (``PutObject``), one by one."""
        self._rules += [(operation, fault) for fault in faults]

    def clear(self) -> None:
        self.sent.clear()
        self._rules.clear()

    @property
    def left(self) -> int:
        """Faults that no request has met yet."""
        return len(self._rules)

    def _before_send(
        self, request: AWSPreparedRequest, event_name: str, **_: Any
    ) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        self.sent.append(operation)
        for rule in self._rules:
            if rule[0] == operation:
                self._rules.remove(rule)
                return _received(request, rule[1](lambda: self._send(request)))
        return None  # botocore sends it

    def _send(self, request: AWSPreparedRequest) -> AWSResponse:
        request.reset_stream()
        answer: AWSResponse = self._session.send(request)
        return answer


def _received(request: AWSPreparedRequest, response: AWSResponse) -> AWSResponse:
    """As ``URLLib3Session.send`` does: an answer that is no stream is read at once."""
    try:
        if not request.stream_output:
            _ = response.content
        return response
    except ProtocolError as error:
        raise ConnectionClosedError(error=error, endpoint_url=request.url) from error


# Not sent


def no_connection(_: Send) -> AWSResponse:
    """Nothing listens."""
    raise EndpointConnectionError(endpoint_url=_URL, error="refused")


def connect_timeout(_: Send) -> AWSResponse:
    raise ConnectTimeoutError(endpoint_url=_URL, error="timed out")


# Sent, and no answer


def lost_before(_: Send) -> AWSResponse:
    """The request never arrives, and nobody says so."""
    raise ReadTimeoutError(endpoint_url=_URL, error="timed out")


def lost_after(send: Send) -> AWSResponse:
    """The request is served, whatever its answer was, and the answer is lost."""
    send()
    raise ReadTimeoutError(endpoint_url=_URL, error="timed out")


def twice(send: Send) -> AWSResponse:
    """The network delivers the request twice; the second answer is the one that comes back."""
    send()
    return send()


# Answers


def after(action: Callable[[], object]) -> Fault:
    """Somebody else acts first, while this request is on its way."""

    def fault(send: Send) -> AWSResponse:
        action()
        return send()

    return fault


def answer(status: int, body: bytes, **headers: str) -> AWSResponse:
    """An answer of these bytes; the header ``content_length`` is that of the body unless given."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"content-length": str(len(body)), **named}
    raw = HTTPResponse(io.BytesIO(body), named, status, preload_content=False)
    return AWSResponse(_URL, status, HTTPHeaders.from_dict(named), raw)


def answering(status: int, body: bytes, **headers: str) -> Fault:
    """The request is never served, and the answer is this."""
    return lambda _: answer(status, body, **headers)


def s3_error(status: int, code: str, message: str = "as injected") -> Fault:
    """S3 refuses so."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return answering(status, b'<?xml version="1.0" encoding="UTF-8"?>' + body.encode())


def dynamodb_error(
    code: str, message: str = "as injected", *, status: int = 400, **fields: Any
) -> Fault:
    """DynamoDB refuses so; ``fields`` are the error's own members, such as CancellationReasons."""
    body = {"__type": _DYNAMODB + code, "message": message, **fields}
    return answering(status, json.dumps(body).encode(), content_type="application/x-amz-json-1.0")


def served_but(fault: Fault) -> Fault:
    """The request is served, and the client is told something else: 500 after the effect."""

    def served(send: Send) -> AWSResponse:
        send()
        return fault(send)

    return served


def cut(size: int) -> Fault:
    """The connection ends after this many bytes of the answer's body."""

    def fault(send: Send) -> AWSResponse:
        whole = send()
        return answer(whole.status_code, whole.content[:size], **_headers(whole))

    return fault


def damaged(send: Send) -> AWSResponse:
    """One bit of the answer's body is wrong."""
    whole = send()
    body = bytes([whole.content[0] ^ 1]) + whole.content[1:]
    return answer(whole.status_code, body, **_headers(whole))


def _headers(whole: AWSResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in whole.headers.items()}
