"""What ``init`` does with the two stores: it looks first, and makes only what it was told to make.

The embedded stores are made where neither is there. Those in AWS cost money and belong to an
account, so they are only made, or changed, by ``--create``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from planfence.app import App
from planfence.stores import FilePlace, Place, StoreName
from plans.errors import Invalid, Refused
from plans.storage.archive import CONTROL
from plans.storage.files import FileArchive
from plans.storage.sqlite import SqliteRegister

if TYPE_CHECKING:
    from planfence.wiring import Session
    from plans.storage.dynamodb import DynamoRegister
    from plans.storage.s3 import S3Archive

    Store = FileArchive | SqliteRegister | S3Archive | DynamoRegister

Did = Literal["found", "created", "mended"]
Item = Literal["config", "archive", "register", "stream"]

_MISSING: Final = "there is no "  # how a store in AWS says that there is nothing at all yet
_REMEDY: Final = re.compile(r"[:;] (run )?`planfence init --create`.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One thing that was found, made or mended. ``name`` says which, or what was wrong with it."""

    item: Item
    did: Did
    name: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A store as it was found. ``problems``: of one in AWS, each a line with what to do."""

    item: StoreName
    place: Place
    store: Store
    there: bool
    problems: tuple[str, ...] = ()


def look_at_stores(session: Session, *, create: bool) -> list[Looked]:
    """See whether the stores can be used or, with ``create``, made. Changes nothing.

    One embedded store without the other is not made anew in silence. It is most likely a disk that
    is not mounted or a file that was lost: an empty one in its place would look like a stream
    without plans, or without a pointer.

    Raises:
        Invalid: a store in AWS is missing or not as it must be (rule ``stores-not-ready``).
        Refused: an embedded one is missing and the other store is not (rule ``store-missing``); or
            AWS denies the look.
        Unavailable: one could not be looked at.
    """
    stores = session.stores
    looked = [
        _look("archive", stores.archive, session.archive),
        _look("register", stores.register, session.register),
    ]
    if create:
        return looked
    _refuse_problems(problem for each in looked for problem in each.problems)
    missing = [each for each in looked if not each.there]
    if len(missing) == 1:
        raise Refused(
            f"the {missing[0].item} {missing[0].place} is missing and the other store is not",
            rule="store-missing",
            remedy="restore it or mount its disk; if it is lost for good or wanted anew,"
            " `planfence init --create`",
        )
    return looked


def prepare_stores(app: App, looked: list[Looked]) -> list[Prepared]:
    """Make what is missing, and mend what can be mended; nothing that is kept is touched.

    Raises:
        Invalid: something is wrong that cannot be mended here (rule ``stores-not-ready``).
        Refused, Unavailable: something could not be made.
    """
    prepared: list[Prepared] = []
    left: list[str] = []
    for each in looked:
        still: list[str] = []
        if isinstance(each.place, FilePlace) or each.problems:
            with app.working(f"preparing the {each.item} {each.place}"):
                still = _prepare(each.store)
        prepared += _mended(each, still)
        left += still
    _refuse_problems(left)
    return prepared


def _look(item: StoreName, place: Place, store: Store) -> Looked:
    if isinstance(store, FileArchive):
        assert isinstance(place, FilePlace)
        return Looked(item, place, store, (place.path / CONTROL).is_dir())
    if isinstance(store, SqliteRegister):
        assert isinstance(place, FilePlace)
        return Looked(item, place, store, place.path.exists())
    problems = tuple(store.check())
    there = not any(problem.startswith(_MISSING) for problem in problems)
    return Looked(item, place, store, there, problems)


def _prepare(store: Store) -> list[str]:
    """Make or mend a store; what is wrong with it even so."""
    if isinstance(store, FileArchive | SqliteRegister):
        store.prepare()
        return []
    from plans.storage.dynamodb import DynamoRegister  # the SDK is imported by now

    if isinstance(store, DynamoRegister):
        store.create()
        return store.check()
    return store.prepare()


def _mended(looked: Looked, still: list[str]) -> list[Prepared]:
    """What came of a store that was missing, or wrong in some things."""
    if not looked.there:
        return [Prepared(looked.item, "created", str(looked.place))]
    found = Prepared(looked.item, "found", str(looked.place))
    mended = [each for each in looked.problems if each not in still]
    return [found, *(Prepared(looked.item, "mended", _REMEDY.sub("", each)) for each in mended)]


def _refuse_problems(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise Invalid(
            found, rule="stores-not-ready", remedy="do that, then run `planfence init` again"
        )
