"""What the benchmark scripts share: processes pinned to cores and always ended, CPU time as the scheduler counts it,
load runs, medians of interleaved runs, tables.

A contest is fair in one machine state only, so contestants take turns: run 1 of each, then run 2 of each, and so on; the
median of a contestant's runs is its figure. The server's CPU time per request, not its throughput, is the first
figure: it does not depend on how busy the load client kept it.
"""

import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time


def free_port():
    """A port of 127.0.0.1 that was free a moment ago, for servers that cannot report one they chose themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process on one core. With `port` it is ready once that port accepts; without, it prints 'listening on
    HOST:PORT' and the port is taken from there. Use it in a `with`: leaving it ends the process."""

    def __init__(self, command, core, port=None, patience_seconds=10):
        self.command = [str(part) for part in command]
        self.core = core
        self.port = port
        self.patience_seconds = patience_seconds
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE if self.port is None else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {self.core}),
        )
        try:
            if self.port is None:
                line = self.process.stdout.readline()
                if not line.startswith("listening on "):
                    raise RuntimeError(f"{self.command[0]} did not start: {line}{self._last_words()}")
                self.port = int(line.rsplit(":", 1)[1])
            self._wait_until_it_accepts()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def _last_words(self):
        self.process.terminate()
        return self.process.communicate()[1]

    def _wait_until_it_accepts(self):
        give_up = time.monotonic() + self.patience_seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(self.command)} ended: {self._last_words()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > give_up:
                    raise RuntimeError(f"{self.command[0]} does not accept on port {self.port}")
                time.sleep(0.02)

    def cpu_ns(self):
        """Nanoseconds that all threads there are were on a CPU, and that they waited for one because something else
        ran on it. Threads that have ended are not in it."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        stats = [(task / "schedstat").read_text().split() for task in tasks.iterdir()]
        return sum(int(stat[0]) for stat in stats), sum(int(stat[1]) for stat in stats)

    def user_bytes(self):
        """Resident memory that is the process's own (private and anonymous)."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no Anonymous line in smaps_rollup")


def run_load(command, core):
    """Runs weir-load on a core and returns its report. A run with failed requests or error replies is no figure."""
    done = subprocess.run(
        ["taskset", "-c", str(core), *[str(part) for part in command]], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    if report["failed"] or report["errors"] or not report["replies"]:
        raise RuntimeError(f"{' '.join(map(str, command))}: not every request was answered well: {done.stdout}")
    return report


def measure(server, load_command, load_core):
    """One run: {'cpu_us': of the server for each request, 'rate', 'p50', 'p99' (us), 'busy' and 'waited': shares of the
    time in which the server ran, and would have run had something else not been on its core}."""
    (cpu_before, wait_before), began = server.cpu_ns(), time.monotonic()
    report = run_load(load_command, load_core)
    (cpu_after, wait_after), seconds = server.cpu_ns(), time.monotonic() - began
    cpu_ns = cpu_after - cpu_before
    return {
        "cpu_us": cpu_ns / 1000 / report["replies"],
        "waited": (wait_after - wait_before) / 1e9 / seconds,
        "rate": report["rate"],
        "p50": report["latency_us"]["p50"],
        "p99": report["latency_us"]["p99"],
        "busy": cpu_ns / 1e9 / seconds,
    }


# A run in which the server waited for its core longer than this is not a figure: something else ran there.
DISTURBED_SHARE = 0.03


def undisturbed(run, attempts=4):
    for _ in range(attempts):
        result = run()
        if result["waited"] <= DISTURBED_SHARE:
            return result
        print(f"  disturbed, once more ({100 * result['waited']:.0f} % of the time)", file=sys.stderr)
    raise RuntimeError(f"something else keeps running on the server's core ({attempts} attempts)")


def interleaved(contestants, runs):
    """contestants: {name: function that makes one run}. Returns {name: {figure: median}}, after `runs` rounds."""
    results = {name: [] for name in contestants}
    for round_number in range(runs):
        for name, run in contestants.items():
            results[name].append(undisturbed(run))
            print(f"  round {round_number + 1} {name}: {brief(results[name][-1])}", file=sys.stderr)
    return {
        name: {figure: statistics.median(run[figure] for run in done) for figure in done[0]}
        for name, done in results.items()
    }


def brief(result):
    return f"{result['cpu_us']:.3f} us/request, {result['rate']:.0f}/s, p99 {result['p99']:.0f} us"


def table(headings, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def machine():
    """One line about where the figures come from."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    return f"{os.cpu_count()} x {model}, Linux {os.uname().release}"


def end_with_children(_signal, _frame):
    # As an exception, so that every `with` ends its process.
    raise KeyboardInterrupt


signal.signal(signal.SIGTERM, end_with_children)
