"""What listens where, as the kernel says, and which ports are free."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Literal, NamedTuple

Address = IPv4Address | IPv6Address

LOOPBACK = "127.0.0.1"
_LISTENING = "0A"  # TCP_LISTEN, include/net/tcp_states.h of Linux


class Listener(NamedTuple):
    address: Address
    port: int


def free_ports(count: int) -> tuple[int, ...]:
    """Different ports of the loopback interface that nobody has now. Later somebody may."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return tuple(each.getsockname()[1] for each in sockets)


def listeners(group: int) -> set[Listener]:
    """Where the processes of a process group accept TCP connections."""
    inodes = {inode for pid in _members(group) for inode in _socket_inodes(pid)}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and fields[9] in inodes:
                address, _, port = fields[1].partition(":")
                found.add(Listener(address_of(address), int(port, 16)))
    return found


def _members(group: int) -> list[int]:
    members = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if os.getpgid(int(folder.name)) == group:
                    members.append(int(folder.name))
            except ProcessLookupError:
                pass  # ended meanwhile
    return members


def _socket_inodes(pid: int) -> list[str]:
    inodes = []
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(entry.readlink())
            except FileNotFoundError:
                continue  # closed meanwhile
            if target.startswith("socket:["):
                inodes.append(target[len("socket:[") : -1])
    except (FileNotFoundError, ProcessLookupError):
        pass  # ended meanwhile
    return inodes


def address_of(digits: str, byteorder: Literal["little", "big"] = sys.byteorder) -> Address:
    """An address as /proc/net has it: 32-bit words, each in the order of this machine's bytes."""
    words = [bytes.fromhex(digits[at : at + 8]) for at in range(0, len(digits), 8)]
    packed = b"".join(int.from_bytes(word).to_bytes(4, byteorder) for word in words)
    if len(packed) == 4:
        return IPv4Address(packed)
    address = IPv6Address(packed)
    return address.ipv4_mapped or address
