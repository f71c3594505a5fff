"""Test only: the AWS stores without their protection. What races then lose, it is that keeps it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from plans.storage.dynamodb import DynamoRegister
from plans.storage.register import Action, All, Put
from plans.storage.s3 import S3Archive

_ALWAYS: Final = All(())


class LaxRegister(DynamoRegister):
    """Writes whatever it is told, whatever is there."""

    def write(self, *actions: Action, token: str | None = None) -> None:
        puts = [replace(action, condition=_ALWAYS) for action in actions if isinstance(action, Put)]
        super().write(*puts, token=token)


class LaxArchive(S3Archive):
    """Puts every object, over whatever is there."""

    def _send(self, key: str, body: bytes, **condition: str) -> None:
        super()._send(key, body)
