#!/usr/bin/python3
"""maxmemory: what is counted, what is evicted and what is refused, as users of Redis expect it."""
import unittest

import harness
import resp

MIB = 1 << 20
VALUE = b"x" * 1000


def info(connection, field):
    for line in connection.call("INFO", "everything").decode().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return value
    raise KeyError(field)


class Memory(harness.SystemTest):
    def connect(self, *options):
        self.port = self.start_store(*options)
        connection = resp.Connection(self.port)
        self.addCleanup(connection.close)
        return connection

    def fill(self, connection, first, count, *options):
        """Writes `count` keys in batches; the replies."""
        replies = []
        for at in range(first, first + count, 500):
            keys = range(at, min(at + 500, first + count))
            connection.send(b"".join(resp.encode("SET", f"key:{key}", VALUE, *options) for key in keys))
            replies += [connection.read() for _ in keys]
        return replies

    def test_without_a_policy_writes_are_refused_in_the_words_of_redis(self):
        def refusals(port, maxmemory):
            with resp.Connection(port) as connection:
                connection.call("SET", "before", "v")
                connection.call("CONFIG", "SET", "maxmemory", maxmemory)
                replies = [connection.call(*line.split()) for line in (
                    "SET k v", "APPEND k v", "GET before", "MULTI", "SET k v", "GET before", "EXEC", "MULTI", "DISCARD",
                    "EXPIRE before 100", "GETSET before w", "DEL before", "INCR n")]
                connection.call("CONFIG", "SET", "maxmemory", "0")
                replies += [connection.call("MULTI"), connection.call("SET", "k", "v")]
                with resp.Connection(port) as other:
                    other.call("CONFIG", "SET", "maxmemory", maxmemory)
                replies += [connection.call("EXEC"), connection.call("EXISTS", "k")]
            return [str(reply) for reply in replies]
        # Less than an empty server takes.
        self.assertEqual(refusals(self.start_store(), "1"), refusals(self.start_redis(), "1"))

    def test_memory_is_never_overshot_by_more_than_a_command(self):
        for policy in ("allkeys-lru", "allkeys-lfu", "allkeys-random",
                       "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"):
            with self.subTest(policy):
                connection = self.connect("--maxmemory", "8mb", "--maxmemory-policy", policy)
                for number in range(20):
                    replies = self.fill(connection, number * 1000, 1000, "EX", 1000 + number)
                    self.assertEqual(set(replies), {b"OK"})
                    self.assertLess(int(info(connection, "used_memory")), 8 * MIB + 64 * 1024)
                evicted, keys = int(info(connection, "evicted_keys")), connection.call("DBSIZE")
                self.assertEqual(evicted + keys, 20_000)
                self.assertGreater(keys, 4000)
                # The newest is there, but for policies that do not ask.
                if policy.endswith(("lru", "ttl")):
                    self.assertEqual(connection.call("GET", "key:19999"), VALUE)

    def test_what_has_no_expiry_stays_under_a_volatile_policy(self):
        connection = self.connect("--maxmemory", "4mb", "--maxmemory-policy", "volatile-lru")
        self.fill(connection, 0, 1000)
        self.fill(connection, 1000, 5000, "EX", 1000)
        self.assertEqual(connection.call("EXISTS", *[f"key:{key}" for key in range(1000)]), 1000)
        replies = self.fill(connection, 10_000, 5000)
        self.assertEqual(replies[0], b"OK")
        self.assertIn("OOM command not allowed", str(replies[-1]))
        self.assertEqual(info(connection, "db0").split(",")[1], "expires=0")

    def test_a_lower_limit_holds_from_the_next_command_on(self):
        connection = self.connect("--maxmemory-policy", "allkeys-lru")
        self.fill(connection, 0, 10_000)
        before = int(info(connection, "used_memory"))
        connection.call("CONFIG", "SET", "maxmemory", str(before // 2))
        connection.call("PING")
        self.assertLessEqual(int(info(connection, "used_memory")), before // 2)
        self.assertGreater(connection.call("DBSIZE"), 3000)

    def test_evicted_keys_are_told_of(self):
        connection = self.connect("--maxmemory-policy", "allkeys-random", "--notify-keyspace-events", "Ee")
        with resp.Connection(self.port) as watcher:
            watcher.call("SUBSCRIBE", "__keyevent@0__:evicted")
            connection.call("SET", "k", "v")
            connection.call("CONFIG", "SET", "maxmemory", "1")
            connection.call("PING")
            self.assertEqual(watcher.read(), [b"message", b"__keyevent@0__:evicted", b"k"])

    def test_frequencies_are_counted_under_lfu_only(self):
        connection = self.connect("--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", "0")
        connection.call("SET", "k", "v")
        for _ in range(50):
            connection.call("GET", "k")
        # Without the logarithm each use counts.
        self.assertEqual(connection.call("OBJECT", "FREQ", "k"), 55)
        connection.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.assertIn("An LFU maxmemory policy is not selected", str(connection.call("OBJECT", "FREQ", "k")))

    def test_a_flushed_database_is_freed_elsewhere(self):
        connection = self.connect()
        before = int(info(connection, "used_memory"))
        self.fill(connection, 0, 20_000)
        full = int(info(connection, "used_memory"))
        self.assertGreater(full - before, 20_000 * len(VALUE))
        connection.call("SELECT", "1")
        connection.call("FLUSHDB")
        connection.call("SELECT", "0")
        self.assertEqual(connection.call("DBSIZE"), 20_000)
        connection.call("FLUSHDB", "ASYNC")
        self.assertEqual(connection.call("DBSIZE"), 0)
        harness.wait_until(lambda: info(connection, "lazyfree_pending_objects") == "0", "nothing is pending")
        self.assertLess(int(info(connection, "used_memory")) - before, 64 * 1024)
        self.assertGreaterEqual(int(info(connection, "used_memory_peak")), full)

    def test_memory_tells_as_redis_does(self):
        port, redis = self.start_store(), self.start_redis()
        with resp.Connection(port) as ours, resp.Connection(redis) as theirs:
            for one in (ours, theirs):
                one.call("HELLO", 3)
                one.call("SET", "k", "v")
            if harness.SANITIZED:  # Without jemalloc there is nothing to purge, nor statistics of it.
                self.assertEqual(info(ours, "mem_allocator"), "libc")
                self.assertIn("Error purging dirty pages", str(ours.call("MEMORY", "PURGE")))
                return
            self.assertEqual(info(ours, "mem_allocator"), "jemalloc")
            for line in ("MEMORY HELP", "MEMORY PURGE", "MEMORY STATS x", "MEMORY DOCTOR x", "MEMORY NONE", "MEMORY USAGE none"):
                self.assertEqual(ours.call_raw(*line.split()), theirs.call_raw(*line.split()), line)
            mine, others = ours.call("MEMORY", "STATS"), theirs.call("MEMORY", "STATS")
            self.assertEqual({name: type(value) for name, value in others.items() if name in mine},
                             {name: type(value) for name, value in mine.items()})
            self.assertEqual(set(others) - set(mine), {b"replication.backlog", b"clients.slaves", b"cluster.links",
                                                       b"aof.buffer", b"lua.caches", b"functions.caches"})
            self.assertEqual(mine[b"keys.count"], 1)
            self.assertEqual(mine[b"dataset.bytes"], mine[b"total.allocated"] - mine[b"overhead.total"])
            self.assertTrue(0 < mine[b"allocator.allocated"] <= mine[b"allocator.active"] <= mine[b"allocator.resident"])
            self.assertIn(b"Begin jemalloc statistics", ours.call("MEMORY", "MALLOC-STATS"))
            self.assertIn(b"too little data", ours.call("MEMORY", "DOCTOR"))

    def test_what_was_at_its_peak_once_can_be_given_back(self):
        with resp.Connection(self.start_store("--enable-debug-command", "yes")) as connection:
            for number in range(64):
                connection.call("SET", f"k{number}", b"x" * (1 << 20))
            self.assertNotIn(b"MEMORY PURGE", connection.call("MEMORY", "DOCTOR"))
            for number in range(8, 64):
                connection.call("DEL", f"k{number}")
            harness.wait_until(lambda: info(connection, "lazyfree_pending_objects") == "0", "nothing is pending")
            if harness.SANITIZED:
                return
            self.assertIn(b"MEMORY PURGE", connection.call("MEMORY", "DOCTOR"))
            self.assertEqual(connection.call("MEMORY", "PURGE"), b"OK")
            self.assertLess(int(info(connection, "used_memory_rss")), 48 << 20)

    def test_what_clients_hold_counts(self):
        connection = self.connect()
        before = int(info(connection, "used_memory"))
        with resp.Connection(self.port) as other:
            other.send(b"*2\r\n$4\r\nECHO\r\n$8000000\r\n" + b"x" * 4_000_000)
            harness.wait_until(lambda: int(info(connection, "mem_clients_normal")) > 4_000_000, "it is counted")
            self.assertGreater(int(info(connection, "used_memory")) - before, 4_000_000)


if __name__ == "__main__":
    unittest.main()
