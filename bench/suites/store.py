"""weir store beside redis-server."""

import processes
from measure import SERVER_CORE, Contestant, slowest_rate
from suites import peers

TITLE = "weir store and redis-server"
METHOD = """\
50 connections unless the row says another number, 1 M keys `key:000000000000` and up with values of 64 bytes, asked for
uniformly at random; INCR runs on 1 M counters of its own. HSET, SADD and ZADD go to one collection each, of up to 1 M
elements; RPOP takes from a list of 10 M. P16 sends 16 requests at once on each connection. Neither server writes to
disk."""

# name, the load client's mix, pipeline, connections
SATURATED = [
    ("PING P1", "ping", 1, 50),
    ("GET P1", "get", 1, 50),
    ("GET P1, 200 connections", "get", 1, 200),
    ("SET P1", "set", 1, 50),
    ("SET P1, 200 connections", "set", 1, 200),
    ("PING P16", "ping", 16, 50),
    ("GET P16", "get", 16, 50),
    ("SET P16", "set", 16, 50),
    ("INCR P16", "incr", 16, 50),
]
LIST_OF_100 = "LRANGE list:100 0 99"
# name, the command, pipeline
COMMANDS = [
    ("LPUSH P16", "LPUSH list:__key__ value:__key__", 16),
    ("RPOP P16", "RPOP list:popped", 16),
    ("HSET P16", "HSET hash field:__key__ value:__key__", 16),
    ("SADD P16", "SADD set member:__key__", 16),
    ("ZADD P16", "ZADD zset __key__ member:__key__", 16),
    ("LRANGE of 100, P1", LIST_OF_100, 1),
    ("LRANGE of 100, P16", LIST_OF_100, 16),
]
# Of those, the ones that are also asked for at half of what the slowest contestant can do.
PACED = ["GET P1", "SET P1"]


def weir(engine, *options):
    """`options`: more directives; DIR in them is the suite's folder."""

    def start(bench):
        port = processes.free_port()
        command = [bench.build / "weir", "store", "--bind", "127.0.0.1", "--port", port, "--event-loop", engine]
        command += ["--save", "", *(str(option).replace("DIR", str(bench.folder)) for option in options)]
        return processes.Server(f"weir, {engine}", command, SERVER_CORE, bench.folder / f"weir-{engine}.log", port)

    return Contestant(f"weir, {engine}", Contestant.OURS, start)


def measure(bench):
    keys = bench.scaled(1_000_000, 1_000)
    servers = bench.run_all([peers.REDIS, *(weir(engine) for engine in bench.engines())])
    for mix in ("set", "incr"):
        peers.fill_keys(bench, servers, mix, keys)
    bench.fill(servers, "resp", "--command", "LPUSH list:popped value:__key__", "-n", keys * 10, "-P", 64)
    bench.fill(servers, "resp", "--command", "RPUSH list:100 element:__key__", "-n", 100, "-c", 1)
    loads = {name: peers.resp_load(name, mix, pipeline, keys, count) for name, mix, pipeline, count in SATURATED}
    loads |= {name: peers.resp_command(name, command, pipeline, keys) for name, command, pipeline in COMMANDS}
    saturated = bench.contest("Saturated", servers, loads.values())
    halves = [
        (loads[row["load"]], slowest_rate(row) / 2) for row in saturated["rows"] if row["load"] in PACED
    ]
    return [saturated, bench.paced_contest("At half the capacity of the slowest", servers, halves)]
