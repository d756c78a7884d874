"""Servers that do as little as possible on Boost.Asio and on our two engines, beside Redis and HAProxy: the question
of docs/design/001-event-loop.md."""

import measure as m
import processes
from measure import SERVER_CORE, Contestant
from suites import gateway, peers

TITLE = "Event loops: Asio, epoll, io_uring"
METHOD = """\
`bench-loop` and `bench-asio` echo replies in the shape of Redis's, or pass HTTP through. Redis and HAProxy do far more:
they mark the level, and the distance to them is what table, commands and rules may cost. The decision that rests on
this: [design/001-event-loop.md](design/001-event-loop.md)."""

ECHO = [
    ("PING P1", "ping", 1),
    ("GET P1", "get", 1),
    ("SET P1", "set", 1),
    ("PING P16", "ping", 16),
    ("GET P16", "get", 16),
    ("SET P16", "set", 16),
]
PROXY = [("50 connections", 50), ("500 connections", 500)]
IDLE_CLIENTS = 9_500  # Of the echo: Redis refuses the ten-thousandth.


def minimal(name, program, role, *more):
    def start(bench):
        log = bench.folder / f"{role}-{name.replace(' ', '-')}.log"
        return processes.Server(name, [bench.build / program, role, *more], SERVER_CORE, log)

    return Contestant(name, Contestant.OURS, start)


def on_each_loop(bench, role, *more):
    ours = [minimal(engine, "bench-loop", role, "--engine", engine, *more) for engine in bench.engines()]
    return [minimal("Asio", "bench-asio", role, *more), *ours]


def measure(bench):
    clients = bench.scaled(IDLE_CLIENTS, 20)
    m.allow_files(clients + 500)
    keys = bench.scaled(1_000_000, 1_000)
    echoes = [peers.REDIS, *on_each_loop(bench, "echo")]
    servers = bench.run_all(echoes)
    peers.fill_keys(bench, {peers.REDIS: servers[peers.REDIS]}, "set", keys)
    echo = bench.contest("RESP echo, 50 connections", servers, [peers.resp_load(*row, keys) for row in ECHO])
    origin = bench.run_origin()
    proxies = bench.run_all([peers.haproxy(origin), *on_each_loop(bench, "proxy", "--upstream", origin.address)])
    proxy = bench.contest("HTTP pass-through, 1 KB bodies", proxies, [gateway.http_load(*row) for row in PROXY])
    ping, pong = b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n"
    idle = bench.idle("Memory of an idle client of the echo", echoes, clients, ping, lambda _: len(pong))
    return [echo, proxy, idle]
