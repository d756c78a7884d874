"""The peers, as the files of bench/peers/ tune them; and which version of each took part."""

import re
import subprocess

import measure
import processes
from measure import SERVER_CORE, Contestant


def start_redis(bench):
    port = processes.free_port()
    settings = bench.settings_file("bench/peers/redis.conf", PORT=port, DIR=bench.folder)
    return processes.Server("Redis", ["redis-server", settings], SERVER_CORE, bench.folder / "redis.log", port)


REDIS = Contestant("Redis", Contestant.PEER, start_redis, "bench/peers/redis.conf")


def haproxy(origin):
    def start(bench):
        port = processes.free_port()
        settings = bench.settings_file("bench/peers/haproxy.cfg", PORT=port, ORIGIN_PORT=origin.port)
        command = ["haproxy", "-db", "-f", settings]
        return processes.Server("HAProxy", command, SERVER_CORE, bench.folder / "haproxy.log", port)

    return Contestant("HAProxy", Contestant.PEER, start, "bench/peers/haproxy.cfg")


def nginx(origin):
    def start(bench):
        port = processes.free_port()
        settings = bench.settings_file(
            "bench/peers/nginx.conf", PORT=port, ORIGIN_PORT=origin.port, DIR=bench.folder
        )
        command = ["nginx", "-e", "stderr", "-c", settings]
        return processes.Server("nginx", command, SERVER_CORE, bench.folder / "nginx.log", port)

    return Contestant("nginx", Contestant.PEER, start, "bench/peers/nginx.conf")


VERSION_COMMANDS = {
    "Redis": ["redis-server", "--version"],
    "HAProxy": ["haproxy", "-v"],
    "nginx": ["nginx", "-v"],
}


def version(name):
    try:
        said = subprocess.run(VERSION_COMMANDS[name], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown version"
    found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
    return found[0] if found else "unknown version"


def fill_keys(bench, servers, mix, keys):
    """Every key of the space once."""
    bench.fill(servers, "resp", "--mix", mix, "--keys", keys, "--keys-in-order", "-n", keys, "-P", 64)


def resp_load(name, mix, pipeline, keys):
    arguments = ("--mix", mix, "-c", 50, "-P", pipeline, "--keys", keys, "--value-bytes", 64)
    return measure.Load(name, "resp", arguments)
