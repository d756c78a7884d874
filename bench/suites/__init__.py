"""What `./dev bench` can measure, in the order of docs/benchmarks.md. A suite is a module with

    TITLE           its heading
    METHOD          a paragraph on what is measured and how it is to be read (Markdown)
    measure(bench)  returns its tables; `bench` is a measure.Bench

A new case is a new row in its suite's table of loads; a new suite is a module here and a line below."""

from suites import append, files, gateway, loop, memory, stalls, store, wire

SUITES = {
    "store": store,
    "memory": memory,
    "append": append,
    "files": files,
    "stalls": stalls,
    "gateway": gateway,
    "loop": loop,
    "wire": wire,
}
