"""``planfence completion``: the script that makes a shell complete commands."""

from __future__ import annotations

import click

from planfence.app import Command, Result, shared_options

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", cls=Command, short_help="Completion for a shell. Reads only.")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@shared_options
def command(*, shell: str) -> Result:
    """Print a script by which a shell completes commands, options, streams and generations.

    Only reads. Digests are not completed: name the one that you reviewed.

    SHELL is bash (4.4 or newer), zsh or fish. Put the script where the shell looks for it:
      bash  ~/.local/share/bash-completion/completions/planfence
      zsh   ~/.zfunc/_planfence, with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
      fish  ~/.config/fish/completions/planfence.fish

    Example: planfence completion bash > ~/.local/share/bash-completion/completions/planfence
    """
    from planfence.output import Line
    from planfence.shells import SCRIPTS

    text = SCRIPTS[shell]
    document = {"outcome": "done", "shell": shell, "script": text}
    return Result(document, tuple(Line(line) for line in text.splitlines()))
