#!/usr/bin/python3
"""What hashes and sets tell besides their replies, against Redis's own: keyspace events and changes counted."""
import unittest

import harness
import resp

SCRIPT = """
    HSET h a 1 b 2 c 3
    HSET h a 1
    HMSET h a 2 d 4
    HSETNX h a 9
    HSETNX h e 5
    HINCRBY h a 5
    HINCRBYFLOAT h a 0.5
    HINCRBY h a x
    HDEL h none
    HDEL h a b none
    HDEL h c d e e
    HDEL h a
    HINCRBY n f 1
    HINCRBYFLOAT m f 1
    HSET h x 1
    HGETALL h
    SADD s a b c
    SADD s a
    SADD s a d
    SREM s none
    SREM s a none
    SMOVE s t none
    SMOVE s t b
    SMOVE t s b
    SADD t b c
    SMOVE s t c
    SMOVE s s b
    SREM t b c none
    SINTERSTORE to s none
    SINTERSTORE to s s
    SINTERSTORE to none s
    SUNIONSTORE to none
    SUNIONSTORE to s none
    SUNIONSTORE to none
    SDIFFSTORE to s none
    SDIFFSTORE to s s
    SADD p 1 2 3 4 5
    SPOP p
    SPOP p 2
    SPOP p 0
    SPOP p 9
    SPOP p 9
    SPOP p
    SADD p 1
    SPOP p
    SET text x
    SINTERSTORE text s s
    SMOVE s none-yet b
"""


def changes(connection):
    for line in connection.call("INFO", "persistence").decode().splitlines():
        if line.startswith("rdb_changes_since_last_save:"):
            return int(line.partition(":")[2])
    raise KeyError("rdb_changes_since_last_save")


class Collections(harness.SystemTest):
    def told(self, port):
        """For each line of the script: what was published, and how many changes there were."""
        found = []
        with resp.Connection(port) as client, resp.Connection(port) as listener:
            client.call("CONFIG", "SET", "notify-keyspace-events", "AKE")
            listener.call("PSUBSCRIBE", "__key*")
            for line in SCRIPT.strip().splitlines():
                before = changes(client)
                client.call(*line.split())
                listener.send(resp.encode("PING"))
                events = []
                while (message := listener.read())[0] != b"pong":
                    events.append(b" ".join(message[2:]).decode())
                found.append((line.strip(), events, changes(client) - before))
        return found

    def test_events_and_changes_are_those_of_redis(self):
        expected, actual = self.told(self.start_redis("--save", "")), self.told(self.start_store())
        self.assertGreater(sum(len(events) for _, events, _ in expected), 50)
        for theirs, ours in zip(expected, actual, strict=True):
            self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
