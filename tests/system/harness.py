"""Starts real processes for the system tests, on free loopback ports, and ends them by process id.

A test module uses it as:

    class SomeTest(harness.SystemTest):
        def test_something(self):
            port = self.start_store()

Whatever was started is ended when the test ends, also when it fails; its output is shown then.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build"))
WEIR = str(BUILD / "weir")
# Real inputs (retail orders, access logs, ...). Not part of the project: a user brings files of his own.
DATA = pathlib.Path(os.environ.get("WEIR_DATA", ROOT.parent / "shared" / "data"))


# The sanitizers bring an allocator of their own, which keeps for a while what was freed; the thread sanitizer remembers
# who touched what beside it.
SANITIZED = BUILD.name.endswith("san")
KEPT_KB = (128 if BUILD.name.endswith("tsan") else 64) * 1024 if SANITIZED else 0


def free_ports(count=1):
    """Ports of 127.0.0.1 that were free a moment ago, all different, below the kernel's own range for clients."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as limits:
        low = int(limits.read().split()[0])
    found = []
    # Different processes begin at different places, so that tests that run side by side do not meet.
    candidate = 10_000 + (os.getpid() * 97 + time.monotonic_ns() // 1000) % (low - 12_000)
    while len(found) < count:
        candidate = candidate + 1 if candidate + 1 < low else 10_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
        found.append(candidate)
    return found


def free_base_port(count=100):
    """A port from which on `count` ports are free: what `weir up --base-port` takes."""
    while True:
        base, = free_ports()
        try:
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            time.sleep(0.001)


def real_input(path):
    """A file of the real inputs. Where continuous integration runs, a missing one is a failure, not a reason to skip."""
    found = DATA / path
    if not found.exists():
        if os.environ.get("CI") == "true":
            raise AssertionError(f"{found} is missing")
        raise unittest.SkipTest(f"{found} is not there: set WEIR_DATA to the folder that holds {path}")
    return str(found)


def wait_until(condition, what, seconds=20):
    """Polls until condition() is true and returns its value; fails the test naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def tcp_answers(port):
    def answers():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False
    return answers


class Started:
    """A process that a test started."""

    def __init__(self, argv, output):
        self.argv, self.output = argv, output
        with open(output, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                            cwd=os.path.dirname(output))

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def text(self):
        return pathlib.Path(self.output).read_text(errors="replace")

    def end(self, number=signal.SIGTERM, seconds=20):
        """Signals it and returns its exit status; SIGKILL, and a failure, if it takes longer than `seconds`."""
        if self.running():
            self.process.send_signal(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.argv} did not end within {seconds} s of signal {number}") from None
        return self.process.returncode


class SystemTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="weir-test-")
        self.started = []
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        for one in reversed(self.started):
            if one.running():
                one.process.kill()
                one.process.wait()
        result = self._outcome.result if self._outcome else None
        if result and any(test is self for test, _ in result.failures + result.errors):
            for one in self.started:
                print(f"--- output of {' '.join(one.argv)}\n{one.text()[-4000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, argv, ready=None, name=None):
        name = name or f"{len(self.started)}-{os.path.basename(str(argv[0]))}"
        one = Started([str(word) for word in argv], os.path.join(self.folder, name + ".log"))
        self.started.append(one)
        if ready:
            def settled():
                if not one.running():
                    raise AssertionError(f"{one.argv} ended with {one.process.returncode}:\n{one.text()}")
                return ready()
            wait_until(settled, f"start of {one.argv[:2]}")
        return one

    def start_redis(self, *options, port=None):
        """Debian's redis-server, without files of its own; returns its port."""
        port = port or free_ports()[0]
        self.start(["redis-server", "--port", port, "--save", "", "--appendonly", "no", "--dir", self.folder, *options],
                   ready=tcp_answers(port))
        return port

    def start_store(self, *options, port=None):
        """weir store; returns its port."""
        port = port or free_ports()[0]
        self.start([WEIR, "store", "--port", port, *options], ready=tcp_answers(port))
        return port
