"""The entry point: find the command, run it, print what it returns, and end with the right code.

Exit codes are DESIGN section 8. Every ``PlanfenceError`` is one line on stderr, and a document on
stdout where ``--format json`` asks for one; anything else is a fault of planfence's own.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from planfence.app import App, Outside, Result, UsageRefused, shared_options
from planfence.output import Block, as_json, as_text, say, write_data, write_file
from planfence.refusals import refusal_details, refusal_document
from plans.errors import Failed, PlanfenceError

# In the order of use, which is the order of help.
COMMANDS: Final = (
    *"init stream plan list show diff drift dump approve reject enact status".split(),
    *"journal metrics hold release override rollback".split(),
    *"prune pin unpin".split(),
    *"check schema completion".split(),
)
# No distribution that happens to be installed plugs itself into the reading of documents; and none
# is searched for, at each start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

EXIT_FAILED: Final = 1
EXIT_UNAVAILABLE: Final = 5
EXIT_INTERRUPTED: Final = 130


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"planfence.commands.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"planfence {version('planfence')}")
        except PackageNotFoundError:
            click.echo("planfence (not installed)")
        ctx.exit()


@click.command(
    cls=Commands,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done or nothing to do; 1 failed; 3 refused; 4 superseded; 5 unavailable,"
    " try again; 6 applied in part, run it again; 64 usage or config.",
)
@shared_options
@click.option("--version", is_flag=True, expose_value=False, callback=_version, is_eager=True)
def group() -> None:
    """Plan changes to shared infrastructure, review them, and enact exactly what was reviewed.

    Commands only read unless their help says what they change. Who acts is PLANFENCE_USER, or
    user@host: on the embedded stores that is a claim, not an authentication. With a register in
    DynamoDB it is who AWS says.
    """


def main(arguments: Sequence[str] | None = None, *, outside: Outside | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program's name; None takes this process's.
        outside: clock, ids, environment and working directory; None takes this process's.

    Returns:
        The exit code.
    """
    app: App | None = None
    try:
        app = App(outside or Outside())
        return _run(app, list(sys.argv[1:] if arguments is None else arguments))
    except (KeyboardInterrupt, click.Abort):
        say("planfence: interrupted; running the command again goes on from what was done")
        return EXIT_INTERRUPTED
    except FileNotFoundError as error:
        say(f"planfence: failed: {error}")  # the working directory is gone
        return EXIT_FAILED
    finally:
        if app is not None:
            app.close()


def _run(app: App, arguments: list[str]) -> int:
    try:
        returned = group.main(arguments, prog_name="planfence", standalone_mode=False, obj=app)
        result = returned if isinstance(returned, Result) else None
        if result is None:
            return returned if isinstance(returned, int) else 0
        return _emit(app, result)
    except PlanfenceError as error:
        return _refuse(app, error)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message(), whole=True)
        return UsageRefused.exit_code
    except click.ClickException as error:
        return _refuse(app, _usage(error))
    except click.Abort:  # what click makes of an interrupt, and a RuntimeError
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: one line, never a traceback
        if app.flags.debug:
            import traceback

            traceback.print_exc()
        return _refuse(app, _fault(error))


def _emit(app: App, result: Result) -> int:
    document = {**app.about, **result.document, "notes": app.notes}
    # The outcome comes first, where a person who reads JSON looks for it.
    return _write(app, _ordered(document), result)


def _write(app: App, document: dict[str, Any], result: Result) -> int:
    failure, where = None, ""
    if app.flags.json_into:
        path = app.outside.folder / app.flags.json_into
        failure = write_file(path, as_json(document))
        where = f" to {path}" if failure else ""
    if app.flags.format == "json":
        failure = write_data(as_json(document, one_line=app.json_lines)) or failure
    elif app.flags.format == "markdown":
        failure = write_data(_markdown(document, result)) or failure
    elif result.report is not None or result.lines:
        failure = write_data(as_text(_text(app, result), app.outside.environment)) or failure
    if failure is None:
        return result.exit_code
    say(
        f"planfence: unavailable: cannot write the output{where}: {failure.strerror};"
        " what the command did stands"
    )
    return result.exit_code or EXIT_UNAVAILABLE


def _text(app: App, result: Result) -> tuple[Block, ...]:
    if result.report is None:
        return result.lines
    from planfence.report import report_text

    return report_text(result.report, quiet=app.flags.quiet) + result.lines


def _markdown(document: dict[str, Any], result: Result) -> str:
    """Markdown of everything, so that CI always has a comment to put in the place of the last."""
    from planfence.render.comment import as_comment, as_refusal
    from planfence.render.markdown import as_markdown

    stream = document["stream"]
    if result.report is not None:
        return as_comment(stream, result.report)
    if "rule" in document and not result.lines:
        return as_refusal(stream, document)
    title = f"planfence: {document['outcome']}" + (f" `{stream}`" if stream else "")
    return as_markdown(stream, title, result.lines)


def _ordered(document: dict[str, Any]) -> dict[str, Any]:
    first = ("outcome", "stream", "generation", "digest")
    document.setdefault("stream", None)
    head = {name: document[name] for name in first if name in document}
    return head | {name: value for name, value in document.items() if name not in first}


def _refuse(app: App, error: PlanfenceError) -> int:
    """Report an error: one line on stderr, details below it where there is more than one."""
    kind = error.rule if isinstance(error, UsageRefused) else error.outcome
    say(f"planfence: {kind}: {error}")
    for problem in refusal_details(error):
        say(f"  {problem}")
    document = {**app.about, **refusal_document(error), "notes": app.notes}
    return _write(app, _ordered(document), Result(document, exit_code=error.exit_code))


def _usage(error: click.ClickException) -> PlanfenceError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "planfence"
    what = error.format_message().splitlines()
    return UsageRefused(
        what[0].rstrip(".") if what else "unusable",
        rule="usage",
        remedy=f"see `{path} --help`",
    )


def _fault(error: Exception) -> PlanfenceError:
    return Failed(
        f"planfence itself failed: {type(error).__name__}: {error}",
        rule="unexpected",
        remedy="run it again with --debug for the traceback, and report it",
    )
