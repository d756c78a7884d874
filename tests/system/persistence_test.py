#!/usr/bin/python3
"""The data of the store in its RDB file: what one server writes the other loads, with an equal DEBUG DIGEST, whichever
of `weir store` and Debian's redis-server it is; also while clients write, and whatever moment ends the store."""
import os
import random
import signal
import subprocess
import threading
import time
import unittest

import harness
import resp

SEED = int(os.environ.get("WEIR_SEED", str(random.randrange(1 << 32))))


def text(rng, limit):
    kind = rng.randrange(4)
    if kind == 0:
        return str(rng.randrange(-300, 300))
    if kind == 1:
        return str(rng.getrandbits(rng.randrange(1, 64)))
    if kind == 2:
        return "".join(rng.choice("abc") for _ in range(rng.randrange(limit)))
    return bytes(rng.getrandbits(8) for _ in range(rng.randrange(limit)))


def writes(rng, count, families):
    """Random commands, small and large values, some keys with an expiry far away."""
    for _ in range(count):
        number = rng.randrange(300)
        family = rng.choice(families)
        if family == "string":
            yield ("SET", f"string:{number}", text(rng, rng.choice((50, 50, 50, 10_000))))
        elif family == "hash":
            yield ("HSET", f"hash:{number}", text(rng, 40), text(rng, 90))
            if number < 3:
                yield ("HSET", f"hash:{number}",
                       *(word for i in range(1000) for word in (f"f{rng.randrange(5000)}", text(rng, 20))))
        elif family == "zset":
            yield ("ZADD", f"zset:{number}", str(rng.choice((rng.randrange(100), rng.random() * 1e6, float("inf")))),
                   text(rng, 40))
            if number < 3:
                yield ("ZADD", f"zset:{number}",
                       *(word for i in range(500) for word in (str(rng.randrange(-50, 50)), f"m{rng.randrange(5000)}")))
        elif family == "set":
            yield ("SADD", f"set:{number}", text(rng, 40), str(number))
            yield ("SADD", f"integers:{number}", *(str(rng.getrandbits(rng.randrange(1, 60))) for _ in range(5)))
            if number < 3:
                yield ("SADD", f"set:{number}", *(f"m{rng.randrange(5000)}" for _ in range(1000)))
        elif family == "list":
            yield (rng.choice(("LPUSH", "RPUSH")), f"list:{number}", text(rng, 60), text(rng, 60))
            if number < 3:
                yield ("RPUSH", f"list:{number}", *(text(rng, 200) for _ in range(300)), b"x" * 20_000)
        if rng.randrange(10) == 0:
            yield ("PEXPIREAT", f"{family}:{number}", str(4_000_000_000_000 + number))
        if rng.randrange(200) == 0:
            yield ("DEL", f"{family}:{number}")


