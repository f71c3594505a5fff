"""The record sets of a page of ListResourceRecordSets, taken from its XML by botocore's own model.

botocore's parser drops what its model has no name for, and looks into each record set once for
every member that the model has. So it is given the page without its record sets, and these are read
here, which takes a quarter of its time: most of what a plan without changes does.

Guarantees:

1. A member that the model knows is read as botocore reads it.
2. A member that the model has no name for is kept, as text: whoever reads the set refuses it by
   name.
3. A page that cannot be read so is an answer that cannot be parsed: nothing is taken from it. So is
   one without a list, one that does not say whether more follow, and a set in which a member stands
   twice or one is missing that the model requires.
4. An answer without a body is no answer, to whatever operation: botocore takes it for one in which
   every member is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from xml.etree import ElementTree

from botocore.parsers import ResponseParserError

_LISTED: Final = "before-parse.route-53.ListResourceRecordSets"
_ANSWERED: Final = "before-parse.route-53"
_SETS: Final = "ResourceRecordSets"
_MORE: Final = "IsTruncated"


def read_sets_of(client: Any) -> None:
    """Have the record sets of a client's listings read here, and no empty answer taken for one."""
    # By name: a client that is given twice must not do it twice.
    client.meta.events.register_first(_ANSWERED, _refuse_empty, unique_id=_ANSWERED)
    client.meta.events.register(_LISTED, _take_sets, unique_id=_LISTED)


def _refuse_empty(response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300 and not response_dict["body"]:
        raise ResponseParserError("an answer without a body")


def _take_sets(
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    if response_dict["status_code"] >= 300:
        return
    try:
        # Not from a stranger: the very bytes that botocore reads, with the same parser.
        page = ElementTree.fromstring(response_dict["body"])  # noqa: S314
    except ElementTree.ParseError:
        return  # botocore's parser says what is wrong with it
    lists = [element for element in page if _name(element.tag) == _SETS]
    more = [element.text for element in page if _name(element.tag) == _MORE]
    try:
        (sets,) = lists
        if more not in (["true"], ["false"]):
            raise ValueError("it does not say whether more follow")
        read = _list(sets, operation_model.output_shape.members[_SETS])
    except ValueError as error:
        raise ResponseParserError(f"a page of record sets cannot be read: {error}") from error
    page.remove(sets)
    response_dict["body"] = ElementTree.tostring(page)
    customized_response_dict[_SETS] = read


@lru_cache(maxsize=256)
def _name(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


def _structure(element: ElementTree.Element, shape: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    members = shape.members
    for child in element:
        name = _name(child.tag)
        member = members.get(name)
        if member is None:
            found[name] = child.text or ""
        else:
            found[name] = _READERS[member.type_name](child, member)
    if len(found) < len(element):
        raise ValueError(f"a member of a {shape.name} stands twice")
    for name in shape.required_members:
        if name not in found:
            raise ValueError(f"a {shape.name} has no {name}")
    return found


def _list(element: ElementTree.Element, shape: Any) -> list[Any]:
    member = shape.member
    read = _READERS[member.type_name]
    return [read(child, member) for child in element]


_READERS: Final[Mapping[str, Callable[[ElementTree.Element, Any], Any]]] = {
    "boolean": lambda element, _: element.text == "true",
    "integer": lambda element, _: int(element.text or ""),
    "list": _list,
    "long": lambda element, _: int(element.text or ""),
    "string": lambda element, _: element.text or "",
    "structure": _structure,
}
