"""What the append-only file costs."""

import dataclasses

from measure import Contestant
from suites import peers, store

TITLE = "The cost of the append-only file"
METHOD = """\
SET of 64 bytes on 1 M keys, 16 requests at once on each of 50 connections, with the append-only file (`appendfsync
everysec`) and without. Each contestant with a file is held against both without; the ratios to its own are what the
file costs. No file is rewritten meanwhile."""

APPENDS = ("--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0")


def measure(bench):
    engine = bench.engines()[-1]
    ours = ("--dir", "DIR", "--appenddirname", "weir-appended")
    contestants = [
        dataclasses.replace(peers.redis(), name="Redis, no file"),
        dataclasses.replace(peers.redis(*APPENDS), name="Redis, everysec", role=Contestant.OURS),
        dataclasses.replace(store.weir(engine), name="weir, no file", role=Contestant.PEER),
        dataclasses.replace(store.weir(engine, *ours, *APPENDS), name="weir, everysec"),
    ]
    servers = bench.run_all(contestants)
    keys = bench.scaled(1_000_000, 1_000)
    peers.fill_keys(bench, servers, "set", keys)
    return [bench.contest("SET with and without", servers, [peers.resp_load("SET P16", "set", 16, keys)])]
