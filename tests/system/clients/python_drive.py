"""Drives a server through python3-redis as an application would; returns what the client returned, step by step.

clients_test.py runs it against the store and against redis-server and compares.
"""
import hashlib

import redis


def plain(value):
    """In a form that can be compared and read: sums of what is large, errors by class and text."""
    if isinstance(value, (bytes, str)) and len(value) > 256:
        raw = value if isinstance(value, bytes) else value.encode()
        return ("large", len(raw), hashlib.sha1(raw).hexdigest())
    if isinstance(value, Exception):
        return (type(value).__name__, str(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def failure(call, *words, **more):
    try:
        return ("returned", call(*words, **more))
    except redis.RedisError as error:
        return error


class Drive:
    """`restart()` ends the server and starts it again on the same port."""

    def __init__(self, port, path, password, restart):
        self.port, self.path, self.password, self.restart = port, path, password, restart
        self.told = []
        self.clients = []

    def tell(self, step, *values):
        self.told.append((step, plain(list(values))))

    def client(self, **more):
        made = redis.Redis(**{"port": self.port, "password": self.password, "decode_responses": True, **more})
        self.clients.append(made)
        return made

    def run(self, families):
        for family in families:
            self.told.append(("family", family))
            self.client().flushall()
            getattr(self, family)()
            for client in self.clients:
                client.close()
                client.connection_pool.disconnect()
            self.clients = []
        return self.told

    def connection(self):
        r = self.client()
        self.tell("no password", failure(self.client(password=None).get, "a"))
        self.tell("wrong password", failure(self.client(password="wrong").get, "a"))
        self.tell("user", self.client(username="default").ping())
        self.client(db=2).set("where", "two")
        by_url = redis.Redis.from_url(f"redis://:{self.password}@127.0.0.1:{self.port}/2", decode_responses=True)
        self.clients.append(by_url)
        self.tell("databases", r.get("where"), by_url.get("where"))
        by_path = redis.Redis(unix_socket_path=self.path, password=self.password, db=2)
        self.clients.append(by_path)
        self.tell("unix socket", by_path.get("where"))
        self.tell("name", self.client(client_name="driver").client_getname(), r.client_list(_type="normal")[-1]["name"])
        self.tell("ping", r.ping(), r.echo("words"))
        self.tell("errors", failure(r.execute_command, "nosuchcommand"), failure(r.execute_command, "GET"),
                  failure(r.select, 99), failure(r.config_set, "maxclients", "many"))
        info = r.info()
        self.tell("info", {name: type(info[name]).__name__ for name in (
            "redis_version", "connected_clients", "used_memory", "uptime_in_seconds", "role", "loading",
            "used_memory_human", "maxmemory_policy", "total_commands_processed", "rdb_last_bgsave_status")})
        self.tell("config", r.config_set("slowlog-max-len", 64), r.config_get("slowlog-max-len"), r.config_resetstat())
        about = r.command()
        self.tell("command", about["get"], r.command_count() > 150, r.command_getkeys("MSET", "a", 1, "b", 2))
        self.tell("slowlog", r.slowlog_reset(), r.slowlog_len(), r.config_set("slowlog-log-slower-than", 0), r.ping(),
                  [bytes(one["command"]) for one in r.slowlog_get()][-1], r.config_set("slowlog-log-slower-than", 10000))
        self.tell("time", len(r.time()), r.dbsize(), r.lastsave() is not None)

    def strings(self):
        r, raw = self.client(), self.client(decode_responses=False)
        self.tell("set", r.set("s", "v"), r.set("s", "w", nx=True), r.set("s", "x", xx=True, get=True), r.get("s"),
                  r.get("none"), r.getset("s", "y"), r.setnx("s", 1))
        self.tell("numbers", r.incr("n"), r.incrby("n", 1 << 40), r.incrbyfloat("f", 0.1), r.decr("n", 5),
                  failure(r.incr, "s"), failure(r.incrby, "n", (1 << 63) - 1))
        self.tell("many", r.mset({"a": 1, "b": "é"}), r.mget("a", "b", "none"), r.msetnx({"a": 1, "c": 2}))
        self.tell("parts", r.append("s", "!!"), r.getrange("s", -3, -1), r.setrange("s", 3, "abc"), raw.get("s"),
                  r.strlen("s"), r.substr("s", 0, 1), r.getdel("s"), r.getex("a", ex=100), r.ttl("a"))
        key = bytes(range(256))
        self.tell("binary", raw.set(key, key), raw.get(key), sorted(raw.keys()), raw.exists(key), raw.delete(key))
        big = b"weir" * (2 << 20)
        self.tell("big", raw.set("big", big), raw.get("big"), raw.append("big", big), raw.strlen("big"))
        self.tell("lcs", r.mset({"x": "ohmytext", "y": "mynewtext"}), r.lcs("x", "y"), r.lcs("x", "y", len=True))

    def bitmaps(self):
        r = self.client(decode_responses=False)
        self.tell("bits", r.setbit("b", 7, 1), r.getbit("b", 7), r.bitcount("b"), r.bitpos("b", 1),
                  r.bitop("NOT", "i", "b"), r.get("i"), r.bitfield("b").incrby("u8", 8, 200).get("u4", 0).execute(),
                  failure(r.setbit, "b", 1 << 40, 1))

    def hyperloglogs(self):
        r = self.client()
        self.tell("count", r.pfadd("h1", *range(1000)), r.pfadd("h2", "a"), r.pfcount("h1", "h2"),
                  r.pfmerge("h", "h1", "h2"), r.pfcount("h"))

    def hashes(self):
        r = self.client()
        self.tell("fields", r.hset("h", mapping={"name": "weir", "age": 3}), r.hset("h", "name", "dam"), r.hgetall("h"),
                  r.hgetall("none"), r.hmget("h", "age", "none"), r.hincrby("h", "age", 2),
                  r.hincrbyfloat("h", "half", 0.5), r.hexists("h", "half"), r.hdel("h", "half", "none"), r.hlen("h"),
                  r.hstrlen("h", "name"), sorted(r.hkeys("h")), sorted(r.hvals("h")), r.hsetnx("h", "age", 1),
                  len(r.hrandfield("h", 5, withvalues=True)))
        r.set("text", 1)
        self.tell("errors", failure(r.hget, "text", "a"), failure(r.hincrby, "h", "name"))

    def sets(self):
        r = self.client()
        self.tell("members", r.sadd("s", "a", "b", "c"), r.smembers("s"), r.sismember("s", "b"),
                  r.smismember("s", ["a", "z"]), r.scard("s"), r.srem("s", "a"), r.smove("s", "t", "b"), r.spop("t"))
        r.sadd("u", 1, 2, 3), r.sadd("v", 2, 3, 4)
        self.tell("algebra", r.sinter("u", "v"), r.sunion("u", "v"), r.sdiff("u", "v"), r.sunionstore("w", "u", "v"),
                  r.sintercard(2, ["u", "v"], limit=1), len(r.srandmember("u", -10)))

    def sorted_sets(self):
        r = self.client()
        self.tell("scores", r.zadd("z", {"a": 1, "b": 2.5, "c": "+inf"}), r.zscore("z", "b"), r.zmscore("z", ["a", "x"]),
                  r.zincrby("z", 1e15, "a"), r.zrange("z", 0, -1, withscores=True), r.zrank("z", "a"),
                  r.zrangebyscore("z", "(2.5", "+inf", withscores=True), r.zadd("z", {"b": 5}, gt=True, ch=True),
                  r.zadd("z", {"b": 1}, incr=True, xx=True), r.zrange("z", "-inf", 10, byscore=True, offset=0, num=5),
                  r.zrem("z", "c"), r.zcard("z"), r.zpopmin("z"), r.zpopmax("z", 3), r.zpopmax("z"))
        r.zadd("p", {"x": 1, "y": 2}), r.zadd("q", {"y": 10})
        self.tell("stores", r.zunionstore("r", {"p": 2, "q": 3}), r.zrange("r", 0, -1, withscores=True, desc=True),
                  r.zinter(["p", "q"], aggregate="MAX", withscores=True), r.zdiff(["p", "q"]), r.zrangestore("o", "r", 0, 0),
                  r.zmpop(2, ["none", "p"], max=True, count=2), failure(r.zadd, "o", {"a": "not a number"}))

    def geo(self):
        r = self.client()
        self.tell("places", r.geoadd("g", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")),
                  r.geodist("g", "Palermo", "Catania", "km"), r.geohash("g", "Palermo", "x"), r.geopos("g", "Palermo", "x"),
                  r.geosearch("g", longitude=15, latitude=37, radius=200, unit="km", sort="ASC", withdist=True,
                              withcoord=True, withhash=True),
                  r.georadiusbymember("g", "Palermo", 300, unit="km", sort="DESC"))

    def lists(self):
        r = self.client()
        self.tell("ends", r.rpush("l", "a", "b", "c"), r.lpush("l", "z"), r.lrange("l", 0, -1), r.lindex("l", -1),
                  r.lset("l", 1, "A"), r.linsert("l", "AFTER", "A", "x"), r.lrem("l", 0, "c"), r.ltrim("l", 0, 2),
                  r.llen("l"), r.lpop("l"), r.rpop("l", 5), r.lpop("l"), failure(r.lset, "l", 0, "a"))
        self.tell("moves", r.rpush("from", 1, 2, 3), r.lmove("from", "to", "LEFT", "RIGHT"), r.rpoplpush("from", "to"),
                  r.lrange("to", 0, -1), r.lpos("to", "1"), r.lmpop(2, "none", "to", direction="LEFT", count=5))
        self.tell("blocking", r.rpush("w", 3, 1), r.blpop(["x", "w"], 1), r.brpop("none", 0.01),
                  r.blmove("w", "v", 1, "LEFT", "RIGHT"))

    def sorting(self):
        r = self.client()
        self.tell("sort", r.rpush("w", 3, 1, 2), r.sort("w", desc=True), r.sort("w", start=0, num=2, store="light"),
                  r.mset({"of:1": "one", "of:2": "two", "of:3": "three"}),
                  r.sort("w", get=["#", "of:*"], groups=True, alpha=True))

    def keys(self):
        r, raw = self.client(), self.client(decode_responses=False)
        r.set("k", "v")
        serialised = raw.dump("k")
        self.tell("keys", r.rename("k", "k2"), r.exists("k", "k2", "k2"), r.type("k2"), r.copy("k2", "k3"), r.move("k3", 3),
                  r.object("ENCODING", "k2"), failure(r.rename, "none", "k"), r.renamenx("k2", "k"),
                  r.restore("k4", 0, serialised), r.get("k4"), failure(r.restore, "k4", 0, serialised),
                  r.restore("k4", 0, serialised, replace=True), r.touch("k", "none"), r.unlink("k"), r.delete("k4"),
                  r.randomkey(), r.dbsize(), r.swapdb(0, 3), r.get("k3"), r.flushall())
        self.tell("expiry", r.set("e", 1), r.pexpireat("e", 99999999999999), r.pexpiretime("e"), r.persist("e"),
                  r.ttl("e"), r.ttl("none"), r.expire("e", 100, xx=True), r.expire("e", 0), r.exists("e"),
                  r.psetex("short", 1, "v"))
        while r.get("short") is not None:
            pass
        self.tell("expired", r.pttl("short"))

    def scans(self):
        r = self.client(db=5)
        with r.pipeline(transaction=False) as pipe:
            for i in range(2000):
                pipe.set(f"key:{i}", i)
            for i in range(1000):
                pipe.hset("hash", f"field:{i}", i).sadd("set", i).zadd("sorted", {f"m{i}": i})
            self.tell("filled", all(pipe.execute()))
        self.tell("scans", *[repr(sorted(set(found))) for found in (
            r.scan_iter("key:1*", count=100), r.scan_iter(_type="zset"), r.hscan_iter("hash", match="field:9*"),
            r.sscan_iter("set"), r.zscan_iter("sorted"))], r.flushdb(asynchronous=True), r.dbsize())

    def pipelines(self):
        r = self.client()
        with r.pipeline(transaction=False) as pipe:
            pipe.set("a", 1).incr("a").hget("a", "b").get("none")
            self.tell("pipeline", pipe.execute(raise_on_error=False))
            for _ in range(10000):
                pipe.incr("count")
            self.tell("long pipeline", pipe.execute()[-1])
            self.tell("error", failure(pipe.get("a").hget("a", "b").execute))

    def transactions(self):
        r, other = self.client(), self.client()
        with r.pipeline() as pipe:
            self.tell("exec", pipe.set("t", 1).incr("t").hget("t", "x").execute(raise_on_error=False))
            self.tell("aborted", failure(pipe.set("t", 2).execute_command("nosuchcommand").execute))
        tries = []

        def increase(pipe):
            value = int(pipe.get("t"))
            tries.append(value)
            if len(tries) < 3:
                other.incr("t")
            pipe.multi()
            pipe.set("t", value * 100)

        self.tell("watch", r.transaction(increase, "t"), tries, r.get("t"))
        with r.pipeline() as pipe:
            pipe.watch("t")
            other.set("t", "x")
            pipe.multi()
            pipe.set("t", 0)
            self.tell("watched", failure(pipe.execute), r.get("t"))

    def blocking(self):
        r = self.client()
        r.zadd("queue", {"a": 1, "b": 2, "c": 3})
        self.tell("there", r.bzpopmin(["none", "queue"], 1), r.bzpopmax("queue", 1), r.bzmpop(1, 1, ["queue"], max=True),
                  r.bzpopmin("queue", 0.01))
        waiting = self.client().connection_pool.get_connection("_")
        waiting.send_command("CLIENT", "SETNAME", "waiting")
        waiting.read_response()
        waiting.send_command("BZPOPMIN", "queue", 0)
        while r.info("clients")["blocked_clients"] == 0:
            pass
        self.tell("served", r.zadd("queue", {"job": 7}), waiting.read_response())
        waiting.send_command("BZPOPMIN", "queue", 0)
        while r.info("clients")["blocked_clients"] == 0:
            pass
        blocked, = [one for one in r.client_list() if one["name"] == "waiting"]
        self.tell("unblocked", {name: blocked[name] for name in ("name", "flags", "cmd", "user", "db", "sub", "multi")},
                  r.client_unblock(blocked["id"]), waiting.read_response())
        waiting.disconnect()

    def pubsub(self):
        r = self.client()
        handled = []
        listener = r.pubsub()
        listener.subscribe("news", **{"own": lambda message: handled.append(message["data"])})
        listener.psubscribe("n?ws")
        got = [listener.get_message(timeout=5) for _ in range(3)]
        self.tell("subscribed", got)
        self.tell("published", r.publish("news", "one"), r.publish("own", "two"), r.publish("nobody", "three"),
                  sorted(r.pubsub_channels()), r.pubsub_numsub("news", "x"), r.pubsub_numpat())
        self.tell("heard", [listener.get_message(timeout=5) for _ in range(3)], handled)
        listener.ping("alive")
        self.tell("alive", listener.get_message(timeout=5))
        listener.unsubscribe("news", "own")
        listener.punsubscribe()
        self.tell("unsubscribed", [listener.get_message(timeout=5) for _ in range(3)], listener.subscribed)
        listener.close()
        with r.monitor() as monitor:
            r.set("seen", "by the monitor")
            self.tell("monitor", monitor.next_command()["command"])

    def reconnecting(self):
        r = self.client(db=3)
        r.set("before", 1)
        listener = r.pubsub()
        listener.subscribe("after")
        self.tell("subscribed", listener.get_message(timeout=5))
        self.restart()
        self.tell("reconnected", r.get("before"), r.set("after", 1), self.client(db=3).get("after"))
        self.tell("lost", failure(listener.get_message, timeout=5))
        # The next time it makes a new connection, on which it subscribes again.
        self.tell("resubscribed", listener.get_message(timeout=5), r.publish("after", "back"),
                  listener.get_message(timeout=5))
        listener.close()
