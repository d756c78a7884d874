#!/usr/bin/python3
"""SYNC: the data as a snapshot over the connection, and what it costs the others."""
import os
import unittest

import harness
import resp

MEBIBYTE = 1 << 20


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Transfers(harness.SystemTest):
    def setUp(self):
        super().setUp()
        self.port = self.start_store("--save", "", "--dir", self.folder, "--enable-debug-command", "yes")
        self.store = self.started[-1]
        self.other = self.connect()

    def connect(self):
        connection = resp.Connection(self.port)
        self.addCleanup(connection.close)
        return connection

    def fill(self, mebibytes):
        for number in range(mebibytes):
            self.assertEqual(self.other.call("SET", f"large:{number}", os.urandom(MEBIBYTE)), b"OK")

    def syncing(self, *wishes):
        connection = self.connect()
        for option, value in (("capa", "eof"), *wishes):
            self.assertEqual(connection.call("REPLCONF", option, value), b"OK")
        connection.send(resp.encode("SYNC"))
        return connection

    def snapshot(self, connection):
        """The RDB file, and what came behind it until the end of the connection."""
        begin = connection._take(5 + 40 + 2)
        self.assertEqual(begin[:5] + begin[-2:], b"$EOF:\r\n")
        mark = begin[5:-2]
        parts = [connection.received]
        while more := connection.socket.recv(MEBIBYTE):
            parts.append(more)
        file, behind = b"".join(parts).split(mark)
        self.assertTrue(file.startswith(b"REDIS0010"))
        return file, behind

    def digest_of(self, file):
        """What redis-server makes of it."""
        folder = os.path.join(self.folder, str(len(self.started)))
        os.mkdir(folder)
        with open(os.path.join(folder, "dump.rdb"), "wb") as copy:
            copy.write(file)
        with resp.Connection(self.start_redis("--dir", folder, "--enable-debug-command", "yes")) as redis:
            harness.wait_until(lambda: not isinstance(redis.call("DBSIZE"), Exception), "it is loaded")
            return redis.call("DEBUG", "DIGEST")

    def test_it_is_of_one_moment_and_others_write_on(self):
        self.fill(96)
        self.other.call("SET", "counter", 0)
        before = self.other.call("DEBUG", "DIGEST")
        receiver = self.syncing(("rdb-only", 1))
        receiver._receive()  # It has begun, and cannot be over: its end does not fit into what is on its way.
        self.assertEqual(self.other.call("INCR", "counter"), 1)
        self.assertEqual(self.other.call("DEL", *(f"large:{number}" for number in range(96))), 96)
        file, behind = self.snapshot(receiver)
        self.assertEqual(behind, b"")
        self.assertEqual(self.digest_of(file), before)

    def test_they_wait_for_one_another_and_for_saves(self):
        self.fill(96)
        first, second = self.syncing(("rdb-only", 1)), self.syncing(("rdb-only", 1))
        first._receive()
        self.assertEqual(str(self.other.call("SAVE")), "ERR Background save already in progress")
        self.assertEqual(self.other.call("BGSAVE"), b"Background saving started")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "dump.rdb")))
        self.assertEqual(self.snapshot(first)[0][-9:-8], b"\xff")
        self.assertEqual(self.snapshot(second)[0][-9:-8], b"\xff")
        harness.wait_until(lambda: os.path.exists(os.path.join(self.folder, "dump.rdb")), "the save had its turn")

    def test_who_goes_or_does_not_read_costs_only_itself(self):
        self.fill(160)
        before = resident(self.store.pid)
        stuck = self.syncing(("rdb-only", 1))
        stuck._receive()
        waiting = self.syncing(("rdb-only", 1))
        for _ in range(1000):
            self.assertEqual(self.other.call("INCR", "counter"), _ + 1)
        number = [line.split()[0][3:] for line in self.other.call("CLIENT", "LIST").decode().splitlines() if "cmd=sync" in line][0]
        self.assertEqual(self.other.call("CLIENT", "UNBLOCK", number), 0)
        self.assertLess(resident(self.store.pid) - before, 96 * MEBIBYTE + harness.KEPT_KB * 1024)
        stuck.close()
        self.assertEqual(self.snapshot(waiting)[0][-9:-8], b"\xff")

    def test_flushing_with_save_points_ends_it(self):
        self.fill(96)
        self.assertEqual(self.other.call("CONFIG", "SET", "save", "3600 1"), b"OK")
        receiver = self.syncing(("rdb-only", 1))
        receiver._receive()
        self.assertEqual(self.other.call("FLUSHALL"), b"OK")
        with self.assertRaises((EOFError, ConnectionResetError)):
            while True:
                receiver._receive()
        self.assertEqual(self.other.call("SET", "a", 1), b"OK")

    def test_who_would_follow_is_told_that_it_cannot(self):
        self.other.call("SET", "a", 1)
        file, behind = self.snapshot(self.syncing())
        self.assertEqual(behind, b"-ERR this store does not replicate yet: no changes follow the snapshot\r\n")
        plain = self.connect()
        self.assertIn("REPLCONF capa eof", str(plain.call("SYNC")))
        with self.assertRaises(EOFError):
            plain._receive()
        for line in ("REPLCONF", "REPLCONF a", "REPLCONF foo bar", "REPLCONF rdb-only 2", "REPLCONF rdb-only x",
                     "REPLCONF capa psync9", "REPLCONF listening-port x", "REPLCONF rdb-filter-only x"):
            with resp.Connection(self.start_redis()) as theirs:
                self.assertEqual(self.connect().call_raw(*line.split()), theirs.call_raw(*line.split()), line)
        # A real replica is refused before it throws away what it has.
        with resp.Connection(self.start_redis()) as redis:
            redis.call("SET", "mine", 1)
            redis.call("REPLICAOF", "127.0.0.1", self.port)
            log = self.started[-1]
            harness.wait_until(lambda: "does not replicate yet" in log.text(), "it was told")
            self.assertEqual(redis.call("GET", "mine"), b"1")


if __name__ == "__main__":
    unittest.main()
