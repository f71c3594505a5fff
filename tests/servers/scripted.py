"""A name server that does what a test says, message by message, in a thread of its own.

The test gives a function that takes a request and yields the answers; where the function ends, the
connection stays open, and ``Close`` ends it. ``transfer`` makes the messages of a real transfer, so
that a test takes one away or alters it; ``passed_on`` gives the request to a real server.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager

import dns.message
import dns.name
import dns.rrset
import dns.tsig

from plans.observed.places import ServerPlace
from plans.observed.tsig import TsigKey

LOOPBACK = "127.0.0.1"
SECRET = b"0123456789abcdef0123456789abcdef"
KEY = TsigKey("scripted.", "hmac-sha256", SECRET)
TSIG = dns.tsig.Key(KEY.name, SECRET, dns.tsig.HMAC_SHA256)
ZONE = "example.com."

Request = dns.message.Message
Script = Callable[[Request], Iterable[bytes]]


class Close(Exception):
    """The script ends the connection here."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    script: Script
    verify: dns.tsig.Key


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        while length := self.rfile.read(2):
            wire = self.rfile.read(int.from_bytes(length))
            request = dns.message.from_wire(wire, keyring=self.server.verify)
            try:
                for answer in self.server.script(request):
                    self.wfile.write(len(answer).to_bytes(2) + answer)
                    self.wfile.flush()
            except Close:
                return


@contextmanager
def scripted(
    script: Script, *, verify: dns.tsig.Key = TSIG, zone: str = ZONE
) -> Iterator[ServerPlace]:
    """A server that runs the script for each request. Gone afterwards.

    Args:
        verify: the key that requests are signed with.
        zone: what the place says; the script answers as it likes.
    """
    with _Server((LOOPBACK, 0), _Handler) as server:
        server.script, server.verify = script, verify
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield ServerPlace(LOOPBACK, server.server_address[1], zone)
        finally:
            server.shutdown()
            thread.join()


def answered(request: Request, *, rcode: int = 0, aa: bool = True) -> dns.message.Message:
    """An empty answer, which is signed when it is sent."""
    answer = dns.message.make_response(request)
    answer.set_rcode(dns.rcode.Rcode(rcode))
    if aa:
        answer.flags |= dns.flags.AA
    return answer


def unsigned(answer: dns.message.Message) -> bytes:
    answer.use_tsig(TSIG)  # forgets the signature that it was to have
    answer.tsig = None
    return answer.to_wire()


def rrset(name: str, ttl: int, rdtype: str, *values: str) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(dns.name.from_text(name), ttl, "IN", rdtype, values)


def soa(serial: int = 1) -> dns.rrset.RRset:
    return rrset(ZONE, 300, "SOA", f"ns1.{ZONE} hostmaster.{ZONE} {serial} 1 2 3 4")


def transfer(
    request: Request, *messages: Iterable[dns.rrset.RRset], sign: Iterable[bool] | None = None
) -> list[bytes]:
    """The messages of a transfer, each with its record sets.

    Args:
        sign: for each message, whether it carries a signature; all do if None.
    """
    wires = []
    context = None
    signed = list(sign) if sign is not None else [True] * len(messages)
    for sets, has_signature in zip(messages, signed, strict=True):
        answer = answered(request)
        answer.answer = list(sets)
        if has_signature:
            wires.append(answer.to_wire(multi=True, tsig_ctx=context))
            context = answer.tsig_ctx
        else:
            wires.append(unsigned(answer))
            if context is not None:
                context.update(wires[-1])
    return wires


def passed_on(request: Request, port: int) -> bytes:
    """What the real server on a port answers to the very octets of the request."""
    assert request.wire is not None
    with closing(socket.create_connection((LOOPBACK, port), timeout=10)) as connection:
        connection.sendall(len(request.wire).to_bytes(2) + request.wire)
        with connection.makefile("rb") as stream:
            return stream.read(int.from_bytes(stream.read(2)))
