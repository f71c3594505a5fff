"""The way from each region to an emulator: it takes time, and on command it is cut or parted.

A relay of bytes in a process of its own, on the loopback interface; each region has a port. What a
partition holds up is not lost: it arrives when the partition is over, though its sender may long
have given up, as segments do that TCP sends again.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final, Literal
from urllib.parse import urlsplit

from tests.emulators.sockets import LOOPBACK
from tests.processes.crew import Crew, Wire, Worker

Fate = Literal["whole", "cut", "parted"]
"""``whole``: it takes its time. ``cut``: no connection lives. ``parted``: nothing arrives, yet."""

_END: Final = "end"
_CHUNK_BYTES: Final = 65_536
_SLOW_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Delays:
    """Real seconds that a chunk takes each way, and that one of twenty takes to the emulator."""

    usual_seconds: float
    slow_seconds: float


@dataclass(frozen=True, slots=True)
class Carried:
    """What went through a region's way: connections, chunks to the emulator, and those held up."""

    connections: int
    chunks: int
    held_up: int


class Network:
    """The ways of all regions, for as long as the crew that they belong to."""

    def __init__(self, crew: Crew, endpoint: str, regions: tuple[str, ...], delays: Delays) -> None:
        listeners = {region: _listening() for region in regions}
        self.ports = {name: each.getsockname()[1] for name, each in listeners.items()}
        relay = _Relay(listeners, endpoint, delays)
        self._worker: Worker[dict[str, Carried]] = crew.start(
            lambda wire: asyncio.run(relay.serve(wire))
        )
        for listener in listeners.values():
            listener.close()

    def put(self, region: str, fate: Fate) -> None:
        self._worker.wire.send((region, fate))

    def end(self) -> dict[str, Carried]:
        self._worker.wire.send((_END, "whole"))
        return self._worker.result()


def _listening() -> socket.socket:
    made = socket.socket()
    made.bind((LOOPBACK, 0))
    made.listen()
    return made


class _Way:
    """One region's way, in the relay's process."""

    def __init__(self, delays: Delays, seed: int) -> None:
        self.delays = delays
        self.dice = Random(seed)
        self.is_cut = False
        self.open = asyncio.Event()
        self.open.set()
        self.ends: set[asyncio.StreamWriter] = set()
        self.connections = self.chunks = self.held_up = 0

    def put(self, fate: Fate) -> None:
        self.is_cut = fate == "cut"
        if fate == "parted":
            self.open.clear()
        else:
            self.open.set()
        if self.is_cut:
            for end in self.ends:
                end.transport.abort()

    async def pass_on(self, *, slow: bool) -> None:
        """Take the time that a chunk takes; while the way is parted, that is until it is not."""
        seconds = self.delays.usual_seconds
        if slow and self.dice.random() < _SLOW_SHARE:
            seconds = self.delays.slow_seconds
        await asyncio.sleep(seconds)
        if not self.open.is_set():
            self.held_up += 1
            await self.open.wait()

    @property
    def carried(self) -> Carried:
        return Carried(self.connections, self.chunks, self.held_up)


class _Relay:
    """The network's own process."""

    def __init__(self, listeners: dict[str, socket.socket], endpoint: str, delays: Delays) -> None:
        self._listeners = listeners
        self._address = urlsplit(endpoint)
        self._delays = delays
        self._ways: dict[str, _Way] = {}
        self._carrying: set[asyncio.Task[None]] = set()

    async def serve(self, wire: Wire) -> dict[str, Carried]:
        over = asyncio.Event()
        for seed, (region, listener) in enumerate(self._listeners.items()):
            way = self._ways[region] = _Way(self._delays, seed)
            await asyncio.start_server(partial(self._connected, way), sock=listener)

        def commanded() -> None:
            region, fate = wire.recv()
            if region == _END:
                over.set()
            else:
                self._ways[region].put(fate)

        asyncio.get_running_loop().add_reader(wire.fileno(), commanded)
        await over.wait()
        for way in self._ways.values():
            way.put("cut")
        await asyncio.gather(*self._carrying)
        return {region: way.carried for region, way in self._ways.items()}

    def _connected(
        self, way: _Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        carrying = asyncio.get_running_loop().create_task(self._carry(way, reader, writer))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _carry(
        self, way: _Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if way.is_cut:
            writer.transport.abort()
            return
        way.connections += 1
        there, here = await asyncio.open_connection(self._address.hostname, self._address.port)
        way.ends |= {writer, here}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_carry(way, reader, here, there=True))
                both.create_task(_carry(way, there, writer, there=False))
        finally:
            way.ends -= {writer, here}
            for end in (writer, here):
                end.transport.abort()


async def _carry(
    way: _Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, there: bool
) -> None:
    """One direction, until its sender has closed. Whoever is gone is gone."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            await way.pass_on(slow=there)
            way.chunks += there
            writer.write(chunk)
            await writer.drain()
        if there:
            await way.pass_on(slow=False)
        writer.write_eof()
