"""BIND 9 as a real name server: one process on a free port of 127.0.0.1, zones made as asked for.

``bind()`` starts one and ends it whatever happens; it also dies with the process that started it.
Zones are added while it runs, each with a name of its own, so that tests share one server and
nothing else. Clients here are dnspython's or dig, never planfence's own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone

from plans.observed.tsig import TsigKey
from tests.emulators.sockets import free_ports

LOOPBACK = "127.0.0.1"
KEY = "planfence"
OTHER_KEY = "stranger"
START_SECONDS = 60.0  # many times the usual 0.3 s, for a machine that is busy with other things
_POLL_SECONDS = 0.02
_ATTEMPTS = 3
# What named says where it cannot listen by TCP, and runs on half deaf, and by UDP, and ends.
_TAKEN = ("creating TCP socket: address in use", "creating IPv4 interface lo failed")
_PROGRAMS = ("named", "tsig-keygen", "dig")

# Become named, and die with the parent: PR_SET_PDEATHSIG outlives the exec (prctl(2), Linux only).
_TETHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""

_OPTIONS = """\
options {{
    directory "{folder}";
    pid-file "{folder}/named.pid";
    session-keyfile "{folder}/session.key";
    managed-keys-directory "{folder}";
    lock-file none;
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
    notify no;
    allow-transfer {{ key {key}; }};
    empty-zones-enable no;
    max-journal-size 64m;
    tcp-clients 200;
    transfers-out 50;
}};
controls {{ }};
include "{folder}/{key}.key";
include "{folder}/{other}.key";
include "{folder}/zones.conf";
"""

_FIRST = "ready.test."

_ZONE = """\
$ORIGIN {name}
$TTL 300
@ 3600 SOA ns1 hostmaster 1 3600 600 1209600 300
"""
_APEX = "@ NS ns1\nns1 A 192.0.2.53\n"


def missing() -> str | None:
    """Why there can be no BIND here; None if there can."""
    lacking = [name for name in _PROGRAMS if _program(name) is None]
    return f"{', '.join(lacking)} not installed (bind9, bind9-dnsutils)" if lacking else None


def _program(name: str) -> str | None:
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=f"{path}:/usr/sbin:/usr/local/sbin")


class PortTakenError(Exception):
    """Somebody took the port after it was found to be free."""


@dataclass(frozen=True)
class Zone:
    """One zone of a running server. ``name`` ends with a dot."""

    name: str
    port: int
    folder: Path

    @property
    def target(self) -> str:
        """The target's id."""
        return f"rfc2136://{LOOPBACK}:{self.port}/{self.name.rstrip('.')}"

    @property
    def key_file(self) -> Path:
        return self.folder / f"{KEY}.key"

    @property
    def key(self) -> TsigKey:
        return TsigKey(f"{KEY}.", "hmac-sha256", dnspython_key(self.key_file).secret)

    def relative(self, name: str) -> str:
        """An absolute name of this zone."""
        return f"{name}.{self.name}" if name else self.name

    def transfer(self) -> dns.zone.Zone:
        """The zone by dnspython's own transfer; names are absolute."""
        zone = dns.zone.Zone(self.name, relativize=False)
        request = dns.message.make_query(self.name, "AXFR")
        request.use_tsig(dnspython_key(self.key_file))
        dns.query.inbound_xfr(LOOPBACK, zone, request, port=self.port)
        return zone

    def dig(self) -> set[tuple[str, int, str, str]]:
        """Every record but the SOA as dig prints it: name, TTL, type, value."""
        program = _program("dig")
        assert program
        command = (
            f"{program} @{LOOPBACK} -p {self.port} -k {self.key_file} {self.name} AXFR"
            " +noall +answer +onesoa +nocomments"
        )
        ran = subprocess.run(command.split(), capture_output=True, text=True, check=True)
        lines = [line for line in ran.stdout.splitlines() if line and not line.startswith(";")]
        rows = [line.split(None, 4) for line in lines]
        return {
            (name, int(ttl), kind, value)
            for name, ttl, _, kind, value in rows
            if kind not in ("SOA", "TSIG")
        }

    def records(self) -> set[tuple[str, int, str, str]]:
        """The same by dnspython."""
        return {
            (name.to_text(), ttl, dns.rdatatype.to_text(rdata.rdtype), rdata.to_text())
            for name, ttl, rdata in self.transfer().iterate_rdatas()
            if rdata.rdtype != dns.rdatatype.SOA
        }

    def values(self, label: str, rdtype: str) -> set[str]:
        """The values of one record set."""
        wanted = (self.relative(label), rdtype)
        return {value for owner, _, kind, value in self.records() if (owner, kind) == wanted}

    def serial(self) -> int:
        found = self.transfer().find_rdataset(self.name, "SOA")
        return int(found[0].serial)

    def by_hand(self, edit: Callable[[dns.update.UpdateMessage], object]) -> None:
        """Change the zone as a person with nsupdate does, without a word to planfence."""
        update = dns.update.UpdateMessage(self.name)
        update.use_tsig(dnspython_key(self.key_file))
        edit(update)
        answer = dns.query.tcp(update, LOOPBACK, port=self.port, timeout=10)
        assert answer.rcode() == dns.rcode.NOERROR, answer


