"""docs/benchmarks.md, made of docs/benchmarks/NAME.json: one section a suite, as it was last measured. The page is
never edited; measuring a suite again replaces its section alone."""

import json
import pathlib

from measure import DISTURBED_SHARE, Contestant
from suites import SUITES

INTRODUCTION = f"""\
# Benchmarks

Made by `./dev bench`, never by hand; the rounds behind each figure stand in [benchmarks/](benchmarks). Run one section
again with `./dev bench NAME`.

How to read the tables:

- The server has one core alone; the load client, and the origin behind a proxy, share another. Everything is on
  loopback.
- **CPU us/request** is the server's CPU time (all its threads and processes, as the scheduler counts it) for each
  request: the median of the rounds, in which the contestants take turns. **Spread** is the distance between the lowest
  and the highest round, as a share of it.
- **To a peer** is ours divided by the peer's, of the CPU time; below 1.00 ours needs less. It is the median of the
  rounds' own ratios, with the lowest and the highest of them in brackets: a difference that the brackets span means
  nothing.
- **Core busy** below 100 % means that the load client was the bottleneck, so that throughput is a lower bound.
- Latencies of a saturated server (closed loop) say how long its queue is. Those at a fixed rate (open loop) count from
  the moment at which each request was due, so that a server that stalls cannot hide it.
- A run in which something else had the server's core for more than {100 * DISTURBED_SHARE:.0f} % of the time is made
  again; so is one in which it had the load client's, unless an origin shares that. Where it did not help, it is said
  below the table.
"""


def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines)


def percent(share):
    return f"{100 * share:.0f} %"


def rate_text(rate):
    return f"{rate / 1e6:.2f} M" if rate >= 1e6 else f"{rate / 1e3:.1f} k" if rate >= 1e3 else f"{rate:.0f}"


def ratio_text(ratios, name, peer):
    if name not in ratios:
        return "1.00" if name == peer else ""
    value = ratios[name][peer]
    return f"**{value['median']:.2f}** ({value['low']:.2f} to {value['high']:.2f})"


def contest(section, rows, more_headings=(), more_cells=lambda row, name: []):
    """The table that closed and open loop share; `more_cells` gives what stands after the latencies."""
    peers = [name for name, one in section["contestants"].items() if one["role"] == Contestant.PEER]
    peers = [peer for peer in peers if peer in rows[0]["contestants"]]
    headings = ["load", "server", "CPU us/request", "spread", *(f"to {peer}" for peer in peers)]
    headings += ["requests/s", "p50 us", "p99 us", *more_headings]
    lines, disturbed = [], []
    for row in rows:
        for name, one in row["contestants"].items():
            median = one["median"]
            is_reference = name == row.get("reference")
            cost = ["", ""] if is_reference else [f"{median['cpu_us']:.2f}", percent(one["spread"])]
            ratios = [ratio_text(row["ratios"], name, peer) for peer in peers]
            figures = [rate_text(median["rate"]), f"{median['p50_us']:.0f}", f"{median['p99_us']:.0f}"]
            lines.append([row["load"], name, *cost, *ratios, *figures, *more_cells(row, name)])
            worst = max(run["waited"] for run in one["rounds"])
            if not is_reference and worst > DISTURBED_SHARE:
                disturbed.append(f"{row['load']} / {name} ({percent(worst)})")
    text = table(headings, lines) + "\n"
    if disturbed:
        text += f"\nDisturbed runs: {', '.join(disturbed)}.\n"
    commands = "\n".join(f"    {row['command']}" for row in rows)
    return text + f"\nThe load of each row, with another seed N in each run:\n\n{commands}\n"


def closed_table(section, rows):
    def cells(row, name):
        return [percent(row["contestants"][name]["median"]["busy"])]

    return contest(section, rows, ["core busy"], cells)


def paced_table(section, rows):
    def cells(row, name):
        median = row["contestants"][name]["median"]
        unsent = median["unsent"]
        if not has_reference:
            return [f"{unsent:.0f}"]
        if name == row["reference"]:
            return [f"{unsent:.0f}", "", ""]
        reference = row["contestants"][row["reference"]]["median"]
        return [f"{unsent:.0f}", *(f"{median[figure] - reference[figure]:.0f}" for figure in ("p50_us", "p99_us"))]

    has_reference = rows[0]["reference"] is not None
    return contest(section, rows, ["unsent", *(["added p50", "added p99"] if has_reference else [])], cells)


def idle_table(section, measured):
    lines = [[row["contestant"], f"{row['median']:.0f}", percent(row["spread"])] for row in measured["rows"]]
    return (
        table([f"{measured['clients']:,} idle clients", "bytes each", "spread"], lines)
        + "\n\nGrowth of the server's anonymous memory over clients that sent one request each and stay; fresh"
        "\nprocesses each round. What the kernel keeps for a socket, and io_uring for a receive that waits, is not in"
        "\nit.\n"
    )


def codec_table(measured):
    lines = [[f"`{row['benchmark']}`", f"{row['median']:.1f}", percent(row["spread"])] for row in measured["rows"]]
    return table(["benchmark", "ns an item", "spread"], lines) + f"\n\n    {measured['command']}\n"


def figures_table(section, measured):
    names = list(measured["rows"][0]["contestants"])
    ours = [name for name in names if section["contestants"][name]["role"] == Contestant.OURS]
    peers = [name for name in names if section["contestants"][name]["role"] == Contestant.PEER]
    pairs = [(one, peer) for one in ours for peer in peers]
    headings = [measured["unit"], *names, *(f"{one} to {peer}" if len(pairs) > 1 else "ratio" for one, peer in pairs)]
    lines = []
    for row in measured["rows"]:
        cells = [f"{row['contestants'][name]['figure']:.4g}" for name in names]
        lines.append([row["label"], *cells, *(ratio_text(row["ratios"], one, peer) for one, peer in pairs)])
    return table(headings, lines) + "\n"


def table_text(section, measured):
    match measured["kind"]:
        case "contest":
            return closed_table(section, measured["rows"])
        case "paced":
            return paced_table(section, measured["rows"])
        case "idle":
            return idle_table(section, measured)
        case "figures":
            return figures_table(section, measured)
        case "codec":
            return codec_table(measured)


def contestants_text(section):
    lines = []
    for name, one in section["contestants"].items():
        settings = f", settings [{one['settings']}](../{one['settings']})" if one["settings"] else ""
        version = f" {one['version']}" if "version" in one else ""
        lines.append(f"- {name}{version}: `{one['command']}`{settings}")
    return "\n".join(lines) + "\n" if lines else ""


def section_text(section):
    parts = [
        f"## {section['name']}: {section['title']}\n",
        section["method"] + "\n",
        f"Measured on {section['date']} with `{section['command']}`: Weir as of {section['revision']}, on\n"
        f"{section['machine']}.\n",
        *(f"{note}\n" for note in section["notes"]),
        contestants_text(section),
    ]
    for measured in section["tables"]:
        parts += [f"### {section['name']}: {measured['title']}\n", table_text(section, measured)]
    return "\n".join(part for part in parts if part)


def render(sections):
    """sections: {name: what run.py measured}"""
    known = [section_text(sections[name]) for name in SUITES if name in sections]
    return "\n".join([INTRODUCTION, *known])


def read(docs):
    return {file.stem: json.loads(file.read_text()) for file in (docs / "benchmarks").glob("*.json")}


def write_page(docs):
    (docs / "benchmarks.md").write_text(render(read(docs)))


def write(docs: pathlib.Path, section):
    folder = docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{section['name']}.json").write_text(json.dumps(section, indent=1) + "\n")
    write_page(docs)
