"""``docs/cli.md``: every command, in the words of its own ``--help``."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final

import click

from planfence.cli import group

WIDTH: Final = 100
_TEXT: Final = """\
# Commands

Generated from the commands themselves by `make docs`; `tests/test_docs.py` fails if it is stale.
This is what `planfence COMMAND --help` prints, without the options that every command has: those
stand here once.
"""

Path = tuple[str, ...]


def every_command() -> Iterator[tuple[Path, click.Command]]:
    """Every command that can be run, with its path, in the order of help."""
    yield from _below((), group)


def _below(path: Path, command: click.Command) -> Iterator[tuple[Path, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from _below((*path, name), found)


def text() -> str:
    commands = list(every_command())
    parts = [_TEXT, _block("planfence", group), "## Every command has these options\n"]
    parts += [_fenced(_shared(commands[0][1])), "## Exit codes\n", _exit_codes()]
    for path, command in commands:
        name = " ".join(("planfence", *path))
        parts += [f"## {name}\n", _block(name, _without_shared(command))]
    return "\n".join(parts)


def help_of(name: str, command: click.Command) -> str:
    """A command's help at a width of its own, whatever the terminal's."""
    settings = dict(group.context_settings) | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    with click.Context(command, info_name=name, **settings) as context:
        lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _block(name: str, command: click.Command) -> str:
    return _fenced(help_of(name, command))


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```\n"


def shared_names() -> frozenset[str]:
    """The options that the group itself has, which every command has too."""
    return frozenset(each.name or "" for each in group.params) - {"version"}


def _without_shared(command: click.Command) -> click.Command:
    own = copy.copy(command)
    own.params = [each for each in command.params if each.name not in shared_names()]
    return own


def _shared(command: click.Command) -> str:
    bare = click.Command("shared", params=[p for p in command.params if p.name in shared_names()])
    return help_of("planfence COMMAND", bare).partition("Options:\n")[2]


def _exit_codes() -> str:
    codes = (group.epilog or "").removeprefix("Exit codes: ").rstrip(".").split("; ")
    rows = [
        f"| {code} | {meaning} |" for code, _, meaning in (each.partition(" ") for each in codes)
    ]
    return "\n".join(["| code | means |", "|---|---|", *rows, ""])
