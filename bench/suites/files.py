"""Saving and loading the data."""

import time

from suites import peers, store

TITLE = "Saving and loading the store's data"
METHOD = """\
5 M keys of 16 bytes with values of 32, on the disk that holds the temporary folder. Saving is `SAVE`, as its client
sees it; loading is `DEBUG RELOAD NOSAVE`, and `DEBUG LOADAOF` of the 5 M SETs as they were appended, as the client sees
it, which empties the data and loads the file."""

VALUE = "v" * 32


OPTIONS = ("--enable-debug-command", "yes", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0")
OURS = ("--dir", "DIR", "--dbfilename", "weir.rdb", "--appenddirname", "weir-appended", *OPTIONS)
CONTESTANTS = [peers.redis(*OPTIONS), store.weir("epoll", *OURS)]


def seconds_of(server, *words):
    began = time.monotonic()
    answer = peers.ask(server, *words).strip()
    if answer != "OK":
        raise RuntimeError(f"{server.name}: {words}: {answer}")
    return time.monotonic() - began


def measure(bench):
    keys = bench.scaled(5_000_000, 5_000)
    servers = bench.run_all(CONTESTANTS)
    command = f"SET key:__key__ {VALUE}"
    bench.fill(servers, "resp", "--command", command, "--keys", keys, "--keys-in-order", "-n", keys, "-P", 64)
    # The file of commands first: loading the other one begins it anew.
    rows = [
        ("save, RDB", lambda one: seconds_of(servers[one], "SAVE")),
        ("load, AOF", lambda one: seconds_of(servers[one], "DEBUG", "LOADAOF")),
        ("load, RDB", lambda one: seconds_of(servers[one], "DEBUG", "RELOAD", "NOSAVE")),
    ]
    return [bench.figures(f"{keys:,} strings", "seconds", list(servers), rows)]
