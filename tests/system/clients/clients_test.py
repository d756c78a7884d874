#!/usr/bin/python3
"""Stock clients against the store and against redis-server: what they return to their users is the same."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import harness
import python_drive

PASSWORD = "a pass word"
FAMILIES = ["connection", "strings", "bitmaps", "hyperloglogs", "hashes", "sets", "sorted_sets", "geo", "lists", "sorting", "keys",
            "scans", "pipelines", "transactions", "blocking", "pubsub", "reconnecting"]


class Clients(harness.SystemTest):
    maxDiff = 4000

    def serve(self, kind):
        """Starts one, with a password, a port and a Unix socket; returns the port, the socket and how to restart it."""
        port, = harness.free_ports()
        path = os.path.join(self.folder, f"{kind}.sock")
        start = self.start_store if kind == "store" else self.start_redis
        options = ["--requirepass", PASSWORD, "--unixsocket", path, "--save", "", "--dir", self.folder]
        start(*options, port=port)
        running = self.started[-1]

        def restart():
            nonlocal running
            running.end()
            start(*options, port=port)
            running = self.started[-1]
        return port, path, restart

    def families(self):
        return FAMILIES

    def test_python_redis(self):
        told = {}
        for kind in ("redis", "store"):
            port, path, restart = self.serve(kind)
            told[kind] = python_drive.Drive(port, path, PASSWORD, restart).run(self.families())
        self.assertLess(50, len(told["redis"]))
        for ours, theirs in zip(told["store"], told["redis"], strict=True):
            with self.subTest(step=theirs[0]):
                self.assertEqual(ours, theirs)

    def test_ioredis(self):
        self.assertTrue((HERE / "node_modules" / "ioredis").exists(), "run: npm ci, in tests/system/clients")
        told = {}
        for kind in ("redis", "store"):
            port, path, restart = self.serve(kind)
            told[kind] = self.drive_ioredis(port, path, restart)
        self.assertLess(60, len(told["redis"]))
        for ours, theirs in zip(told["store"], told["redis"], strict=True):
            with self.subTest(step=theirs[0]):
                self.assertEqual(ours, theirs)

    def drive_ioredis(self, port, path, restart):
        argv = ["node", HERE / "ioredis_drive.mjs", str(port), path, PASSWORD, *self.families()]
        told = []
        with open(os.path.join(self.folder, "ioredis.err"), "w+b") as errors, subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as driver:
            # Ended with the test, also if it hangs: by the time limit of the test.
            self.addCleanup(driver.kill)
            for line in driver.stdout:
                step = json.loads(line)
                if step == "restart":
                    restart()
                    driver.stdin.write("up\n")
                    driver.stdin.flush()
                else:
                    told.append(step)
            status = driver.wait()
            errors.seek(0)
            self.assertEqual(status, 0, errors.read().decode()[-2000:])
        return told


if __name__ == "__main__":
    unittest.main()
