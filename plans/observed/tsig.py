"""A TSIG key (RFC 8945), which never shows its secret."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from plans.kinds.plain import plain_name

ALGORITHMS: Final = (
    "hmac-sha256",
    "hmac-sha512",
    "hmac-sha384",
    "hmac-sha224",
    "hmac-sha1",
    "hmac-md5",
)
_SECRET_BYTES_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class TsigKey:
    """A key as the server knows it.

    Attributes:
        name: absolute, lower case, with its final dot.
        algorithm: one of ``ALGORITHMS``.
        secret: in no ``repr``; it goes nowhere but into signatures.
    """

    name: str
    algorithm: str
    secret: bytes = field(repr=False)


Keys = Callable[[str], TsigKey]
"""The key of a target by its id; refused where there is none that can be used."""


def tsig_key(algorithm: str, name: str, secret: str) -> TsigKey:
    """A key from its three parts as text.

    Raises:
        ValueError: one of them is none. The reason never has the secret.
    """
    chosen = algorithm.lower().removesuffix(".").removesuffix(".sig-alg.reg.int")
    if chosen not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise ValueError(f"{algorithm[:40]!r} is no algorithm; known: {known}")
    absolute = plain_name(name, ".")
    if absolute is None:
        raise ValueError(f"{name[:80]!r} is no name of a key")
    try:
        decoded = base64.b64decode("".join(secret.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the secret is not base64") from None
    if not 0 < len(decoded) <= _SECRET_BYTES_MAX:
        raise ValueError(f"the secret has {len(decoded)} bytes, not 1 to {_SECRET_BYTES_MAX}")
    return TsigKey(absolute, chosen, decoded)
