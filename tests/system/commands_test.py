#!/usr/bin/python3
"""The table of commands against Redis's own, and the page that is made from it."""
import json
import subprocess
import unittest

import commands_page
import harness
import resp


def plain(value):
    """With text for bytes, so that a difference can be read."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {plain(name): plain(one) for name, one in value.items()}
    return value


def by_name(rows):
    found = {}
    for row in rows:
        found[plain(row[0])] = row
        found.update(by_name(row[9]))
    return found


def by_field(value):
    """A map of COMMAND DOCS, in either protocol."""
    pairs = value.items() if isinstance(value, dict) else zip(value[::2], value[1::2])
    return {plain(name): plain(one) for name, one in pairs}


def arguments(values):
    found = []
    for value in values:
        about = by_field(value)
        if "arguments" in about:
            about["arguments"] = arguments(about["arguments"])
        found.append(list(about.items()))
    return found


def told(docs):
    """COMMAND DOCS: the fields of each command and subcommand, in their order."""
    found = {}
    for name, value in by_field(docs).items():
        about = by_field(value)
        if "arguments" in about:
            about["arguments"] = arguments(about["arguments"])
        if "subcommands" in about:
            found.update(told(about.pop("subcommands")))
        found[name] = about
    return found


class Commands(harness.SystemTest):
    def setUp(self):
        super().setUp()
        self.store = self.start_store()

    def test_every_row_is_as_redis_has_it(self):
        redis = self.start_redis()
        with resp.Connection(redis) as theirs, resp.Connection(self.store) as ours:
            expected, actual = by_name(theirs.call("COMMAND")), by_name(ours.call("COMMAND"))
        self.assertLess(30, len(actual))
        fields = ["name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specs"]
        for name, row in actual.items():
            self.assertIn(name, expected)
            for number, field in enumerate(fields):
                with self.subTest(command=name, field=field):
                    self.assertEqual(plain(row[number]), plain(expected[name][number]))

    def test_rows_are_as_the_published_specification_has_them(self):
        archive = harness.real_input("redis/command-spec.tar.zst")
        listing = subprocess.run(["tar", "--zstd", "-tf", archive], check=True, capture_output=True, text=True).stdout
        files = [name for name in listing.split() if "/valkey-commands/" in name and name.endswith(".json")]
        subprocess.run(["tar", "--zstd", "-xf", archive, "-C", self.folder, *files], check=True)
        published = {}
        for name in files:
            with open(f"{self.folder}/{name}", encoding="utf-8") as file:
                for command, about in json.load(file).items():
                    container = about.get("container")
                    published[f"{container}|{command}".lower() if container else command.lower()] = about
        with resp.Connection(self.store) as ours:
            rows = by_name(ours.call("COMMAND"))
            docs = ours.call("COMMAND", "DOCS")
        docs = dict(zip(docs[::2], docs[1::2]))
        seen = 0
        for name, row in rows.items():
            about = published.get(name)
            if about is None:
                continue  # Of Redis only.
            seen += 1
            # The later version has optional arguments more, so that an exact arity may have become a least one.
            if about["arity"] > 0:
                self.assertEqual(row[1], about["arity"], name)
            if name.encode() in docs:
                text = docs[name.encode()]
                ours_about = dict(zip(text[::2], text[1::2]))
                self.assertEqual(ours_about[b"since"].decode(), about["since"], name)
                self.assertEqual(ours_about[b"group"].decode(), about["group"].replace("_", "-"), name)
        self.assertLess(30, seen)

    def test_the_page_is_of_this_table(self):
        page = commands_page.render(self.store)
        with open(harness.ROOT / "docs" / "commands.md", encoding="utf-8") as file:
            self.assertEqual(file.read(), page, "write it anew: tests/system/commands_page.py PORT > docs/commands.md")

    def test_docs_are_as_redis_has_them(self):
        redis = self.start_redis()
        for protocol in (2, 3):
            with resp.Connection(redis) as theirs, resp.Connection(self.store) as ours:
                theirs.call("HELLO", protocol)
                ours.call("HELLO", protocol)
                expected, actual = told(theirs.call("COMMAND", "DOCS")), told(ours.call("COMMAND", "DOCS"))
                # One command alone, byte by byte but for what it is for; STRLEN has no history, and costs O(1).
                same = [one.call_raw("COMMAND", "DOCS", "STRLEN").split(b"since")[1] for one in (theirs, ours)]
                self.assertEqual(same[0], same[1])
            self.assertLess(190, len(actual))
            for name, about in actual.items():
                with self.subTest(protocol=protocol, command=name):
                    self.assertTrue(about.pop("summary"))
                    theirs_about = dict(expected[name])
                    del theirs_about["summary"]
                    theirs_about.pop("history", None)  # Ours began with all of it.
                    for one in (about, theirs_about):  # Ours says it in its own words.
                        if "complexity" in one:
                            one["complexity"] = "said"
                    self.assertEqual(list(about.items()), list(theirs_about.items()))

    def test_list_and_getkeys_answer_as_redis(self):
        redis = self.start_redis()
        lines = ["COMMAND GETKEYS GET a", "COMMAND GETKEYS GET", "COMMAND GETKEYS FOO a", "COMMAND GETKEYS PING x",
                 "COMMAND GETKEYS DEL a b", "COMMAND GETKEYS CONFIG GET x", "COMMAND GETKEYS CONFIG FOO x",
                 "COMMAND GETKEYS GET a b", "COMMAND GETKEYSANDFLAGS GET a", "COMMAND GETKEYSANDFLAGS SET a GET",
                 "COMMAND GETKEYSANDFLAGS SET a b EX 1 get", "COMMAND GETKEYSANDFLAGS DEL a b",
                 "COMMAND GETKEYS SSUBSCRIBE a", "COMMAND GETKEYS WATCH a b", "COMMAND LIST FOO",
                 "COMMAND GETKEYSANDFLAGS SORT a BY x GET STORE STORE b store c", "COMMAND GETKEYS SORT a STORE",
                 "COMMAND GETKEYS SORT a LIMIT 1 STORE b", "COMMAND GETKEYSANDFLAGS SORT_RO a BY b STORE c",
                 "COMMAND LIST FILTERBY MODULE x", "COMMAND LIST FILTERBY ACLCAT nothing", "COMMAND LIST FILTERBY x y",
                 "COMMAND LIST FILTERBY PATTERN publis*", "COMMAND HELP", "COMMAND FOO"]
        for protocol in (2, 3):
            with resp.Connection(redis) as theirs, resp.Connection(self.store) as ours:
                theirs.call("HELLO", protocol)
                ours.call("HELLO", protocol)
                for line in lines:
                    words = line.split()
                    self.assertEqual(ours.call_raw(*words), theirs.call_raw(*words), line)


if __name__ == "__main__":
    unittest.main()
