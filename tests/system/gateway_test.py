"""weir gateway between a raw client and a scripted upstream: bytes in, bytes at the upstream, bytes out.

What a proxy must get right is told in docs/gateway.md; each of its sentences has its test here. The main cases run on
both event loops.
"""
import collections
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import threading
import unittest
import unittest.mock

import harness
import http_raw

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def answer_all(response=OK):
    """A script: reads requests and answers each the same."""
    def script(wire, number):
        while True:
            wire.read_request()
            wire.send(response)
    return script


def say_and_hold(data):
    """A script: reads the head of a request, answers with `data`, then waits for the end."""
    def script(wire, number):
        wire.read_head()
        wire.send(data)
        wire.read_all()
    return script


class GatewayTest(harness.SystemTest):
    event_loop = "epoll"

    def setUp(self):
        super().setUp()
        self.upstream, self.control, self.clients = None, None, []
        self.addCleanup(self._close)

    def _close(self):
        for client in self.clients:
            client.close()
        if self.upstream:
            self.upstream.stop()
            self.assertEqual(self.upstream.failures, [])

    def settings(self, path, text):
        file = os.path.join(self.folder, path)
        pathlib.Path(file).write_text(text)
        return file

    def start_gateway(self, script=None, upstream=None, route=None, limits=None, **root):
        """A gateway in front of an Upstream with this script, with these settings in their tables."""
        if script:
            self.upstream = http_raw.Upstream(script)
        self.port, self.admin = harness.free_ports(2)
        root = {"listen": [f"127.0.0.1:{self.port}"], "admin": f"127.0.0.1:{self.admin}",
                "event_loop": self.event_loop, **root}
        target = {"addresses": [f"127.0.0.1:{self.upstream.port if self.upstream else 9}"], **(upstream or {})}

        def lines(settings):
            text = ""
            for name, value in settings.items():
                text += f"{name} = " + (f'"{value}"' if isinstance(value, str) else str(value).replace("'", '"')) + "\n"
            return text
        text = (lines(root) + "[limits]\n" + lines(limits or {}) + "[upstream.up]\n" + lines(target)
                + '[[route]]\nname = "all"\npath = "/"\nupstream = "up"\n' + lines(route or {}))
        self.gateway = self.start([harness.WEIR, "gateway", self.settings("gateway.toml", text)])
        engine = "(epoll|io_uring)" if self.event_loop == "auto" else self.event_loop
        harness.wait_until(lambda: re.search(rf"listening on .*{engine}\)\n", self.gateway.text())
                           or not self.gateway.running(), "the gateway listens")
        self.assertTrue(self.gateway.running(), self.gateway.text())

    def connect(self):
        self.clients.append(http_raw.connect(self.port))
        return self.clients[-1]

    def exchange(self, request, method="GET"):
        return http_raw.exchange(self.port, request, method)

    def barrier(self):
        """Returns when the gateway's loop has seen all that was sent to it before: it has answered a later request.
        (OPTIONS * has no route, so the upstream is not asked.)"""
        if self.control is None:
            self.control = self.connect()
        self.control.send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertEqual(self.control.read_response().status, 404)

    def in_pieces(self, wire, pieces):
        """Each piece is received by itself."""
        for piece in pieces:
            wire.send(piece)
            self.barrier()

    def metrics(self):
        text = http_raw.exchange(self.admin, b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").body.decode()
        return {name: float(value) for name, value in re.findall(r"^(weir_gateway_\S+) (\S+)$", text, re.MULTILINE)}

    def metric(self, name, **labels):
        """The sum of the series of that name that have these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for series, value in self.metrics().items()
                   if series.split("{")[0] == "weir_gateway_" + name and all(label in series for label in wanted))

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.gateway.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def expect_problem(self, response, status):
        self.assertEqual(response.status, status, response.head.raw + response.body)
        self.assertEqual(response.get("Content-Type"), "application/problem+json")
        self.assertIn(f'"status":{status}', response.body.decode())

    def expect_refused(self, request, status, finish=False):
        """One answer, then the end; nothing of it reached the upstream."""
        client = self.connect()
        try:
            client.send(request)
            if finish:
                client.finish()
        except (BrokenPipeError, ConnectionResetError):
            pass
        response = client.read_response()
        self.expect_problem(response, status)
        self.assertEqual(response.get("Connection"), "close", request[:200])
        self.assertEqual(client.read_all(), (b"", "end"), request[:200])


class Messages(GatewayTest):
    """How requests and responses are written anew."""

    def test_a_request_is_written_anew(self):
        self.start_gateway(answer_all())
        client = self.connect()
        client.send(b"\r\nGET /a//b/../c?x=%2F HTTP/1.1\r\nhOST:Shop.example:81\r\nAccept:   text/html ,*/*\t\r\nX-Empty:\r\n"
                    b"Cookie: a=b; c=d\r\ncookie: e=f\r\nX-Request-Id: abc-1\r\nVia: 1.0 edge\r\nX-Forwarded-For: 1.2.3.4\r\n"
                    b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n\r\n")
        self.assertEqual(client.read_response().status, 200)
        self.assertEqual(self.upstream.received(),
                         b"GET /a//b/../c?x=%2F HTTP/1.1\r\nHost: Shop.example:81\r\nAccept: text/html ,*/*\r\nX-Empty: \r\n"
                         b"Cookie: a=b; c=d\r\ncookie: e=f\r\n"
                         b"X-Forwarded-For: 1.2.3.4, 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
                         b"X-Forwarded-Host: Shop.example:81\r\nX-Request-Id: abc-1\r\nVia: 1.0 edge, 1.1 weir\r\n\r\n")

    def test_a_response_is_written_anew(self):
        self.start_gateway(answer_all(b"HTTP/1.1 299 Some Words\r\ncontent-length:  3\r\nX-A:b \r\nSet-Cookie: a\r\n"
                                      b"Set-Cookie: b\r\nVia: 1.1 inner\r\nDate: x\r\n\r\nabc"))
        client = self.connect()
        client.send(GET)
        self.assertEqual(client.read_response().body, b"abc")
        self.assertEqual(client.received, b"HTTP/1.1 299 Some Words\r\nX-A: b\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
                                          b"Date: x\r\nVia: 1.1 inner, 1.1 weir\r\nContent-Length: 3\r\n\r\nabc")

    def test_what_concerned_one_hop_stays_behind(self):
        self.start_gateway(answer_all(b"HTTP/1.1 200 OK\r\nConnection: X-Up, keep-alive\r\nX-Up: 1\r\nKeep-Alive: timeout=5\r\n"
                                      b"Proxy-Connection: a\r\nUpgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n"))
        client = self.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nConnection: X-Down, Host, Content-Length, X-Forwarded-For\r\nX-Down: 1\r\n"
                    b"X-Forwarded-For: 6.6.6.6\r\nKeep-Alive: 1\r\nProxy-Connection: close\r\nUpgrade: websocket\r\nTE: gzip\r\n"
                    b"X-Kept: 1\r\nContent-Length: 2\r\n\r\nhi")
        response = client.read_response()
        request = self.upstream.received().decode()
        for gone in ("X-Down", "6.6.6.6", "Keep-Alive", "Connection", "Upgrade", "TE:"):
            self.assertNotIn(gone, request)
        self.assertIn("\r\nHost: h\r\n", request)
        self.assertIn("\r\nX-Kept: 1\r\n", request)
        self.assertIn("\r\nContent-Length: 2\r\n\r\nhi", request)
        self.assertEqual([name for name, _ in response.head.fields], ["X-Kept", "Via", "Content-Length"])

    def test_absolute_targets_and_hosts_and_max_forwards(self):
        self.start_gateway(answer_all())
        for request, first, host in [
                (b"GET http://a.example:80?q HTTP/1.1\r\nHost: b\r\n\r\n", "GET /?q HTTP/1.1", "a.example:80"),
                (b"GET HTTP://a.example/x HTTP/1.1\r\nHost: \r\n\r\n", "GET /x HTTP/1.1", "a.example"),
                (b"GET /y HTTP/1.0\r\n\r\n", "GET /y HTTP/1.1", ""),
                (b"OPTIONS /z HTTP/1.1\r\nHost: h\r\nMax-Forwards: 1\r\n\r\n", "OPTIONS /z HTTP/1.1", "h")]:
            self.assertEqual(self.exchange(request).status, 200)
            head = http_raw.Head(self.upstream.wires[0].received)
            self.upstream.wires[0].received = b""
            self.assertEqual((head.first, head.get("Host")), (first, host))
        self.assertEqual(head.get("Max-Forwards"), "0")
        self.assertEqual(self.exchange(b"TRACE / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n").status, 501)
        self.assertEqual(self.exchange(b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n").status, 501)
        self.assertEqual(self.upstream.received(), b"")

    def test_a_request_in_single_bytes(self):
        self.start_gateway(answer_all())
        client = self.connect()
        request = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-T: t\r\n\r\n"
        self.in_pieces(client, [request[i:i + 1] for i in range(len(request))])
        self.assertEqual(client.read_response().status, 200)
        head, body = self.upstream.received().split(b"\r\n\r\n", 1)
        self.assertIn(b"\r\nTransfer-Encoding: chunked", head)
        self.assertEqual(body, b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n")

    def test_a_response_in_single_bytes_with_trailers(self):
        response = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nab\r\n0\r\nX-T: t\r\n"
                    b"Y-T:u\r\n\r\n")
        requested = threading.Event()

        def script(wire, number):
            wire.read_request()
            requested.set()
            wire.read_all()
        self.start_gateway(script)
        client = self.connect()
        client.send(GET)
        requested.wait(http_raw.PATIENCE)
        self.in_pieces(self.upstream.wires[0], [response[i:i + 1] for i in range(len(response))])
        message = client.read_response()
        self.assertEqual((message.body, message.trailers), (b"ab", b"X-T: t\r\nY-T: u\r\n"))

    def test_bodies_both_ways_in_each_framing(self):
        body = random.Random(1).randbytes(300_000)

        def script(wire, number):
            while True:
                request = wire.read_request()
                if request.target == "/length":
                    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body)
                elif request.target == "/chunked":
                    wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for at in range(0, len(request.body), 9999):
                        piece = request.body[at:at + 9999]
                        wire.send(b"%X;ext=\"q\"\r\n" % len(piece) + piece + b"\r\n")
                    wire.send(b"000\r\n\r\n")
                else:
                    wire.send(b"HTTP/1.0 200 OK\r\n\r\n" + request.body)
                    return
        self.start_gateway(script)
        client = self.connect()
        for target in (b"/length", b"/chunked", b"/close", b"/length"):
            client.send(b"PUT %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (target, len(body)) + body)
            self.assertEqual(client.read_response().body, body)
            client.send(b"PUT %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (target, len(body)) + body
                        + b"\r\n0\r\n\r\n")
            response = client.read_response()
            self.assertEqual(response.body, body)
            self.assertEqual(response.get("Transfer-Encoding"), None if target == b"/length" else "chunked")
        for target in (b"/length", b"/chunked", b"/close"):
            with self.connect() as old:
                old.send(b"PUT %s HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % (target, len(body)) + body)
                response = old.read_response()
                self.assertEqual(response.body, body)
                self.assertIsNone(response.get("Transfer-Encoding"))
                kept = target == b"/length"
                self.assertEqual(response.get("Connection"), "keep-alive" if kept else "close")

    def test_responses_without_a_body(self):
        heads = {"/head": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
                 "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                 "/bare": b"HTTP/1.1 200 OK\r\n\r\n",
                 "/204": b"HTTP/1.1 204 No Content\r\n\r\n", "/204l": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
                 "/304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"}

        def script(wire, number):
            while True:
                wire.send(heads[wire.read_request().target])
        self.start_gateway(script)
        client = self.connect()
        for method, target, status, length in [("HEAD", "/head", 200, "10"), ("HEAD", "/chunked", 200, None),
                                               ("HEAD", "/bare", 200, None), ("GET", "/204", 204, None),
                                               ("GET", "/204l", 204, None), ("GET", "/304", 304, "9")]:
            client.send(f"{method} {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            response = client.read_response(method)
            self.assertEqual((response.status, response.get("Content-Length")), (status, length), target)
            self.assertEqual((response.get("Transfer-Encoding"), response.get("Connection")), (None, None))
        self.assertEqual(client.buffer, b"")
        self.assertEqual(len(self.upstream.wires), 1)
        # A refusal behind a HEAD has its body: nobody knows whether it answers one.
        client.send(b"HEAD /head HTTP/1.1\r\nHost: h\r\n\r\nHEAD * HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertEqual(client.read_response("HEAD").status, 200)
        self.expect_problem(client.read_response(), 400)

    def test_interim_responses_pass(self):
        script = answer_all(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK)
        self.start_gateway(script)
        with self.connect() as client:
            client.send(GET)
            response = client.read_response()
            self.assertEqual((response.status, response.get("Link")), (103, "</x>"))
            self.assertEqual([client.read_response().status for _ in range(2)], [102, 200])
        self.assertEqual(self.exchange(b"GET / HTTP/1.0\r\n\r\n").status, 200)

    def test_expect_100_continue(self):
        def script(wire, number):
            while True:
                head = wire.read_head()
                if head.first.startswith("POST /refuse"):
                    wire.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                    wire.read_all()
                    return
                if head.get("Expect"):
                    self.assertEqual(wire.buffer, b"")
                    wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                wire.read_body(head)
                wire.send(OK)
        self.start_gateway(script, route={"timeout": "300ms"})
        with self.connect() as client:
            for number in range(2):
                client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
                self.assertEqual(client.read_response().status, 100)
                client.send(b"abc")
                self.assertEqual(client.read_response().status, 200)
            self.assertIn(b"Expect: 100-Continue\r\n", self.upstream.received())
            # Refused: it was told that its body is not wanted, so nobody knows what would follow.
            client.send(b"POST /refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            response = client.read_response()
            self.assertEqual((response.status, response.get("Connection")), (403, "close"))
            self.assertEqual(client.read_all(), (b"", "end"))
        with self.connect() as client:  # Answered here.
            client.send(b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(client.read_response().status, 501)
        self.expect_refused(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n", 413)
        self.expect_refused(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: cake\r\nContent-Length: 1\r\n\r\n", 417)
        self.assertEqual(self.exchange(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx").status, 200)
        self.assertNotIn(b"Expect", self.upstream.wires[-1].received)

    def test_an_expectation_that_the_upstream_ignores_ends_at_the_deadline(self):
        self.start_gateway(say_and_hold(b""), route={"timeout": "200ms"})
        client = self.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        response = client.read_response()
        self.assertEqual((response.status, response.get("Connection")), (504, "close"))


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


def post(*fields, body=b"", line=b"POST / HTTP/1.1"):
    return b"\r\n".join([line, b"Host: h", *fields]) + b"\r\n\r\n" + body


# Each with the status it gets. What stands behind must not be taken for a request.
FRAMINGS = [
    (post(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    (post(b"Transfer-Encoding: chunked", b"Content-Length: 0", body=b"0\r\n\r\n"), 400),
    (post(b"Content-Length: 0", b"Content-Length: 5"), 400),
    (post(b"Content-Length: 5", b"Content-Length: 5", body=b"abcde"), 400),
    *[(post(b"Content-Length: " + value, body=b"abcde"), 400)
      for value in (b"+5", b"-5", b"0x5", b"5,5", b"5, 5", b"1_0", b"", b"5 5", b"5.0", b"\xb2", b"18446744073709551621",
                    b"9223372036854775808")],
    *[(post(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n"), 400)
      for value in (b"identity", b"xchunked", b"chunked, identity", b"chunked, chunked", b"chunked,", b",chunked", b"\"chunked\"",
                    b"chunked;a=b", b"")],
    (post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), 400),
    (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
    (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), 400),
    (post(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0", body=b"0\r\n\r\n"), 400),
    (post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"), 400),
    (post(b"Content-Length : 5", body=b"abcde"), 400),
    (post(b"X-A: b", b" Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    (post(b"X-A: b", b"\tfolded"), 400),
    (b"POST / HTTP/1.1\r\n X: folded\r\nHost: h\r\n\r\n", 400),
    (post(b"Transfer_Encoding chunked"), 400),
    (post(b": empty"), 400),
    (post(b"X(a): b"), 400),
    (post(b"X-A: b\nTransfer-Encoding: chunked"), 400),
    (post(b"X-A: b\rTransfer-Encoding: chunked"), 400),
    (post(b"X-A: a\x00b"), 400),
    (post(b"X-A\x00: b"), 400),
    (post(b"X-A: a\x7fb"), 400),
    (b"GET / HTTP/1.1\nHost: h\n\n", 400),
    (b"GET / HTTP/1.1\r\n\nHost: h\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    (b"GET /\t HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    (b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    (b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400),
    (b"GET /#f HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    (b"GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    (b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    (b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / http/1.1\r\nHost: h\r\n\r\n", 400),
    (b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    (post(b"Upgrade: a", b"Upgrade: b", b"Connection: upgrade"), 400),
]
# Bodies in chunks that are none; the head in front of them was in order.
CHUNKS = [b"5\r\nabcdeX\r\n0\r\n\r\n", b"5\r\nabcde0\r\n\r\n", b"5\r\nabcde\n0\r\n\r\n", b"5\nabcde\r\n0\r\n\r\n",
          b"5 \r\nabcde\r\n0\r\n\r\n", b" 5\r\nabcde\r\n0\r\n\r\n", b"+5\r\nabcde\r\n0\r\n\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n",
          b"-1\r\n\r\n", b"\r\n\r\n", b"5;\r\nabcde\r\n0\r\n\r\n", b"5;a=\"\nb\"\r\nabcde\r\n0\r\n\r\n", b"5;a\nb\r\nabcde\r\n0\r\n\r\n",
          b"fffffffffffffffff\r\n", b"00000000000000005\r\nabcde\r\n0\r\n\r\n", b"g\r\n", b"5\r\r\nabcde\r\n0\r\n\r\n",
          b"0\r\nContent-Length: 5\r\n\r\n", b"0\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\nX-A : b\r\n\r\n", b"0\r\n folded\r\n\r\n",
          b"0\r\nX\n\r\n"]


class Framing(GatewayTest):
    """What could be read in two ways is refused, and the upstream hears nothing of it."""

    def expect_unheard(self):
        """Only the request that is sent now: what came before would have come first."""
        self.assertEqual(self.exchange(b"GET /after HTTP/1.1\r\nHost: h\r\n\r\n").status, 200)
        received = self.upstream.received()
        self.assertEqual(received.count(b"HTTP/1.1\r\n"), 1, received)
        self.assertTrue(received.startswith(b"GET /after "), received)
        for wire in self.upstream.wires:
            wire.received = b""

    def test_doubtful_heads(self):
        self.start_gateway(answer_all())
        for request, status in FRAMINGS:
            with self.subTest(request=request):
                self.expect_refused(request + SMUGGLED, status)
                self.expect_unheard()

    def test_doubtful_heads_behind_a_good_request(self):
        self.start_gateway(answer_all())
        for request, status in FRAMINGS[:40:3]:
            with self.subTest(request=request), self.connect() as client:
                client.send(GET + request + SMUGGLED)
                self.assertEqual(client.read_response().status, 200)
                self.assertEqual(client.read_response().status, status)
                self.assertEqual(client.read_all(), (b"", "end"))
        received = self.upstream.received()
        self.assertEqual(received.count(b"HTTP/1.1\r\n"), received.count(b"GET / HTTP/1.1\r\n"))

    def test_doubtful_chunks(self):
        self.start_gateway(answer_all())
        head = post(b"Transfer-Encoding: chunked")
        for body in CHUNKS:
            with self.subTest(body=body):
                self.expect_refused(head + body + SMUGGLED, 400)
                self.expect_unheard()
                # The same behind a head and a chunk that went on already: the upstream must not see an end.
                with self.connect() as client:
                    client.send(head + b"1\r\nx\r\n")
                    harness.wait_until(lambda: self.upstream.received().endswith(b"1\r\nx\r\n"), "the first chunk")
                    client.send(body + SMUGGLED)
                    self.assertEqual(client.read_response().status, 400)
                    self.assertEqual(client.read_all(), (b"", "end"))
                received = self.upstream.received()
                self.assertEqual(received.count(b"HTTP/1.1\r\n"), 1)
                self.assertNotIn(b"\r\n0\r\n", received)
                for wire in self.upstream.wires:
                    wire.received = b""

    def test_a_request_that_ends_too_early(self):
        self.start_gateway(answer_all())
        self.expect_refused(b"GET / HTTP/1.1\r\nHos", 400, finish=True)
        self.expect_unheard()
        for request in (post(b"Content-Length: 5", body=b"ab"), post(b"Transfer-Encoding: chunked", body=b"5\r\nab")):
            self.expect_refused(request, 400, finish=True)
        self.barrier()
        self.assertEqual(self.metric("responses_total"), 1)

    def test_limits(self):
        self.start_gateway(answer_all(), limits={"body_bytes": 1000})
        long = b"a" * 20_000
        for request, status in [
                (b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + long + b"\r\n\r\n", 431),
                (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(100)) + b"\r\n", 431),
                (b"GET /" + long[:9000] + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
                (b"GET /" + long + long, 414),
                (long, 431),
                (b"M" * 40 + b" / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
                (post(b"Content-Length: 1001", body=long * 20), 413),
                (post(b"Transfer-Encoding: chunked", body=b"3e8\r\n" + long[:1000] + b"\r\n1\r\na\r\n0\r\n\r\n"), 413),
                (post(b"Transfer-Encoding: chunked", body=b"0\r\nX-A: " + long + b"\r\n\r\n"), 431),
                (post(b"Transfer-Encoding: chunked", body=b"1;" + long + b"\r\na\r\n0\r\n\r\n"), 400)]:
            with self.subTest(request=request[:60]):
                self.expect_refused(request, status)
                self.expect_unheard()
        with self.connect() as client:  # Who is refused may go on sending for a while, or the answer could get lost.
            client.send(post(b"Content-Length: 2000000"))
            self.expect_problem(client.read_response(), 413)
            for _ in range(20):
                client.send(long * 5)
                self.barrier()
            client.finish()
            self.assertEqual(client.read_all(), (b"", "end"))
        # Just within them.
        for request in [b"GET /" + long[:8191] + b" HTTP/1.1\r\nHost: h\r\nX-A: " + long[:8000] + b"\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(99)) + b"\r\n",
                        post(b"Content-Length: 1000", body=long[:1000])]:
            self.assertEqual(self.exchange(request).status, 200)


class Exchanges(GatewayTest):
    """Requests in turn, connections kept, failures of either side."""

    def test_pipelined_requests_are_answered_in_order(self):
        def script(wire, number):
            while True:
                target = wire.read_request().target.encode()
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(target) + target)
        self.start_gateway(script)
        client = self.connect()
        requests = [b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n if n % 3 else
                    b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" % n for n in range(500)]
        requests[100] = b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"
        client.send(b"".join(requests))
        client.finish()
        for n in range(500):
            response = client.read_response()
            self.assertEqual((response.status, response.body), (200, b"/%d" % n) if n != 100 else (404, response.body))
        self.assertEqual(client.read_all(), (b"", "end"))
        self.assertEqual(len(self.upstream.wires), 1)

    def test_connections_to_the_upstream_are_used_again(self):
        self.start_gateway(answer_all())
        for _ in range(50):
            self.assertEqual(self.exchange(GET).status, 200)
        self.assertEqual(len(self.upstream.wires), 1)
        self.assertEqual(self.metric("upstream_opened_total"), 1)

    def test_what_came_behind_a_response_ends_the_connection(self):
        self.start_gateway(answer_all(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"))
        client = self.connect()
        for n in range(1, 4):
            client.send(GET)
            self.assertEqual(client.read_response().body, b"ok")
            self.assertEqual(len(self.upstream.wires), n)

    def test_whether_a_connection_stays_open(self):
        self.start_gateway(answer_all())
        for request, kept, header in [(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", False, "close"),
                                      (b"GET / HTTP/1.0\r\n\r\n", False, "close"),
                                      (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True, "keep-alive"),
                                      (GET, True, None)]:
            with self.subTest(request=request), self.connect() as client:
                client.send(request)
                self.assertEqual(client.read_response().get("Connection"), header)
                if kept:
                    client.send(GET)
                    self.assertEqual(client.read_response().status, 200)
                else:
                    self.assertEqual(client.read_all(), (b"", "end"))
        self.assertEqual(len(self.upstream.wires), 1)

    def test_a_client_that_half_closes_gets_its_answer(self):
        self.start_gateway(answer_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000))
        client = self.connect()
        client.send(GET + GET)
        client.finish()
        self.assertEqual([len(client.read_response().body) for _ in range(2)], [3_000_000] * 2)
        self.assertEqual(client.read_all(), (b"", "end"))

    def closing_after(self, *answers):
        """A script: connection n answers answers[n] requests and closes under the next."""
        def script(wire, number):
            for _ in range(answers[number]):
                wire.read_request()
                wire.send(OK)
            wire.read_request()
        return script

    def test_the_reuse_race_is_survived_by_what_may_be_repeated(self):
        for request, repeated in [(GET, True), (b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", True),
                                  (post(b"Content-Length: 0", line=b"PUT / HTTP/1.1"), True),
                                  (post(b"Idempotency-Key: k", b"Content-Length: 0"), True),
                                  (post(b"Content-Length: 0"), False), (post(line=b"PATCH / HTTP/1.1"), False),
                                  (post(b"Content-Length: 2", body=b"ab", line=b"PUT / HTTP/1.1"), False)]:
            with self.subTest(request=request):
                # One connection at most: the one that is closing is not counted against it.
                self.start_gateway(self.closing_after(1, 1), upstream={"max_connections": 1})
                with self.connect() as client:
                    client.send(GET)
                    client.read_response()
                    client.send(request)
                    status = client.read_response("HEAD" if request.startswith(b"HEAD") else "GET").status
                self.assertEqual(status, 200 if repeated else 502)
                self.assertEqual(len(self.upstream.wires), 2 if repeated else 1)
                sent = self.upstream.received()[self.upstream.received().index(b"\r\n\r\n") + 4:]
                if repeated:
                    first, second = self.upstream.wires[0].received, self.upstream.wires[1].received
                    self.assertTrue(first.endswith(second) and second, "the same, with the same request id")
                self.assertEqual(sent.count(request.split(b" ")[0] + b" / "), 2 if repeated else 1)
                self.assertEqual(self.metric("retries_total"), int(repeated))
                self.upstream.stop()

    def test_a_request_is_repeated_once_and_only_on_a_used_connection(self):
        self.start_gateway(self.closing_after(1, 0, 0))
        self.assertEqual(self.exchange(GET).status, 200)
        self.expect_problem(self.exchange(GET), 502)
        self.assertEqual(len(self.upstream.wires), 2)
        self.expect_problem(self.exchange(GET), 502)
        self.assertEqual(len(self.upstream.wires), 3)
        self.assertEqual(self.metric("upstream_failures_total", route="all"), 2)

    def test_a_response_that_has_begun_is_not_repeated(self):
        def script(wire, number):
            wire.read_request()
            wire.send(OK)
            wire.read_request()
            wire.send(b"HTTP/1.1 2")
        self.start_gateway(script)
        self.assertEqual(self.exchange(GET).status, 200)
        self.expect_problem(self.exchange(GET), 502)
        self.assertEqual(len(self.upstream.wires), 1)

    def test_an_upstream_that_is_not_there(self):
        port, = harness.free_ports()
        self.start_gateway(upstream={"addresses": [f"127.0.0.1:{port}"]})
        client = self.connect()
        for request in (GET, post(b"Content-Length: 3", body=b"abc"), GET):
            client.send(request)
            self.expect_problem(client.read_response(), 502)
        self.assertEqual(self.metric("upstream_failures_total"), 3)
        self.assertEqual(self.metric("upstream_connections"), 0)

    def test_an_upstream_that_answers_what_is_no_answer(self):
        answers = [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", b"HTTP/2.0 200 OK\r\n\r\n",
                   b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
                   b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"]

        def script(wire, number):
            wire.read_head()
            wire.send(answers[number])
            wire.read_all()
        self.start_gateway(script)
        client = self.connect()
        for answer in answers:
            with self.subTest(answer=answer[:80]):
                client.send(GET)
                self.expect_problem(client.read_response(), 502)
        self.assertEqual(len(self.upstream.wires), len(answers))

    def test_a_response_that_is_cut_off_is_not_passed_off_as_whole(self):
        endings = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n"]
        continued = threading.Semaphore(0)

        def script(wire, number):
            wire.read_head()
            wire.send(endings[number // 2])
            continued.acquire(timeout=http_raw.PATIENCE)
            if number % 2:
                wire.reset()
        self.start_gateway(script)
        for ending in endings:
            for reset in (False, True):
                with self.subTest(ending=ending, reset=reset), self.connect() as client:
                    client.send(GET)
                    if b"abcX" not in ending:
                        head = client.read_head()
                        client.take(3 if head.get("Content-Length") else len(b"3\r\nabc\r\n"))
                    continued.release()
                    rest, _ = client.read_all()
                    self.assertFalse(rest.endswith(b"0\r\n\r\n"), rest)
        self.assertEqual(self.metric("upstream_failures_total"), 2 * len(endings))
        self.assertEqual(self.metric("responses_total"), 0)

    def test_an_upstream_that_is_silent(self):
        ended = []

        def script(wire, number):
            wire.read_head()
            if number == 1:
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
            ended.append(wire.read_all()[1])
        self.start_gateway(script, route={"timeout": "200ms"}, body_timeout="200ms")
        client = self.connect()
        client.send(GET)
        self.expect_problem(client.read_response(), 504)
        harness.wait_until(lambda: ended, "the connection is given up")
        client.send(GET)  # The client's own goes on. Now it falls silent in the middle of a body.
        self.assertEqual(client.read_head().first, "HTTP/1.1 200 OK")
        self.assertEqual(client.read_all(), (b"ab", "end"))
        self.assertEqual(self.metric("upstream_failures_total"), 2)
        self.assertEqual(self.metric("abandoned_total"), 0)

    def test_slow_and_silent_clients(self):
        self.start_gateway(answer_all(), head_timeout="200ms", body_timeout="200ms")
        with self.connect() as client:  # The head, which trickles; behind a whole request too.
            client.send(GET)
            client.read_response()
            client.send(GET + b"GET / HT")
            self.assertEqual(client.read_response().status, 200)
            self.trickle(client, b"X")
            self.expect_problem(client.read_response(), 408)
            self.assertEqual(client.read_all()[0], b"")
        with self.connect() as client:
            client.send(post(b"Content-Length: 9", body=b"ab"))
            self.expect_problem(client.read_response(), 408)
            self.assertEqual(client.read_all()[0], b"")
        with self.connect() as client:  # Not silent, but too slow.
            client.send(post(b"Content-Length: 500000"))
            self.trickle(client, b"x")
            self.expect_problem(client.read_response(), 408)
        with self.connect() as client:  # The same of a body that nobody waits for.
            client.send(post(b"Content-Length: 500000", line=b"OPTIONS * HTTP/1.1"))
            self.assertEqual(client.read_response().status, 404)
            self.trickle(client, b"x")
            self.assertEqual(client.read_all(), (b"", "end"))

    def trickle(self, client, byte):
        """Bytes one by one until the other side answers."""
        client.socket.settimeout(0.02)
        for _ in range(150):
            try:
                client.fill()
                break
            except TimeoutError:
                client.send(byte)
        else:
            raise AssertionError("the trickle is put up with")
        client.socket.settimeout(http_raw.PATIENCE)

    def test_idle_clients_are_closed(self):
        self.start_gateway(answer_all(), idle_timeout="150ms")
        silent, served = self.connect(), self.connect()
        served.send(GET)
        self.assertEqual(served.read_response().status, 200)
        for client in (silent, served):
            self.assertEqual(client.read_all(), (b"", "end"))

    def test_a_body_that_was_not_read_does_not_poison_what_follows(self):
        self.start_gateway(answer_all())
        forged = b"GET /forged HTTP/1.1\r\nHost: h\r\n\r\n"
        client = self.connect()
        for request in (post(b"Content-Length: %d" % len(forged), line=b"OPTIONS * HTTP/1.1", body=forged),
                        post(b"Transfer-Encoding: chunked", line=b"OPTIONS * HTTP/1.1",
                             body=b"%x\r\n" % len(forged) + forged + b"\r\n0\r\n\r\n")):
            for pieces in ([request + GET], [request[:-20], request[-20:], GET]):
                self.in_pieces(client, pieces)
                self.assertEqual(client.read_response().status, 404)
                self.assertEqual(client.read_response().status, 200)
        self.assertNotIn(b"/forged", self.upstream.received())
        with self.connect() as client:  # It asked to be asked.
            client.send(post(b"Expect: 100-continue", b"Content-Length: 5", line=b"OPTIONS * HTTP/1.1"))
            response = client.read_response()
            self.assertEqual((response.status, response.get("Connection")), (404, "close"))

    def test_an_answer_before_the_end_of_the_request(self):
        def script(wire, number):
            if number > 0:
                return answer_all()(wire, number)
            wire.read_head()
            wire.take(5)
            wire.send(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno")
            self.assertEqual(wire.read_all(), (b"", "end"), "half a request went: it is not used again")
        self.start_gateway(script)
        client = self.connect()
        client.send(post(b"Content-Length: 40", body=b"12345"))
        self.assertEqual(client.read_response().status, 409)
        self.assertEqual(self.exchange(GET).status, 200)
        self.assertEqual(len(self.upstream.wires), 2)
        client.send(b"GET /forged HTTP/1.1\r\nHost: h\r\n\r\n"[:35] + GET)
        self.assertEqual(client.read_response().status, 200)
        self.assertNotIn(b"forged", self.upstream.received())

    def test_limits_of_connections(self):
        release = threading.Event()

        def script(wire, number):
            while True:
                wire.read_request()
                release.wait(http_raw.PATIENCE)
                wire.send(OK)
        self.start_gateway(script, upstream={"max_connections": 1}, max_connections=3)
        first, second = self.connect(), self.connect()
        first.send(GET)
        harness.wait_until(self.upstream.received, "the first request")
        second.send(GET)
        response = second.read_response()
        self.expect_problem(response, 503)
        self.assertEqual(response.get("Retry-After"), "1")
        self.barrier()  # The third client.
        fourth = self.connect()
        self.assertTrue(fourth.read_all()[0].startswith(b"HTTP/1.1 503 "))
        release.set()
        self.assertEqual(first.read_response().status, 200)
        second.send(GET)
        self.assertEqual(second.read_response().status, 200)
        self.assertEqual((self.metric("refused_clients_total"), self.metric("upstream_refused_total")), (1, 1))

    def test_metrics(self):
        def script(wire, number):
            while True:
                wire.send(b"HTTP/1.1 %s X\r\nContent-Length: 0\r\n\r\n" % wire.read_request().target[1:].encode())
        self.start_gateway(script)
        for status, times in ((200, 3), (302, 1), (404, 2), (500, 1)):
            for _ in range(times):
                self.assertEqual(self.exchange(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % status).status, status)
        self.assertEqual(self.exchange(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").status, 404)
        for kind, times in (("2xx", 3), ("3xx", 1), ("4xx", 2), ("5xx", 1)):
            self.assertEqual(self.metric("responses_total", route="all", **{"class": kind}), times)
        self.assertEqual(self.metric("request_duration_seconds_count", route="all"), 7)
        self.assertEqual(self.metric("local_answers_total", route=""), 1)
        waiting, gone = self.connect(), self.connect()
        waiting.send(b"GE")
        harness.wait_until(lambda: self.metric("clients") == 2, "both are counted")
        gone.close()
        waiting.close()
        harness.wait_until(lambda: self.metric("clients") == 0, "none is left")
        self.assertEqual(self.metric("upstream_connections"), self.metric("upstream_idle_connections"))

    def test_a_client_that_goes_away_frees_its_upstream(self):
        ended = threading.Event()

        def script(wire, number):
            wire.read_request()
            wire.read_all()
            ended.set()
        self.start_gateway(script)
        with self.connect() as client:
            client.send(GET)
            harness.wait_until(self.upstream.received, "the request")
            client.reset()
        self.assertTrue(ended.wait(http_raw.PATIENCE))
        harness.wait_until(lambda: self.metric("abandoned_total") == 1, "it is counted")
        harness.wait_until(lambda: self.metric("upstream_connections") == 0, "it is closed")


class Pressure(GatewayTest):
    """Nobody who reads slowly makes the gateway remember much."""

    TOTAL = 200_000_000
    BLOCK = random.Random(2).randbytes(1 << 20)
    GROWTH = 4 << 20

    # Sanitizers keep for a while what was freed; told to, at most 16 MiB of it, beside what they note of each block.

    def setUp(self):
        super().setUp()
        if harness.SANITIZED:
            options = os.environ.get("ASAN_OPTIONS", "")
            self.enterContext(unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=options + ":quarantine_size_mb=16"))

    def expect_small(self, before):
        kept = 64 << 20 if harness.SANITIZED else 0
        self.assertLess(self.resident_bytes() - before, self.GROWTH + kept)

    def drain(self, wire, total, block=BLOCK):
        """Reads `total` bytes, which must be `block` again and again."""
        at = 0
        twice = block * 2
        while at < total:
            if not wire.buffer:
                wire.need()
            begin = at % len(block)
            piece = wire.buffer[:len(block)]
            wire.buffer = wire.buffer[len(piece):]
            self.assertTrue(twice.startswith(piece, begin), f"other bytes within {len(piece)} behind {at}")
            at += len(piece)
        self.assertEqual(at, total)

    def test_a_client_that_does_not_read(self):
        stalled = threading.Event()

        def script(wire, number):
            wire.read_request()
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.TOTAL)
            wire.push(self.BLOCK, self.TOTAL, stalled.set)
            wire.read_all()
        self.start_gateway(script)
        self.barrier()
        before = self.resident_bytes()
        client = self.connect()
        client.keeps = False
        client.send(GET)
        self.assertTrue(stalled.wait(http_raw.PATIENCE), "the upstream is held up")
        self.expect_small(before)
        client.read_head()
        self.drain(client, self.TOTAL)
        self.expect_small(before)

    def test_an_upstream_that_does_not_read(self):
        go_on = threading.Event()

        def script(wire, number):
            wire.keeps = False
            wire.read_head()
            go_on.wait(http_raw.PATIENCE)
            self.drain(wire, self.TOTAL)
            wire.send(OK)
            wire.read_all()
        self.start_gateway(script, limits={"body_bytes": 1 << 30})
        self.barrier()
        before = self.resident_bytes()
        client = self.connect()

        def stalled():
            self.expect_small(before)
            go_on.set()
        client.send(post(b"Content-Length: %d" % self.TOTAL))
        client.push(self.BLOCK, self.TOTAL, stalled)
        self.assertTrue(go_on.is_set())
        self.assertEqual(client.read_response().status, 200)
        self.expect_small(before)

    def test_an_upstream_that_never_reads_is_given_up(self):
        release = threading.Event()
        self.start_gateway(lambda wire, number: release.wait(http_raw.PATIENCE), limits={"body_bytes": 1 << 30},
                           body_timeout="300ms")
        client = self.connect()
        client.socket.settimeout(0.05)
        client.send(post(b"Content-Length: %d" % self.TOTAL))
        while not client.buffer:
            try:
                client.socket.send(self.BLOCK)
            except TimeoutError:
                pass
            try:
                client.fill()
            except TimeoutError:
                pass
        self.expect_problem(client.read_response(), 504)
        release.set()

    def test_a_client_that_never_reads_is_given_up(self):
        def script(wire, number):
            wire.read_request()
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.TOTAL)
            wire.push(self.BLOCK, self.TOTAL, lambda: None)
        self.start_gateway(script, body_timeout="300ms")
        client = self.connect()
        client.send(GET)
        harness.wait_until(lambda: self.metric("abandoned_total") == 1, "the client is cut off")
        self.assertEqual(self.metric("upstream_failures_total"), 0)

    def test_a_client_that_asks_ahead_and_reads_nothing(self):
        body = b"x" * 4000
        self.start_gateway(answer_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
        local = b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"
        remote = b"GET / HTTP/1.1\r\nHost: h\r\nX-A: %s\r\n\r\n" % (b"a" * 1000)
        for request, count in ((local, 600_000), (remote, 10_000)):
            with self.subTest(request=request), self.connect() as client:
                client.keeps = False
                self.barrier()
                before = self.resident_bytes()
                reached = threading.Event()
                pushing = threading.Thread(target=client.push, args=(request * count, len(request) * count, reached.set))
                pushing.start()
                self.assertTrue(reached.wait(http_raw.PATIENCE), "the client is held up")
                self.expect_small(before)
                first = client.read_response()
                whole = first.head.raw + first.body
                self.drain(client, len(whole) * (count - 1), whole * 1000)
                pushing.join()
                self.assertEqual(client.buffer, b"")


    def test_requests_of_which_each_receive_brings_whole_ones(self):
        self.start_gateway(answer_all())
        self.barrier()
        before = self.resident_bytes()
        client = self.connect()
        for _ in range(300):
            if not select.select([], [client.socket], [], 0.2)[1]:
                break
            client.socket.send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n" * 500)
            self.barrier()
        self.expect_small(before)


class Randomly(GatewayTest):
    """Many clients with random valid requests; every answer must be the one to its request."""

    CLIENTS, ROUNDS = 16, 12

    def echo(self, wire, number):
        """Answers with the request's id and its method, target and body, in a framing that the id decides."""
        chance = random.Random(number)
        while True:
            request = wire.read_request()
            ident = request.get("X-Id")
            body = f"{request.method} {request.target} {ident} ".encode() + request.body
            kind = int(ident) % 7
            head = b"HTTP/1.1 200 OK\r\nX-Id: %s\r\n" % ident.encode()
            if kind == 0:
                message = b"HTTP/1.1 103 Early Hints\r\n\r\n" + head
            else:
                message = head
            if request.method == "HEAD":
                message += b"Content-Length: %d\r\n\r\n" % len(body)
            elif kind in (1, 2):
                message += b"Transfer-Encoding: chunked\r\n\r\n"
                while body:
                    size = chance.randrange(1, 5000)
                    message += b"%x\r\n" % len(body[:size]) + body[:size] + b"\r\n"
                    body = body[size:]
                message += b"0\r\n%s\r\n" % (b"X-Trailer: %s\r\n" % ident.encode() if kind == 1 else b"")
            elif kind == 3:
                message += b"Connection: close\r\n\r\n" + body
            else:
                message += b"Content-Length: %d\r\n\r\n" % len(body) + body
            while message:
                size = len(message) if chance.random() < 0.7 else chance.randrange(1, 4000)
                wire.send(message[:size])
                message = message[size:]
            if kind == 3 and request.method != "HEAD":
                return

    def request(self, chance, ident):
        method = chance.choice(["GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
        target = "/" + "".join(chance.choice("abc/%2F?=&") for _ in range(chance.randrange(20)))
        body = chance.randbytes(chance.choice([0, 1, 10, 1000, 20_000, 200_000])) if method in ("POST", "PUT", "PATCH") else b""
        version = 1 if chance.random() < 0.85 else 0
        fields = [f"Host: h{ident}", f"X-Id: {ident}"] + [f"X-{n}: {'v' * chance.randrange(50)}" for n in range(chance.randrange(5))]
        if not version:
            fields.append("Connection: keep-alive")
        if body and version and chance.random() < 0.5:
            fields.append("Transfer-Encoding: chunked")
            rest, payload = body, b""
            while rest:
                size = chance.randrange(1, max(2, len(body)))
                payload += b"%x%s\r\n" % (len(rest[:size]), chance.choice([b"", b";x", b";x=\"y\""])) + rest[:size] + b"\r\n"
                rest = rest[size:]
            payload += b"0\r\n" + chance.choice([b"", b"X-T: u\r\n"]) + b"\r\n"
        else:
            payload = body
            if body:
                fields.append(f"Content-Length: {len(body)}")
        chance.shuffle(fields)
        head = f"{method} {target} HTTP/1.{version}\r\n" + "".join(field + "\r\n" for field in fields) + "\r\n"
        return method, target, body, version, head.encode() + payload

    def play(self, seed, number, counts):
        chance = random.Random(f"{seed}-{number}")
        ident = number * 1_000_000
        for _ in range(self.ROUNDS):
            with http_raw.connect(self.port) as client:
                client.keeps = False
                requests = []
                for _ in range(chance.randrange(1, 8)):
                    ident += 1
                    requests.append((ident, *self.request(chance, ident)))
                data = b"".join(request[-1] for request in requests)
                leaves = chance.random() < 0.2

                def send(rest, splits):
                    try:
                        while rest:
                            size = len(rest) if splits.random() < 0.5 else splits.randrange(1, 30_000)
                            client.send(rest[:size])
                            rest = rest[size:]
                    except (BrokenPipeError, ConnectionResetError):
                        pass  # Behind an answer that ended the connection.
                splits = random.Random(ident)
                if leaves:
                    send(data[:chance.randrange(len(data))], splits)
                    counts["left"] += 1
                    continue
                sending = threading.Thread(target=send, args=(data, splits))  # It must be able to read meanwhile.
                sending.start()
                for ident, method, target, body, version, _ in requests:
                    response = client.read_response(method)
                    if response.status == 103:
                        assert version == 1 and ident % 7 == 0, f"request {ident}: an interim response"
                        response = client.read_response(method)
                    expected = b"" if method == "HEAD" else f"{method} {target} {ident} ".encode() + body
                    assert response.get("X-Id") == str(ident), f"request {ident}: answered as {response.head.raw}"
                    assert response.body == expected, f"request {ident}: {len(response.body)} bytes for {len(expected)}"
                    if ident % 7 == 1 and version == 1 and method != "HEAD":
                        assert response.trailers == b"X-Trailer: %d\r\n" % ident, f"request {ident}: {response.trailers}"
                    counts["answered"] += 1
                    if response.get("Connection") == "close":
                        counts["closed"] += 1
                        break
                try:
                    client.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # The gateway was faster.
                sending.join()

    def test_many_clients(self):
        seed = int(os.environ.get("WEIR_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"{type(self).__name__}: WEIR_SEED={seed}")
        self.start_gateway(self.echo)
        counts, failures = collections.Counter(), []

        def run(number):
            try:
                self.play(seed, number, counts)
            except Exception as failure:
                failures.append(f"client {number}: {failure!r}")
        threads = [threading.Thread(target=run, args=(number,)) for number in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [], f"WEIR_SEED={seed}")
        self.assertGreater(counts["answered"], self.CLIENTS * self.ROUNDS)
        harness.wait_until(lambda: self.metric("clients") == 0, "no client is left")
        harness.wait_until(lambda: self.metric("upstream_connections") == self.metric("upstream_idle_connections"),
                           "no exchange is left")
        self.assertGreaterEqual(self.metric("responses_total"), counts["answered"])
        self.assertEqual(self.metric("upstream_failures_total"), 0)
        # To those who left in the middle of a request.
        self.assertLessEqual(self.metric("local_answers_total"), counts["left"])
        self.assertLess(self.metric("upstream_opened_total"), self.metric("responses_total"))


class Life(GatewayTest):
    """Start, stop, settings."""

    def test_sigterm_lets_the_request_under_way_end(self):
        release = threading.Event()

        def script(wire, number):
            wire.read_request()
            release.wait(http_raw.PATIENCE)
            wire.send(OK)
            wire.read_all()
        self.start_gateway(script, drain_timeout="30s")
        busy, idle, half = self.connect(), self.connect(), self.connect()
        self.in_pieces(half, [GET[:9]])
        busy.send(GET + b"GET /late HTTP/1.1\r\nHost: h\r\n\r\n")
        harness.wait_until(self.upstream.received, "the request")
        self.gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(idle.read_all(), (b"", "end"))
        with self.assertRaises(ConnectionRefusedError):
            http_raw.connect(self.port)
        half.send(GET[9:])
        release.set()
        response = half.read_response()
        self.assertEqual((response.status, response.get("Connection")), (200, "close"))
        half.close()
        response = busy.read_response()
        self.assertEqual((response.status, response.get("Connection")), (200, "close"))
        self.assertEqual(busy.read_all()[0], b"", "no further request is taken")
        busy.close()
        self.assertNotIn(b"/late", self.upstream.received())
        self.assertEqual(self.gateway.process.wait(http_raw.PATIENCE), 0)

    def test_the_drain_has_a_deadline(self):
        self.start_gateway(say_and_hold(b""), drain_timeout="200ms")
        client = self.connect()
        client.send(GET)
        harness.wait_until(self.upstream.received, "the request")
        self.assertEqual(self.gateway.end(), 0)

    def test_several_workers(self):
        self.start_gateway(answer_all(), workers=2)
        for _ in range(40):
            self.assertEqual(self.exchange(GET).status, 200)
        self.assertEqual(self.metric("responses_total", **{"class": "2xx"}), 40)
        self.expect_exit(1, rf"bind 127\.0\.0\.1:{self.port}: Address already in use",
                         f'listen = ["127.0.0.1:{self.port}"]\nworkers = 2\n' + self.ROUTE)
        self.assertEqual(self.gateway.end(), 0)

    ROUTE = '[upstream.a]\naddresses = ["127.0.0.1:9"]\n[[route]]\npath = "/"\nupstream = "a"\n'

    def expect_exit(self, status, pattern, text=None, argument=None):
        argument = argument or self.settings("wrong.toml", text)
        ended = subprocess.run([harness.WEIR, "gateway", argument], capture_output=True, text=True, timeout=10, check=False)
        self.assertEqual(ended.returncode, status, ended.stderr)
        last = ended.stderr.strip().splitlines()[-1]
        self.assertRegex(last, "^weir gateway: .*" + pattern)

    def test_settings_that_are_wrong_are_named(self):
        for line, name, text in [
                (1, "lisen", 'lisen = ["127.0.0.1:1"]\n' + self.ROUTE), (1, "workers", "workers = 0\n" + self.ROUTE),
                (1, "listen", 'listen = "127.0.0.1:1"\n' + self.ROUTE), (1, "listen", 'listen = ["somewhere"]\n' + self.ROUTE),
                (1, "listen", 'listen = ["127.0.0.1:0"]\n' + self.ROUTE), (1, "admin", 'admin = "x"\n' + self.ROUTE),
                (1, "event_loop", 'event_loop = "kqueue"\n' + self.ROUTE), (1, "log_level", 'log_level = "x"\n' + self.ROUTE),
                (1, "head_timeout", 'head_timeout = "5"\n' + self.ROUTE), (1, "idle_timeout", 'idle_timeout = "0s"\n' + self.ROUTE),
                (2, "fields", "[limits]\nfields = 101\n" + self.ROUTE), (2, "addresses", self.ROUTE.replace('"127.0.0.1:9"', "")),
                (2, "addresses", self.ROUTE.replace("127.0.0.1:9", "localhost:9")),
                (5, "upstream", self.ROUTE.replace('"a"', '"b"')), (4, "path", self.ROUTE.replace('"/"', '"items"')),
                (3, "path", self.ROUTE.replace('path = "/"\n', "")), (6, "timeout", self.ROUTE + "timeout = 3\n"),
                (7, "path", self.ROUTE + '[[route]]\npath = "/"\nname = "b"\nupstream = "a"\n'),
                (8, "name", self.ROUTE + '[[route]]\npath = "/b"\nname = "/"\nupstream = "a"\n'),
                (1, "route", "[upstream.a]\naddresses = [\"127.0.0.1:9\"]\n")]:
            with self.subTest(text=text):
                self.expect_exit(2, rf"wrong\.toml:{line}: {name}: ", text)
        self.expect_exit(2, r"wrong\.toml:1", "listen = [")
        self.expect_exit(2, "nowhere.toml", argument="nowhere.toml")

    def test_a_port_that_is_taken_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.expect_exit(1, f"127.0.0.1:{port}: Address already in use", f'listen = ["127.0.0.1:{port}"]\n' + self.ROUTE)
            free, = harness.free_ports()
            self.expect_exit(1, f"admin.*127.0.0.1:{port}", f'listen = ["127.0.0.1:{free}"]\nadmin = "127.0.0.1:{port}"\n'
                             + self.ROUTE)


# The same on io_uring, which "auto" takes where the kernel allows it.
class MessagesOnUring(Messages):
    event_loop = "auto"


class ExchangesOnUring(Exchanges):
    event_loop = "auto"


class PressureOnUring(Pressure):
    event_loop = "auto"
    # Besides, 4 MiB of receive buffers, and what had arrived in them when a connection was paused.
    GROWTH = 16 << 20


class RandomlyOnUring(Randomly):
    event_loop = "auto"


if __name__ == "__main__":
    unittest.main()
