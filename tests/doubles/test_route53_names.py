"""Names, as the strict Route 53 stores and orders them."""

from __future__ import annotations

import pytest

from tests.doubles.route53.names import NameProblem, is_within, listing_order, stored_name


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("www.example.com", "www.example.com."),
        ("WWW.Example.COM.", "www.example.com."),
        ("*.example.com.", r"\052.example.com."),
        (r"\052.example.com.", r"\052.example.com."),
        ("_dmarc.example.com.", "_dmarc.example.com."),
        ("a/24.example.com.", r"a\05724.example.com."),
        (r"ex\303\244mple.com.", r"ex\303\244mple.com."),
        (r"a\056b.example.com.", r"a\056b.example.com."),
        (r"\127ww.example.com.", "www.example.com."),
        (f"{'x' * 63}.example.com.", f"{'x' * 63}.example.com."),
        ("xn--exmple-cua.com.", "xn--exmple-cua.com."),
    ],
)
def test_a_name_has_one_stored_form(given: str, stored: str) -> None:
    assert stored_name(given) == stored
    assert stored_name(stored) == stored


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "DomainNameEmpty"),
        (".", "DomainNameEmpty"),
        ("a..example.com.", "DomainLabelEmpty"),
        (".example.com.", "DomainLabelEmpty"),
        (f"{'x' * 64}.example.com.", "DomainLabelTooLong"),
        (f"{'x.' * 127}com.", "DomainNameTooLong"),
        ("ä.example.com.", "UnsupportedCharacter"),
        ("a b.example.com.", "UnsupportedCharacter"),
        ("a\t.example.com.", "UnsupportedCharacter"),
        (r"\52.example.com.", "UnsupportedCharacter"),
        (r"\*.example.com.", "UnsupportedCharacter"),
        (r"\400.example.com.", "UnsupportedCharacter"),
        (r"\089.example.com.", "UnsupportedCharacter"),
        ("*a.example.com.", "InvalidWildcard"),
    ],
)
def test_what_is_no_name_is_refused(given: str, code: str) -> None:
    with pytest.raises(NameProblem, match=rf"FATAL problem: {code} \(.*\) encountered with"):
        stored_name(given)


def test_an_asterisk_is_a_character_like_others_below_the_first_label() -> None:
    assert stored_name("a.*b.example.com.") == r"a.\052b.example.com."


def test_a_name_may_have_255_bytes_on_the_wire() -> None:
    longest = "x." * 126 + "x."
    assert stored_name(longest) == longest


def test_the_order_is_that_of_bytes_and_not_of_escapes() -> None:
    names = [r"\052.example.com.", "-.example.com.", "0.example.com.", "a.example.com."]
    assert sorted(set(names), key=listing_order) == names


def test_a_name_lies_in_a_zone_by_whole_labels() -> None:
    assert is_within("example.com.", "example.com.")
    assert is_within("www.example.com.", "example.com.")
    assert not is_within("notexample.com.", "example.com.")
