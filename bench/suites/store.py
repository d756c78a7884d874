"""weir store beside redis-server."""

import processes
from measure import SERVER_CORE, Contestant, slowest_rate
from suites import peers

TITLE = "weir store and redis-server"
METHOD = """\
50 connections, 1 M keys `key:000000000000` and up with values of 64 bytes, asked for uniformly at random; INCR
runs on 1 M counters of its own. P16 sends 16 requests at once on each connection. Neither server writes to disk."""

# name, the load client's mix, pipeline
SATURATED = [
    ("PING P1", "ping", 1),
    ("GET P1", "get", 1),
    ("SET P1", "set", 1),
    ("INCR P1", "incr", 1),
    ("PING P16", "ping", 16),
    ("GET P16", "get", 16),
    ("SET P16", "set", 16),
    ("INCR P16", "incr", 16),
]
# Of those, the ones that are also asked for at half of what the slowest contestant can do.
PACED = ["GET P1", "SET P1"]


def weir(engine):
    def start(bench):
        port = processes.free_port()
        command = [bench.build / "weir", "store", "--bind", "127.0.0.1", "--port", port, "--event-loop", engine,
                   "--save", ""]
        return processes.Server(f"weir, {engine}", command, SERVER_CORE, bench.folder / f"weir-{engine}.log", port)

    return Contestant(f"weir, {engine}", Contestant.OURS, start)


def measure(bench):
    keys = bench.scaled(1_000_000, 1_000)
    servers = bench.run_all([peers.REDIS, *(weir(engine) for engine in bench.engines())])
    for mix in ("set", "incr"):
        peers.fill_keys(bench, servers, mix, keys)
    loads = {name: peers.resp_load(name, mix, pipeline, keys) for name, mix, pipeline in SATURATED}
    saturated = bench.contest("Saturated", servers, loads.values())
    halves = [
        (loads[row["load"]], slowest_rate(row) / 2) for row in saturated["rows"] if row["load"] in PACED
    ]
    return [saturated, bench.paced_contest("At half the capacity of the slowest", servers, halves)]
