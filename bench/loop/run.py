#!/usr/bin/python3
"""Measures what a request costs on Boost.Asio, on our epoll loop and on our io_uring loop, beside Redis (an echo of
its replies) and HAProxy (a pass-through proxy). The answer stands in docs/design/001-event-loop.md.

The server has core 0 alone; the load client (and the origin) share core 1.
"""

import argparse
import contextlib
import pathlib
import shlex
import socket
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import measure  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER_CORE, LOAD_CORE = 0, 1

HAPROXY = """\
global
    nbthread 1
    maxconn 4096
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend in
    bind 127.0.0.1:{port}
    default_backend origin
backend origin
    server origin 127.0.0.1:{origin} pool-max-conn 1024
"""


def ours(build, role, engine, *more):
    if engine == "asio":
        return measure.Server([build / "bench-asio", role, *more], SERVER_CORE)
    return measure.Server([build / "bench-loop", role, "--engine", engine, *more], SERVER_CORE)


ENGINES = {"Asio": "asio", "epoll loop": "epoll", "io_uring loop": "io_uring"}


def rows(loads, peer, results):
    for load in loads:
        for name, figures in results[load].items():
            ratio = figures["cpu_us"] / results[load][peer]["cpu_us"]
            yield [
                load, name, f"{figures['cpu_us']:.2f}", f"{ratio:.2f}", f"{figures['rate'] / 1000:.0f}k",
                f"{figures['p50']:.0f}", f"{figures['p99']:.0f}", f"{100 * figures['busy']:.0f} %",
            ]


def headings(first, peer):
    return [first, "server", "CPU us/request", f"to {peer}", "requests/s", "p50 us", "p99 us", "core busy"]


def echo(options):
    port = measure.free_port()
    redis = measure.Server(
        ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], SERVER_CORE, port
    )
    depths = [int(depth) for depth in options.depths.split(",")]
    loads = {f"{mix.upper()} P{depth}": (mix, depth) for depth in depths for mix in options.mixes.split(",")}
    results = {}
    servers = {"Redis": redis, **{name: ours(options.build, "echo", engine) for name, engine in ENGINES.items()}}
    with contextlib.ExitStack() as stack:
        for server in servers.values():
            stack.enter_context(server)

        def load_command(server, mix, depth):
            return [
                options.build / "weir-load", "resp", f"127.0.0.1:{server.port}", "--mix", mix, "-c", 50, "-P", depth,
                "--keys", options.keys, "--value-bytes", 64, "-t", options.seconds,
            ]

        fill = ["resp", f"127.0.0.1:{redis.port}", "--mix", "set", "--keys", options.keys, "--keys-in-order"]
        measure.run_load([options.build / "weir-load", *fill, "-n", options.keys, "-P", 64], LOAD_CORE)
        for name, (mix, depth) in loads.items():
            print(name, file=sys.stderr)
            results[name] = measure.interleaved(
                {
                    server_name: lambda server=server: measure.measure(
                        server, load_command(server, mix, depth), LOAD_CORE
                    )
                    for server_name, server in servers.items()
                },
                options.runs,
            )
    return measure.table(headings("50 connections", "Redis"), rows(loads, "Redis", results))


def idle(options):
    port = measure.free_port()
    redis = measure.Server(
        ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--maxclients", 10_000], SERVER_CORE, port
    )
    servers = {"Redis": redis, **{name: ours(options.build, "echo", engine) for name, engine in ENGINES.items()}}
    lines = []
    for name, server in servers.items():
        with server:
            before = server.user_bytes()
            clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(options.idle_connections)]
            for client in clients:
                client.sendall(b"*1\r\n$4\r\nPING\r\n")
            for client in clients:
                client.recv(7, socket.MSG_WAITALL)
            each = (server.user_bytes() - before) / len(clients)
            for client in clients:
                client.close()
        lines.append([name, f"{each:.0f}"])
    return measure.table([f"{options.idle_connections} idle connections", "user bytes each"], lines)


def proxy(options):
    port = measure.free_port()
    results = {}
    loads = {f"{connections} connections": connections for connections in (50, 500)}
    with tempfile.TemporaryDirectory() as folder, measure.Server(
        [options.build / "bench-loop", "origin"], LOAD_CORE
    ) as origin:
        config = pathlib.Path(folder) / "haproxy.cfg"
        config.write_text(HAPROXY.format(port=port, origin=origin.port))
        upstream = ["--upstream", f"127.0.0.1:{origin.port}"]
        servers = {
            "HAProxy": measure.Server(["haproxy", "-db", "-f", config], SERVER_CORE, port),
            **{name: ours(options.build, "proxy", engine, *upstream) for name, engine in ENGINES.items()},
        }
        with contextlib.ExitStack() as stack:
            for server in servers.values():
                stack.enter_context(server)
            for name, connections in loads.items():
                print(name, file=sys.stderr)
                results[name] = measure.interleaved(
                    {
                        server_name: lambda server=server: measure.measure(
                            server,
                            [
                                options.build / "weir-load", "http", f"127.0.0.1:{server.port}", "-c", connections, "-t",
                                options.seconds,
                            ],
                            LOAD_CORE,
                        )
                        for server_name, server in servers.items()
                    },
                    options.runs,
                )
    return measure.table(headings("1 KB bodies", "HAProxy"), rows(loads, "HAProxy", results))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["echo", "proxy", "idle"])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--mixes", default="ping,set,get", help="of the echo")
    parser.add_argument("--depths", default="1,16", help="pipelines of the echo")
    parser.add_argument("--idle-connections", type=int, default=9_500)
    parser.add_argument("--output", type=pathlib.Path, help="write the Markdown there instead of printing it")
    options = parser.parse_args()
    text = f"Command: `{shlex.join(['bench/loop/run.py', *sys.argv[1:]])}`; {measure.machine()}.\n\n"
    text += {"echo": echo, "proxy": proxy, "idle": idle}[options.part](options) + "\n"
    if options.output:
        options.output.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
