#!/usr/bin/python3
"""The whole system as a user meets it: `weir up`, requests through the gateway with curl, a store that is killed, replays,
and an end without a leftover process."""
import json
import os
import signal
import subprocess
import unittest

import harness
import resp


class UpTest(harness.SystemTest):
    def setUp(self):
        super().setUp()
        self.base = harness.free_base_port()
        self.data = os.path.join(self.folder, "data")

    def up(self, *options, wait=True):
        argv = [harness.WEIR, "up", "--data", self.data, "--base-port", self.base, *options]
        one = self.start(argv)
        if wait:
            def ready():
                self.assertTrue(one.running(), one.text())
                return "Weir is up" in one.text()
            harness.wait_until(ready, "weir up")
        return one

    def weir(self, *arguments, status=0):
        done = subprocess.run([harness.WEIR, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              cwd=self.folder)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def status(self):
        return json.loads(self.weir("status", "--data", self.data, "--json"))

    def part(self, name):
        return next(part for part in self.status()["parts"] if part["name"] == name)

    def curl(self, path, *options):
        """Status, fields in lower case, and body of a request through the gateway."""
        done = subprocess.run(["curl", "-s", "-i", "--max-time", "10", *options, f"http://127.0.0.1:{self.base}{path}"],
                              capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 0, f"curl {path}: exit status {done.returncode}")
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        lines = head.split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        return int(lines[0].split()[1]), fields, body

    def create(self, item):
        return self.curl("/items", "-H", "Content-Type: application/json", "-d", json.dumps(item))

    def assert_nothing_left(self, pids):
        def gone():
            return not any(os.path.exists(f"/proc/{pid}") for pid in pids)
        harness.wait_until(gone, f"end of {pids}", seconds=5)

    def pids(self):
        status = self.status()
        return [status["pid"]] + [part["pid"] for part in status["parts"]]

    def test_a_killed_store_is_bridged_and_comes_back(self):
        up = self.up()
        item = {"id": "85123A", "name": "WHITE HANGING HEART T-LIGHT HOLDER", "price_cents": 255}
        status, fields, body = self.create(item)
        self.assertEqual(status, 201, body)
        self.assertEqual(fields["location"], "/items/85123a")
        for expected in ("miss", "hit"):
            status, fields, body = self.curl("/items/85123A")
            self.assertEqual((status, fields["x-cache"]), (200, expected), body)
            self.assertEqual(json.loads(body)["price_cents"], 255)
        self.assertEqual(self.curl("/items/nothing")[0], 404)
        self.assertEqual(self.curl("/elsewhere")[0], 404)

        store = self.part("store")
        # Stopped first, so that the supervisor cannot bring it back before the outage was seen.
        os.kill(store["pid"], signal.SIGSTOP)
        status, fields, body = self.curl("/items/85123A")
        self.assertEqual((status, fields["x-cache"]), (200, "bypass"), body)
        os.kill(store["pid"], signal.SIGKILL)
        status, fields, body = self.curl("/items/85123A")
        self.assertEqual(status, 200, body)
        harness.wait_until(lambda: self.part("store")["restarts"] == 1 and self.part("store")["state"] == "healthy",
                           "restart of the store")
        self.assertNotEqual(self.part("store")["pid"], store["pid"])
        harness.wait_until(lambda: self.curl("/items/85123A")[1]["x-cache"] == "hit", "cache hits again")
        self.assertIn("ended by signal 9", up.text())

        pids = self.pids()
        self.assertIn("stopped", self.weir("stop", "--data", self.data))
        self.assertEqual(up.process.wait(10), 0)
        self.assert_nothing_left(pids)
        self.assertIn("nothing runs", self.weir("stop", "--data", self.data))
        self.weir("status", "--data", self.data, status=1)

    def test_started_twice_and_taken_ports_are_said(self):
        self.up()
        self.assertIn("another `weir up` runs on",
                      self.weir("up", "--data", self.data, "--base-port", self.base, status=1))
        other = os.path.join(self.folder, "other")
        said = self.weir("up", "--data", other, "--base-port", self.base, status=1)
        self.assertRegex(said, r"port \d+ \([a-z]+.*\) is taken by another process: .*--base-port")
        self.assertIn("healthy", self.weir("status", "--data", self.data))

    def test_ctrl_c_stops_everything_and_what_was_stored_is_there_again(self):
        up = self.up()
        self.assertEqual(self.create({"id": "1", "name": "", "price_cents": 0})[0], 201)
        pids = self.pids()
        self.assertEqual(up.end(signal.SIGINT), 0)
        self.assert_nothing_left(pids)
        self.up()
        self.assertEqual(self.curl("/items/1")[0], 200)

    def test_nothing_outlives_a_killed_supervisor(self):
        up = self.up()
        pids = self.pids()
        up.end(signal.SIGKILL)
        self.assert_nothing_left(pids)
        self.up()

    def test_a_part_that_cannot_start_is_given_up_with_its_reason(self):
        os.makedirs(os.path.join(self.data, "shop", "shop.db"))
        up = self.up(wait=False)
        self.assertEqual(up.process.wait(30), 1)
        self.assertIn("weir up: shop ended 3 times before it was healthy", up.text())
        self.assertIn("weir shop: ", up.text(), "the end of the part's log")

    def test_usage_errors_exit_with_2(self):
        for arguments in (["up", "--base-port", "80"], ["up", "--nonsense"], ["up", "--log-level", "loud"],
                          ["replay"], ["nonsense"], ["store", "--nonsense", "1"], ["gateway"],
                          ["gateway", "nothing.toml"], ["shop"], ["shop", "api", "nothing.toml"],
                          ["store", "nothing.conf"]):
            said = self.weir(*arguments, status=2)
            self.assertEqual(len(said.strip().splitlines()), 1, said)
        for role in ("up", "status", "stop", "replay", "store", "gateway", "shop"):
            self.assertIn("weir", self.weir(role, "--help"))

    def test_replay_of_a_small_file_with_malformed_lines(self):
        self.up()
        orders = os.path.join(self.folder, "orders.csv")
        with open(orders, "w") as file:
            file.write("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
            for number in range(300):
                file.write(f"5{number:05},BANK CHARGES {number % 7},\"A, \"\"B\"\"\",1,2010-12-01 08:{number % 60:02}:00,2.55,,UK\n")
            file.write("536365,85123A,\"CUT\n")
            file.write("536365,85123A,X,six,2010-12-01 08:26:00,2.55,,UK\n")
        said = self.weir("replay", "--data", self.data, "--orders", orders)
        self.assertIn("catalogue  7 articles, 0 failed", said)
        self.assertIn("requests   300 in ", said)
        self.assertIn("answers    300 found, 0 not found, 0 other, 0 without a response", said)
        self.assertIn("malformed  2 lines skipped\n           first: line 302: a quoted field is not closed", said)
        # The second time all articles are there already; what was cached of them was deleted all the same.
        said = self.weir("replay", "--data", self.data, "--orders", orders, "--limit", "50", "--speed", "20000x")
        self.assertIn("cache      86.00 % hits (43 hits, 7 misses, 0 bypassed)", said)
        self.assertEqual(json.loads(self.curl("/items/BANK%20CHARGES%203")[2])["name"], "A, \"B\"")

    def test_everything_killed_during_a_replay_comes_back_with_its_data(self):
        orders = os.path.join(self.folder, "orders.csv")
        with open(orders, "w") as file:
            file.write("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
            for number in range(20_000):
                file.write(f"{500_000 + number},A{number % 900},X,1,2010-12-01 08:26:00,2.55,,UK\n")
        up = self.up()
        self.weir("replay", "--data", self.data, "--orders", orders, "--limit", "2000")
        replay = self.start([harness.WEIR, "replay", "--data", self.data, "--orders", orders])
        store = resp.Connection(self.base + 20)
        self.addCleanup(store.close)
        cached = int(store.call("DBSIZE"))
        self.assertGreater(cached, 500)
        pids = self.pids()
        # The replay is in its middle while these are answered.
        for number in range(500):
            acknowledged = store.call("INCR", "counter")
        for pid in [replay.process.pid, *pids]:
            os.kill(pid, signal.SIGKILL)
        up.process.wait(10)
        self.assert_nothing_left(pids)

        self.up()
        store = resp.Connection(self.base + 20)
        self.addCleanup(store.close)
        harness.wait_until(lambda: b"loading:0" in store.call("INFO", "persistence"), "loading")
        self.assertEqual(int(store.call("GET", "counter")), acknowledged)
        # The replay deletes what was cached of an article that it creates, so some may be gone.
        self.assertGreater(int(store.call("DBSIZE")), 1)
        said = self.weir("replay", "--data", self.data, "--orders", orders)
        self.assertIn("catalogue  900 articles, 0 failed", said)
        self.assertIn("answers    20000 found, 0 not found, 0 other, 0 without a response", said)

    def test_replay_of_real_orders(self):
        orders = harness.real_input("orders/online-retail.csv.zst")
        self.up()
        said = self.weir("replay", "--data", self.data, "--orders", orders, "--limit", "5000")
        self.assertIn("requests   5000 in ", said)
        self.assertIn("answers    5000 found, 0 not found, 0 other, 0 without a response", said)
        self.assertIn("malformed  0 lines skipped", said)

    def test_replay_without_a_system_says_what_to_do(self):
        said = self.weir("replay", "--data", self.data, "--orders", "/nowhere.csv", status=1)
        self.assertIn("weir up", said)
        port, = harness.free_ports()
        said = self.weir("replay", "--gateway", f"127.0.0.1:{port}", "--orders", "/nowhere.csv", status=1)
        self.assertIn("/nowhere.csv", said)


if __name__ == "__main__":
    unittest.main()
