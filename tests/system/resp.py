"""A minimal RESP client for tests: it shows replies as the raw bytes that came, and as values."""
import socket

import harness


def encode(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        if not isinstance(word, bytes):
            word = str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


# Servers under the sanitizers are slow.
PATIENCE_S = 60 if harness.SANITIZED else 10


class Connection:
    def __init__(self, port, timeout=PATIENCE_S):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.received = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, raw):
        self.socket.sendall(raw)

    def read_raw(self):
        """One reply as its bytes."""
        return self._read()[0]

    def read(self):
        """One reply as a value: bytes, int, float, bool, None, list, dict (maps), Exception (errors)."""
        return self._read()[1]

    def call(self, *words):
        self.send(encode(*words))
        return self.read()

    def call_raw(self, *words):
        self.send(encode(*words))
        return self.read_raw()

    def _receive(self):
        more = self.socket.recv(1 << 20)
        if not more:
            raise EOFError("closed by the server")
        self.received += more

    def _take(self, count):
        while len(self.received) < count:
            self._receive()
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def _read(self):
        while b"\r\n" not in self.received:
            self._receive()
        line, self.received = self.received.split(b"\r\n", 1)
        raw, kind, rest = line + b"\r\n", line[:1], line[1:]
        if kind == b"+":
            return raw, rest
        if kind == b"-":
            return raw, Exception(rest.decode(errors="replace"))
        if kind in (b":", b"("):
            return raw, int(rest)
        if kind == b"_" or rest == b"-1":
            return raw, None
        if kind == b"#":
            return raw, rest == b"t"
        if kind == b",":
            return raw, float(rest)
        if kind in (b"$", b"="):
            body = self._take(int(rest) + 2)
            return raw + body, body[:-2] if kind == b"$" else body[4:-2]
        if kind not in (b"*", b"~", b">", b"%"):
            raise ValueError(f"not RESP: {line!r}")
        values = []
        for _ in range(int(rest) * (2 if kind == b"%" else 1)):
            more, value = self._read()
            raw += more
            values.append(value)
        return raw, dict(zip(values[::2], values[1::2])) if kind == b"%" else values
