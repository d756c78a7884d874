#!/usr/bin/python3
"""Clients of the store among one another: what they are told, as Debian's redis-server tells it, and what the hostile
ones among them cost the others (nothing)."""
import fnmatch
import os
import re
import socket
import unittest

import harness
import resp

# (connection, request) in this order against both servers; None: the connection only reads one reply more.
SCRIPTS = {
    "transactions": """
        a MULTI
        a WATCH k
        a MULTI
        a EXEC x
        a EXEC
        a MULTI
        a FOO bar
        a EXEC
        a MULTI
        a GET
        a DISCARD
        a DISCARD
        a MULTI
        a SET k 1
        a INCR k
        a GET k extra
        a EXEC
        a MULTI
        a SET k 1
        a INCR k
        a GET k
        a EXEC
        a UNWATCH
        a WATCH
        a MULTI
        a SUBSCRIBE a
        a UNSUBSCRIBE
        a CONFIG GET port extra?
        a CONFIG FOO
        a EXEC
        a MULTI
        a PING
        a SUBSCRIBE a
        a UNSUBSCRIBE
        a EXEC
        a MULTI
        a SELECT 3
        a SET here 1
        a EXEC
        a EXISTS here
        b EXISTS here
        a RESET
        a EXISTS here
        a MULTI
        a RESET
        a EXEC
        a MULTI
        a QUIT
    """,
    "subscribed": """
        a SUBSCRIBE one
        a SSUBSCRIBE shard
        a PSUBSCRIBE o*
        b PUBLISH one message
        a
        a
        b SPUBLISH shard message
        a
        b PUBLISH none message
        b PUBSUB NUMSUB one two
        b PUBSUB NUMPAT
        b PUBSUB CHANNELS
        b PUBSUB CHANNELS x*
        b PUBSUB SHARDCHANNELS
        b PUBSUB SHARDNUMSUB shard
        b PUBSUB NUMPAT x
        b PUBSUB CHANNELS a b
        b PUBSUB HELP
        b PUBSUB
        a PING
        a PING text
        a GET k
        a CONFIG GET x
        a MULTI
        a FOO
        a UNSUBSCRIBE one
        a UNSUBSCRIBE one
        a PUNSUBSCRIBE
        a GET k
        a SUNSUBSCRIBE
        a GET k
        a UNSUBSCRIBE
        a PUNSUBSCRIBE
        a SUNSUBSCRIBE
        a SUBSCRIBE one
        a RESET
        b PUBLISH one message
        a SUBSCRIBE
    """,
    "clients": """
        a HELLO 2 SETNAME early nonsense
        a CLIENT GETNAME
        a CLIENT SETNAME me
        a CLIENT GETNAME
        a CLIENT SETNAME bad\x01name
        a CLIENT LIST ID
        a CLIENT LIST ID x
        a CLIENT LIST ID 999
        a CLIENT LIST TYPE foo
        a CLIENT LIST TYPE master
        a CLIENT LIST FOO
        a CLIENT KILL 1.1.1.1:1
        a CLIENT KILL ID 0
        a CLIENT KILL ID x
        a CLIENT KILL ID 999
        a CLIENT KILL ID
        a CLIENT KILL FOO bar
        a CLIENT KILL TYPE foo
        a CLIENT KILL TYPE replica
        a CLIENT KILL USER nobody
        a CLIENT KILL USER default SKIPME x
        a CLIENT KILL ID 1 ADDR
        a CLIENT KILL LADDR 1.1.1.1:1
        a CLIENT PAUSE x
        a CLIENT PAUSE -1
        a CLIENT PAUSE 1 FOO
        a CLIENT UNPAUSE
        a CLIENT REPLY FOO
        a CLIENT REPLY ON
        a CLIENT UNBLOCK x
        a CLIENT UNBLOCK 999
        a CLIENT UNBLOCK 999 FOO
        a CLIENT UNBLOCK 999 ERROR
        a CLIENT GETREDIR
        a CLIENT TRACKINGINFO
        a CLIENT TRACKING OFF
        a CLIENT TRACKING FOO
        a CLIENT CACHING YES
        a CLIENT NO-EVICT on
        a CLIENT NO-EVICT x
        a CLIENT HELP
        a CLIENT
        a CLIENT FOO
        a CLIENT ID x
    """,
    "server": """
        a SLOWLOG GET -1
        a SLOWLOG GET -2
        a SLOWLOG GET x
        a SLOWLOG GET 1 2
        a SLOWLOG LEN
        a SLOWLOG RESET
        a SLOWLOG HELP
        a LATENCY LATEST
        a LATENCY HISTORY foo
        a LATENCY RESET foo
        a LATENCY GRAPH foo
        a LATENCY HISTOGRAM nothing
        a LATENCY HELP
        a TIME x
        a ROLE
        a WAIT 0 0
        a WAIT x 0
        a WAIT 0 x
        a WAIT 0 -1
        a WAIT 1 1
        a MULTI
        a WAIT 1 0
        a EXEC
        a DEBUG SLEEP 0
        a DEBUG FOO
        a DEBUG
        a DEBUG POPULATE 3
        a SET p:1 mine
        a DEBUG POPULATE 2 p 10
        a MGET key:0 key:2 key:3 p:0 p:1 p:2
        a DEBUG POPULATE 1 q 3
        a GET q:0
        a OBJECT ENCODING q:0
        a DEBUG POPULATE -1
        a DEBUG POPULATE x
        a DEBUG POPULATE 1 q -1
        a DEBUG POPULATE
        a DBSIZE
        a DEBUG PROTOCOL foo
        a DEBUG PROTOCOL map
        a DEBUG PROTOCOL verbatim
        a DEBUG PROTOCOL bignum
        a DEBUG ERROR text
        a CONFIG HELP
        a CONFIG REWRITE
        a CONFIG SET notify-keyspace-events KQ
        a CONFIG SET notify-keyspace-events AKE
        a CONFIG GET notify-keyspace-events
        a CONFIG SET client-output-buffer-limit foo
        a CONFIG SET client-output-buffer-limit fo\x200\x200\x200
        a CONFIG SET client-output-buffer-limit normal\x200\x200\x20-1
        a CONFIG SET client-output-buffer-limit normal\x201mb\x200\x200
        a CONFIG GET client-output-buffer-limit
        a CONFIG SET client-query-buffer-limit 1
        a CONFIG SET protected-mode x
        a CONFIG SET timeout -1
        a CONFIG SET timeout 1 timeout 2
        a CONFIG SET timeout 1 foo
        a CONFIG SET timeout 5 slowlog-max-len -1
        a CONFIG GET timeout
        a CONFIG SET timeout 5 slowlog-max-len 7
        a CONFIG SET latency-tracking-info-percentiles 101
        a CONFIG SET latency-tracking-info-percentiles 50\x2099.9
        a CONFIG GET latency-tracking-info-percentiles
        a CONFIG SET nothing-that-exists 1
        a CONFIG SET enable-debug-command no
        a SHUTDOWN FOO
        a SHUTDOWN ABORT
        a SHUTDOWN SAVE NOSAVE
        a SHUTDOWN ABORT NOW
    """,
}


