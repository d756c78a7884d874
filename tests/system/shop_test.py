#!/usr/bin/python3
"""The shop's HTTP interface as a process, on our store and on Debian's redis-server."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import unittest

import harness
import resp

HOLDER = {"id": "85123A", "name": "WHITE HANGING HEART T-LIGHT HOLDER", "price_cents": 255, "currency": "GBP"}


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def cache(self):
        return self.headers["X-Cache"]

    def json(self):
        return json.loads(self.body)


def request(port, method, path, body=None, content_type="application/json"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        if isinstance(body, dict):
            body = json.dumps(body)
        connection.request(method, path, body, {"Content-Type": content_type} if body is not None else {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def get(port, path):
    return request(port, "GET", path)


def post(port, body, **options):
    return request(port, "POST", "/items", body, **options)


class ShopTest(harness.SystemTest):
    def write_settings(self, text, name="shop.toml"):
        path = os.path.join(self.folder, name)
        pathlib.Path(path).write_text(text)
        return path

    def start_shop(self, store_port, more="", settings_name="shop.toml"):
        port, = harness.free_ports()
        settings = self.write_settings(f'listen = "127.0.0.1:{port}"\n[store]\naddress = "127.0.0.1:{store_port}"\n'
                                       f'timeout = "5s"\n[database]\npath = "shop.db"\n{more}', settings_name)
        self.shop = self.start([harness.WEIR, "shop", "api", settings], ready=harness.tcp_answers(port))
        # What is asked before the store is reached waits for it, so that the tests meet no bypass by chance.
        harness.wait_until(lambda: 'weir_shop_degraded{part="store"} 0\n' in self.metrics(port), "reaching the store")
        return port

    def metrics(self, port):
        return get(port, "/metrics").body.decode()

    def run_weir(self, *words):
        done = subprocess.run([harness.WEIR, *words], capture_output=True, text=True, timeout=20, cwd=self.folder)
        return done.returncode, done.stdout, done.stderr


class Catalogue:
    """Against either store."""

    def setUp(self):
        super().setUp()
        self.store_port = self.start_engine()
        self.store = self.started[-1]
        self.port = self.start_shop(self.store_port)

    def test_created_items_are_read_through_the_store(self):
        created = post(self.port, HOLDER)
        self.assertEqual((created.status, created.headers["Location"]), (201, "/items/85123A"))
        self.assertEqual(created.json(), HOLDER)
        for cache in ("miss", "hit", "hit"):
            read = get(self.port, created.headers["Location"])
            self.assertEqual((read.status, read.cache, read.json()), (200, cache, HOLDER))
        with resp.Connection(self.store_port) as connection:
            self.assertEqual(connection.call("GET", "shop:item:85123A")[:1], b"+")
            self.assertIn(connection.call("TTL", "shop:item:85123A"), range(500, 601), "10 minutes, shortened by jitter")

    def test_absence_is_kept_until_the_item_is_created(self):
        for cache in ("miss", "hit"):
            absent = get(self.port, "/items/85123A")
            self.assertEqual((absent.status, absent.cache), (404, cache))
            self.assertEqual(absent.headers["Content-Type"], "application/problem+json")
        self.assertEqual(post(self.port, HOLDER).status, 201)
        self.assertEqual(get(self.port, "/items/85123A").json(), HOLDER)

    def test_the_same_item_again_and_another_one_of_its_id(self):
        self.assertEqual(post(self.port, HOLDER).status, 201)
        self.assertEqual(post(self.port, HOLDER).status, 200)
        self.assertEqual(post(self.port, HOLDER | {"price_cents": 256}).status, 409)
        self.assertEqual(get(self.port, "/items/85123A").json(), HOLDER)

    def test_ids_that_have_a_meaning_in_a_path(self):
        for id in ("a/b", "a b", "50%", "ä?#", "..", '"\\'):
            created = post(self.port, HOLDER | {"id": id})
            self.assertEqual(created.status, 201, id)
            self.assertEqual(get(self.port, created.headers["Location"]).json()["id"], id)

    def test_many_readers_of_one_item_load_it_once(self):
        self.assertEqual(post(self.port, HOLDER).status, 201)
        answers = []
        readers = [threading.Thread(target=lambda: answers.append(get(self.port, "/items/85123A"))) for _ in range(30)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        self.assertEqual([answer.json() for answer in answers], [HOLDER] * 30)
        self.assertIn('weir_cache_loads_total{cache="items"} 1\n', self.metrics(self.port))

    def test_reads_go_on_while_the_store_is_away(self):
        self.assertEqual(post(self.port, HOLDER).status, 201)
        self.assertEqual(get(self.port, "/items/85123A").cache, "miss")
        self.store.end(signal.SIGKILL)
        for _ in range(20):
            read = get(self.port, "/items/85123A")
            self.assertEqual((read.status, read.cache, read.json()), (200, "bypass", HOLDER))
        self.assertEqual(post(self.port, HOLDER | {"id": "other"}).status, 201)
        self.assertEqual(get(self.port, "/items/other").json()["id"], "other")
        self.assertEqual(get(self.port, "/items/none").status, 404)
        self.assertEqual(get(self.port, "/healthz").status, 200, "slower, not broken")
        self.assertIn('weir_shop_degraded{part="store"} 1\n', self.metrics(self.port))

        self.start_engine(port=self.store_port)
        harness.wait_until(lambda: get(self.port, "/items/85123A").cache == "hit", "hits after the store is back")
        self.assertIn('weir_shop_degraded{part="store"} 0\n', self.metrics(self.port))


class CatalogueOnWeirStore(Catalogue, ShopTest):
    def start_engine(self, port=None):
        return self.start_store(port=port)


class CatalogueOnRedis(Catalogue, ShopTest):
    def start_engine(self, port=None):
        return self.start_redis(port=port)


class Requests(ShopTest):
    def test_malformed_bodies_are_told_what_was_expected(self):
        port = self.start_shop(self.start_store())
        for body, expected in [
                ("", "no JSON"), ("{", "no JSON"), ("[]", "found []"), (b"\xff", "no JSON"),
                (HOLDER | {"id": ""}, "id: expected 1 to 64 bytes"),
                (HOLDER | {"id": "a\nb"}, "without control characters"),
                (HOLDER | {"name": "x" * 201}, "name: expected a text of up to 200 bytes"),
                (HOLDER | {"price_cents": -1}, "price_cents: expected a whole number"),
                (HOLDER | {"price_cents": 2.5}, "price_cents: expected a whole number"),
                (HOLDER | {"colour": "red"}, "'colour': expected"),
                ({"id": "1", "name": "n"}, "price_cents: is missing")]:
            answer = post(port, body)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (400, "application/problem+json"), body)
            self.assertIn(expected, answer.json()["detail"])
        self.assertEqual(post(port, HOLDER | {"name": "x" * 70_000}).status, 413)
        self.assertEqual(post(port, "id=1", content_type="application/x-www-form-urlencoded").status, 415)
        self.assertEqual(get(port, "/items/" + "x" * 65).status, 400)
        self.assertEqual(get(port, "/items").status, 405)
        self.assertEqual(get(port, "/nowhere").status, 404)
        self.assertEqual(post(port, HOLDER).status, 201, "and it goes on")


class Life(ShopTest):
    def test_termination_is_orderly_and_items_are_kept(self):
        store_port = self.start_store()
        port = self.start_shop(store_port)
        self.assertEqual(post(port, HOLDER).status, 201)
        with socket.create_connection(("127.0.0.1", port)) as idle:
            self.assertEqual(self.shop.end(signal.SIGTERM), 0)
            self.assertEqual(idle.recv(1), b"", "closed, not reset")
        self.assertIn("stopped", self.shop.text())
        port = self.start_shop(store_port)
        self.assertEqual(get(port, "/items/85123A").json(), HOLDER)
        self.assertEqual(self.shop.end(signal.SIGINT), 0)

    def test_two_shops_share_a_database_and_a_store(self):
        store_port = self.start_store()
        one = self.start_shop(store_port)
        other = self.start_shop(store_port, settings_name="other.toml")
        self.assertEqual(get(other, "/items/85123A").status, 404)
        self.assertEqual(post(one, HOLDER).status, 201)
        self.assertEqual(get(other, "/items/85123A").json(), HOLDER, "the kept absence was deleted for all")
        self.assertEqual(post(other, HOLDER).status, 200)

    def test_a_killed_shop_has_kept_what_it_acknowledged(self):
        store_port = self.start_store()
        port = self.start_shop(store_port)
        for number in range(20):
            self.assertEqual(post(port, HOLDER | {"id": str(number)}).status, 201)
        self.shop.end(signal.SIGKILL)
        port = self.start_shop(store_port)
        for number in range(20):
            self.assertEqual(get(port, f"/items/{number}").status, 200)

    def test_it_starts_without_its_store(self):
        store_port, port = harness.free_ports(2)
        settings = self.write_settings(f'listen = "127.0.0.1:{port}"\n[store]\naddress = "127.0.0.1:{store_port}"\n')
        shop = self.start([harness.WEIR, "shop", "api", settings], ready=harness.tcp_answers(port))
        self.assertEqual(post(port, HOLDER).status, 201)
        self.assertEqual(get(port, "/items/85123A").cache, "bypass")
        self.assertEqual(shop.end(signal.SIGTERM), 0)

    def test_what_cannot_be_had_is_named(self):
        port, = harness.free_ports()
        taken = self.write_settings(f'listen = "127.0.0.1:{port}"\n')
        with socket.create_server(("127.0.0.1", port)):
            status, out, err = self.run_weir("shop", "api", taken)
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err, f"weir shop: bind 127.0.0.1:{port}: Address already in use\n")
        nowhere = self.write_settings(f'listen = "127.0.0.1:{port}"\n[database]\npath = "no/such/folder/shop.db"\n')
        status, _, err = self.run_weir("shop", "api", nowhere)
        self.assertEqual(status, 1)
        self.assertIn("no/such/folder/shop.db", err)

    def test_usage_errors(self):
        bad = self.write_settings("\nlisten = 5\n")
        for words, expected in [((), "expected a part, api"), (("worker",), "not 'worker'"), (("api",), "settings file"),
                                (("api", "a", "b"), "settings file"), (("api", "absent.toml"), "absent.toml"),
                                (("api", bad), "shop.toml:2: listen: expected a text")]:
            status, out, err = self.run_weir("shop", *words)
            self.assertEqual((status, out), (2, ""), words)
            self.assertIn(expected, err)
            self.assertEqual(err.count("\n"), 1, "one line")
        for words in (("--help",), ("api", "--help")):
            status, out, err = self.run_weir("shop", *words)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("usage: weir shop api shop.toml", out)


if __name__ == "__main__":
    unittest.main()
