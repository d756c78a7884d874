"""weir gateway beside HAProxy and nginx."""

import re

import measure as m
import processes
from measure import SERVER_CORE, Contestant
from suites import peers

TITLE = "weir gateway, HAProxy and nginx"
METHOD = """\
One route, keep-alive on both sides, to a trivial responder (`bench-loop origin`: a fixed answer with a body of 1 KB),
which shares the load client's core. The peers add no field to a request; Weir adds Via, X-Forwarded-For, -Proto, -Host
and X-Request-Id, and so forwards more bytes. "Added" is the latency (us) beyond that of the origin asked directly at
the same rate."""

SATURATED = [("50 connections", 50), ("500 connections", 500)]
# The open loop's rate is half of what the slowest contestant can do in this row.
PACED = "50 connections"
IDLE_CLIENTS = 10_000


def weir(engine, origin):
    def start(bench):
        port = processes.free_port()
        settings = bench.settings_file(
            "bench/weir/gateway.toml", PORT=port, ORIGIN_PORT=origin.port, ENGINE=engine
        ).rename(bench.folder / f"gateway-{engine}.toml")
        command = [bench.build / "weir", "gateway", settings]
        return processes.Server(f"weir, {engine}", command, SERVER_CORE, bench.folder / f"weir-{engine}.log", port)

    return Contestant(f"weir, {engine}", Contestant.OURS, start, "bench/weir/gateway.toml")


def http_load(name, connections):
    return m.Load(name, "http", ("--path", "/", "-c", connections))


def response_bytes(reply):
    head, separator, _ = reply.partition(b"\r\n\r\n")
    length = re.search(rb"^Content-Length: (\d+)", head, re.MULTILINE | re.IGNORECASE)
    if not separator or not length:
        return len(reply) + 1
    return len(head) + len(separator) + int(length[1])


def measure(bench):
    clients = bench.scaled(IDLE_CLIENTS, 20)
    m.allow_files(clients + 500)
    origin = bench.run_origin()
    proxies = [peers.haproxy(origin), peers.nginx(origin), *(weir(engine, origin) for engine in bench.engines())]
    servers = bench.run_all(proxies)
    saturated = bench.contest("Saturated", servers, [http_load(*row) for row in SATURATED])
    row = next(row for row in saturated["rows"] if row["load"] == PACED)
    half = m.slowest_rate(row) / 2
    direct = Contestant("origin, directly", Contestant.REFERENCE, None)
    load = http_load(PACED, dict(SATURATED)[PACED])
    paced = bench.paced_contest("At half the capacity of the slowest", {direct: origin, **servers}, [(load, half)])
    request = b"GET / HTTP/1.1\r\nHost: idle\r\n\r\n"
    return [saturated, paced, bench.idle("Memory of an idle client", proxies, clients, request, response_bytes)]
