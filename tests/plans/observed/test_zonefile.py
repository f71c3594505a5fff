"""A zone file is read whole or refused, with the line and what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from plans.errors import Refused, Unavailable
from plans.fence import Fence, Unreadable
from plans.kinds.dns import MANAGED_TYPES, Change, RecordKey, Records, cut
from plans.observed.view import Observation, View
from plans.observed.zonefile import ABSENT, Line, ZoneFile, ZoneFileView, parse_zone_file

ZONE = "example.com."
FENCE = Fence(7, 1, True, "d" * 64, "1" * 32, "a" * 32)
FENCE_LINE = f'_planfence.example.com. 60 IN TXT "{FENCE.text()}"\n'
SOA = "@ 3600 IN SOA ns1 hostmaster 5 3600 600 1209600 300\n"


def parsed(text: str, zone: str = ZONE) -> ZoneFile:
    return parse_zone_file(text.encode(), zone, "z")


def refused(text: str | bytes, rule: str = "zonefile-invalid") -> str:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(Refused) as caught:
        parse_zone_file(data, ZONE, "z")
    assert caught.value.rule == rule
    assert "planfence plan" in (caught.value.remedy or "")
    assert "--adopt" in (caught.value.remedy or "")
    return caught.value.what


def view(path: Path) -> ZoneFileView:
    return ZoneFileView(f"zonefile:{path}", path, ZONE)


# What is read


def test_a_hand_written_file_is_read_with_names_absolute_and_lower_case() -> None:
    found = parsed(
        "$ORIGIN Example.COM.\n$TTL 300\n"
        + SOA
        + "@ NS ns1\n@ NS NS2.example.net.\nWWW 60 A 192.0.2.2\nwww 60 A 192.0.2.1\n"
        + 'text TXT "one" "two; three"\n$GENERATE 1-2 g$ A 192.0.2.$\n$ORIGIN sub\na A 192.0.2.9\n'
    )
    assert found.observation.state == {
        RecordKey("example.com.", "NS"): Records(300, ("ns1.example.com.", "ns2.example.net.")),
        RecordKey("www.example.com.", "A"): Records(60, ("192.0.2.1", "192.0.2.2")),
        RecordKey("text.example.com.", "TXT"): Records(300, ('"one" "two; three"',)),
        RecordKey("g1.example.com.", "A"): Records(300, ("192.0.2.1",)),
        RecordKey("g2.example.com.", "A"): Records(300, ("192.0.2.2",)),
        RecordKey("a.sub.example.com.", "A"): Records(300, ("192.0.2.9",)),
    }
    text = "ns1.example.com. hostmaster.example.com. 5 3600 600 1209600 300"
    assert found.soa == Line("example.com.", 3600, "SOA", text)
    assert found.observation.fence is None
    assert found.fence_ttl is None


def test_the_fence_is_read_and_is_no_part_of_the_state() -> None:
    found = parsed(SOA + FENCE_LINE.replace("_planfence", "_PLANFENCE"))
    assert found.observation == Observation(FENCE, {})
    assert found.fence_ttl == 60


def test_a_file_with_nothing_but_the_fence_is_an_empty_zone_that_exists() -> None:
    assert parsed(FENCE_LINE) == ZoneFile(Observation(FENCE, {}), None, (), 60)


@pytest.mark.parametrize(
    ("records", "unreadable"),
    [
        ('60 TXT "v=pf1 g=1"', "v=pf1 g=1"),
        (f'60 TXT "{FENCE.text()[:40]}" "{FENCE.text()[40:]}"', None),
        (f'60 TXT "{FENCE.text()}"\n_planfence 60 TXT "b" "c"', None),
        (r'60 TXT "\252"', r"\252"),
    ],
    ids=["another text", "two strings", "two values", "no text"],
)
def test_what_is_no_single_fence_text_is_unreadable_and_shown(
    records: str, unreadable: str | None
) -> None:
    fence = parsed(f"{SOA}_planfence {records}\n").observation.fence
    assert isinstance(fence, Unreadable)
    assert unreadable is None or fence.unreadable == unreadable


def test_two_fence_values_and_two_fence_strings_do_not_read_the_same() -> None:
    two_values = parsed(f'{SOA}_planfence 60 TXT "b"\n_planfence 60 TXT "a"\n')
    two_strings = parsed(f'{SOA}_planfence 60 TXT "a" "b"\n')
    assert two_values.observation.fence == Unreadable('"a", "b"')
    assert two_strings.observation.fence == Unreadable('"a" "b"')


def test_unmanaged_records_are_kept_in_order_and_counted_by_set_without_the_soa() -> None:
    found = parsed(
        SOA
        + "@ 60 DNSKEY 257 3 8 AwEAAQ==\n@ 60 TYPE65400 \\# 1 00\n@ 60 DNSKEY 256 3 8 AwEAAQ==\n"
        + "@ 60 RRSIG NS 8 2 60 20300101000000 20200101000000 1 @ AAAA\n"
        + "@ 30 RRSIG SOA 8 2 30 20300101000000 20200101000000 1 @ AAAA\n"
        + "@ 60 NS ns1\n"
    )
    assert found.observation.left_alone == 3
    assert set(found.observation.state) == {RecordKey(ZONE, "NS")}
    assert [(line.type, line.ttl) for line in found.unmanaged] == [
        ("DNSKEY", 60),
        ("TYPE65400", 60),
        ("DNSKEY", 60),
        ("RRSIG", 60),
        ("RRSIG", 30),
    ]


def test_no_managed_type_is_left_alone() -> None:
    assert "DNSKEY" not in MANAGED_TYPES
    assert parsed(SOA + '@ 60 SPF "v=spf1"\n').observation.left_alone == 0


def test_a_repeated_record_is_one_and_so_is_an_soa_at_both_ends() -> None:
    found = parsed(SOA + "a 60 A 192.0.2.1\na 60 A 192.0.2.1\n" + SOA)
    assert found.observation.state == {
        RecordKey("a.example.com.", "A"): Records(60, ("192.0.2.1",))
    }


def test_the_root_zone_can_be_read() -> None:
    found = parsed(". 60 SOA a. b. 1 2 3 4 5\n_planfence. 60 TXT x\ncom. 60 NS a.\n", ".")
    assert found.observation.fence == Unreadable("x")
    assert found.observation.state == {RecordKey("com.", "NS"): Records(60, ("a.",))}


def test_signatures_may_stand_beside_an_alias() -> None:
    rrsig = "a 60 RRSIG CNAME 8 3 60 20300101000000 20200101000000 1 @ AAAA\n"
    assert parsed(SOA + "a 60 CNAME b\n" + rrsig).observation.left_alone == 1


# What is refused


@pytest.mark.parametrize("data", [b"", b"\n", b"; a comment\n", b"$TTL 60\n"])
def test_a_file_without_records_is_refused_as_empty(data: bytes) -> None:
    refused(data, "zonefile-empty")


def test_our_own_file_cut_short_anywhere_is_refused() -> None:
    whole = f"; planfence zone file for {ZONE}\n{SOA}a 60 A 192.0.2.1\n{FENCE_LINE}; end of zone\n"
    assert parsed(whole) == parsed(whole[:-1])
    for length in range(len(whole) - 1):
        with pytest.raises(Refused) as caught:
            parse_zone_file(whole[:length].encode(), ZONE, "z")
        assert caught.value.rule in {"zonefile-empty", "zonefile-truncated"}


def test_records_without_an_soa_are_refused() -> None:
    refused(FENCE_LINE + "a 60 A 192.0.2.1\n", "zonefile-soa-missing")
    refused(FENCE_LINE + "a 60 DNSKEY 257 3 8 AwEAAQ==\n", "zonefile-soa-missing")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("a 60 A 192.0.2.300", "malformed"),
        ("a 60 A", ""),
        ("a 60 NOTYPE x", "unknown rdatatype 'NOTYPE'"),
        ("a 60 CH A 192.0.2.1", "class"),
        ('a 60 TXT "open', ""),
        ("a 60 SOA (", ""),
        ("a..b 60 A 192.0.2.1", "label is empty"),
        (f"{'a' * 64} 60 A 192.0.2.1", "63"),
        ("a\\032b 60 A 192.0.2.1\n$INCLUDE /etc/passwd", "$INCLUDE"),
        ("$INCLUDE other.zone", "$INCLUDE is not read: one target is one file"),
        ("$TTL never", "TTL"),
        ("b.example.org. 60 A 192.0.2.1", "b.example.org. is outside the zone example.com."),
        ("$ORIGIN org.\nexample 60 A 192.0.2.1", "outside"),
        ("a 4294967295 A 192.0.2.1", "2147483647"),
    ],
)
def test_what_cannot_be_read_whole_is_refused_with_its_line(record: str, reason: str) -> None:
    what = refused(f"; one\n{SOA}b 60 A (\n 192.0.2.1 )\n{record}\nlast 60 A 192.0.2.1\n")
    assert what.startswith(f"z line {5 + record.count(chr(10))}: ")
    assert reason in what.partition(": ")[2]
    assert what[-1] not in ": "


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    assert refused(SOA.encode() + b'a 60 TXT "\xff"\n').startswith("z line 2: not UTF-8")


def test_a_name_that_has_no_canonical_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_name(text: str, zone: str | None) -> str:
        raise ValueError(f"{text} in {zone}")

    monkeypatch.setattr("plans.observed.zone_entries.normal_name", no_name)
    assert refused(SOA) == "z line 1: example.com. in example.com."


def test_a_value_that_has_no_canonical_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_value(rdata: object) -> str:
        raise ValueError(f"no value: {rdata}")

    monkeypatch.setattr("plans.observed.zone_entries.value_of", no_value)
    assert refused("; one\na 60 A 192.0.2.1\n" + SOA).startswith("z line 2: no value: 192")


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ("a 60 A 192.0.2.1\na 61 A 192.0.2.2\n", "a.example.com. A has the TTLs 60 and 61"),
        ("a 60 CNAME b\nA 60 CNAME c\n", "a.example.com. has 2 CNAME records"),
        ("a 60 DNAME b\na 60 DNAME c\n", "2 DNAME records"),
        ("a 60 CNAME b\na 60 A 192.0.2.1\n", "a.example.com. has both CNAME and A"),
        ("@ 60 CNAME b\n", "example.com. has both CNAME and SOA"),
        ("_planfence 60 CNAME b\n_planfence 60 TXT c\n", "both CNAME and TXT"),
        (SOA.replace(" 5 ", " 6 "), "example.com. has 2 SOA records"),
        (SOA.replace("@", "a"), "SOA at a.example.com., not at example.com."),
    ],
)
def test_what_a_zone_object_would_fold_away_is_refused(records: str, reason: str) -> None:
    assert reason in refused(SOA + records)


# The file itself


def test_the_view_reads_the_file_at_its_path(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text(SOA + FENCE_LINE + "a 60 A 192.0.2.1\n")
    target: View = view(path)
    assert target.id == f"zonefile:{path}"
    assert target.step_capacity == ()
    assert target.read_fence() == FENCE
    assert target.observe() == Observation(
        FENCE, {RecordKey("a.example.com.", "A"): Records(60, ("192.0.2.1",))}
    )


def test_a_set_that_a_file_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    """Nothing of it may be lost in silence: not its identifier, nor its weight."""
    weighted = Records(60, ("192.0.2.1",), ("weight=10",))
    change = Change("www.example.com.", "A", None, weighted, "blue")
    with pytest.raises(Refused, match=r"cannot hold www\.example\.com\. A") as caught:
        cut((change,), view(tmp_path / "zone"))
    assert caught.value.rule == "set-unrepresentable"
    assert caught.value.actual == "blue, weight=10"


def test_a_missing_file_is_proven_absent(tmp_path: Path) -> None:
    for path in (tmp_path / "zone", tmp_path / "no" / "folder" / "zone"):
        assert view(path).observe() == ABSENT.observation == Observation(None, {}, exists=False)
        assert view(path).read_fence() is None


@pytest.mark.parametrize("to", ["real", "nothing"])
def test_a_symlink_is_refused_even_to_a_whole_file(tmp_path: Path, to: str) -> None:
    (tmp_path / "real").write_text(SOA)
    (tmp_path / "zone").symlink_to(tmp_path / to)
    with pytest.raises(Refused, match="is a symlink") as caught:
        view(tmp_path / "zone").observe()
    assert caught.value.rule == "symlink"
    assert caught.value.remedy


def test_a_folder_a_pipe_or_a_socket_is_refused_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    Path("folder").mkdir()
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        for name in ("folder", "pipe", "socket"):
            with pytest.raises(Refused) as caught:
                view(Path(name)).read_fence()
            assert caught.value.rule == "not-a-file"
            assert caught.value.remedy


@pytest.mark.parametrize("call", ["open", "read"])
def test_a_file_that_cannot_be_read_is_unavailable_and_never_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "zone").write_text(SOA)
    monkeypatch.setattr(os, call, fails)
    with pytest.raises(Unavailable, match="Input/output error") as caught:
        view(tmp_path / "zone").observe()
    assert caught.value.rule == "target-unavailable"


def test_a_file_of_many_reads_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text(SOA + "; x\n" * 300_000 + "a 60 A 192.0.2.1\n")
    assert len(view(path).observe().state) == 1
