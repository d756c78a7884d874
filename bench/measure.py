"""How Weir is measured against its peers. A suite (bench/suites/) makes a Bench start its contestants and asks it for
tables; a table is a dictionary of plain values, kept as JSON beside the page that is made of it (document.py).

A contest is fair in one state of the machine only, so contestants take turns: in each round every one of them runs
once, in every second round in the opposite order. A contestant's figure is the median of its rounds; a ratio is the
median of the rounds' own ratios, whose two sides ran within seconds of each other. The first figure is the server's
CPU time for each request, which, unlike throughput, does not depend on how busy the load client kept it.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import re
import resource
import socket
import statistics
import sys
import time
import typing

import processes

ROOT = pathlib.Path(__file__).resolve().parents[1]
# The first and the last core that we may use: 0 and 1 on a machine with two.
SERVER_CORE, *_, LOAD_CORE = sorted(os.sched_getaffinity(0)) * 2

# A run in which the server, or the load client where it should be alone on its core, waited for its core longer than
# this is made again: something else ran there.
DISTURBED_SHARE = 0.03
ATTEMPTS = 5


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A server that takes part. `start` is called with the Bench and returns a processes.Server that is not yet
    running. `settings` is its configuration in the tree, for the document."""

    OURS: typing.ClassVar = "ours"
    PEER: typing.ClassVar = "peer"
    REFERENCE: typing.ClassVar = "reference"  # What latencies are compared with, for example the origin itself.

    name: str
    role: str
    start: typing.Callable
    settings: str | None = None


@dataclasses.dataclass(frozen=True)
class Load:
    """A row of a table: what weir-load is to do. Each run has another seed, so that none finds the keys of the run
    before in the processor's caches."""

    name: str
    protocol: str  # resp or http
    arguments: tuple

    def command(self, bench, server, limit, seed, pace=()):
        program = [bench.build / "weir-load", self.protocol, server.address]
        return [*program, *self.arguments, *pace, *limit, "--seed", seed]


@dataclasses.dataclass(frozen=True)
class Options:
    build: pathlib.Path = ROOT / "build"
    rounds: int = 3
    seconds: float = 1.5
    quick: bool = False  # Only to see that everything runs: small numbers, and a disturbed run is as good as any.
    lock: pathlib.Path | None = None


