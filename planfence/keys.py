"""TSIG keys: which one a target takes, and where its secret is.

planfence.toml names a key beside the target (``?key=NAME``). Its secret is in the environment or in
a file, never in planfence.toml, and never in a plan, the journal, an error or any other output:

* ``PLANFENCE_TSIG_<NAME>``, in capitals with ``_`` for ``-`` and ``.``: ``algorithm:name:secret``,
  as ``dig -y`` and ``nsupdate -y`` take it;
* else ``[keys.NAME] file``: one ``key`` statement in the syntax of BIND, as ``tsig-keygen`` writes
  it.

Whoever enacts looks the key up anew in their own planfence.toml: a plan names targets only.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plans.errors import Refused
from plans.observed.tsig import TsigKey, tsig_key

if TYPE_CHECKING:
    from planfence.config import Config

VARIABLE: Final = "PLANFENCE_TSIG_"

_COMMENT: Final = re.compile(r"(?://|#)[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD: Final = r'"?([^\s";{}]+)"?'
_KEY: Final = re.compile(rf"key\s+{_WORD}\s*\{{(.*?)\}}\s*;", re.DOTALL)
_PART: Final = re.compile(rf'(algorithm|secret)\s+(?:"([^"]*)"|{_WORD})\s*;')


class Keys:
    """The keys of one run. ``note`` is told what a person should know of them, once."""

    def __init__(self, config: Config, environment: Mapping[str, str]) -> None:
        self._config = config
        self._environment = environment
        self._found: dict[str, TsigKey] = {}
        self.note: Callable[[str], None] = lambda _: None

    def of(self, target: str) -> TsigKey:
        """The key of a target, by its id.

        Raises:
            Refused: none is named (rule ``key-missing``), or the one that is cannot be used (rule
                ``key-unusable``).
        """
        streams = self._config.streams.values()
        names = {url: name for stream in streams for url, name in stream.keys.items()}
        name = names.get(target)
        if name is None:
            raise Refused(
                f"{self._config.path} names no TSIG key for {target}",
                rule="key-missing",
                remedy=f"name it there among the stream's targets, as {target}?key=NAME",
            )
        if name not in self._found:
            self._found[name] = self._read(name)
        return self._found[name]

    def _read(self, name: str) -> TsigKey:
        variable = variable_of(name)
        text = self._environment.get(variable)
        if text:
            try:
                return _from_variable(text)
            except ValueError as error:
                raise _unusable(variable, error, "algorithm:name:secret") from error
        file = self._config.keys.get(name)
        if file is None:
            raise Refused(
                f"there is no TSIG key {name}",
                rule="key-missing",
                remedy=f"set {variable}, or name its file under [keys.{name}] in"
                f" {self._config.path}",
            )
        path = self._config.root / file
        try:
            return _from_file(self._text(path))
        except ValueError as error:
            raise _unusable(str(path), error, "one key statement, as tsig-keygen writes") from error

    def _text(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(path.stat().st_mode)
                if mode & stat.S_IROTH:
                    self.note(f"everybody on this host may read the key in {path}: chmod 600 it")
                return file.read().decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("not UTF-8 text") from None
        except OSError as error:
            raise ValueError(error.strerror) from error


def variable_of(name: str) -> str:
    """The environment variable that a key's name stands for."""
    return VARIABLE + name.upper().replace("-", "_").replace(".", "_")


def _from_variable(text: str) -> TsigKey:
    parts = text.strip().split(":")
    if len(parts) != 3:
        raise ValueError(f"{len(parts)} parts between colons")
    return tsig_key(*parts)


def _from_file(text: str) -> TsigKey:
    statements = _KEY.findall(_COMMENT.sub(" ", text))
    if len(statements) != 1:
        raise ValueError(f"{len(statements)} key statements in it")
    name, body = statements[0]
    parts = {part: quoted or bare for part, quoted, bare in _PART.findall(body)}
    if len(parts) != 2:
        raise ValueError("no algorithm or no secret in its key statement")
    return tsig_key(parts["algorithm"], name, parts["secret"])


def _unusable(source: str, error: ValueError, form: str) -> Refused:
    return Refused(
        f"the TSIG key in {source} cannot be used: {error}",
        rule="key-unusable",
        expected=form,
        actual="something else",
        remedy=f"correct {source}",
    )
