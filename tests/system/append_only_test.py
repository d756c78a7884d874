#!/usr/bin/python3
"""The append-only file: what one server writes the other loads, with an equal DEBUG DIGEST, whichever of `weir store` and
Debian's redis-server it is; what SIGKILL at any moment leaves of what was acknowledged; disks that are full."""
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import harness
import resp
from persistence_test import writes

SEED = int(os.environ.get("WEIR_SEED", str(random.randrange(1 << 32))))
PREFIX = "appendonly.aof"


class AppendOnlyTest(harness.SystemTest):
    def setUp(self):
        super().setUp()
        print(f"to repeat this: WEIR_SEED={SEED}", flush=True)
        self.rng = random.Random(SEED)

    def folder_of(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def ours(self, folder, *options, **how):
        return self.start_store("--enable-debug-command", "yes", "--dir", folder, "--save", "", "--appendonly", "yes",
                                *options, **how)

    def theirs(self, folder, *options, **how):
        return self.start_redis("--enable-debug-command", "yes", "--dir", folder, "--appendonly", "yes", *options, **how)

    def connect(self, port):
        connection = resp.Connection(port)
        self.addCleanup(connection.close)
        harness.wait_until(lambda: self.facts(connection)["loading"] == "0", "loading")
        return connection

    def facts(self, connection):
        lines = connection.call("INFO", "persistence").decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def families(self, connection):
        """Those that this store has."""
        probes = {"string": "SET", "hash": "HSET", "zset": "ZADD", "set": "SADD", "list": "RPUSH"}
        return [name for name, command in probes.items() if connection.call("COMMAND", "INFO", command)[0] is not None]

    def fill(self, connection, count, families):
        for database in (0, 7):
            connection.call("SELECT", str(database))
            for words in writes(self.rng, count, families):
                connection.call(*words)
        connection.call("MULTI")
        connection.call("INCR", "counter")
        connection.call("EXPIRE", "counter", "10000")
        connection.call("EXEC")
        connection.call("SELECT", "0")

    def rewrite(self, connection):
        self.assertIn(b"rewriting started", connection.call("BGREWRITEAOF"))
        harness.wait_until(lambda: self.facts(connection)["aof_rewrite_in_progress"] == "0", "the rewrite")
        self.assertEqual(self.facts(connection)["aof_last_bgrewrite_status"], "ok")

    def end(self, connection):
        try:
            connection.call("SHUTDOWN", "NOSAVE")
        except (ConnectionError, EOFError, OSError):
            pass
        self.assertEqual(self.started[-1].process.wait(20), 0)

    def kill(self):
        self.started[-1].process.kill()
        self.started[-1].process.wait()

    def manifest(self, folder):
        with open(os.path.join(folder, "appendonlydir", f"{PREFIX}.manifest")) as file:
            return file.read()

    def test_each_goes_on_with_what_the_other_wrote(self):
        folder = self.folder_of("d")
        digest = None
        # Each loads what the one before left, adds commands, rewrites, adds more.
        for starts in (self.ours, self.theirs, self.ours, self.theirs):
            connection = self.connect(starts(folder))
            if digest is not None:
                self.assertEqual(connection.call("DEBUG", "DIGEST"), digest)
            families = self.families(connection)
            if starts == self.theirs:
                families = known
            known = families
            self.fill(connection, 400, families)
            self.rewrite(connection)
            self.fill(connection, 400, families)
            digest = connection.call("DEBUG", "DIGEST")
            self.end(connection)
        self.assertEqual(self.connect(self.ours(folder)).call("DEBUG", "DIGEST"), digest)
        self.assertEqual(self.manifest(folder), f"file {PREFIX}.5.base.rdb seq 5 type b\n"
                                                f"file {PREFIX}.5.incr.aof seq 5 type i\n")

    def test_turns_on_at_run_time_as_redis_does(self):
        manifests = []
        for starts in (self.ours, self.theirs):
            folder = self.folder_of(starts.__name__)
            connection = self.connect(starts(folder, "--appendonly", "no"))
            self.assertEqual(self.facts(connection)["aof_enabled"], "0")
            connection.call("SET", "before", "1")
            self.assertEqual(connection.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
            harness.wait_until(lambda: self.facts(connection)["aof_rewrite_in_progress"] == "0"
                               and self.facts(connection)["aof_rewrite_scheduled"] == "0", "the first base")
            connection.call("SET", "after", "1")
            digest = connection.call("DEBUG", "DIGEST")
            self.kill()
            manifests.append(self.manifest(folder))
            self.assertEqual(self.connect(self.ours(folder)).call("DEBUG", "DIGEST"), digest)
        self.assertEqual(manifests[0], manifests[1])

    def test_files_of_one_part_and_with_a_preamble_are_taken_over_as_redis_does(self):
        source = self.connect(self.theirs(self.folder_of("source"), "--appendonly", "no"))
        self.fill(source, 100, ["string", "hash", "zset", "set"])
        source.call("SAVE")
        with open(os.path.join(self.folder_of("source"), "dump.rdb"), "rb") as file:
            preamble = file.read()
        commands = b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n#TS:1\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"
        for number, content in enumerate((commands, preamble + commands, preamble)):
            found = []
            for starts in (self.ours, self.theirs):
                folder = self.folder_of(f"{number}-{starts.__name__}")
                with open(os.path.join(folder, PREFIX), "wb") as file:
                    file.write(content)
                connection = self.connect(starts(folder))
                self.assertFalse(os.path.exists(os.path.join(folder, PREFIX)))
                found.append((connection.call("DEBUG", "DIGEST"), self.manifest(folder),
                              sorted(os.listdir(os.path.join(folder, "appendonlydir")))))
            self.assertEqual(found[0], found[1])

    def test_an_rdb_file_alone_is_not_loaded_as_in_redis(self):
        for starts in (self.ours, self.theirs):
            folder = self.folder_of(starts.__name__)
            connection = self.connect(starts(folder, "--appendonly", "no"))
            connection.call("SET", "k", "v")
            connection.call("SAVE")
            self.kill()
            self.assertEqual(self.connect(starts(folder)).call("DBSIZE"), 0)

    def test_cut_files_load_as_in_redis(self):
        """Without marks of ours: the same data. (Redis leaves a MULTI that nothing follows in the file, we do not.)"""
        content = b""
        for words in (("SELECT", "2"), ("SET", "k", "value"), ("MULTI",), ("INCR", "a"), ("INCR", "b"), ("EXEC",), ("DEL", "k")):
            content += b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words)
        for size in sorted(self.rng.sample(range(len(content) + 1), 12)):
            found = []
            for starts in (self.ours, self.theirs):
                folder = self.folder_of(f"{size}-{starts.__name__}")
                os.mkdir(os.path.join(folder, "appendonlydir"))
                path = os.path.join(folder, "appendonlydir", "x.incr.aof")
                with open(path, "wb") as file:
                    file.write(content[:size])
                with open(os.path.join(folder, "appendonlydir", f"{PREFIX}.manifest"), "w") as file:
                    file.write("file x.incr.aof seq 1 type i\n")
                connection = self.connect(starts(folder))
                found.append((connection.call("DEBUG", "DIGEST"), os.path.getsize(path)))
                self.kill()
            self.assertEqual(found[0][0], found[1][0], size)
            # Where nothing is left we put the first mark.
            self.assertLessEqual(found[0][1], found[1][1] or len("#CK:00000000:00000000:-00000000000\r\n"), size)

    def test_sigkill_under_load_loses_nothing_acknowledged(self):
        for policy in ("always", "everysec", "no"):
            folder = self.folder_of(policy)
            acknowledged = [0] * 4
            for _ in range(3):
                port = self.ours(folder, "--appendfsync", policy, "--auto-aof-rewrite-min-size", "64kb")
                main = self.connect(port)
                for number, count in enumerate(acknowledged):
                    found = int(main.call("GET", f"n{number}") or 0)
                    # One more may have been done and not answered.
                    self.assertIn(found - count, (0, 1), f"{policy}: {count} acknowledged, {found} found")
                    acknowledged[number] = found

                def load(number):
                    connection = resp.Connection(port)
                    try:
                        while True:
                            connection.call("SET", f"filler:{self.rng.random()}"[:12], "x" * 300)
                            acknowledged[number] = connection.call("INCR", f"n{number}")
                    except (ConnectionError, EOFError, OSError):
                        connection.close()

                threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
                for thread in threads:
                    thread.start()
                time.sleep(0.2 + self.rng.random() * 0.4)  # Any moment will do.
                self.kill()
                for thread in threads:
                    thread.join()
            self.assertGreater(min(acknowledged), 10)
            rewritten = self.manifest(folder)
            print(f"{policy}: {acknowledged} acknowledged; {rewritten.splitlines()[0]}")

    def test_sigterm_keeps_everything_without_a_policy_that_syncs(self):
        folder = self.folder_of("d")
        connection = self.connect(self.ours(folder, "--appendfsync", "no"))
        connection.call("SET", "k", "v")
        self.assertEqual(self.started[-1].end(), 0)
        self.assertEqual(self.connect(self.ours(folder)).call("GET", "k"), b"v")

    @unittest.skipUnless(os.geteuid() == 0, "a file system of its own needs root; unit tests inject ENOSPC")
    def test_a_full_disk_refuses_writes_until_there_is_room(self):
        folder = self.folder_of("small")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False,
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mount is not allowed here; unit tests inject ENOSPC")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        connection = self.connect(self.ours(folder, "--auto-aof-rewrite-percentage", "0"))
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(700 << 10))
        written = 0
        while isinstance(reply := connection.call("SET", f"k{written}", "x" * 10_000), bytes):
            written += 1
            self.assertLess(written, 200)
        self.assertEqual(str(reply), "MISCONF Errors writing to the AOF file: No space left on device")
        os.remove(ballast)
        harness.wait_until(lambda: connection.call("SET", "after", "1") == b"OK", "writes")
        digest = connection.call("DEBUG", "DIGEST")
        self.kill()
        self.assertEqual(self.connect(self.ours(folder)).call("DEBUG", "DIGEST"), digest)

    def test_a_file_that_cannot_be_loaded_ends_the_start_and_names_the_place(self):
        folder = self.folder_of("d")
        self.connect(self.ours(folder)).call("SET", "k", "v")
        self.kill()
        path = os.path.join(folder, "appendonlydir", f"{PREFIX}.1.incr.aof")
        with open(path, "ab") as file:
            file.write(b"rubbish")
        process = self.start([harness.WEIR, "store", "--port", harness.free_ports()[0], "--dir", folder, "--appendonly",
                              "yes"])
        self.assertEqual(process.process.wait(20), 1)
        self.assertRegex(process.text(), f"weir store: {path}: offset [0-9]+: expected a command")

    def test_files_of_real_servers_hold_what_redis_reads_in_them(self):
        archive = harness.real_input("redis/rdb-and-aof-files.tar.zst")
        unpacked = self.folder_of("unpacked")
        subprocess.run(["tar", "--zstd", "-xf", archive, "-C", unpacked], check=True)
        unpacked = os.path.join(unpacked, "redis-files")
        equal = []
        with open(os.path.join(unpacked, "EXPECTED.tsv")) as table:
            rows = [line.rstrip("\n").split("\t") for line in table]
        for row in (row for row in rows if row[2] == "AOF"):
            path = os.path.join(unpacked, row[0])
            status, text = self.check_aof(path)
            self.assertEqual(status, 0, text)
            self.assertIn(f", {row[4].removeprefix('cmds~')} commands", text)
            name = os.path.basename(path)
            folders = [self.folder_of(f"{name}-{who}") for who in ("ours", "theirs")]
            for folder in folders:
                with open(path, "rb") as source, open(os.path.join(folder, PREFIX), "wb") as to:
                    to.write(source.read())
            process = self.start([harness.WEIR, "store", "--port", port := harness.free_ports()[0], "--dir", folders[0],
                                  "--appendonly", "yes", "--enable-debug-command", "yes", "--save", ""])

            def loaded():
                if not process.running():
                    return process.text()
                try:
                    with resp.Connection(port) as connection:
                        loading = self.facts(connection)["loading"] == "1"
                        return None if loading else connection.call("DEBUG", "DIGEST")
                except (EOFError, OSError):
                    return None
            ours = harness.wait_until(loaded, "loading")
            if isinstance(ours, str):
                # Kinds of data that the store does not keep yet are refused, not dropped.
                self.assertRegex(ours, "offset [0-9]+: unknown command '(function|eval|X[A-Z]+)'")
                continue
            self.assertEqual(ours, self.connect(self.theirs(folders[1])).call("DEBUG", "DIGEST"), name)
            equal.append(name)
        print(f"equal: {equal}")
        self.assertGreaterEqual(len(equal), 3)

    def check_aof(self, *arguments):
        done = subprocess.run([harness.WEIR, "store", "check-aof", *arguments], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    def test_check_aof_finds_and_mends_what_is_broken(self):
        folder = self.folder_of("d")
        connection = self.connect(self.ours(folder))
        self.fill(connection, 50, ["string", "zset"])
        self.rewrite(connection)
        self.fill(connection, 50, ["string", "zset"])
        digest = connection.call("DEBUG", "DIGEST")
        self.end(connection)
        manifest = os.path.join(folder, "appendonlydir", f"{PREFIX}.manifest")
        path = os.path.join(folder, "appendonlydir", f"{PREFIX}.2.incr.aof")
        status, text = self.check_aof(manifest)
        self.assertEqual(status, 0, text)
        self.assertIn("OK", text)
        # redis-check-aof says so too.
        self.assertEqual(subprocess.run(["redis-check-aof", manifest], capture_output=True, check=False).returncode, 0)
        whole = os.path.getsize(path)
        with open(path, "ab") as file:
            file.write(b"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n*3\r\nrubbish")
        for target in (path, manifest):
            status, text = self.check_aof(target)
            self.assertEqual(status, 1)
            self.assertIn(f"{path}: offset {whole + 35}: expected the length of a word ('$'); whole up to offset {whole}",
                          text)
        status, text = self.check_aof("--fix", manifest)
        self.assertEqual(status, 0, text)
        self.assertEqual(os.path.getsize(path), whole)
        self.assertEqual(self.connect(self.ours(folder)).call("DEBUG", "DIGEST"), digest)
        self.kill()
        base = os.path.join(folder, "appendonlydir", f"{PREFIX}.2.base.rdb")
        with open(base, "r+b") as file:
            file.seek(100)
            file.write(b"\xee\xee\xee")
        status, text = self.check_aof("--fix", manifest)
        self.assertEqual(status, 1)
        self.assertIn("cannot be mended", text)
        self.assertEqual(self.check_aof()[0], 2)
        self.assertEqual(self.check_aof("/nowhere")[0], 1)

    def test_answers_loading_meanwhile(self):
        folder = self.folder_of("d")
        connection = self.connect(self.ours(folder, "--auto-aof-rewrite-percentage", "0"))
        value = "x" * 1000
        for i in range(60):
            connection.call("MSET", *(word for j in range(2000) for word in (f"k:{i}:{j}", value)))
        self.kill()
        connection = resp.Connection(self.ours(folder))
        self.addCleanup(connection.close)
        reply = connection.call("GET", "k:1:1")
        facts = self.facts(connection)
        if facts["loading"] == "1":
            self.assertIn("LOADING", str(reply))
            self.assertGreater(int(facts["loading_total_bytes"]), 100_000_000)
        harness.wait_until(lambda: connection.call("GET", "k:59:1999") == value.encode(), "loading")


if __name__ == "__main__":
    unittest.main()
