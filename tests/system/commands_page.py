#!/usr/bin/python3
"""docs/commands.md from the table of a running store: commands_page.py PORT > docs/commands.md"""
import sys

import resp

HEAD = """# The commands of the store

Written by `tests/system/commands_page.py` from the table that the store itself answers COMMAND from; a test holds this page
against it. What a command does in detail is in Redis's manual: the store answers as Redis 7.0 does, except where
[store.md](store.md) says otherwise. The arity counts the name; a negative one is the least.
"""


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def fields(value):
    """A map, in RESP2 a list of names and values in turn."""
    return {text(name): value for name, value in zip(value[::2], value[1::2])}


def shown(argument):
    """One argument as manuals write it."""
    about = {name: text(value) for name, value in fields(argument).items()}
    kind, token, flags = about["type"], about.get("token"), [text(flag) for flag in about.get("flags", [])]
    if kind == "pure-token":
        body = token or '""'
    else:
        if kind in ("oneof", "block"):
            inner = [shown(one) for one in about["arguments"]]
            body = (" | " if kind == "oneof" else " ").join(inner)
            # Brackets around it hold it together as well.
            repeated = "multiple" in flags and "multiple_token" not in flags
            if kind == "oneof" and (token or repeated or "optional" not in flags):
                body = f"<{body}>"
            elif kind == "block" and repeated:
                body = f"({body})"
        else:
            body = about["name"]
        if "multiple" in flags and "multiple_token" not in flags:
            body += " ..."
        if token:
            body = f"{token} {body}"
    if "optional" in flags:
        body = f"[{body}]"
    return body + (" ..." if "multiple_token" in flags else "")


def rows_of(connection):
    """(group, name, syntax, arity, flags, summary) of every command that can be called."""
    docs = fields(connection.call("COMMAND", "DOCS"))

    def walk(info, about):
        about = fields(about)
        if info[9]:
            inner = fields(about["subcommands"])
            for subcommand in info[9]:
                yield from walk(subcommand, inner[text(subcommand[0])])
        else:
            syntax = " ".join(shown(one) for one in about.get("arguments", []))
            yield (text(about["group"]), text(info[0]), syntax, info[1], info[2], text(about["summary"]))

    for info in connection.call("COMMAND"):
        yield from walk(info, docs[text(info[0])])


def render(port):
    with resp.Connection(port) as connection:
        rows = list(rows_of(connection))
    page = HEAD
    for group in sorted({row[0] for row in rows}):
        page += f"\n## {group}\n\n| command | arity | flags | what it does |\n|---|---|---|---|\n"
        for _, name, syntax, arity, flags, summary in sorted(row for row in rows if row[0] == group):
            words = ", ".join(text(flag) for flag in flags)
            call = f"{name.replace('|', ' ').upper()} {syntax}".rstrip().replace("|", "\\|")
            page += f"| `{call}` | {arity} | {words} | {summary} |\n"
    return page


if __name__ == "__main__":
    sys.stdout.write(render(int(sys.argv[1])))
