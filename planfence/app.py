"""What every command is given and what it gives back; light, because ``--help`` loads it.

A command returns a ``Result`` and prints nothing itself: data goes to stdout in one place
(``planfence.output``), diagnostics go to stderr through ``App``.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from planfence.clock import SystemClock
from planfence.output import Block, is_terminal, say
from plans.clock import Clock
from plans.errors import PlanfenceError, Refused
from plans.names import valid_stream

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from planfence.config import Config
    from planfence.report import Report
    from planfence.wiring import Session

    ParamType = click.ParamType[Any]  # generic for checkers; click 8.1 is not when it runs
else:
    ParamType = click.ParamType

F = TypeVar("F", bound=Callable[..., Any])
DIGEST_LENGTH = 64
GENERATION_MAX = 10**12 - 1
ONE_LINE_MAX = 1000
FORMATS = ("text", "json", "markdown")


class UsageRefused(PlanfenceError):
    """The command line or the config file cannot be used. ``problems`` has every one found."""

    exit_code = 64
    outcome = "refused"

    def __init__(
        self, what: str, *, rule: str, problems: tuple[str, ...] = (), remedy: str | None = None
    ) -> None:
        super().__init__(what, rule=rule, remedy=remedy)
        self.problems = problems

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


def _new_id() -> str:
    import uuid

    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Outside:
    """What a run takes from outside: clock, ids, environment, working directory."""

    clock: Clock = field(default_factory=SystemClock)
    new_id: Callable[[], str] = _new_id
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path = field(default_factory=Path.cwd)


@dataclass(slots=True)
class Flags:
    """The options that every command has, before or after its name; the last one given counts."""

    config: str | None = None
    archive: str | None = None
    register: str | None = None
    format: str = "text"
    json_into: str | None = None
    quiet: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a command has to say: a document for programs, text for people.

    Attributes:
        lines: the text; after that of the ``report``, where there is one.
        report: what a review shows; text and Markdown are made of it when they are asked for.
    """

    document: Mapping[str, Any]
    lines: tuple[Block, ...] = ()
    exit_code: int = 0
    report: Report | None = None