class Bind:
    """A running named, its port and its folder."""

    def __init__(self, folder: Path, port: int, options: str = "") -> None:
        """Start it, and wait until it serves.

        Raises:
            PortTakenError: somebody else has the port by now.
        """
        self.folder = folder
        self.port = port
        self.zones: list[str] = []
        for name in (KEY, OTHER_KEY):
            _generate_key(folder / f"{name}.key", name)
        (folder / "zones.conf").write_text("")
        self._add(_FIRST, _APEX, "")
        self._options = options
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def zone(
        self,
        records: str = "",
        *,
        name: str | None = None,
        apex: str = _APEX,
        statement: str | None = None,
    ) -> Zone:
        """Serve one more zone.

        Args:
            records: in zone-file syntax, beside the SOA and ``apex``.
            apex: its NS records, with their addresses where they are in the zone.
            statement: who may update it; the tests' key if None.
        """
        zone = Zone(name or f"z{len(self.zones)}.test.", self.port, self.folder)
        self._add(zone.name, apex + records, statement or f"allow-update {{ key {KEY}; }};")
        self._process.send_signal(signal.SIGHUP)  # read the configuration again
        self._wait_for(zone.name)
        return zone

    def _add(self, name: str, records: str, statement: str) -> None:
        path = self.folder / f"zone-{len(self.zones)}"
        path.write_text(_ZONE.format(name=name) + records)
        with (self.folder / "zones.conf").open("a") as conf:
            conf.write(f'zone "{name}" {{ type primary; file "{path}"; {statement} }};\n')
        self.zones.append(name)

    def kill(self) -> None:
        """kill -9: what it had not written is lost."""
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """With the same folder, port, keys and zones."""
        self._start()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def _start(self) -> None:
        conf = self.folder / "named.conf"
        conf.write_text(
            _OPTIONS.format(folder=self.folder, port=self.port, key=KEY, other=OTHER_KEY)
            + self._options
        )
        named = _program("named")
        assert named
        command = [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()), named]
        with (self.folder / "output").open("ab") as output:
            # -g stays in the foreground and logs to stderr; one thread, since cores are shared.
            self._process = subprocess.Popen(
                [*command, "-g", "-n", "1", "-c", str(conf)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            for name in self.zones:  # before that it would die of the signal to read them again
                self._wait_for(name)
        except BaseException:
            self.kill()
            raise

    def _wait_for(self, name: str) -> None:
        """Wait until the server answers for a zone with authority."""
        deadline = time.monotonic() + START_SECONDS
        query = dns.message.make_query(name, "SOA")
        while time.monotonic() < deadline:
            ended = self._process.poll()
            log = self._log()
            if any(told in log for told in _TAKEN):
                raise PortTakenError(self._tail())
            assert ended is None, self._tail()
            assert f"zone {name.rstrip('.')}/IN: not loaded" not in log, self._tail()
            try:
                answer = dns.query.tcp(query, LOOPBACK, port=self.port, timeout=1)
            except (OSError, dns.exception.DNSException):
                answer = None
            if answer is not None and answer.flags & dns.flags.AA and answer.answer:
                return
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{name} is not served: {self._tail()}")

    def _tail(self) -> str:
        return self._log()[-3000:]

    def _log(self) -> str:
        return (self.folder / "output").read_text(errors="replace")


@contextmanager
def bind(options: str = "") -> Iterator[Bind]:
    """A server in a folder of its own; both are gone afterwards."""
    server = _started(options)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder)


def _started(options: str) -> Bind:
    for attempts_left in reversed(range(_ATTEMPTS)):
        folder = Path(tempfile.mkdtemp(prefix="planfence-bind-"))
        [port] = free_ports(1)
        try:
            return Bind(folder, port, options)
        except BaseException as error:
            shutil.rmtree(folder)
            if not (attempts_left and isinstance(error, PortTakenError)):
                raise
    raise AssertionError("the last attempt returns or raises")


def dnspython_key(path: Path) -> dns.tsig.Key:
    """A key file's key, for tests' own clients."""
    words = path.read_text().replace('"', " ").replace(";", " ").split()
    secret, algorithm = (words[words.index(part) + 1] for part in ("secret", "algorithm"))
    return dns.tsig.Key(words[1], secret, algorithm)


def _generate_key(path: Path, name: str) -> None:
    program = _program("tsig-keygen")
    assert program
    ran = subprocess.run(
        [program, "-a", "hmac-sha256", name], capture_output=True, text=True, check=True
    )
    path.write_text(ran.stdout)
    path.chmod(0o600)