class Bench:
    """One suite's run: its folder, its running servers and its tables. Use it in a `with`: leaving it ends every
    server and removes the folder."""

    def __init__(self, options, folder):
        self.options = options
        self.build = options.build
        self.folder = pathlib.Path(folder)
        self.rounds = self.scaled(options.rounds, 1)
        self.run_limit = self.scaled(["-t", f"{options.seconds:g}"], ["-n", "1000"])
        self.warm_up_limit = self.scaled(["-t", f"{options.seconds / 6:g}"], ["-n", "100"])
        self.started = {}  # Contestants by name, with the command of each as people would type it.
        self.notes = []  # What a reader of the figures must know.
        self._engines = None
        self._servers = contextlib.ExitStack()
        self._seed = 0
        self._load_is_alone = True
        self._lock = None
        self._locked_since = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._servers.close()
        if self._lock:
            self._lock.close()

    def scaled(self, full, quick):
        return quick if self.options.quick else full

    # ---- Servers

    def server(self, contestant):
        server = contestant.start(self)
        self.started[contestant.name] = {
            "role": contestant.role,
            "command": self.shown(server.command),
            "settings": contestant.settings,
        }
        return server

    def run_all(self, contestants):
        """Starts them all, to run until the Bench is left. {contestant: server}."""
        return {one: self._servers.enter_context(self.server(one)) for one in contestants}

    def run_origin(self):
        """The trivial responder (1 KB bodies) behind the proxies, on the load's core."""
        self._load_is_alone = False
        command = [self.build / "bench-loop", "origin"]
        return self._servers.enter_context(processes.Server("origin", command, LOAD_CORE, self.folder / "origin.log"))

    def engines(self):
        """The engines of our loop that work here: some containers refuse io_uring."""
        if self._engines is None:
            command = [self.build / "bench-loop", "echo", "--engine", "io_uring"]
            probe = processes.Server("bench-loop", command, SERVER_CORE, self.folder / "engines.log")
            self._engines = ["epoll", "io_uring"]
            try:
                with probe:
                    pass
            except processes.ServerFailed as failure:
                if "create an io_uring" not in str(failure):
                    raise
                self._engines = ["epoll"]
                self.notes.append(f"io_uring is refused on this machine, so it has no rows. ({failure})")
        return self._engines

    def settings_file(self, template, **values):
        """Fills the @NAMES@ of a template in the tree, and returns the file that a server can be given."""
        text = (ROOT / template).read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        if unfilled := re.search(r"@[A-Z_]+@", text):
            raise ValueError(f"{template}: nothing given for {unfilled[0]}")
        file = self.folder / pathlib.Path(template).name
        file.write_text(text)
        return file

    def shown(self, command):
        """A command without what differs from machine to machine and from run to run."""
        text = " ".join(str(word) or "''" for word in command)
        text = text.replace(f"{self.build}/", "build/").replace(f"{self.folder}", "DIR").replace(f"{ROOT}/", "")
        return re.sub(r"(127\.0\.0\.1:|--port )\d+", r"\1PORT", text)

    # ---- Tables

    @contextlib.contextmanager
    def alone(self):
        """Where measuring happens. With --lock, no other holder of the lock runs meanwhile; they get their turn between
        two rows at the latest after a minute."""
        if self.options.lock and not self._lock:
            self._lock = open(self.options.lock, "a")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._locked_since = time.monotonic()
        yield
        if self._lock and time.monotonic() - self._locked_since > 60:
            self._lock.close()
            self._lock = None

    def fill(self, servers, protocol, *arguments):
        with self.alone():
            for server in servers.values():
                self._load([self.build / "weir-load", protocol, server.address, *arguments], server)

    def contest(self, title, servers, loads):
        """Closed loop: each connection sends its next request (or pipeline) when the last is answered, so that the
        server is saturated, and the latencies are those of saturation."""
        rows = [self._row(load, servers) for load in loads]
        return {"kind": "contest", "title": title, "rows": rows}

    def paced_contest(self, title, servers, paced):
        """Open loop: requests are due at a fixed rate whatever the server does, and latencies count from the moment at
        which each was due. `paced`: pairs of a Load and its rate."""
        rows = [self._row(load, servers, round(rate, -3) or rate) for load, rate in paced]
        return {"kind": "paced", "title": title, "rows": rows}

    def idle(self, title, contestants, clients, request, reply_bytes):
        """Growth of the servers' own memory over `clients` connections that sent one request each and stay. Every
        round has fresh processes. `reply_bytes` tells from the beginning of a reply how long it is."""
        measured = {contestant.name: [] for contestant in contestants}
        with self.alone():
            for contestant in self._turns(contestants):
                with self.server(contestant) as server:
                    each = idle_bytes(server, clients, request, reply_bytes)
                measured[contestant.name].append(each)
                self._tell(f"{title}: {contestant.name}: {each:.0f} bytes each")
        rows = [
            {"contestant": name, "rounds": rounds, "median": statistics.median(rounds), "spread": spread(rounds)}
            for name, rounds in measured.items()
        ]
        return {"kind": "idle", "title": title, "clients": clients, "rows": rows}

    def figures(self, title, unit, contestants, rows, of=statistics.median):
        """One number each, in `unit`, smaller is better. `rows`: pairs of a label and measure(contestant), which starts
        the server that it needs and returns the number; `of` makes one of those of the rounds."""
        measured = []
        for label, measure in rows:
            rounds = {contestant.name: [] for contestant in contestants}
            with self.alone():
                for contestant in self._turns(contestants):
                    value = measure(contestant)
                    rounds[contestant.name].append(value)
                    self._tell(f"{label}: {contestant.name}: {value:.3g} {unit}")
            ours = [one.name for one in contestants if one.role == Contestant.OURS]
            peers = [one.name for one in contestants if one.role == Contestant.PEER]
            measured.append(
                {
                    "label": label,
                    "contestants": {
                        name: {"rounds": each, "figure": of(each), "spread": spread(each)}
                        for name, each in rounds.items()
                    },
                    "ratios": {one: {peer: ratio(rounds[one], rounds[peer]) for peer in peers} for one in ours},
                }
            )
        return {"kind": "figures", "title": title, "unit": unit, "rows": measured}

    def _turns(self, contestants):
        for number in range(self.rounds):
            yield from contestants if number % 2 == 0 else reversed(list(contestants))

    def _row(self, load, servers, rate=None):
        rounds = {contestant.name: [] for contestant in servers}
        pace = () if rate is None else ("-r", f"{rate:.0f}")
        with self.alone():
            for contestant in self._turns(servers):
                figures = self._undisturbed(contestant, servers[contestant], load, pace)
                rounds[contestant.name].append(figures)
                self._tell(
                    f"{load.name}: {contestant.name}: {figures['cpu_us']:.3f} us/request, {figures['rate']:.0f}/s, "
                    f"p50 {figures['p50_us']:.0f} us, p99 {figures['p99_us']:.0f} us"
                )
        first = next(iter(servers.values()))
        command = self.shown(load.command(self, first, self.run_limit, "N", pace))
        row = {"load": load.name, "command": command, "contestants": summaries(rounds)}
        if rate is not None:
            row["target_rate"] = rate
            row["reference"] = next((one.name for one in servers if one.role == Contestant.REFERENCE), None)
        ours = [one.name for one in servers if one.role == Contestant.OURS]
        peers = [one.name for one in servers if one.role == Contestant.PEER]
        row["ratios"] = {one: {peer: cpu_ratio(rounds[one], rounds[peer]) for peer in peers} for one in ours}
        return row

    def _undisturbed(self, contestant, server, load, pace):
        """One run; of several, the one that was disturbed the least."""
        best = None
        attempts = 1 if self.options.quick or contestant.role == Contestant.REFERENCE else ATTEMPTS
        for _ in range(attempts):
            figures = self._measure(server, load, pace)
            if best is None or figures["waited"] < best["waited"]:
                best = figures
            if best["waited"] <= DISTURBED_SHARE:
                break
            if attempts > 1:
                self._tell(f"  disturbed for {100 * figures['waited']:.0f} % of the time: once more")
        return best

    def _measure(self, server, load, pace):
        self._seed += 2
        self._load(load.command(self, server, self.warm_up_limit, self._seed - 1, pace), server)
        (ran_before, waited_before), began = server.cpu_ns(), time.monotonic()
        report = self._load(load.command(self, server, self.run_limit, self._seed, pace), server)
        (ran, waited), seconds = server.cpu_ns(), time.monotonic() - began
        shares_waited = [(waited - waited_before) / 1e9 / seconds]
        if self._load_is_alone:
            shares_waited.append(report["client_waited_seconds"] / report["seconds"])
        return {
            "cpu_us": (ran - ran_before) / 1000 / report["replies"],
            "rate": report["rate"],
            "p50_us": report["latency_us"]["p50"],
            "p99_us": report["latency_us"]["p99"],
            "busy": (ran - ran_before) / 1e9 / seconds,
            "waited": max(shares_waited),
            "unsent": report["unsent"],
        }

    def _load(self, command, server):
        """Runs weir-load and returns its report. A run with failed requests or error replies is no figure."""
        try:
            report = json.loads(processes.run(command, LOAD_CORE))
        except RuntimeError:
            time.sleep(0.05)  # A server that was killed closes its connections before it can be waited for.
            server.check_running()
            raise
        server.check_running()
        if report["failed"] or report["errors"] or not report["replies"]:
            raise processes.ServerFailed(f"{server.name}: not every request was answered well: {report}")
        return report

    def _tell(self, text):
        print(text, file=sys.stderr, flush=True)


