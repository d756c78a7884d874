#!/usr/bin/python3
"""redis-cli and redis-benchmark, Debian's, at the store as at redis-server: what a user types, sees and measures."""
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import harness
import resp

PASSWORD = "secret"
PIPED = 100_000


class Terminal:
    """A program at a terminal of its own: what it shows, and what is typed."""

    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", HOME="/nonexistent")
            os.execvp(argv[0], argv)
        self.shown = ""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern, seconds=20):
        """Reads on until the pattern was shown, and forgets what stood before its end."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.shown, re.DOTALL)):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"not shown: {pattern!r}, but {self.shown!r}")
            try:
                self.shown += os.read(self.fd, 1 << 16).decode(errors="replace")
            except OSError:
                raise AssertionError(f"ended without {pattern!r}: {self.shown!r}") from None
        self.shown = self.shown[found.end():]
        return found

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class RedisCli(harness.SystemTest):
    maxDiff = 4000

    def setUp(self):
        super().setUp()
        options = ["--save", "", "--dir", self.folder, "--requirepass", PASSWORD, "--enable-debug-command", "yes"]
        self.paths = {kind: os.path.join(self.folder, f"{kind}.sock") for kind in ("store", "redis")}
        self.ports = {"store": self.start_store(*options, "--unixsocket", self.paths["store"]),
                      "redis": self.start_redis(*options, "--unixsocket", self.paths["redis"])}

    def cli(self, kind, *words, given=None):
        """Its standard output and error; `given`: its standard input."""
        argv = ["redis-cli", "-p", str(self.ports[kind]), "-a", PASSWORD, "--no-auth-warning", *words]
        done = subprocess.run(argv, input=given or "", capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def both(self, *words, given=None):
        """What it says at the store, after making sure that it says the same at redis-server."""
        theirs, ours = self.cli("redis", *words, given=given), self.cli("store", *words, given=given)
        self.assertEqual(ours, theirs, words)
        return ours

    def terminal(self, kind, *words):
        made = Terminal(["redis-cli", "-p", str(self.ports[kind]), "-a", PASSWORD, "--no-auth-warning", *words])
        self.addCleanup(made.close)
        return made

    def fill(self):
        lines = [f"SET key:{i} {'v' * i}" for i in range(300)] + [f"EXPIRE key:{i} 1000" for i in range(100)]
        lines += [f"HSET hash:{i} " + " ".join(f"f{j} {j}" for j in range(i)) for i in range(1, 20)]
        lines += [f"SADD set:{i} " + " ".join(str(j) for j in range(i)) for i in range(1, 20)]
        lines += [f"ZADD sorted:{i} " + " ".join(f"{j} m{j}" for j in range(i)) for i in range(1, 20)]
        self.both(given="\n".join(lines))

    def test_single_commands_and_formats(self):
        self.fill()
        for words in ["GET key:3", "TTL nothing", "HGETALL hash:2", "ZRANGE sorted:2 0 -1 WITHSCORES", "SMISMEMBER set:3 1 9",
                      "HGET key:3 a", "NOSUCH a", "GEODIST a b c", "CONFIG GET maxclients", "OBJECT HELP", "COMMAND COUNT x",
                      "ZSCORE sorted:2 m1", "CLIENT NO-EVICT on", "INCRBYFLOAT real 1.5", "EXISTS key:1 key:2"]:
            for options in ([], ["-3"], ["--no-raw"], ["-3", "--no-raw"], ["--csv"], ["--json"]):
                with self.subTest(words=words, options=options):
                    # A command that changes something is to change it once at a time.
                    self.both(*options, *words.split())
        self.both("-x", "SET", "input", given="from\0input\n")
        self.both("-n", "3", "SET", "other", "database")
        self.both("-r", "5", "INCR", "counter")
        self.both("-e", "NOSUCH")
        for kind, path in self.paths.items():
            self.assertEqual(self.cli(kind, "-s", path, "-n", "3", "GET", "other"), "database\n")
            self.assertEqual(self.cli(kind, "-u", f"redis://default:{PASSWORD}@127.0.0.1:{self.ports[kind]}/3", "GET", "other"),
                             "database\n")
            self.assertIn("WRONGPASS", self.cli(kind, "-a", "wrong", "PING"))

    def test_it_hints_and_answers_at_a_terminal(self):
        for kind in ("redis", "store"):
            with self.subTest(kind=kind):
                terminal = self.terminal(kind)
                # Before the prompt stands, what is typed is not yet the program's.
                prompt = r".*?127\.0\.0\.1:\d+(\(TX\))?> "
                terminal.until(prompt)
                terminal.type("SET text 'some words'\r")
                terminal.until(r"\r\n.*?OK\r\n" + prompt)
                terminal.type("getrange")
                terminal.until(r"getrange\x1b\[[0-9;]*m key start end\x1b\[0m")
                terminal.type(" text 0")
                terminal.until(r"getrange text 0\x1b\[[0-9;]*m end\x1b\[0m")
                terminal.type(" 3\r")
                terminal.until(r'\r\n.*?"some"\r\n' + prompt)
                terminal.type("client no-e\t on\r")  # A tab completes.
                terminal.until(r"(?i)client no-evict on.*?\r\n.*?OK\r\n" + prompt)
                terminal.type("multi\r")
                terminal.until(r"OK\r\n.*?\(TX\)> ")
                terminal.type("get text\r")
                terminal.until(r"QUEUED\r\n.*?\(TX\)> ")
                terminal.type("exec\r")
                terminal.until(r'1\) "some words"\r\n' + prompt)
                terminal.type("help getrange\r")
                terminal.until(r"GETRANGE.*?key start end.*?since:.*?2\.4\.0" + prompt)
                terminal.type("subscribe news\r")
                terminal.until(r"Reading messages.*?1\) \"subscribe\"\r\n2\) \"news\"\r\n3\) \(integer\) 1\r\n")
                self.assertEqual(self.cli(kind, "PUBLISH", "news", "hello"), "1\n")
                terminal.until(r"1\) \"message\"\r\n2\) \"news\"\r\n3\) \"hello\"\r\n")

    def test_pipe_loads_a_hundred_thousand_commands(self):
        loaded = b"".join(resp.encode("SET", f"piped:{i}", i) for i in range(PIPED))
        for kind in ("redis", "store"):
            argv = ["redis-cli", "-p", str(self.ports[kind]), "-a", PASSWORD, "--no-auth-warning", "--pipe"]
            done = subprocess.run(argv, input=loaded, capture_output=True, timeout=60, check=True)
            self.assertIn(f"errors: 0, replies: {PIPED}", done.stdout.decode())
            self.assertEqual(self.cli(kind, "DBSIZE"), f"{PIPED}\n")
        self.both("GET", f"piped:{PIPED - 1}")
        self.both("--pipe", given="SET a 1\r\nNOSUCH\r\nGET a b\r\n")

    def test_it_finds_the_biggest_keys(self):
        self.fill()
        said = {kind: self.cli(kind, "--bigkeys").split("-------- summary")[1] for kind in self.ports}
        self.assertIn('Biggest string found \'"key:299"\' has 299 bytes', said["store"])
        self.assertEqual(said["store"], said["redis"])

        def without_sizes(text):
            return re.sub(r"\d+ bytes|with \d+ bytes|avg size [\d.]+", "", text.split("-------- summary")[1])
        said = {kind: without_sizes(self.cli(kind, "--memkeys")) for kind in self.ports}
        self.assertIn('Biggest   hash found \'"hash:19"\'', said["store"])
        self.assertIn('Biggest    set found \'"set:1', said["store"])
        self.assertEqual(said["store"].count("found"), said["redis"].count("found"))
        for kind in self.ports:
            self.assertIn("OK\n", self.cli(kind, "CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"))
            self.cli(kind, "-r", "200", "GET", "key:7")
            self.assertIn("hot key found with counter", self.cli(kind, "--hotkeys"))

    def test_it_scans_by_pattern(self):
        self.fill()
        for words in (["--scan", "--pattern", "key:1?"], ["--scan", "--quoted-pattern", '"h\\x61sh:*"'],
                      ["--scan", "--count", "5"], ["--scan", "--pattern", "none*"], ["KEYS", "set:1*"]):
            found = {kind: sorted(self.cli(kind, *words).split()) for kind in self.ports}
            self.assertEqual(found["store"], found["redis"], words)

    def test_it_shows_figures_as_they_change(self):
        for kind in ("redis", "store"):
            with self.subTest(kind=kind):
                terminal = self.terminal(kind, "--stat", "-i", "0.05")
                terminal.until(r"keys +mem +clients +blocked +requests +connections")
                for _ in range(4):
                    terminal.until(r"\n\d+ +[\d.]+[BKM] +\d+ +0 +\d+ \(\+\d+\) +\d+")
                terminal = self.terminal(kind, "--latency")
                terminal.until(r"min: \d+, max: \d+, avg: [\d.]+ \(\d+ samples\)")

    def test_monitor_shows_what_others_do(self):
        for kind in ("redis", "store"):
            terminal = self.terminal(kind, "MONITOR")
            terminal.until("OK\r\n")
            self.cli(kind, "SET", "a", "two words")
            terminal.until(r'\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "SET" "a" "two words"\r\n')


    def test_it_fetches_the_data_as_a_file(self):
        self.fill()
        # Larger than all that may be on its way at a time, and hard to compress.
        for number in range(24):
            with resp.Connection(self.ports["store"]) as connection:
                connection.call("AUTH", PASSWORD)
                self.assertEqual(connection.call("SET", f"large:{number}", os.urandom(1 << 20)), b"OK")
        path = os.path.join(self.folder, "fetched.rdb")
        self.assertIn("Transfer finished with success", self.cli("store", "--rdb", path))
        # redis-server loads it, and has the same data then.
        copy = self.start_redis("--dbfilename", "fetched.rdb", "--enable-debug-command", "yes")
        with resp.Connection(copy) as theirs, resp.Connection(self.ports["store"]) as ours:
            ours.call("AUTH", PASSWORD)
            harness.wait_until(lambda: not isinstance(theirs.call("DBSIZE"), Exception), "the copy is loaded")
            self.assertEqual(theirs.call("DEBUG", "DIGEST"), ours.call("DEBUG", "DIGEST"))
            self.assertEqual(theirs.call("DBSIZE"), ours.call("DBSIZE"))
        said = self.cli("store", "--functions-rdb", path + ".functions")
        self.assertIn("this store has no functions", said)


class RedisBenchmark(harness.SystemTest):
    def test_its_default_set_ends_without_an_error(self):
        port = self.start_store("--save", "", "--dir", self.folder)
        for pipelined in ("1", "16"):
            argv = ["redis-benchmark", "-p", str(port), "-n", "20000", "-P", pipelined, "--csv"]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("ERR", done.stdout + done.stderr)
            self.assertNotIn("WARNING", done.stdout + done.stderr)
            rows = [line.split('","')[0].strip('"') for line in done.stdout.splitlines()[1:]]
            self.assertEqual(rows, [
                "PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP",
                "ZADD", "ZPOPMIN", "LPUSH (needed to benchmark LRANGE)", "LRANGE_100 (first 100 elements)",
                "LRANGE_300 (first 300 elements)", "LRANGE_500 (first 500 elements)", "LRANGE_600 (first 600 elements)",
                "MSET (10 keys)"])


if __name__ == "__main__":
    unittest.main()
