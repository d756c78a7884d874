"""What the codecs cost alone."""

import json
import statistics

import processes
from measure import SERVER_CORE, spread

TITLE = "Codecs"
METHOD = """\
`weir-wire-bench` parses and writes in memory: no socket, no peer. An item is a command, a reply, an HTTP head or a
chunk; the large bulks arrive in pieces of 16 KB."""


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
    unit = "items_per_second" if "items_per_second" in repeated[0] else "bytes_per_second"
    values = [one[unit] for one in repeated]
    return {
        "benchmark": name,
        "unit": unit,
        "rounds": values,
        "median": statistics.median(values),
        "spread": spread(values),
    }
