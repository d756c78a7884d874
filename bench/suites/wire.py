"""What the codecs cost alone."""

import json
import statistics

import processes
from measure import SERVER_CORE, spread

TITLE = "Codecs"
METHOD = """\
`weir-wire-bench` parses and writes in memory: no socket, no peer. An item is a command, a reply, an HTTP head, a
chunk, one large bulk that arrives in pieces of 16 KB and is looked at again with each of them, or of Kafka a frame, a
batch of 16 KB, or a record of 1 KB in such a batch."""


def measure(bench):
    seconds = bench.scaled(bench.options.seconds / 5, 0.001)
    command = [
        bench.build / "weir-wire-bench", "--benchmark_format=json", f"--benchmark_repetitions={bench.rounds}",
        f"--benchmark_min_time={seconds:g}", "--benchmark_enable_random_interleaving=true",
    ]
    with bench.alone():
        report = json.loads(processes.run(command, SERVER_CORE))
    runs = {}
    # They ran in a random order and are shown in that of the source.
    for one in sorted(report["benchmarks"], key=lambda one: (one["family_index"], one["per_family_instance_index"])):
        if one["run_type"] == "iteration":
            runs.setdefault(one["run_name"], []).append(one)
    rows = [row(name, repeated) for name, repeated in runs.items()]
    return [{"kind": "codec", "title": "Parsing and writing", "command": bench.shown(command), "rows": rows}]


def row(name, repeated):
    each = [ns_per_item(one) for one in repeated]
    return {"benchmark": name, "rounds": each, "median": statistics.median(each), "spread": spread(each)}


def ns_per_item(one):
    """An iteration is one item unless the benchmark counts its items."""
    if "items_per_second" in one:
        return 1e9 / one["items_per_second"]
    assert one["time_unit"] == "ns"
    return one["cpu_time"]
