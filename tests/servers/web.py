"""A web server that does with each connection what a test says, in a thread of its own.

And certificates for it, from an authority of the test's own.
"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"
_HELLO = b"\x16"  # how TLS begins, where none is expected
Script = Callable[[socket.socket, bytes], None]
"""What is done with a connection whose request's head has arrived; it is closed afterwards."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    script: Script
    tls: ssl.SSLContext | None

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a client that hangs up is what many tests are about."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        channel = self.request
        if self.server.tls is not None:
            channel = self.server.tls.wrap_socket(channel, server_side=True)
        with channel:
            head = b""
            while not _is_whole(head) and (part := channel.recv(4096)):
                head += part
            self.server.script(channel, head)


def _is_whole(head: bytes) -> bool:
    return b"\r\n\r\n" in head or head.startswith(_HELLO)


@contextmanager
def web(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that runs the script for each connection. Gone afterwards."""
    with _Server((LOOPBACK, 0), _Handler) as server:
        server.script, server.tls = script, tls
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def answering(status: str, *headers: str, body: bytes = b"") -> Script:
    """Answer every request alike."""
    head = "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()
    return lambda channel, _: channel.sendall(head + body)


def dripping(start: bytes, drop: bytes) -> Script:
    """Send the start, and then drops until the client has enough."""

    def script(channel: socket.socket, _: bytes) -> None:
        with suppress(OSError):
            channel.sendall(start)
            while True:
                channel.sendall(drop)

    return script


class Authority:
    """Makes certificates that nobody trusts but who is given ``file``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("an authority of a test")
        certificate = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=True,
                    crl_sign=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server_for(self, host: str) -> ssl.SSLContext:
        """A server's side with a certificate for a host's name or address."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        certificate = (
            self._builder(_name(host), key)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        chain = self._folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