@dataclass(slots=True)
class App:
    """One run of the command. ``about`` names stream and plan, for results and refusals alike.

    ``json_lines``: each JSON document is one line, because more than one is printed.
    """

    outside: Outside
    flags: Flags = field(default_factory=Flags)
    about: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    json_lines: bool = False
    _session: Session | None = None
    _identity: str | None = None

    def session(self, new: Config | None = None) -> Session:
        """The config file and the stores of this run.

        Args:
            new: what is in a config file that is not written yet.
        """
        if self._session is None:
            from planfence.wiring import open_session, session_of

            if new is None:
                self._session = open_session(self.outside, self.flags)
            else:
                self._session = session_of(new, self.outside, self.flags)
            self._session.keys.note = self.note
        return self._session

    @property
    def wants_document(self) -> bool:
        """Whether anybody will see the JSON: what is big in it need not be made for nobody."""
        return self.flags.format == "json" or self.flags.json_into is not None

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def note(self, text: str) -> None:
        """Tell a person something that is no part of the data; programs find it in ``notes``."""
        self.notes.append(text)
        if not self.flags.quiet:
            say(f"planfence: note: {text}")

    def progress(self, text: str) -> None:
        if not self.flags.quiet:
            say(text)

    @contextmanager
    def working(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show on a terminal that long work goes on; the function given is told how much is done.

        Nothing where stderr is no terminal, and nothing stays when it is over.
        """
        if self.flags.quiet or not is_terminal(sys.stderr, self.outside.environment):
            yield lambda _: None
            return
        from planfence.render.progress import progress

        with progress(what, total) as told:
            yield told

    def identity(self, *, proven: bool = True) -> str:
        """Who acts; see ``planfence.identity``. ``proven=False`` where nothing is decided by it."""
        if self._identity is None:
            from planfence.identity import who_acts

            self._identity = who_acts(self, proven=proven)
        return self._identity


class Command(click.Command):
    """A command whose help keeps the line breaks of examples and of lists.

    Click rewraps every paragraph that does not begin with a backspace, and a docstring should not
    have one.
    """

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        paragraphs = inspect.cleandoc(attributes["help"]).split("\n\n")
        attributes["help"] = "\n\n".join(
            f"\b\n{paragraph}" if "\n  " in paragraph else paragraph for paragraph in paragraphs
        )
        super().__init__(*arguments, **attributes)


class StreamName(ParamType):
    """A stream: kind/name."""

    name = "stream"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not isinstance(value, str) or not valid_stream(value):
            self.fail(
                f"{value!r} names no stream: kind/name, 2 or 3 segments of a-z 0-9 . _ -",
                param,
                ctx,
            )
        app = ctx.find_object(App) if ctx else None
        if app is not None:
            app.about["stream"] = value
        return value

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem]:
        from planfence.completing import streams

        return streams(ctx.find_object(App), incomplete)


class GenerationNumber(ParamType):
    """A generation, or one of the words that commands which only read accept."""

    name = "gen"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        if isinstance(value, int) or value in self.words:
            return value  # type: ignore[no-any-return]  # click types it Any
        text = str(value)
        if not (text.isascii() and text.isdigit() and 0 < int(text[:13]) <= GENERATION_MAX):
            allowed = ", ".join(("a whole number from 1 on", *self.words[:-1]))
            last = f" or {self.words[-1]}" if self.words else ""
            self.fail(f"{value!r} is no generation: name {allowed}{last}", param, ctx)
        return int(text)

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem]:
        from planfence.completing import generations

        # Behind an option that still lacks its value, click has not told arguments apart.
        stream = ctx.params.get("stream") or next(iter(ctx.args), None)
        return generations(ctx.find_object(App), stream, self.words, incomplete)


class FileName(ParamType):
    """A file's name, whatever stands there: who opens it says what is wrong with it."""

    name = "file"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


class OneLineText(ParamType):
    """Text that is kept in a document: one line, not empty."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not text or not text.isprintable() or len(text) > ONE_LINE_MAX:
            self.fail(f"one line of text, 1 to {ONE_LINE_MAX} printable characters", param, ctx)
        return text


STREAM = StreamName()
FILE = FileName()
REASON = OneLineText()


def full_digest(digest: str, stream: str, generation: int) -> str:
    """The digest as named on the command line.

    Raises:
        Refused: it is not the whole digest; a decision is about all the bytes.
    """
    if len(digest) != DIGEST_LENGTH or set(digest) - set("0123456789abcdef"):
        raise Refused(
            f"{digest!r} is not a full digest",
            rule="digest",
            expected=f"all {DIGEST_LENGTH} hex digits, in lower case",
            actual=f"{len(digest)} characters",
            remedy=f"take it from `planfence show {stream} {generation}`",
        )
    return digest


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep an option in ``App.flags``; one that was not given leaves what stands there."""
    app = ctx.find_object(App)
    if app is None or not param.name or not value:
        return
    if param.name == "json_into":
        path = app.outside.folder / value
        place = path if path.exists() else path.parent
        if path.is_dir() or not path.parent.is_dir() or not os.access(place, os.W_OK):
            # Found before anything is done, not after a pass whose result it was to hold.
            raise click.BadParameter(f"no file can be made at {path}", ctx, param)
    setattr(app.flags, param.name, value)


_KEPT: dict[str, Any] = {"expose_value": False, "callback": _keep, "is_eager": True}
_OPTIONS = (
    click.option(
        "--config", type=FILE, metavar="FILE", help="planfence.toml (PLANFENCE_CONFIG)", **_KEPT
    ),
    click.option("--archive", metavar="URL", help="over the config's (PLANFENCE_ARCHIVE)", **_KEPT),
    click.option(
        "--register", metavar="URL", help="over the config's (PLANFENCE_REGISTER)", **_KEPT
    ),
    click.option("--format", type=click.Choice(FORMATS), help="of stdout; default text", **_KEPT),
    click.option(
        "--json-into",
        type=FILE,
        metavar="FILE",
        help="write the JSON to a file as well",
        **_KEPT,
    ),
    click.option(
        "--quiet", is_flag=True, help="no progress, no notes, long lists cut short", **_KEPT
    ),
    click.option(
        "--debug", is_flag=True, help="a traceback where planfence itself failed", **_KEPT
    ),
)


def shared_options(function: F) -> F:
    """Give a command the options that every command has."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
