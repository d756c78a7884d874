"""HTTP/1.1 in raw bytes, for tests that must see exactly what a proxy sends: a client that sends whatever it is given,
and an upstream that plays a script and keeps every byte that it received.

Nothing here is lenient: a message that is not well formed fails the test that reads it.
"""
import re
import select
import socket
import struct
import threading

# For whatever must happen soon; reached only when a test fails.
PATIENCE = 10


class Head:
    """The head of a message: .raw, .first (its first line), .fields as (name, value) pairs in their order."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        self.first, self.fields = lines[0], []
        for line in lines[1:]:
            match = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x20-\x7e\x80-\xff\t]*)", line)
            if match is None:
                raise AssertionError(f"malformed field {line!r} in {raw!r}")
            self.fields.append(match.groups())

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        """The only value of that name, or None."""
        values = self.all(name)
        if len(values) > 1:
            raise AssertionError(f"{name} stands {len(values)} times in {self.raw!r}")
        return values[0] if values else None


class Message:
    """A whole message: .head, .body, .trailers (raw), and .status of a response, .method and .target of a request."""

    def __init__(self, head, body=b"", trailers=b""):
        self.head, self.body, self.trailers = head, body, trailers
        words = head.first.split(" ", 2)
        if head.first.startswith("HTTP/1.1 "):
            self.status = int(words[1])
        else:
            self.method, self.target, version = words
            if version != "HTTP/1.1":
                raise AssertionError(f"a request in {version}")

    def get(self, name):
        return self.head.get(name)


class Wire:
    """A socket with what was received and not yet read."""

    def __init__(self, sock):
        self.socket, self.buffer, self.received = sock, b"", bytearray()
        self.keeps = True  # Every byte in .received; switched off for what is large.
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        """Receives once; False at the end of the stream."""
        more = self.socket.recv(1 << 18)
        self.buffer += more
        if self.keeps:
            self.received += more
        return bool(more)

    def need(self):
        if not self.fill():
            raise EOFError(f"the connection ended; unread: {self.buffer[:200]!r}")

    def take(self, count):
        while len(self.buffer) < count:
            self.need()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def take_until(self, mark):
        while mark not in self.buffer:
            self.need()
        return self.take(self.buffer.index(mark) + len(mark))

    def read_head(self):
        return Head(self.take_until(b"\r\n\r\n"))

    def read_chunked(self):
        """Body and raw trailer section."""
        body = []
        while True:
            line = self.take_until(b"\r\n")
            if not re.fullmatch(rb"[0-9a-f]+\r\n", line):
                raise AssertionError(f"malformed chunk size {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            body.append(self.take(size))
            if self.take(2) != b"\r\n":
                raise AssertionError("a chunk without its CRLF")
        trailers = b""
        while (line := self.take_until(b"\r\n")) != b"\r\n":
            trailers += line
        return b"".join(body), trailers

    def read_body(self, head):
        """A body that says its size: by length, in chunks, or none."""
        if head.get("Transfer-Encoding") is not None:
            if head.get("Transfer-Encoding") != "chunked" or head.get("Content-Length") is not None:
                raise AssertionError(f"doubtful framing: {head.raw!r}")
            return self.read_chunked()
        return self.take(int(head.get("Content-Length") or 0)), b""

    def read_request(self):
        head = self.read_head()
        return Message(head, *self.read_body(head))

    def read_response(self, method="GET"):
        """The next response, interim ones too."""
        head = self.read_head()
        status = Message(head).status
        if method == "HEAD" or status < 200 or status in (204, 304):
            return Message(head)
        if head.get("Transfer-Encoding") is None and head.get("Content-Length") is None:
            body, end = self.read_all()
            if end != "end":
                raise AssertionError("reset in the middle of a body")
            return Message(head, body)
        return Message(head, *self.read_body(head))

    def read_all(self):
        """Everything up to the end of the connection, and how it ended: "end" or "reset"."""
        try:
            while self.fill():
                pass
            how = "end"
        except ConnectionResetError:
            how = "reset"
        data, self.buffer = self.buffer, b""
        return data, how

    def push(self, data, total, stalled):
        """Sends `data` again and again, `total` bytes in all; calls stalled() as soon as the peer has stopped taking
        them, then goes on."""
        sent, view = 0, memoryview(data)
        while sent < total:
            if select.select([], [self.socket], [], 0.2 if stalled else PATIENCE)[1]:
                at = sent % len(data)
                sent += self.socket.send(view[at:at + total - sent])
            elif stalled is None:
                raise AssertionError("the peer takes nothing any more")
            else:
                stalled()
                stalled = None

    def finish(self):
        """No more will be sent; receiving goes on."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def connect(port):
    return Wire(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))


def exchange(port, request, method="GET"):
    """One request on a connection of its own."""
    with connect(port) as client:
        client.send(request)
        return client.read_response(method)


class Upstream:
    """Listens on a free port and runs script(wire, number) for each connection in a thread of its own; `number` counts
    from 0. wires[number] stays to be looked at. What a script raises, an end of the stream apart, is in failures."""

    def __init__(self, script):
        self.script, self.wires, self.failures, self.threads = script, [], [], []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.wires.append(Wire(sock))
            thread = threading.Thread(target=self._play, args=(self.wires[-1], len(self.wires) - 1), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _play(self, wire, number):
        try:
            self.script(wire, number)
        except (EOFError, ConnectionResetError, BrokenPipeError):
            pass
        except OSError as error:
            if wire.socket.fileno() != -1:
                self.failures.append(error)
        except Exception as error:  # Shown by the test.
            self.failures.append(error)
        wire.close()

    def received(self):
        return b"".join(wire.received for wire in self.wires)

    def stop(self):
        if self.listener.fileno() == -1:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.accepting.join(PATIENCE)
        for wire in self.wires:
            try:
                wire.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(PATIENCE)
