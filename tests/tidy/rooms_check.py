#!/usr/bin/python3
"""Holds every #include of src/ against the room table of src/README.md.

Usage: rooms_check.py [SRC]

A room may include itself and the rooms in its row; main.cpp may include all. A folder listed under "cores" includes
nothing that touches a socket, thread, clock, file or Asio. Prints one line per breach and exits with 1 if there is one.
"""
import pathlib
import re
import sys

# What a core must not include: standard and system headers that do I/O, read clocks or start threads, libraries that
# do, and our own headers that hand these out.
FORBIDDEN_IN_CORES = re.compile(
    r"^(boost/asio.*|boost/beast.*|liburing\.h|sqlite3\.h|spdlog/.*|"
    r"thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|latch|barrier|"
    r"fstream|filesystem|iostream|cstdio|stdio\.h|ctime|time\.h|random|"
    r"sys/.*|netinet/.*|arpa/.*|unistd\.h|fcntl\.h|poll\.h|pthread\.h|signal\.h|csignal|"
    r"runtime/.*|serve/.*|client/.*|base/clock\.h|base/log\.h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Room:
    def __init__(self, floor, allowed, cores):
        self.floor, self.allowed, self.cores = floor, allowed, cores


def read_table(readme):
    """The table's rows as {room: Room}."""
    rooms = {}
    for line in readme.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 5 or not cells[0].isdigit():
            continue
        floor, name, _, allowed, cores = cells
        allowed = [] if allowed == "nothing" else allowed.split()
        rooms[name.rstrip("/")] = Room(int(floor), allowed, cores.split())
    return rooms


def check_table(rooms, src):
    for name, room in rooms.items():
        for other in room.allowed:
            if other == "all":
                continue
            if other not in rooms:
                yield f"README.md: {name} may include '{other}', which is not a room"
            elif rooms[other].floor >= room.floor:
                yield f"README.md: {name} (floor {room.floor}) may include {other} (floor {rooms[other].floor}): floors point down"
        for core in room.cores:
            if not (src / core).is_dir() and any((src / name).glob("**/*.cpp")):
                yield f"README.md: the core {core}/ of {name} does not exist"
    for folder in sorted(path.name for path in src.iterdir() if path.is_dir()):
        if folder not in rooms:
            yield f"{folder}/ is not in the room table"


def check_file(path, src, rooms):
    relative = path.relative_to(src)
    name = relative.parts[0]
    room = rooms.get(name)
    if room is None:
        return
    is_test = path.name.endswith("_test.cpp")
    in_core = any(relative.is_relative_to(core) for core in room.cores)
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, target = match[1] == '"', match[2]
        where = f"src/{relative}:{number}"
        if quoted:
            if not (src / target).exists():
                yield f"{where}: includes \"{target}\", which does not exist below src/ (own headers are named from src/)"
                continue
            other = target.split("/")[0]
            if other != name and other not in room.allowed and room.allowed != ["all"]:
                yield f"{where}: {name} may not include {other} (\"{target}\")"
        if in_core and not is_test and FORBIDDEN_IN_CORES.match(target):
            yield f"{where}: a core may not include {target}"


def check(src):
    rooms = read_table(src / "README.md")
    if not rooms:
        return ["README.md: no room table found"]
    breaches = list(check_table(rooms, src))
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cpp"):
            breaches += check_file(path, src, rooms)
            if path.suffix == ".h" and "#pragma once" not in path.read_text(errors="replace"):
                breaches.append(f"src/{path.relative_to(src)}: a header without #pragma once")
    return breaches


def main():
    src = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src").resolve()
    breaches = check(src)
    for breach in breaches:
        print(breach)
    print(f"rooms: {len(breaches)} breaches" if breaches else "rooms: every include stands where the table allows it")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
