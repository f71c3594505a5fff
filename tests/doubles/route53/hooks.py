"""The double inside the process: what a boto3 client sends goes to it instead of to a socket.

botocore's event ``before-send`` comes after serialising and signing and before parsing and its own
retries, so all of these are real. No socket is opened.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from unittest.mock import patch

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from urllib3 import HTTPResponse

from tests.doubles.route53.double import Double
from tests.doubles.route53.faults import NoAnswerError

CREDENTIALS: Final = ("AKIAIOSFODNN7EXAMPLE", "only-for-signing")
_EVENT: Final = "before-send.route-53.*"
# A developer's own profile and files are not looked for.
_NOWHERE: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def client(double: Double) -> Any:
    """A ``route53`` client that sends every request once, and to the double."""
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    made = _nobodys().client("route53", config=config)
    attach(made.meta.events, double)
    return made


@contextmanager
def serving(double: Double) -> Iterator[None]:
    """Within it, the ``route53`` clients of boto3's default session belong to the double.

    Only those: any other service's client of that session would go where AWS is.
    """
    with patch.object(boto3, "DEFAULT_SESSION", session(double)):
        yield


def attach(events: Any, double: Double) -> None:
    """Serve a client's or a session's requests by the double (``client.meta.events``)."""

    def before_send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return _answered(double, request)

    events.register(_EVENT, before_send)


@cache
def _loader() -> Any:
    """The models, parsed once: they are most of the time that a new client takes."""
    return botocore.session.get_session().get_component("data_loader")


@cache
def _nobodys() -> boto3.session.Session:
    """What every client is made of: a session of its own would take it three times as long."""
    return _session()


def session(double: Double) -> boto3.session.Session:
    """Its ``route53`` clients belong to the double. Nobody else's files are read."""
    made = _session()
    attach(made.events, double)
    return made


def _session() -> boto3.session.Session:
    core = botocore.session.Session(session_vars=_NOWHERE)
    core.register_component("data_loader", _loader())
    core.set_credentials(*CREDENTIALS)
    return boto3.session.Session(botocore_session=core, region_name="us-east-1")


def _answered(double: Double, request: AWSPreparedRequest) -> AWSResponse:
    if "authorization" not in request.headers:
        raise AssertionError(f"not signed: {request.method} {request.url}")
    body = request.body or b""
    assert isinstance(body, bytes), "Route 53 streams nothing"
    try:
        answer = double.deliver(request.method, request.url, body)
    except NoAnswerError as error:
        raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
    headers = {
        "content-type": "text/xml",
        "content-length": str(len(answer.body)),
        "x-amzn-requestid": "double",
    }
    raw = HTTPResponse(io.BytesIO(answer.body), headers, answer.status, preload_content=False)
    return AWSResponse(request.url, answer.status, HTTPHeaders.from_dict(headers), raw)
