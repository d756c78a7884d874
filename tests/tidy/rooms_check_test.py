#!/usr/bin/python3
"""The checker is itself checked: each kind of breach, planted in a small tree, is reported."""
import pathlib
import tempfile
import unittest

import rooms_check

TABLE = """
| floor | room | holds | may include | cores |
|---|---|---|---|---|
| 0 | base/ | | nothing | |
| 1 | wire/ | | base | wire |
| 1 | runtime/ | | base | |
| 3 | store/ | | base wire runtime | store/keyspace |
| 6 | main.cpp | | all | |
"""
SOUND = {
    "base/bytes.h": "#pragma once\n#include <string>\n",
    "base/clock.h": "#pragma once\n",
    "wire/resp.h": '#pragma once\n#include "base/bytes.h"\n',
    "wire/resp_test.cpp": "#include <thread>\n",
    "runtime/loop.h": "#pragma once\n#include <sys/epoll.h>\n",
    "store/keyspace/table.h": '#pragma once\n#include "base/bytes.h"\n',
    "store/server.cpp": '#include "runtime/loop.h"\n#include "store/keyspace/table.h"\n',
    "main.cpp": '#include "store/keyspace/table.h"\n',
}


class RoomsCheck(unittest.TestCase):
    def breaches(self, **changes):
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder)
            table = changes.pop("table", TABLE)
            (src / "README.md").write_text(table)
            files = dict(SOUND)
            files.update({name.replace("__", "/", 1).replace("_cpp", ".cpp").replace("_h", ".h"): text
                          for name, text in changes.items()})
            for name, text in files.items():
                path = src / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return rooms_check.check(src)

    def assert_breach(self, expected, **changes):
        found = self.breaches(**changes)
        self.assertTrue(any(expected in line for line in found), f"{expected!r} not in {found}")

    def test_a_sound_tree_has_no_breach(self):
        self.assertEqual(self.breaches(), [])

    def test_include_up_the_floors(self):
        self.assert_breach("base may not include wire", base__up_cpp='#include "wire/resp.h"\n')

    def test_include_sideways(self):
        self.assert_breach("runtime may not include wire", runtime__side_cpp='#include "wire/resp.h"\n')

    def test_core_with_a_thread(self):
        self.assert_breach("a core may not include thread", wire__worker_cpp="#include <thread>\n")

    def test_core_with_a_clock(self):
        self.assert_breach("a core may not include base/clock.h", wire__late_cpp='#include "base/clock.h"\n')

    def test_core_in_a_folder_includes_the_loop(self):
        self.assert_breach("a core may not include runtime/loop.h",
                           **{"store__keyspace/io_cpp": '#include "runtime/loop.h"\n'})

    def test_header_that_is_not_there(self):
        self.assert_breach("does not exist", base__lost_cpp='#include "bytes.h"\n')

    def test_header_without_guard(self):
        self.assert_breach("without #pragma once", base__bare_h="int x;\n")

    def test_folder_without_a_row(self):
        self.assert_breach("cellar/ is not in the room table", **{"cellar__x_cpp": ""})

    def test_table_that_points_up(self):
        self.assert_breach("floors point down", table=TABLE.replace("| 0 | base/ | | nothing |", "| 0 | base/ | | wire |"))


if __name__ == "__main__":
    unittest.main()
