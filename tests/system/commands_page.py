#!/usr/bin/python3
"""docs/commands.md from the table of a running store: commands_page.py PORT > docs/commands.md"""
import sys

import resp

HEAD = """# The commands of the store

Written by `tests/system/commands_page.py` from the table that the store itself answers COMMAND from; a test holds this page
against it. What a command does in detail is in Redis's manual: the store answers as Redis 7.0 does, except where
[store.md](store.md) says otherwise. The arity counts the name; a negative one is the least.
"""


def rows_of(connection):
    """(group, name, arity, flags, categories, summary) of every command that can be called."""
    docs = connection.call("COMMAND", "DOCS")
    pairs = dict(zip(docs[::2], docs[1::2])) if isinstance(docs, list) else docs

    def fields(value):
        return dict(zip(value[::2], value[1::2])) if isinstance(value, list) else value

    def walk(info, about):
        about = fields(about)
        if info[9]:
            inner = fields(about[b"subcommands"])
            for subcommand in info[9]:
                yield from walk(subcommand, inner[subcommand[0]])
        else:
            yield (about[b"group"], info[0], info[1], info[2], info[6], about[b"summary"])

    for info in connection.call("COMMAND"):
        yield from walk(info, pairs[info[0]])


def render(port):
    with resp.Connection(port) as connection:
        rows = [[value.decode() if isinstance(value, bytes) else value for value in row]
                for row in rows_of(connection)]
    page = HEAD
    for group in sorted({row[0] for row in rows}):
        page += f"\n## {group}\n\n| command | arity | flags | what it does |\n|---|---|---|---|\n"
        for _, name, arity, flags, _, summary in sorted(row for row in rows if row[0] == group):
            words = ", ".join(flag.decode() for flag in flags)
            page += f"| `{name.replace('|', ' ').upper()}` | {arity} | {words} | {summary} |\n"
    return page


if __name__ == "__main__":
    sys.stdout.write(render(int(sys.argv[1])))
