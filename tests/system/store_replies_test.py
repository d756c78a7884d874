#!/usr/bin/python3
"""The store answers as Debian's redis-server does, byte for byte, in RESP2 and RESP3."""
import random
import shlex
import unittest

import harness
import resp

# One connection runs these in order against both servers. Every reply must be equal to the byte.
SCRIPT = r"""
PING
PING hello
PING a b
ECHO hello
ECHO
ECHO a b
GET k
SET k v
GET k
get K
GeT k
SET k v extra
SET k v NX
SET k v XX
SET new v XX
SET new v NX
SET new w NX GET
SET absent w XX GET
SET k w GET
SET k w NX XX
SET k w EX
SET k w EX 0
SET k w EX -1
SET k w EX abc
SET k w EX 10 PX 10
SET k w EX 10 EX 1000
SET k w PXAT 1 EXAT 1
SET k w EX 10 KEEPTTL
SET k w KEEPTTL EX 10
SET k w EX 9223372036854775807
SET k w PX 9223372036854775807
SET k w EXAT 9223372036854775807
SET k w PXAT 9223372036854775807
SET k w EX 9223372036854775
SET k w PXAT 1
GET k
SET k w EXAT 1
EXISTS k
SET k w EX 1000
TTL k
SET k w KEEPTTL
TTL k
SET k w PX 1000000 GET
TTL k
SET k w
TTL k
TTL nothing
TTL
DEL
DEL nothing
SET a 1
SET b 2
EXISTS a b a nothing
DEL a b nothing a
EXISTS a
EXISTS
INCR n
INCR n
GET n
SET n abc
INCR n
SET n 9223372036854775807
INCR n
SET n -9223372036854775808
INCR n
SET n "+1"
INCR n
SET n " 1"
INCR n
SET n 01
INCR n
SET n -0
INCR n
SET n ""
INCR n
SET n 1.5
INCR n
INCR
INCR a b
EXPIRE k 100
TTL k
EXPIRE k 100 NX
EXPIRE k 50 GT
EXPIRE k 50 LT
EXPIRE k 200 XX
EXPIRE k 100 NX XX
EXPIRE k 100 NX GT
EXPIRE k 100 GT LT
EXPIRE k 100 XX GT
EXPIRE k 100 foo
EXPIRE nothing 100
EXPIRE nothing 100 foo
EXPIRE k abc
EXPIRE k 9223372036854775807
EXPIRE k -9223372036854775808
EXPIRE k
EXPIRE k 0
EXISTS k
SET k v
EXPIRE k -5
EXISTS k
SELECT 1
DBSIZE
SET other 1
DBSIZE
SELECT 0
SELECT 15
SELECT 16
SELECT -1
SELECT abc
SELECT 99999999999999
SELECT
SELECT 0
DBSIZE
DBSIZE x
FLUSHALL x
FLUSHALL ASYNC SYNC
FLUSHALL ASYNC
DBSIZE
FLUSHALL SYNC
FLUSHALL
AUTH
AUTH a
AUTH a b
AUTH default whatever
AUTH a b c
HELLO 4
HELLO 1
HELLO abc
HELLO 3 foo
HELLO 3 SETNAME
HELLO 3 SETNAME "a b"
HELLO 3 AUTH default
HELLO 3 AUTH nobody x
NOSUCH
NOSUCH a b c
CONFIG
CONFIG GET
CONFIG NOSUCH
CONFIG GET port x y
CONFIG SET
CONFIG SET timeout
CONFIG SET timeout x
CONFIG SET timeout -1
CONFIG SET timeout 1 timeout 2
CONFIG SET timeout 1 nosuch 2
CONFIG SET timeout 1 2 3
CONFIG SET nosuch 1
CONFIG SET databases 3
CONFIG SET proto-max-bulk-len 1
CONFIG SET proto-max-bulk-len x
CONFIG SET proto-max-bulk-len 2mb
CONFIG GET proto-max-bulk-len
CONFIG SET timeout 0
CONFIG GET timeout
CONFIG GET TIME?UT
CONFIG GET nosuch
CONFIG RESETSTAT
CONFIG RESETSTAT x
COMMAND NOSUCH
COMMAND INFO get set del incr exists expire ttl
COMMAND INFO ping echo hello auth quit select
COMMAND INFO dbsize flushall info
COMMAND INFO nosuch config|nosuch
COMMAND INFO config|get config|set config|resetstat
COMMAND INFO command|count command|docs command|info
COMMAND COUNT x
COMMAND DOCS nosuch
INFO nonsense
SET "" empty
GET ""
SET "bin\x00\xff\r\n" "\x00\x01\x02"
GET "bin\x00\xff\r\n"
EXISTS "bin\x00\xff\r\n"
NOSUCH "bin\xff\r\n"
"""
# What names the server's own port cannot be equal.
DIFFERENT = ("CONFIG GET port x y",)

