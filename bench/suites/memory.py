"""What an item takes in memory."""

from suites import peers, store

TITLE = "Memory of the store's items"
METHOD = """\
Growth of `used_memory` while so many items are added to a fresh server, divided by their number. Keys, fields and
members are 16 bytes long. Redis is Debian's, with the allocator that Debian gives it."""

VALUE_32 = "v" * 32
VALUE_64 = "v" * 64
ITEMS = [
    ("string, 16 + 32", f"SET key:__key__ {VALUE_32}"),
    ("string, 16 + 64, with an expiry", f"SET key:__key__ {VALUE_64} EX 100000"),
    ("counter, 16 + an integer", "SET key:__key__ 1__key__"),
    ("member of a sorted set, 16", "ZADD zset __key__ key:__key__"),
    ("field of a hash, 16 + 32", f"HSET hash key:__key__ {VALUE_32}"),
    ("member of a set, 16", "SADD set key:__key__"),
    ("element of a list, 16", "RPUSH list key:__key__"),
    ("hash of five fields", "HSET key:__key__ name somebody age 41 city __key__ mail a@b.c visits 17"),
]


def measure(bench):
    count = bench.scaled(1_000_000, 5_000)

    def of(command):
        def bytes_per_item(contestant):
            with bench.server(contestant) as server:
                before = int(peers.info(server, "used_memory"))
                arguments = ("--command", command, "--keys", count, "--keys-in-order", "-n", count, "-P", 64)
                bench.fill({contestant: server}, "resp", *arguments)
                return (int(peers.info(server, "used_memory")) - before) / count

        return bytes_per_item

    rows = [(label, of(command)) for label, command in ITEMS]
    contestants = [peers.REDIS, store.weir("epoll")]
    return [bench.figures(f"{count:,} items", "bytes an item", contestants, rows)]