def idle_bytes(server, clients, request, reply_bytes):
    def open_client():
        client = socket.create_connection(("127.0.0.1", server.port), 10)
        client.sendall(request)
        return client

    def finish(client):
        reply = b""
        while not reply or len(reply) < reply_bytes(reply):
            try:
                more = client.recv(65536)
            except OSError as error:
                raise processes.ServerFailed(f"{server.name} did not answer one of its clients: {error}") from None
            if not more:
                raise processes.ServerFailed(f"{server.name} closed the connection of one of its clients")
            reply += more

    with contextlib.ExitStack() as stack:
        first = stack.enter_context(open_client())  # What is allocated once is not an idle client's.
        finish(first)
        before = server.user_bytes()
        opened = []
        for _ in range(clients):
            opened.append(stack.enter_context(open_client()))
            if len(opened) % 100 == 0:
                for client in opened[-100:]:
                    finish(client)
        for client in opened[len(opened) - len(opened) % 100 :]:
            finish(client)
        server.check_running()
        return (server.user_bytes() - before) / clients


def allow_files(wanted):
    """Lets this process and its children hold so many connections; a figure with fewer would not be the one asked
    for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        raise RuntimeError(f"needs {wanted} open files, {hard} are allowed (ulimit -Hn)") from None


def spread(values):
    """Between the lowest and the highest, as a share of the median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def summaries(rounds):
    """{contestant: its rounds, their medians, and the spread of its CPU time}"""
    return {
        name: {
            "rounds": runs,
            "median": {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]},
            "spread": spread([run["cpu_us"] for run in runs]),
        }
        for name, runs in rounds.items()
    }


def cpu_ratio(ours, peers):
    """Of the CPU time for each request: below 1 ours needs less."""
    return ratio([one["cpu_us"] for one in ours], [one["cpu_us"] for one in peers])


def ratio(ours, peers):
    """Round by round: its two sides were measured one after the other."""
    each = [one / other if other else 0.0 for one, other in zip(ours, peers, strict=True)]
    return {"median": statistics.median(each), "low": min(each), "high": max(each)}


def slowest_rate(row):
    """The capacity of the slowest contestant of a closed-loop row."""
    return min(one["median"]["rate"] for one in row["contestants"].values())
