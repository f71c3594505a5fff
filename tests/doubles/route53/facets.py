"""The service's schema, from the model that botocore carries: types, required members, limits.

botocore itself checks little of it before it sends (types, required members, minimum lengths); the
service checks all. What the schema refuses is ``InvalidInput``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from tests.doubles.route53.errors import ServiceError, invalid_xml

NAMESPACE: Final = "https://route53.amazonaws.com/doc/2013-04-01/"
_QUALIFIED: Final = f"{{{NAMESPACE}}}"


@dataclass(frozen=True)
class Text:
    """A string within its limits."""

    longest: int | None
    shortest: int
    pattern: re.Pattern[str] | None
    choices: frozenset[str]

    def read(self, element: Element, name: str) -> str:
        text = element.text or ""
        if self.choices and text not in self.choices:
            raise invalid_xml(
                f"cvc-enumeration-valid: Value '{text}' is not facet-valid with respect to"
                f" enumeration '[{', '.join(sorted(self.choices))}]'."
            )
        if self.longest is not None and len(text) > self.longest:
            raise _length(text, "maxLength", self.longest, name)
        if len(text) < self.shortest:
            raise _length(text, "minLength", self.shortest, name)
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise invalid_xml(
                f"cvc-pattern-valid: Value '{text}' is not facet-valid with respect to pattern"
                f" '{self.pattern.pattern}' for type '{name}'."
            )
        return text


@dataclass(frozen=True)
class Whole:
    """A whole number within its limits."""

    least: int | None
    most: int | None

    def read(self, element: Element, name: str) -> int:
        text = element.text or ""
        if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
            raise invalid_xml(
                f"cvc-datatype-valid.1.2.1: '{text}' is not a valid value for 'long'."
            )
        value = int(text)
        if self.least is not None and value < self.least:
            raise _range(value, "minInclusive", self.least, name)
        if self.most is not None and value > self.most:
            raise _range(value, "maxInclusive", self.most, name)
        return value


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, element: Element, name: str) -> bool:
        if element.text not in {"true", "false", "1", "0"}:
            raise invalid_xml(
                f"cvc-datatype-valid.1.2.1: '{element.text}' is not a valid value for 'boolean'"
                f" of '{name}'."
            )
        return element.text in {"true", "1"}


@dataclass(frozen=True)
class Members:
    """A list, each member an element of its own."""

    tag: str
    member: Facet
    fewest: int

    def read(self, element: Element, name: str) -> list[Any]:
        if len(element) < self.fewest:
            raise _incomplete(name, self.tag)
        found = []
        for child in element:
            if child.tag != _QUALIFIED + self.tag:
                raise _unexpected(child, [self.tag])
            found.append(self.member.read(child, self.tag))
        return found


@dataclass(frozen=True)
class Structure:
    """Named members, some of them required.

    Their order is not checked: botocore writes them in whatever order the caller had them, and AWS
    takes that (boto/boto3#1462 got past the schema with ``ResourceRecords`` before ``Type``).
    """

    members: Mapping[str, Facet]
    required: tuple[str, ...]

    def read(self, element: Element, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for child in element:
            tag = child.tag.removeprefix(_QUALIFIED)
            facet = self.members.get(tag)
            if facet is None or tag in found:
                raise _unexpected(child, self.members)
            found[tag] = facet.read(child, tag)
        for required in self.required:
            if required not in found:
                raise _incomplete(name, required)
        return found


Facet = Text | Whole | Flag | Members | Structure


def parse(body: bytes, request: str) -> dict[str, Any]:
    """The members of a request's body.

    Raises:
        ServiceError: ``MalformedInput`` if it is another document (seen on AWS:
            stalwartlabs/dns-update#44), ``InvalidInput`` if it breaks the schema.
    """
    try:
        root = fromstring(body)
    except ParseError as error:
        raise invalid_xml(str(error)) from error
    if root.tag != f"{_QUALIFIED}{request}":
        tag = root.tag.rpartition("}")[2]
        raise ServiceError("MalformedInput", f"{tag} is not valid, expected {request}")
    shape = model().shape_for(request)
    assert isinstance(shape, StructureShape)
    in_body = {
        name: _facet(member)
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
    required = tuple(name for name in shape.required_members if name in in_body)
    return Structure(in_body, required).read(root, request)


def render(value: Any, shape: str, tag: str) -> str:
    """An element as the service writes it: members in the schema's order, absent ones left out."""
    return _rendered(value, facet(shape), tag)


def _rendered(value: Any, facet: Facet, tag: str) -> str:
    if isinstance(facet, Structure):
        inner = "".join(
            _rendered(value[name], member, name)
            for name, member in facet.members.items()
            if value.get(name) is not None
        )
    elif isinstance(facet, Members):
        inner = "".join(_rendered(item, facet.member, facet.tag) for item in value)
    elif isinstance(facet, Flag):
        inner = "true" if value else "false"
    else:
        inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


@cache
def model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("route53")


@cache
def facet(shape: str) -> Facet:
    return _facet(model().shape_for(shape))


def choices(shape: str) -> frozenset[str]:
    """The values that the schema allows, such as every record type."""
    found = facet(shape)
    assert isinstance(found, Text)
    return found.choices


def _facet(shape: Shape) -> Facet:
    limits = shape.metadata
    if isinstance(shape, StructureShape):
        members = {name: _facet(member) for name, member in shape.members.items()}
        return Structure(members, tuple(shape.required_members))
    if isinstance(shape, ListShape):
        tag = shape.member.serialization.get("name", "member")
        return Members(tag, _facet(shape.member), limits.get("min", 0))
    if shape.type_name == "boolean":
        return Flag()
    if shape.type_name in {"integer", "long"}:
        return Whole(limits.get("min"), limits.get("max"))
    pattern = re.compile(limits["pattern"]) if "pattern" in limits else None
    return Text(
        limits.get("max"), limits.get("min", 0), pattern, frozenset(limits.get("enum") or ())
    )


def _length(text: str, limited: str, limit: int, name: str) -> ServiceError:
    return invalid_xml(
        f"cvc-{limited}-valid: Value '{text[:80]}' with length = '{len(text)}' is not facet-valid"
        f" with respect to {limited} '{limit}' for type '{name}'."
    )


def _range(value: int, limited: str, limit: int, name: str) -> ServiceError:
    return invalid_xml(
        f"cvc-{limited}-valid: Value '{value}' is not facet-valid with respect to {limited}"
        f" '{limit}' for type '{name}'."
    )


def _incomplete(name: str, missing: str) -> ServiceError:
    return invalid_xml(
        f"cvc-complex-type.2.4.b: The content of element '{name}' is not complete. One of"
        f" '{{\"{NAMESPACE}\":{missing}}}' is expected."
    )


def _unexpected(child: Element, expected: Mapping[str, Any] | list[str]) -> ServiceError:
    names = ", ".join(f'"{NAMESPACE}":{name}' for name in expected)
    return invalid_xml(
        "cvc-complex-type.2.4.a: Invalid content was found starting with element"
        f" '{child.tag.rpartition('}')[2]}'. One of '{{{names}}}' is expected."
    )
