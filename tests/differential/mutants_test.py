#!/usr/bin/python3
"""The differential tester finds the faults of servers that are wrong on purpose, and shrinks each to a few lines.

A mutant is a redis-server with another setting, or one behind a proxy that changes bytes of the same length on their
way, so that the fault is a property of the server and not of the moment.
"""
import pathlib
import re
import selectors
import socket
import subprocess
import sys
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
import harness  # noqa: E402

DIFFERENTIAL = str(harness.BUILD / "differential")


class Proxy:
    """Forwards to a server, changing requests and replies; a change to None closes the connection. One thread for all
    connections, so that what one client sent first arrives first."""

    def __init__(self, upstream, request=lambda data: data, reply=lambda data: data):
        self.upstream, self.request, self.reply = upstream, request, reply
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)

    def _serve(self):
        with self.selector, self.listener:
            while True:
                for key, _ in self.selector.select():
                    if key.fileobj is self.listener:
                        try:
                            self._accept()
                        except OSError:
                            return
                    elif key.fileobj.fileno() >= 0:
                        self._forward(key.fileobj, *key.data)

    def _accept(self):
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.upstream))
        for source, target, change in (client, server, self.request), (server, client, self.reply):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(source, selectors.EVENT_READ, (target, change))

    def _forward(self, source, target, change):
        try:
            data = source.recv(1 << 20)
            changed = change(data) if data else None
            if changed is not None:
                return target.sendall(changed)
        except OSError:
            pass  # Either side has gone.
        for one in source, target:
            self.selector.unregister(one)
            one.close()


def swap(old, new):
    assert len(old) == len(new)
    return lambda data: data.replace(old, new)


class Mutants(harness.SystemTest):
    def find(self, subject, *options, lines=6, commands=40_000):
        """Runs the tester, which must find a difference; returns its output and how it shrunk it."""
        done = subprocess.run([DIFFERENTIAL, "--subject", subject, "--commands", str(commands), "--quiet", *options],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        found = re.search(r"shrunk from \d+ operations to (\d+) in \d+ runs:\n\n(.*?)\n\n", done.stdout, re.S)
        self.assertTrue(found, done.stdout)
        self.assertLessEqual(int(found[1]), lines, done.stdout)
        return done.stdout, found[2]

    def find_behind_proxy(self, *options, request=lambda data: data, reply=lambda data: data, **expected):
        proxy = Proxy(self.start_redis("--enable-debug-command", "yes", "--hz", "500"), request, reply)
        self.addCleanup(proxy.close)
        return self.find(f"127.0.0.1:{proxy.port}", *options, **expected)

    def test_another_threshold_shows_in_the_encoding(self):
        for setting, families in (("--hash-max-listpack-value 63", "hash,keys"),
                                  ("--zset-max-listpack-entries 100", "sorted-set,keys"),
                                  ("--set-max-intset-entries 400", "set,keys")):
            output, _ = self.find(f"redis-server {setting}", "--families", families, lines=4)
            self.assertIn("OBJECT ENCODING", output)

    def test_a_command_that_is_not_there(self):
        _, script = self.find('redis-server --rename-command GETDEL ""', lines=1)
        self.assertTrue(script.upper().startswith("GETDEL"), script)

    def test_a_command_that_is_not_there_is_passed_over_with_implemented(self):
        subject = 'redis-server --rename-command GETDEL "" --rename-command ZADD ""'
        done = subprocess.run([DIFFERENTIAL, "--subject", subject, "--commands", "5000", "--implemented", "--quiet"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("lacks 2: GETDEL, ZADD", done.stdout)

    def test_a_reply_that_is_one_off(self):
        self.find_behind_proxy("--families", "list,set", reply=swap(b":3\r\n", b":4\r\n"), lines=4)

    def test_commands_that_do_another_ones_work(self):
        for old, new, families in ((b"\r\nLPUSH\r\n", b"\r\nRPUSH\r\n", "list"),
                                   (b"\r\nSUNION\r\n", b"\r\nSINTER\r\n", "set"),
                                   (b"\r\nZPOPMIN\r\n", b"\r\nZPOPMAX\r\n", "sorted-set"),
                                   (b"\r\nBLPOP\r\n", b"\r\nBRPOP\r\n", "list"),
                                   (b"\r\nEXPIREAT\r\n", b"\r\nPEXPIREA\r\n", "expiry,string"),
                                   (b"\r\nNX\r\n", b"\r\nXX\r\n", "string")):
            with self.subTest(old=old):
                output, _ = self.find_behind_proxy("--families", families, request=swap(old, new))
                self.assertIn(old.strip().decode(), output.upper())

    def test_a_wrong_state_behind_right_replies(self):
        # Redis sets what it is told, but the value told is another one: only GET, or the state, shows it.
        self.find_behind_proxy("--families", "string", request=swap(b"\r\nohmytext\r\n", b"\r\nohmyTEXT\r\n"), lines=2)

    def test_random_members_that_are_none(self):
        self.find_behind_proxy("--families", "set", reply=swap(b"$7\r\nPalermo\r\n", b"$7\r\npalermo\r\n"), lines=2)

    def test_a_watch_that_does_not_hold(self):
        self.find_behind_proxy("--families", "transaction,string", reply=swap(b"*-1\r\n", b"*00\r\n"))

    def test_null_of_the_other_kind(self):
        self.find_behind_proxy("--families", "list", "--protocol", "2", reply=swap(b"*-1\r\n", b"$-1\r\n"), lines=2)

    def test_a_connection_that_is_closed(self):
        def hang_up(data):
            return None if b"\r\nPFMERGE\r\n" in data else data
        output, script = self.find_behind_proxy("--families", "hyperloglog", request=hang_up, lines=1)
        self.assertIn("the connection was closed", output)
        self.assertTrue(script.startswith("PFMERGE"), script)

    def test_usage_errors_end_with_2(self):
        for options in ([], ["--subject"], ["--subject", "x", "--families", "nosuch"], ["--subject", "x", "--seed", "y"]):
            done = subprocess.run([DIFFERENTIAL, *options], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn("usage:", done.stderr)


if __name__ == "__main__":
    unittest.main()
