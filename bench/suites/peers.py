"""The peers, as the files of bench/peers/ tune them; and which version of each took part."""

import re
import subprocess

import measure
import processes
from measure import SERVER_CORE, Contestant


def redis(*options):
    """`options`: more directives than those of its file."""

    def start(bench):
        port = processes.free_port()
        settings = bench.settings_file("bench/peers/redis.conf", PORT=port, DIR=bench.folder)
        command = ["redis-server", settings, *options]
        return processes.Server("Redis", command, SERVER_CORE, bench.folder / "redis.log", port)

    return Contestant("Redis", Contestant.PEER, start, "bench/peers/redis.conf")


REDIS = redis()


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


def resp_command(name, command, pipeline, keys, connections=50):
    """A Load of one command, with weir-load's placeholders."""
    arguments = ("--command", command, "-c", connections, "-P", pipeline, "--keys", keys)
    return measure.Load(name, "resp", arguments)


def ask(server, *words):
    """What redis-cli prints."""
    command = ["redis-cli", "-p", str(server.port), *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def info(server, field):
    for line in ask(server, "INFO", "everything").splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1].strip()
    raise KeyError(field)


def resp_load(name, mix, pipeline, keys, connections=50):
    arguments = ("--mix", mix, "-c", connections, "-P", pipeline, "--keys", keys, "--value-bytes", 64)
    return measure.Load(name, "resp", arguments)