# Raw bytes, each on a connection of its own that then sends no more: all that comes back until the server closes.
FRAMES = [
    b"PING\r\n",
    b"PING\n",
    b"\r\nPING\r\n",
    b"SET k \"a b\"\r\nGET k\r\n",
    b"SET k \"a b\r\n",
    b"*0\r\nPING\r\n",
    b"*-1\r\nPING\r\n",
    b"*x\r\n",
    b"*1\r\nPING\r\n",
    b"*1\r\n$x\r\n",
    b"*1\r\n$-1\r\n",
    b"*1\r\n$536870913\r\n",
    b"*2147483648\r\n",
    b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
    b"A" * 70000,
    b"*" + b"1" * 70000,
    b"*1\r\n$" + b"1" * 70000,
    b"QUIT\r\nPING\r\n",
]


def words_of(line):
    """The words of a line with double quotes and backslash escapes, as bytes."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    return [word.encode("latin-1").decode("unicode_escape").encode("latin-1") for word in lexer]


class StoreReplies(harness.SystemTest):
    def setUp(self):
        super().setUp()
        self.redis, self.store = self.start_redis(), self.start_store()

    def compare(self, theirs, ours, words, context=""):
        expected, actual = theirs.call_raw(*words), ours.call_raw(*words)
        self.assertEqual(actual, expected, f"{context}{words}")

    def run_script(self, theirs, ours):
        for line in SCRIPT.strip().splitlines():
            if line not in DIFFERENT:
                self.compare(theirs, ours, words_of(line))

    def test_script_in_resp2(self):
        with resp.Connection(self.redis) as theirs, resp.Connection(self.store) as ours:
            self.run_script(theirs, ours)

    def test_script_in_resp3(self):
        with resp.Connection(self.redis) as theirs, resp.Connection(self.store) as ours:
            hello = [connection.call("HELLO", 3) for connection in (theirs, ours)]
            for value in hello:
                value.pop(b"id")
            self.assertEqual(hello[1], hello[0])
            self.run_script(theirs, ours)

    def answer_to(self, port, frame):
        with resp.Connection(port, timeout=5) as connection:
            answer = b""
            try:
                connection.send(frame)
                connection.socket.shutdown(1)
                while more := connection.socket.recv(65536):
                    answer += more
            except (ConnectionResetError, BrokenPipeError):
                pass  # Closed with bytes unread.
            return answer

    def test_frames(self):
        for frame in FRAMES:
            self.assertEqual(self.answer_to(self.store, frame), self.answer_to(self.redis, frame), frame[:80])

    def test_requirepass(self):
        for port in (self.redis, self.store):
            with resp.Connection(port) as connection:
                self.assertEqual(connection.call("CONFIG", "SET", "requirepass", "secret"), b"OK")
                self.assertIsNone(connection.call("GET", "k"), "who is connected stays authenticated")
        with resp.Connection(self.redis) as theirs, resp.Connection(self.store) as ours:
            for line in ["GET k", "PING", "QUITX", "HELLO 3", "HELLO 3 AUTH default wrong", "AUTH wrong", "AUTH x secret",
                         "CONFIG GET port", "COMMAND", "AUTH secret", "GET k", "AUTH wrong", "GET k"]:
                self.compare(theirs, ours, words_of(line))
        for frame in (b"*11\r\n", b"*1\r\n$16385\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000\r\n"):
            self.assertEqual(self.answer_to(self.store, frame), self.answer_to(self.redis, frame), frame)

    def test_random_commands(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        keys = ["a", "b", "c", "n"]
        values = ["", "x", "1", "-7", "9223372036854775806", "long" * 50]
        times = ["1000", "100000", "0", "-1", "x", "9223372036854775807", ""]
        kinds = [
            lambda: ["SET", chance.choice(keys), chance.choice(values)] + chance.sample(
                ["NX", "XX", "GET", "KEEPTTL", "EX", "PX", "junk", chance.choice(times)], chance.randrange(4)),
            lambda: ["GET", chance.choice(keys)],
            lambda: ["INCR", chance.choice(keys)],
            lambda: ["DEL"] + chance.choices(keys, k=chance.randrange(4)),
            lambda: ["EXISTS"] + chance.choices(keys, k=chance.randrange(4)),
            lambda: ["EXPIRE", chance.choice(keys), chance.choice(times)] + chance.sample(
                ["NX", "XX", "GT", "LT"], chance.randrange(3)),
            lambda: ["DBSIZE"],
            lambda: ["SELECT", chance.randrange(3)],
        ]
        with resp.Connection(self.redis) as theirs, resp.Connection(self.store) as ours:
            for number in range(5000):
                self.compare(theirs, ours, chance.choice(kinds)(), f"seed {seed}, command {number}: ")

    def test_a_pipeline_of_many_commands_is_answered_in_order(self):
        count = 20_000
        with resp.Connection(self.store) as connection:
            connection.send(b"".join(resp.encode("ECHO", number) for number in range(count)))
            for number in range(count):
                self.assertEqual(connection.read(), b"%d" % number)

    def test_a_large_value_in_small_pieces(self):
        value = random.Random(1).randbytes(3_000_000)
        with resp.Connection(self.store) as connection:
            request = resp.encode("SET", "large", value)
            for at in range(0, len(request), 7001):
                connection.send(request[at:at + 7001])
            self.assertEqual(connection.read(), b"OK")
            self.assertEqual(connection.call("GET", "large"), value)


if __name__ == "__main__":
    unittest.main()
