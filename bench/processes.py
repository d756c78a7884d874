"""Processes of a benchmark: pinned to a core, ready when they accept, ended by their process ids in every case, and
read through /proc (CPU time as the scheduler counts it, memory)."""

import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class ServerFailed(Exception):
    """A server did not start, or ended while it was measured. The text has its last words."""


def pinned_to(core):
    """What a child does before its program begins: takes its core, and asks to be ended should the runner be killed.
    Children have process groups of their own, so that Ctrl-C reaches the runner alone, which then ends them."""

    def prepare():
        os.sched_setaffinity(0, {core})
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return {"preexec_fn": prepare, "process_group": 0, "stdin": subprocess.DEVNULL}


def free_port():
    """A port of 127.0.0.1 that was free a moment ago, below the range from which the kernel gives clients theirs."""
    lowest_of_clients = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first, count = 10_000, lowest_of_clients - 10_000
    # Runners side by side begin at different places.
    begin = (os.getpid() * 97 + time.monotonic_ns() // 1000) % count
    for offset in range(count):
        port = first + (begin + offset) % count
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port of 127.0.0.1 is free")


def start_time(pid):
    """What tells a process from a later one with the same id; None if there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def family(pid):
    """A process and all that descend from it: {pid: start time}."""
    found, ahead = {}, [pid]
    while ahead:
        pid = ahead.pop()
        started = start_time(pid)
        if started is None:
            continue
        found[pid] = started
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            try:
                ahead += [int(child) for child in (task / "children").read_text().split()]
            except OSError:
                continue  # A thread that has ended meanwhile.
    return found


class Server:
    """A server on one core, with the processes that it starts itself. With `port` it is ready once that port accepts;
    without, it prints 'listening on HOST:PORT' and the port is taken from there. Use it in a `with`: leaving it ends
    the process. Its output goes to `log`."""

    def __init__(self, name, command, core, log, port=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.core = core
        self.port = port
        self.log = pathlib.Path(log)
        self.process = None

    def __enter__(self, patience_seconds=20):
        try:
            with open(self.log, "wb") as output:
                self.process = subprocess.Popen(
                    self.command, stdout=output, stderr=subprocess.STDOUT, **pinned_to(self.core)
                )
        except OSError as error:
            raise ServerFailed(f"{self.name}: cannot run {self.command[0]}: {error.strerror}") from None
        try:
            give_up = time.monotonic() + patience_seconds
            while not self._accepts():
                self.check_running()
                if time.monotonic() > give_up:
                    raise ServerFailed(f"{self.name} does not accept within {patience_seconds} s{self._last_words()}")
                time.sleep(0.01)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        members = family(self.process.pid) if self.process.poll() is None else {}
        if members:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid, started in members.items():
            if start_time(pid) == started:
                os.kill(pid, signal.SIGKILL)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def check_running(self):
        if self.process.poll() is not None:
            raise ServerFailed(f"{self.name} ended with status {self.process.returncode}{self._last_words()}")

    def cpu_ns(self):
        """Nanoseconds that all threads there are were on a CPU, and that they waited for one because something else
        ran on it. Threads that have ended are not in it."""
        ran = waited = 0
        for pid in family(self.process.pid):
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                stat = (task / "schedstat").read_text().split()
                ran, waited = ran + int(stat[0]), waited + int(stat[1])
        return ran, waited

    def user_bytes(self):
        """Resident memory that is the processes' own (private and anonymous)."""
        kilobytes = 0
        for pid in family(self.process.pid):
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            kilobytes += int(re.search(r"^Anonymous:\s+(\d+) kB", rollup, re.MULTILINE)[1])
        return kilobytes * 1024

    def _accepts(self):
        if self.port is None:
            said = re.search(r"listening on \S+:(\d+)", self.log.read_text(errors="replace"))
            if not said:
                return False
            self.port = int(said[1])
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def _last_words(self):
        words = self.log.read_text(errors="replace").strip().splitlines()[-5:]
        return ": " + " / ".join(words) if words else ", without a word"


def run(command, core, timeout_seconds=600):
    """Runs a program on a core to its end and returns its standard output; raises RuntimeError with what it said."""
    command = [str(word) for word in command]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **pinned_to(core)
    ) as process:
        try:
            output, complaint = process.communicate(timeout=timeout_seconds)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}: {complaint.strip()}")
    return output


def end_with_children(_signal, _frame):
    # As an exception, so that every `with` ends its process.
    raise KeyboardInterrupt


signal.signal(signal.SIGTERM, end_with_children)