class Replies(harness.SystemTest):
    def run_script(self, port, script, protocol):
        """All replies, as lists of (line, bytes)."""
        connections = {name: resp.Connection(port, timeout=5) for name in "ab"}
        replies = []
        try:
            for connection in connections.values():
                connection.call("HELLO", protocol)
            for line in script.strip().splitlines():
                name, *words = line.strip(" ").split(" ")
                words = [word.encode().decode("unicode_escape") for word in words]
                connection = connections[name]
                replies.append((line, connection.call_raw(*words) if words else connection.read_raw()))
            for name, connection in connections.items():
                connection.send(resp.encode("ECHO", "the end"))
                try:
                    replies.append((name, connection.read_raw()))
                except (EOFError, ConnectionError):
                    replies.append((name, b"closed"))
        finally:
            for connection in connections.values():
                connection.close()
        return replies

    def test_scripts(self):
        options = ["--enable-debug-command", "yes"]
        for title, script in SCRIPTS.items():
            for protocol in (2, 3):
                with self.subTest(script=title, protocol=protocol):
                    expected = self.run_script(self.start_redis(*options), script, protocol)
                    actual = self.run_script(self.start_store(*options), script, protocol)
                    for theirs, ours in zip(expected, actual, strict=True):
                        self.assertEqual(ours, theirs)

    def test_replies_may_be_turned_off(self):
        for port in (self.start_redis(), self.start_store()):
            with resp.Connection(port) as connection:
                requests = ["CLIENT REPLY SKIP", "ECHO skipped", "ECHO 1", "CLIENT REPLY OFF", "ECHO 2", "NONSENSE",
                            "CLIENT REPLY SKIP", "CLIENT REPLY ON", "ECHO 3"]
                connection.send(b"".join(resp.encode(*line.split()) for line in requests))
                self.assertEqual([connection.read() for _ in range(3)], [b"1", b"OK", b"3"])

    def test_monitor_shows_requests_without_secrets(self):
        def shown(port):
            with resp.Connection(port) as watcher, resp.Connection(port) as other:
                self.assertEqual(watcher.call("MONITOR"), b"OK")
                for line in ["SET k v", "AUTH user secret", "CONFIG GET port", "MULTI", "INCR n", "EXEC", "GET k"]:
                    other.call(*line.split())
                lines = [watcher.read().decode() for _ in range(6)]
            return [re.sub(r"^[0-9.]+ \[0 127.0.0.1:\d+\] ", "", line) for line in lines]
        self.assertEqual(shown(self.start_store()), shown(self.start_redis()))

    def test_info_has_only_fields_of_redis_or_known_ones(self):
        def fields(port):
            with resp.Connection(port) as connection:
                connection.call("SET", "k", "v")
                connection.call("NONSENSE")
                text = connection.call("INFO", "everything").decode()
            return {line.split(":")[0] for line in text.splitlines() if line != "# Modules"}  # There are none.
        ours, theirs = fields(self.start_store()), fields(self.start_redis())
        self.assertEqual(ours - theirs, {"weir_version", "client_output_buffer_limit_disconnections"})
        # What is left out is documented, with the reason: a pattern or the whole name between backticks.
        page = (harness.ROOT / "docs" / "store.md").read_text(encoding="utf-8")
        left_out = re.findall("`([a-z0-9_*]+)`", page.split("## What INFO leaves out")[1].split("\n## ")[0])
        untold = {name for name in theirs - ours if not any(fnmatch.fnmatchcase(name, one) for one in left_out)}
        self.assertEqual(untold, set())
        self.assertEqual({one for one in left_out if not fnmatch.filter(theirs - ours, one)}, set())
        self.assertLessEqual({"# Commandstats", "cmdstat_set", "errorstat_ERR", "latency_percentiles_usec_set",
                              "blocked_clients", "pubsub_channels"}, ours)

    def test_config_rewrite_keeps_comments_and_changes_values(self):
        path = os.path.join(self.folder, "store.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# mine\ntimeout 7\nslowlog-max-len 9\n")
        port, = harness.free_ports()
        self.start([harness.WEIR, "store", path, "--port", port], ready=harness.tcp_answers(port))
        with resp.Connection(port) as connection:
            self.assertEqual(connection.call("CONFIG", "SET", "timeout", "8", "notify-keyspace-events", "KEA"), b"OK")
            self.assertEqual(connection.call("CONFIG", "REWRITE"), b"OK")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "# mine\ntimeout \"8\"\nslowlog-max-len 9\n"
                             f"dir \"{self.folder}\"\nnotify-keyspace-events \"AKE\"\nport \"{port}\"\n")

    def test_pipelines_are_answered_as_if_sent_one_by_one(self):
        """What is sent at once is looked at ahead; nobody may be able to tell."""
        get = [("SET", f"k{n}", f"v{n}") for n in range(40)] + [("GET", f"k{n}") for n in range(40)]
        pipelines = {
            "more than one batch": get,
            "another database in the middle": get[:3] + [("SELECT", "1"), ("GET", "k1"), ("SELECT", "0"), ("GET", "k1")],
            "deleted before it is read": [("SET", "a", "1"), ("DEL", "a"), ("GET", "a"), ("APPEND", "a", "1")],
            "unknown and wrong": [("SET", "a", "1"), ("NONSENSE", "a"), ("GET",), ("INCR", "a"), ("EVALX",)],
            "a transaction": [("MULTI",), ("INCR", "n"), ("INCR", "n"), ("EXEC",), ("GET", "n")],
            "an end": [("SET", "a", "2"), ("QUIT",), ("SET", "a", "3")],
            "replies turned off": [("CLIENT", "REPLY", "OFF"), ("SET", "a", "4"), ("CLIENT", "REPLY", "ON"), ("GET", "a")],
            "silence of one": [("CLIENT", "REPLY", "SKIP"), ("SET", "a", "5"), ("GET", "a")],
            "another protocol": [("HELLO", "3"), ("HGETALL", "none"), ("HELLO", "2"), ("HGETALL", "none")][1:2] * 3,
        }
        raw = {
            "inline words": b"SET a 1\r\nGET a\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nINCR a\r\n",
            "an error behind good ones": resp.encode("SET", "a", "1") + resp.encode("GET", "a") + b"*1\r\n!oops\r\n",
            "an error behind an end": resp.encode("GET", "a") + resp.encode("QUIT") + b"*1\r\n!oops\r\n",
        }
        raw.update({name: b"".join(resp.encode(*words) for words in one) for name, one in pipelines.items()})

        def answers(port, options=()):
            found = {}
            for name, request in raw.items():
                for cut in (len(request), 7, 1):
                    with resp.Connection(port) as connection:
                        connection.call("FLUSHALL")
                        for at in range(0, len(request), cut):
                            connection.send(request[at:at + cut])
                        connection.socket.shutdown(socket.SHUT_WR)
                        found[name, cut == 1] = read_all(connection.socket)
            return found
        self.assertEqual(answers(self.start_store()), answers(self.start_redis()))

    def test_a_pipeline_may_authenticate_itself(self):
        large = b"x" * 100_000
        for port in self.start_store("--requirepass", "secret"), self.start_redis("--requirepass", "secret"):
            with resp.Connection(port) as connection:
                connection.send(resp.encode("AUTH", "secret") + resp.encode("SET", "k", large) +
                                resp.encode("MSET", *[b"w"] * 20) + resp.encode("STRLEN", "k"))
                self.assertEqual([connection.read() for _ in range(4)], [b"OK", b"OK", b"OK", len(large)])

    def test_a_pipeline_waits_where_one_of_it_waits(self):
        for port in self.start_store(), self.start_redis():
            with resp.Connection(port) as connection, resp.Connection(port) as other:
                connection.send(resp.encode("SET", "a", "1") + resp.encode("BZPOPMIN", "z", "0") +
                                resp.encode("INCR", "a") + resp.encode("GET", "a") + b"*2\r\n$3\r\nGE")
                self.assertEqual(connection.read(), b"OK")
                self.assertEqual(other.call("GET", "a"), b"1")
                connection.send(b"T\r\n$1\r\na\r\n")
                self.assertEqual(other.call("ZADD", "z", "1", "m"), 1)
                self.assertEqual([connection.read() for _ in range(4)], [[b"z", b"m", b"1"], 2, b"2", b"2"])

    def test_shutdown_ends_the_process(self):
        port = self.start_store()
        with resp.Connection(port) as connection:
            connection.send(resp.encode("SHUTDOWN", "NOSAVE"))
            self.assertRaises(EOFError, connection.read)
        self.assertEqual(self.started[-1].process.wait(20), 0)

    def test_debug_is_refused_unless_enabled(self):
        for port in (self.start_store(), self.start_store("--enable-debug-command", "no")):
            with resp.Connection(port) as connection:
                self.assertIn("DEBUG command not allowed", str(connection.call("DEBUG", "SLEEP", "0")))
        for value in ("local", "yes"):
            with resp.Connection(self.start_store("--enable-debug-command", value)) as connection:
                self.assertEqual(connection.call("DEBUG", "SLEEP", "0"), b"OK")


