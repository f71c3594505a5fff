"""One server of each emulator for the whole session, started by the first test that needs it.

They are shared: a test takes a bucket or a table of its own.

And the developer's own AWS settings are out of every test's reach: a test that forgets to name an
emulator must fail, not write to somebody's account. Where AWS itself is to be asked, they stay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping

import boto3
import pytest

from tests.emulators.servers import Server, aws_from_environment, ministack, moto, seaweedfs


def pytest_configure() -> None:
    if aws_from_environment() is None:
        forget_aws_settings(os.environ)


def pytest_runtest_setup() -> None:
    # boto3 keeps the first credentials that it finds for the whole process.
    boto3.DEFAULT_SESSION = None


def forget_aws_settings(environ: MutableMapping[str, str]) -> None:
    """Leave nothing there by which the SDK would find credentials, here or in a child process."""
    for name in [name for name in environ if name.startswith("AWS_")]:
        del environ[name]
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"):
        environ[name] = os.devnull
    environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.fixture(scope="session")
def ministack_server() -> Iterator[Server]:
    with ministack() as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Server]:
    with moto() as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs_server() -> Iterator[Server]:
    with seaweedfs() as server:
        yield server
