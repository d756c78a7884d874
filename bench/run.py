#!/usr/bin/python3
"""Measures Weir beside the engines that it stands in for, and writes docs/benchmarks.md. Every NAME that is measured
replaces its own section and leaves the others as they are."""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import document  # noqa: E402
import measure  # noqa: E402
import processes  # noqa: E402
from suites import SUITES, peers  # noqa: E402

DOCS = measure.ROOT / "docs"


def machine():
    """One line about where the figures come from."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    system = os.uname()
    return f"{os.cpu_count()} x {model}, {system.sysname} {system.release}"


def revision():
    """The last commit that changed what runs in build/weir, and whether something changed since."""
    sources = ["src", "cmake", "CMakeLists.txt"]
    git = ["git", "-C", str(measure.ROOT)]
    log = [*git, "log", "-1", "--format=%h", "--", *sources]
    commit = subprocess.run(log, capture_output=True, text=True, check=False)
    if commit.returncode != 0 or not commit.stdout:
        return "an unknown commit"
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", *sources], check=False).returncode != 0
    return commit.stdout.strip() + (" with changes" if changed else "")


def measure_suite(name, options, command):
    suite = SUITES[name]
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder, measure.Bench(options, folder) as bench:
        tables = suite.measure(bench)
        contestants = bench.started
        for contestant in contestants:
            if contestant in peers.VERSION_COMMANDS:
                contestants[contestant]["version"] = peers.version(contestant)
        return {
            "name": name,
            "title": suite.TITLE,
            "method": suite.METHOD,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "command": command,
            "rounds": bench.rounds,
            "seconds": options.seconds,
            "revision": revision(),
            "machine": machine(),
            "notes": bench.notes,
            "contestants": contestants,
            "tables": tables,
        }


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SUITES)}; all of them if none is given")
    parser.add_argument("--list", action="store_true", help="say what can be measured, and do nothing else")
    parser.add_argument("--page", action="store_true", help="only make the page anew from the figures that are there")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contestant, in turns (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of one run (default %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="only see that it runs: the figures mean nothing and are not written"
    )
    parser.add_argument("--no-write", action="store_true", help="print the tables and leave the document as it is")
    parser.add_argument("--json", action="store_true", help="print what was measured as JSON instead of tables")
    parser.add_argument("--lock", type=pathlib.Path, help="hold an exclusive flock(1) on this file while measuring")
    parser.add_argument("--build", type=pathlib.Path, default=measure.ROOT / "build", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.names:
        if name not in SUITES:
            parser.error(f"no benchmark '{name}': expected {', '.join(SUITES)}")
    if options.rounds < 1 or not options.seconds > 0:
        parser.error("--rounds and --seconds must be positive")
    return options


def main():
    options = parse_arguments()
    if options.list:
        for name, suite in SUITES.items():
            print(f"{name:10}{suite.TITLE}")
        return 0
    if options.page:
        document.write_page(DOCS)
        return 0
    if measure.SERVER_CORE == measure.LOAD_CORE and not options.quick:
        print("bench: needs two cores, one for the server and one for the load", file=sys.stderr)
        return 1
    how = measure.Options(options.build.resolve(), options.rounds, options.seconds, options.quick, options.lock)
    status = 0
    for name in dict.fromkeys(options.names or SUITES):
        command = f"./dev bench {name} --rounds {options.rounds} --seconds {options.seconds:g}"
        try:
            section = measure_suite(name, how, command)
        except (processes.ServerFailed, RuntimeError, OSError) as failure:
            print(f"bench: {name}: {failure}", file=sys.stderr)
            status = 1
            continue
        print(json.dumps(section, indent=1) if options.json else document.section_text(section), flush=True)
        if not (options.no_write or options.quick):
            document.write(DOCS, section)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        sys.exit(130)