def read_all(connection):
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def resident_kb(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


class Hostile(harness.SystemTest):
    def start_and_measure(self, *options):
        self.port = self.start_store(*options)
        self.pid = self.started[-1].pid
        self.other = resp.Connection(self.port, timeout=5)
        self.addCleanup(self.other.close)
        self.assertEqual(self.other.call("PING"), b"PONG")

    def assert_others_are_served(self):
        for number in range(100):
            self.assertEqual(self.other.call("ECHO", number), b"%d" % number)

    def assert_closed(self, connection):
        with self.assertRaises((EOFError, ConnectionError)):
            while True:
                connection._receive()
                connection.received = b""

    def test_who_does_not_read_big_replies_is_held_back(self):
        self.start_and_measure()
        self.other.call("SET", "big", b"x" * 1_000_000)
        before = resident_kb(self.pid)
        with resp.Connection(self.port) as hostile:
            hostile.socket.setblocking(False)
            request = resp.encode("GET", "big") * 1000
            try:
                while hostile.socket.send(request):
                    pass
            except BlockingIOError:
                pass
            self.assert_others_are_served()
            self.assertLess(resident_kb(self.pid) - before, 64 * 1024 + harness.KEPT_KB)

    def test_who_does_not_read_messages_is_closed_at_the_hard_limit(self):
        self.start_and_measure("--client-output-buffer-limit", "pubsub", "4mb", "0", "0")
        before = resident_kb(self.pid)
        with resp.Connection(self.port) as hostile:
            hostile.call("SUBSCRIBE", "news")
            hostile.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            message = b"x" * 100_000
            sent = 0
            while self.other.call("PUBLISH", "news", message) == 1:
                sent += len(message)
                self.assertLess(sent, 64_000_000, "nobody was closed")
                self.assertLess(resident_kb(self.pid) - before, 64 * 1024 + harness.KEPT_KB)
            self.assert_closed(hostile)
        info = self.other.call("INFO", "stats").decode()
        self.assertIn("client_output_buffer_limit_disconnections:1", info)

    def test_who_does_not_read_messages_is_closed_when_long_over_the_soft_limit(self):
        self.start_and_measure("--client-output-buffer-limit", "pubsub", "0", "1mb", "0")
        with resp.Connection(self.port) as hostile:
            hostile.call("SUBSCRIBE", "news")
            hostile.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            message = b"x" * 100_000
            sent = 0
            while self.other.call("PUBLISH", "news", message) == 1:
                sent += len(message)
                self.assertLess(sent, 64_000_000, "nobody was closed")
            self.assert_closed(hostile)

    def test_a_request_over_the_query_buffer_limit_closes_its_client(self):
        self.start_and_measure("--client-query-buffer-limit", "1mb")
        before = resident_kb(self.pid)
        with resp.Connection(self.port) as hostile:
            hostile.send(b"*2\r\n$4\r\nECHO\r\n$100000000\r\n")
            with self.assertRaises((EOFError, ConnectionError)):
                for _ in range(1000):
                    hostile.send(b"x" * 100_000)
                hostile._receive()
        self.assert_others_are_served()
        self.assertLess(resident_kb(self.pid) - before, 64 * 1024 + harness.KEPT_KB)

    def test_a_transaction_over_the_query_buffer_limit_closes_its_client(self):
        self.start_and_measure("--client-query-buffer-limit", "1mb")
        with resp.Connection(self.port) as hostile:
            self.assertEqual(hostile.call("MULTI"), b"OK")
            request = resp.encode("ECHO", b"x" * 100_000)
            with self.assertRaises((EOFError, ConnectionError)):
                for _ in range(100):
                    hostile.send(request)
                    hostile.read()
        self.assert_others_are_served()

    def test_ten_thousand_subscriptions_cost_their_owner_alone(self):
        self.start_and_measure()
        with resp.Connection(self.port) as hostile:
            names = [f"channel-{number}" for number in range(10_000)]
            hostile.send(resp.encode("SUBSCRIBE", *names) + resp.encode("PSUBSCRIBE", *names))
            for _ in range(20_000):
                hostile.read()
            self.assert_others_are_served()
            self.assertEqual(self.other.call("PUBLISH", "channel-77", "x"), 2)
            self.assertEqual(self.other.call("PUBSUB", "NUMPAT"), 10_000)
        harness.wait_until(lambda: self.other.call("PUBSUB", "NUMPAT") == 0, "the subscriptions of who left are gone")
        self.assertEqual(self.other.call("PUBSUB", "CHANNELS"), [])

    def test_names_over_the_query_buffer_limit_close_their_client(self):
        self.start_and_measure("--client-query-buffer-limit", "1mb")
        for command in ("SUBSCRIBE", "WATCH"):
            with resp.Connection(self.port) as hostile:
                hostile.send(resp.encode(command, *range(20_000)))
                self.assert_closed(hostile)
        self.assertEqual(self.other.call("PUBSUB", "CHANNELS"), [])

    def test_who_does_not_read_what_monitor_shows_is_closed(self):
        self.start_and_measure("--client-output-buffer-limit", "pubsub", "4mb", "0", "0")
        with resp.Connection(self.port) as hostile:
            hostile.call("MONITOR")
            hostile.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            request = resp.encode("ECHO", b"x" * 100_000)
            sent = 0
            while "disconnections:0" in self.other.call("INFO", "stats").decode():
                self.other.send(request)
                self.other.read()
                sent += len(request)
                self.assertLess(sent, 64_000_000, "nobody was closed")
            self.assert_closed(hostile)

    def test_a_pipeline_of_a_million_pings_does_not_stop_the_others(self):
        self.start_and_measure()
        before = resident_kb(self.pid)
        with resp.Connection(self.port) as hostile:
            hostile.socket.setblocking(False)
            # As much of it as the kernel and the store take while nobody reads the answers.
            rest = memoryview(b"PING\r\n" * 1_000_000)
            answered = 0
            while rest or answered < 7_000_000:
                try:
                    rest = rest[hostile.socket.send(rest):] if rest else rest
                except BlockingIOError:
                    pass
                self.assertEqual(self.other.call("PING"), b"PONG")
                try:
                    answered += len(hostile.socket.recv(1 << 16))
                except BlockingIOError:
                    pass
            self.assertEqual(answered, 7_000_000)
        self.assertLess(resident_kb(self.pid) - before, 64 * 1024 + harness.KEPT_KB)

    def test_clients_above_maxclients_are_refused(self):
        self.start_and_measure("--maxclients", "3")
        with resp.Connection(self.port) as second, resp.Connection(self.port) as third:
            self.assertEqual(second.call("PING") + third.call("PING"), b"PONGPONG")
            with resp.Connection(self.port) as fourth:
                self.assertEqual(str(fourth.read()), "ERR max number of clients reached")
        self.assert_others_are_served()

    def test_maxclients_may_be_changed_meanwhile(self):
        port = self.start_store("--maxclients", "2")
        with resp.Connection(port) as a:
            # Who looked whether the store is there has left.
            harness.wait_until(lambda: a.call("CLIENT", "LIST").count(b"\n") == 1, "it is alone")
            b = resp.Connection(port)
            self.addCleanup(b.close)
            self.assertEqual(b.call("PING"), b"PONG")
            self.assertEqual(a.call("CONFIG", "SET", "maxclients", 3), b"OK")
            with resp.Connection(port) as c:
                self.assertEqual(c.call("PING"), b"PONG")
                # Those who are there stay.
                self.assertEqual(a.call("CONFIG", "SET", "maxclients", 1), b"OK")
                self.assertEqual([one.call("PING") for one in (a, b, c)], [b"PONG"] * 3)
                with resp.Connection(port) as d:
                    self.assertEqual(str(d.read()), "ERR max number of clients reached")
            refused = str(a.call("CONFIG", "SET", "maxclients", 4_000_000_000))
            self.assertRegex(refused, "The operating system is not able to handle the specified number of clients, try "
                                      "with [0-9]+$")
            self.assertEqual(a.call("CONFIG", "GET", "maxclients"), [b"maxclients", b"1"])

    def test_silent_peers_are_asked_whether_they_are_there(self):
        port = self.start_store("--tcp-keepalive", "100")

        def timer(connection):
            """Of the store's end: the kind (2: keepalive) and the hundredths of a second that it has left."""
            near, far = (f"{number:04X}" for number in (port, connection.socket.getsockname()[1]))
            with open("/proc/net/tcp", encoding="ascii") as table:
                line, = [line.split() for line in table if line.split()[1].endswith(f":{near}")
                         and line.split()[2].endswith(f":{far}")]
            kind, left = line[5].split(":")
            return int(kind), int(left, 16)

        def settled(connection):
            # Until the peer has confirmed the last reply another timer runs.
            return harness.wait_until(lambda: (now := timer(connection))[0] in (0, 2) and now, "the reply is confirmed")
        with resp.Connection(port) as first:
            first.call("PING")
            kind, left = settled(first)
            self.assertEqual(kind, 2)
            self.assertTrue(5_000 < left <= 10_000, left)
            first.call("CONFIG", "SET", "tcp-keepalive", 0)
            with resp.Connection(port) as second:
                second.call("PING")
                self.assertEqual([settled(second)[0], settled(first)[0]], [0, 2])
            first.call("CONFIG", "SET", "tcp-keepalive", 3000)
            with resp.Connection(port) as third:
                third.call("PING")
                kind, left = settled(third)
                self.assertEqual(kind, 2)
                self.assertTrue(290_000 < left <= 300_000, left)

    def test_who_is_idle_is_closed_but_not_who_waits_for_messages(self):
        self.start_and_measure("--timeout", "1")
        with resp.Connection(self.port) as idle, resp.Connection(self.port) as subscriber:
            subscriber.call("SUBSCRIBE", "news")
            self.assert_closed(idle)
            with resp.Connection(self.port) as fresh:
                self.assertEqual(fresh.call("PUBLISH", "news", "x"), 1)

    def test_who_is_killed_is_closed(self):
        self.start_and_measure()
        with resp.Connection(self.port) as victim:
            number = victim.call("CLIENT", "ID")
            self.assertEqual(self.other.call("CLIENT", "KILL", "ID", number), 1)
            self.assert_closed(victim)
        self.assertEqual(self.other.call("CLIENT", "KILL", "SKIPME", "no", "ID", self.other.call("CLIENT", "ID")), 1)
        self.assert_closed(self.other)

    def test_who_waits_may_send_ahead_only_a_little(self):
        self.start_and_measure()
        before = resident_kb(self.pid)
        with resp.Connection(self.port) as hostile:
            hostile.send(resp.encode("WAIT", 1, 0))
            hostile.socket.setblocking(False)
            try:
                while hostile.socket.send(b"x" * 1_000_000):
                    pass
            except BlockingIOError:
                pass
            self.assert_others_are_served()
            self.assertLess(resident_kb(self.pid) - before, 16 * 1024)

    def test_a_pipeline_goes_on_after_what_blocked_it(self):
        self.start_and_measure()
        with resp.Connection(self.port) as client:
            client.send(resp.encode("WAIT", 1, 0) + resp.encode("ECHO", "behind"))
            listed = harness.wait_until(
                lambda: re.search(r"id=(\d+) .* flags=b ", self.other.call("CLIENT", "LIST").decode()), "it waits")
            self.assertEqual(self.other.call("CLIENT", "UNBLOCK", listed.group(1)), 1)
            self.assertEqual([client.read(), client.read()], [0, b"behind"])


if __name__ == "__main__":
    unittest.main()
