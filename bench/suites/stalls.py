"""The longest that any client waits while the store does something large."""

import concurrent.futures
import json
import time

import processes
from measure import LOAD_CORE
from suites import peers, store

TITLE = "The longest delay"
METHOD = """\
The longest that one of 10 clients waited for its reply, among 10,000 requests a second (GET and SET, counted from the
moment at which each was due), while something large happened on the same server. The first row is the same load with
nothing else: what the machine itself adds. In the row of growth the load is the growth: 4 clients that add keys in
pipelines of 16, as fast as they can. A figure is the least of the rounds: a stall of the server's own is in each of
them."""

VALUE = "v" * 32
PROBE = ("--mix", "get=9,set=1", "-c", "10", "-r", "10000", "--keys", "100000")


def longest(bench, server, *arguments):
    """In milliseconds."""
    command = [bench.build / "weir-load", "resp", server.address, *arguments]
    report = json.loads(processes.run(command, LOAD_CORE))
    if report["failed"] or report["errors"]:
        raise processes.ServerFailed(f"{server.name}: not every request was answered well: {report}")
    # A few may be due in the last moment; more means that the server was still stalled.
    if report["unsent"] > report["replies"] / 100:
        raise processes.ServerFailed(f"{server.name}: the load ended while requests waited: {report}")
    return report["latency_us"]["max"] / 1000


def while_probed(bench, server, act, seconds):
    """The longest delay of the probe, during which `act` begins."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        probe = pool.submit(longest, bench, server, *PROBE, "-t", f"{bench.scaled(seconds, 0.5):g}")
        time.sleep(bench.scaled(0.5, 0.1))
        act()
        return probe.result()


def fill(bench, contestant, server, command, count):
    arguments = ("--command", command, "--keys", count, "--keys-in-order", "-n", count, "-P", 64)
    bench.fill({contestant: server}, "resp", *arguments)


def measure(bench):
    million = bench.scaled(1_000_000, 1_000)

    # Long enough for the slowest contestant to be through with it.
    def scenario(prepare, act, seconds=4.0):
        def delay(contestant):
            with bench.server(contestant) as server:
                prepare(contestant, server)
                return while_probed(bench, server, lambda: act(server), seconds)

        return delay

    def nothing(*_):
        pass

    def growth(contestant):
        with bench.server(contestant) as server:
            count = str(20 * million)
            load = ("--command", f"SET key:__key__ {VALUE}", "--keys", count, "--keys-in-order", "-n", count)
            return longest(bench, server, *load, "-c", "4", "-P", "16")

    def keys(count, options=""):
        return lambda contestant, server: fill(bench, contestant, server, f"SET big:__key__ {VALUE}{options}", count)

    # The last second before they expire is left to the probe.
    def keys_of_one_moment(contestant, server):
        moment = int(time.time() * 1000) + bench.scaled(8_000, 300)
        keys(million, f" PXAT {moment}")(contestant, server)
        time.sleep(max(0.0, moment / 1000 - time.time() - bench.scaled(1.0, 0.1)))

    def set_of_five_million(contestant, server):
        fill(bench, contestant, server, "SADD big member:__key__", 5 * million)

    # Values of 200 bytes: two gigabytes.
    def two_gigabytes(contestant, server):
        fill(bench, contestant, server, f"SET big:__key__ {'v' * 200}", 8 * million)

    rows = [
        ("nothing", scenario(nothing, nothing)),
        ("the table grows to 20 M keys", growth),
        ("1 M keys expire at once", scenario(keys_of_one_moment, nothing)),
        ("DEL of a set of 5 M members", scenario(set_of_five_million, lambda server: peers.ask(server, "DEL", "big"))),
        ("FLUSHALL of 20 M keys", scenario(keys(20 * million), lambda server: peers.ask(server, "FLUSHALL"), 20.0)),
        ("BGSAVE of 2 GB", scenario(two_gigabytes, lambda server: peers.ask(server, "BGSAVE"))),
    ]
    contestants = [peers.REDIS, store.weir("epoll", "--dir", "DIR", "--dbfilename", "weir.rdb")]
    return [bench.figures("The longest delay", "milliseconds", contestants, rows, of=min)]