class PersistenceTest(harness.SystemTest):
    def setUp(self):
        super().setUp()
        print(f"to repeat this: WEIR_SEED={SEED}", flush=True)
        self.rng = random.Random(SEED)

    def folder_of(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def ours(self, *options, **how):
        return self.start_store("--enable-debug-command", "yes", *options, **how)

    def theirs(self, *options, **how):
        return self.start_redis("--enable-debug-command", "yes", *options, **how)

    def connect(self, port):
        connection = resp.Connection(port)
        self.addCleanup(connection.close)
        return connection

    def families(self, connection):
        """Those that this store has."""
        probes = {"string": "SET", "hash": "HSET", "zset": "ZADD", "set": "SADD", "list": "RPUSH"}
        return [name for name, command in probes.items() if connection.call("COMMAND", "INFO", command)[0] is not None]

    def fill(self, connection, count, families):
        for database in (0, 7):
            connection.call("SELECT", str(database))
            for words in writes(self.rng, count, families):
                connection.call(*words)
        connection.call("SELECT", "0")

    def wait_loaded(self, connection):
        harness.wait_until(lambda: self.persistence(connection)["loading"] == "0", "loading")

    def test_each_loads_what_the_other_saved(self):
        ours, theirs = self.folder_of("ours"), self.folder_of("theirs")
        store = self.connect(self.ours("--dir", ours, "--save", ""))
        redis = self.connect(self.theirs("--dir", theirs))
        families = self.families(store)
        for one in (store, redis):
            self.fill(one, 1500, families)
            self.assertEqual(one.call("SAVE"), b"OK")
        by_redis = self.connect(self.theirs("--dir", ours))
        by_store = self.connect(self.ours("--dir", theirs, "--save", ""))
        for one in (by_redis, by_store):
            self.wait_loaded(one)
        self.assertEqual(by_redis.call("DEBUG", "DIGEST"), store.call("DEBUG", "DIGEST"))
        self.assertEqual(by_store.call("DEBUG", "DIGEST"), redis.call("DEBUG", "DIGEST"))
        # Encodings are those that either gives them when it loads its own file.
        for one in (store, redis):
            self.assertEqual(one.call("DEBUG", "RELOAD"), b"OK")
        for family in families:
            for number in range(300):
                key = f"{family}:{number}"
                self.assertEqual(store.call("OBJECT", "ENCODING", key), by_redis.call("OBJECT", "ENCODING", key), key)
                self.assertEqual(redis.call("OBJECT", "ENCODING", key), by_store.call("OBJECT", "ENCODING", key), key)
                self.assertEqual(store.call("DUMP", key) is None, by_redis.call("DUMP", key) is None)

    def test_payloads_travel_both_ways(self):
        store = self.connect(self.ours("--save", ""))
        redis = self.connect(self.theirs())
        families = self.families(store)
        self.fill(store, 500, families)
        for family in families:
            for number in range(300):
                key = f"{family}:{number}"
                payload = store.call("DUMP", key)
                if payload is None:
                    continue
                self.assertEqual(redis.call("RESTORE", "there", "0", payload, "REPLACE"), b"OK", key)
                back = redis.call("DUMP", "there")
                self.assertEqual(store.call("RESTORE", "back", "0", back, "REPLACE"), b"OK", key)
                self.assertEqual(store.call("DEBUG", "DIGEST-VALUE", "back"), redis.call("DEBUG", "DIGEST-VALUE", "there"))

    def test_a_background_save_holds_its_first_moment_while_clients_write(self):
        folder = self.folder_of("d")
        store = self.connect(port := self.ours("--dir", folder, "--save", ""))
        families = self.families(store)
        for i in range(40):
            store.call("MSET", *(word for j in range(2500) for word in (f"filler:{i}:{j}", f"value {i} of {j}, some bytes")))
        self.fill(store, 2000, families)
        # One transaction: nothing comes between the two.
        store.call("MULTI")
        store.call("DEBUG", "DIGEST")
        store.call("BGSAVE")
        digest, started = store.call("EXEC")
        self.assertEqual(started, b"Background saving scheduled")
        harness.wait_until(lambda: self.persistence(store)["rdb_bgsave_in_progress"] == "1"
                           or self.persistence(store)["rdb_saves"] != "0", "the save")
        written = 0
        while self.persistence(store)["rdb_bgsave_in_progress"] == "1":
            for words in writes(self.rng, 20, families):
                store.call(*words)
                written += 1
        self.assertEqual(self.persistence(store)["rdb_last_bgsave_status"], "ok")
        reader = self.connect(self.theirs("--dir", folder))
        self.wait_loaded(reader)
        self.assertEqual(reader.call("DEBUG", "DIGEST"), digest)
        print(f"{written} writes during the save")

    def persistence(self, connection):
        lines = connection.call("INFO", "persistence").decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def test_sigkill_at_any_moment_leaves_a_whole_file(self):
        folder = self.folder_of("d")
        digest = None
        for round_number in range(8):
            store = self.connect(self.ours("--dir", folder, "--save", ""))
            self.wait_loaded(store)
            process = self.started[-1]
            if digest is not None:
                self.assertIn(store.call("DEBUG", "DIGEST"), digest)
            for i in range(20):
                store.call("MSET", *(word for j in range(2000)
                                     for word in (f"k:{i}:{j}", f"round {round_number} {self.rng.random()}")))
            self.assertEqual(store.call("SAVE"), b"OK")
            digest = [store.call("DEBUG", "DIGEST")]
            store.call("SET", "changed", str(round_number))
            digest.append(store.call("DEBUG", "DIGEST"))
            store.call("BGSAVE")
            time.sleep(self.rng.random() * 0.05)  # Any moment will do.
            process.process.kill()
            process.process.wait()
        self.wait_loaded(self.connect(self.ours("--dir", folder, "--save", "")))
        self.assertEqual(os.listdir(folder), ["dump.rdb"])

    def test_debug_loadaof_takes_the_data_from_the_file_and_adds_nothing_to_it(self):
        port = self.start_store("--dir", self.folder, "--appendonly", "yes", "--enable-debug-command", "yes")
        with resp.Connection(port) as connection:
            for command in writes(random.Random(SEED), 2000, ("string", "hash", "zset")):
                connection.call(*command)
            before = connection.call("DEBUG", "DIGEST")
            self.assertEqual(connection.call("DEBUG", "LOADAOF"), b"OK")
            self.assertEqual(connection.call("DEBUG", "DIGEST"), before)
            folder = os.path.join(self.folder, "appendonlydir")
            sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)}
            self.assertEqual(connection.call("DEBUG", "LOADAOF"), b"OK")
            self.assertEqual({name: os.path.getsize(os.path.join(folder, name)) for name in sizes}, sizes)
            connection.call("SET", "after", "it")
            self.assertEqual(connection.call("DEBUG", "LOADAOF"), b"OK")
            self.assertEqual(connection.call("GET", "after"), b"it")
        with resp.Connection(self.start_store("--enable-debug-command", "yes")) as connection:
            self.assertIn("appendonly no", str(connection.call("DEBUG", "LOADAOF")))

    def test_sigterm_saves_where_there_are_save_points(self):
        folder = self.folder_of("d")
        store = self.connect(self.ours("--dir", folder))
        store.call("SET", "k", "v")
        self.assertEqual(self.started[-1].end(), 0)
        store = self.connect(self.ours("--dir", folder, "--save", ""))
        self.assertEqual(store.call("GET", "k"), b"v")
        store.call("SET", "k", "w")
        self.assertEqual(self.started[-1].end(), 0)
        store = self.connect(self.ours("--dir", folder, "--save", "1 1"))
        self.assertEqual(store.call("GET", "k"), b"v")
        store.call("SET", "k", "x")
        harness.wait_until(lambda: self.persistence(store)["rdb_changes_since_last_save"] == "0", "the save point")
        self.started[-1].process.kill()
        self.started[-1].process.wait()
        self.assertEqual(self.connect(self.ours("--dir", folder)).call("GET", "k"), b"x")

    def test_a_file_that_cannot_be_loaded_ends_the_start(self):
        folder = self.folder_of("d")
        path = os.path.join(folder, "dump.rdb")
        with open(path, "wb") as file:
            file.write(b"REDIS0011\xfa\x03abc")
        process = self.start([harness.WEIR, "store", "--port", harness.free_ports()[0], "--dir", folder])
        self.assertEqual(process.process.wait(20), 1)
        self.assertRegex(process.text(), f"weir store: {path}: offset [0-9]+: ")
        done = subprocess.run([harness.WEIR, "store", "--dir", "/nowhere"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("dir /nowhere: No such file or directory", done.stderr)

    def test_a_store_that_cannot_save_goes_on(self):
        folder = self.folder_of("d")
        store = self.connect(self.ours("--dir", folder, "--save", "100 1"))
        store.call("SET", "k", "v")
        os.rmdir(folder)
        self.started[-1].process.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: "not ending" in self.started[-1].text(), "the refusal")
        self.assertEqual(store.call("GET", "k"), b"v")
        self.assertIn("SHUTDOWN", str(store.call("SHUTDOWN", "SAVE")))
        with self.assertRaises(Exception):
            store.call("SHUTDOWN", "NOSAVE")
        self.assertEqual(self.started[-1].process.wait(20), 0)

    def test_check_rdb_tells_what_is_in_a_file(self):
        folder = self.folder_of("d")
        path = os.path.join(folder, "dump.rdb")
        store = self.connect(self.ours("--dir", folder, "--save", ""))
        store.call("SET", "a", "1")
        store.call("SELECT", "3")
        store.call("SET", "b", "1", "PX", "1000000")
        store.call("HSET", "h", "f", "v")
        store.call("SAVE")
        check = lambda: subprocess.run([harness.WEIR, "store", "check-rdb", path], capture_output=True, text=True, check=False)
        done = check()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("3 keys", done.stdout)
        with open(path, "r+b") as file:
            file.seek(60)
            file.write(b"\xee\xee\xee")
        done = check()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, f"{path}: offset [0-9]+: ")
        done = subprocess.run([harness.WEIR, "store", "check-rdb"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
