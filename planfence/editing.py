"""A desired state that a person edits, as ``git commit`` lets them edit a message.

The file is one of its own, outside the project. It is gone when all went well; after anything else
it stays, and the person is told where, so that nothing that they typed is ever lost.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from planfence.app import App
from planfence.given import escaped_semicolons, keeping_pools, yaml_state
from planner.overriding import Given, Start, pools_of
from planner.zone_dump import dump_zone
from plans.errors import PlanfenceError, Refused, Unavailable
from plans.settings import Settings

EDITOR: Final = "vi"  # where neither VISUAL nor EDITOR names one: POSIX has it


@contextmanager
def editing(app: App, settings: Settings, start: Start) -> Iterator[Given]:
    """Let a person edit a state; what they made of it is given to the block.

    The file is removed when the block has ended well, and where there is nothing in it to keep.

    Raises:
        Invalid: what they wrote is no desired state.
        Refused: they changed nothing or left nothing, the editor failed, or the state cannot be
            written as YAML.
        Unavailable: there is no room for the file.
    """
    # It is read back as it was written. Where planfence.toml does not say, ; stands as it is.
    escaped = escaped_semicolons(app, settings) or False
    text = _text(settings, start, escaped=escaped)
    path = _written(settings, text)
    try:
        data = _edited(app, path, text)
        given = yaml_state(settings, data, str(path), escaped)
        given = keeping_pools(app, given, start.records)
        yield Given(given.records, f"an edit of {start.what}", given.digest, given.size)
    except PlanfenceError as error:
        if error.rule != "nothing-edited":
            again = f"planfence override {settings.stream} {path} --reason TEXT"
            app.note(f"your edit is kept, to go on with: `{again}`")
            raise
        _remove(path)
        raise
    _remove(path)


def _text(settings: Settings, start: Start, *, escaped: bool) -> bytes:
    remarks: tuple[str, ...] = (
        f"{settings.zone}: {start.what}, for an override of {settings.stream}.",
        "Save and leave to go on. Without a change, or without a record, nothing is done.",
        "Names are relative to the zone; names in values are absolute and end with a dot.",
    )
    pools = pools_of(start.records)
    if pools:
        names = ", ".join(sorted({key.name for key in pools}))
        remarks = (*remarks, f"Not here, because capacity pools keep them: {names}.")
    text = dump_zone(
        settings.zone,
        {key: content for key, content in start.records.items() if key not in pools},
        escaped_semicolons=escaped,
        source=start.what,
        remarks=remarks,
    )
    return text.encode()


def _written(settings: Settings, text: bytes) -> Path:
    try:
        path = Path(tempfile.mkdtemp(prefix="planfence-")) / f"{Path(settings.stream).name}.yaml"
        path.write_bytes(text)
    except OSError as error:
        raise Unavailable(
            f"there is no place for a file to edit: {error.strerror}",
            rule="edit-unwritable",
            remedy="set TMPDIR to a folder that can be written",
        ) from error
    return path


def _edited(app: App, path: Path, before: bytes) -> bytes:
    variables = app.outside.environment
    editor = variables.get("VISUAL") or variables.get("EDITOR") or EDITOR
    # By a shell, because the variable may hold arguments: "code --wait".
    done = subprocess.run(["sh", "-c", f'{editor} "$@"', editor, str(path)], check=False)
    if done.returncode:
        raise Refused(
            f"the editor {editor} ended with {done.returncode}",
            rule="editor-failed",
            remedy="set VISUAL or EDITOR to one that works",
        )
    data = path.read_bytes() if path.exists() else b""
    rows = (line.strip() for line in data.splitlines())
    if data == before or all(row in (b"", b"---") or row.startswith(b"#") for row in rows):
        raise Refused(
            "nothing was edited: the text is as it was, or empty",
            rule="nothing-edited",
            remedy="run the command again to edit it",
        )
    return data


def _remove(path: Path) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)
