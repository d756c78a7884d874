"""The runner behind ./dev bench: against real servers, against peers that die, lie or hang, and when it is stopped.
WEIR_BUILD names the folder with the programs."""

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import document  # noqa: E402
import measure  # noqa: E402
import processes  # noqa: E402
from suites import SUITES  # noqa: E402

BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", measure.ROOT / "build"))
DOCS = measure.ROOT / "docs"

# Stands first on the PATH as redis-server. Answers every command, then ends after $ANSWERS of them.
FALSE_REDIS = '''\
#!/usr/bin/python3
import asyncio, os, re, sys
limit, answer = int(os.environ["ANSWERS"]), os.environ["ANSWER"].encode()
port = int(re.search(r"^port (\\d+)", open(sys.argv[1]).read(), re.MULTILINE)[1])
answered = 0
async def serve(reader, writer):
    global answered
    while received := await reader.read(65536):
        commands = received.count(b"*")
        answered += commands
        if answered > limit:
            print("struck by lightning", flush=True)
            os._exit(3)
        writer.write(answer * commands)
async def main():
    await (await asyncio.start_server(serve, "127.0.0.1", port)).serve_forever()
asyncio.run(main())
'''


def session_members(session):
    """{pid: name} of what runs in a session."""
    members = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            fields = rest.split()
            if int(fields[3]) == session and fields[0] != "Z":
                members[int(entry.name)] = name
    return members


def until(condition, what, seconds=20):
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class RunnerTest(unittest.TestCase):
    """Starts bench/run.py in a session of its own, so that whatever it leaves behind is found."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="weir-bench-test-")))
        self.build = BUILD
        # Were the runner to leave something behind, this test would not.
        self.environment = {**os.environ, "TMPDIR": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def start(self, *arguments):
        command = [sys.executable, measure.ROOT / "bench" / "run.py", *arguments, "--build", self.build]
        self.runner = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, start_new_session=True,
        )
        self.addCleanup(self.end_session)

    def end_session(self):
        for pid in session_members(self.runner.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.runner.communicate()
        self.runner.stdout.close()
        self.runner.stderr.close()

    def run_to_end(self, *arguments):
        self.start(*arguments)
        output, complaint = self.runner.communicate(timeout=50)
        return self.runner.returncode, output, complaint

    def assert_nothing_left(self):
        # What was killed may take a moment to be gone.
        deadline = time.monotonic() + 10
        while session_members(self.runner.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(session_members(self.runner.pid), {})
        self.assertEqual([entry.name for entry in self.folder.glob("weir-bench-*")], [])

    def put_false_redis_on_the_path(self, answers, answer="+OK\r\n"):
        programs = self.folder / "bin"
        programs.mkdir()
        program = programs / "redis-server"
        program.write_text(FALSE_REDIS)
        program.chmod(0o755)
        path = f"{programs}:{os.environ['PATH']}"
        self.environment |= {"PATH": path, "ANSWERS": str(answers), "ANSWER": answer}


class StoreSuite(RunnerTest):
    def test_both_sides_are_measured_and_compared(self):
        before = (DOCS / "benchmarks.md").read_bytes()
        status, output, complaint = self.run_to_end("store", "--quick", "--no-write", "--json")
        self.assertEqual(status, 0, complaint)
        self.assert_nothing_left()
        self.assertEqual((DOCS / "benchmarks.md").read_bytes(), before)

        section = json.loads(output)
        self.assertEqual(section["name"], "store")
        for field in ("title", "method", "date", "command", "revision", "machine", "tables"):
            self.assertTrue(section[field], field)
        self.assertRegex(section["contestants"]["Redis"]["version"], r"^\d+\.\d+\.\d+$")
        self.assertIn("build/weir store", section["contestants"]["weir, epoll"]["command"])
        self.assertNotIn(str(BUILD), output)

        saturated, paced = section["tables"]
        wanted = SUITES["store"].SATURATED + SUITES["store"].COMMANDS
        self.assertEqual({row["load"] for row in saturated["rows"]}, {load for load, *_ in wanted})
        for row in saturated["rows"] + paced["rows"]:
            self.assertGreaterEqual(set(row["contestants"]), {"Redis", "weir, epoll"})
            for name, one in row["contestants"].items():
                for figure in ("cpu_us", "rate", "p50_us", "p99_us", "busy"):
                    self.assertGreater(one["median"][figure], 0, f"{row['load']} {name} {figure}")
            for name, ratios in row["ratios"].items():
                ours, redis = row["contestants"][name]["rounds"], row["contestants"]["Redis"]["rounds"]
                self.assertEqual(ratios["Redis"]["median"], ours[0]["cpu_us"] / redis[0]["cpu_us"])
        for row in paced["rows"]:
            capacity = next(other for other in saturated["rows"] if other["load"] == row["load"])
            slowest = min(one["median"]["rate"] for one in capacity["contestants"].values())
            self.assertAlmostEqual(row["target_rate"], slowest / 2, delta=501)
        self.assertIn("| GET P1 | Redis |", document.section_text(section))

    def test_a_peer_that_dies_before_the_first_answer_is_a_failure(self):
        self.put_false_redis_on_the_path(answers=0)
        self.assert_failure("Redis ended with status 3: struck by lightning")

    def test_a_peer_that_dies_while_it_is_measured_is_a_failure(self):
        self.put_false_redis_on_the_path(answers=2_600)  # The two fills take 2,000.
        self.assert_failure("Redis ended with status 3: struck by lightning")

    def test_a_peer_that_answers_with_errors_is_a_failure(self):
        self.put_false_redis_on_the_path(answers=1_000_000, answer="-ERR no\r\n")
        self.assert_failure("Redis: not every request was answered well")

    def test_a_peer_that_is_not_installed_is_a_failure(self):
        self.environment["PATH"] = str(self.folder)
        self.assert_failure("Redis: cannot run redis-server: No such file or directory")

    def test_where_io_uring_is_refused_it_has_no_rows_and_the_page_says_why(self):
        self.build = self.folder / "build"
        self.build.mkdir()
        for program in ("weir", "weir-load"):
            (self.build / program).symlink_to(BUILD / program)
        refusing = self.build / "bench-loop"
        refusing.write_text("#!/bin/sh\necho 'bench-loop: create an io_uring: not permitted' >&2\nexit 1\n")
        refusing.chmod(0o755)
        status, output, complaint = self.run_to_end("store", "--quick", "--no-write", "--json")
        self.assertEqual(status, 0, complaint)
        section = json.loads(output)
        self.assertEqual(set(section["contestants"]), {"Redis", "weir, epoll"})
        self.assertRegex(document.section_text(section), "io_uring is refused on this machine.*: not permitted")

    def assert_failure(self, reason):
        status, output, complaint = self.run_to_end("store", "--quick", "--no-write", "--json")
        self.assertEqual(status, 1, complaint)
        self.assertIn(f"bench: store: {reason}", complaint)
        self.assertEqual(output, "")
        self.assert_nothing_left()

    def start_and_hang(self):
        self.put_false_redis_on_the_path(answers=1_000_000, answer="")
        self.start("store", "--quick", "--no-write")
        until(lambda: "weir-load" in session_members(self.runner.pid).values(), "the load begins")

    def test_ctrl_c_ends_everything(self):
        self.assert_ends_everything(signal.SIGINT)

    def test_sigterm_ends_everything(self):
        self.assert_ends_everything(signal.SIGTERM)

    def assert_ends_everything(self, number):
        self.start_and_hang()
        self.runner.send_signal(number)
        self.assertEqual(self.runner.wait(20), 130)
        self.assert_nothing_left()

    def test_what_it_started_does_not_outlive_a_killed_runner(self):
        self.start_and_hang()
        self.runner.kill()
        self.runner.wait(20)
        until(lambda: not session_members(self.runner.pid), "the servers and the load client end")


class CommandLine(RunnerTest):
    def test_lists_what_can_be_measured(self):
        status, output, _ = self.run_to_end("--list")
        self.assertEqual((status, [line.split()[0] for line in output.splitlines()]), (0, list(SUITES)))

    def test_an_unknown_name_is_a_usage_error(self):
        status, _, complaint = self.run_to_end("stroe")
        self.assertEqual(status, 2)
        self.assertIn(f"no benchmark 'stroe': expected {', '.join(SUITES)}", complaint)


def figures(cpu_us, waited=0.0):
    names = ("rate", "p50_us", "p99_us", "busy", "unsent")
    return {"cpu_us": cpu_us, "waited": waited, **dict.fromkeys(names, 1.0)}


class ScriptedBench(measure.Bench):
    """Measures nothing: each run takes the next of a contestant's figures."""

    def __init__(self, script, **options):
        super().__init__(measure.Options(**options), tempfile.gettempdir())
        self.script = {name: list(runs) for name, runs in script.items()}
        self.order = []

    def _measure(self, server, load, pace):
        self.order.append(server.name)
        return self.script[server.name].pop(0)

    def _tell(self, text):
        pass

    def contest_of_two(self):
        roles = {"ours": measure.Contestant.OURS, "peer": measure.Contestant.PEER}
        servers = {}
        for name, role in roles.items():
            server = processes.Server(name, [name], 0, "/dev/null", port=1)
            servers[measure.Contestant(name, role, None)] = server
        return self.contest("title", servers, [measure.Load("load", "resp", ())])["rows"][0]


class Rounds(unittest.TestCase):
    def test_contestants_take_turns_in_alternating_order(self):
        bench = ScriptedBench({"ours": [figures(1)] * 3, "peer": [figures(1)] * 3}, rounds=3)
        bench.contest_of_two()
        self.assertEqual(bench.order, ["ours", "peer", "peer", "ours", "ours", "peer"])

    def test_figures_are_medians_and_ratios_compare_runs_of_one_round(self):
        # The machine was twice as slow in the last two rounds: the medians' ratio would say 1.5.
        ours = [figures(1.0), figures(3.0), figures(4.0)]
        peer = [figures(1.0), figures(2.0), figures(4.0)]
        row = ScriptedBench({"ours": ours, "peer": peer}, rounds=3).contest_of_two()
        self.assertEqual(row["contestants"]["ours"]["median"]["cpu_us"], 3.0)
        self.assertEqual(row["contestants"]["ours"]["spread"], 1.0)
        self.assertEqual(row["ratios"], {"ours": {"peer": {"median": 1.0, "low": 1.0, "high": 1.5}}})

    def test_a_disturbed_run_is_made_again(self):
        ours = [figures(9.0, waited=0.5), figures(1.0)]
        row = ScriptedBench({"ours": ours, "peer": [figures(1.0)]}, rounds=1).contest_of_two()
        self.assertEqual(row["contestants"]["ours"]["median"]["cpu_us"], 1.0)

    def test_when_every_run_is_disturbed_the_least_disturbed_counts_and_the_page_says_so(self):
        waited = [0.9, 0.2, 0.4, 0.5, 0.6]
        ours = [figures(share, waited=share) for share in waited]
        row = ScriptedBench({"ours": ours, "peer": [figures(1.0)]}, rounds=1).contest_of_two()
        self.assertEqual(row["contestants"]["ours"]["median"]["cpu_us"], 0.2)
        roles = {"ours": {"role": measure.Contestant.OURS}, "peer": {"role": measure.Contestant.PEER}}
        page = document.closed_table({"contestants": roles}, [row])
        self.assertIn("Disturbed runs: load / ours (20 %).", page)

    def test_the_lock_is_held_while_measuring_and_given_back_at_the_end(self):
        def is_free(file):
            with open(file, "a") as other:
                try:
                    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                except BlockingIOError:
                    return False

        with tempfile.NamedTemporaryFile() as file:
            with ScriptedBench({}, lock=pathlib.Path(file.name)) as bench:
                self.assertTrue(is_free(file.name))
                with bench.alone():
                    self.assertFalse(is_free(file.name))
            self.assertTrue(is_free(file.name))


class IdleClients(unittest.TestCase):
    def test_the_end_of_a_response_is_found_wherever_content_length_stands(self):
        bytes_of = SUITES["gateway"].response_bytes
        head = b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 10\r\n\r\n"
        self.assertEqual(bytes_of(head), len(head) + 10)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nA: b\r\n\r\n"
        self.assertEqual(bytes_of(head + b"0123"), len(head) + 10)
        self.assertGreater(bytes_of(head[:-1]), len(head) - 1)


class Page(unittest.TestCase):
    def test_it_is_what_the_figures_beside_it_say(self):
        page = (DOCS / "benchmarks.md").read_text()
        self.assertTrue(page == document.render(document.read(DOCS)), "edited by hand? See ./dev bench --page")

    def test_it_has_a_section_for_every_suite(self):
        self.assertEqual(set(document.read(DOCS)), set(SUITES))

    def test_measuring_again_replaces_one_section(self):
        with tempfile.TemporaryDirectory() as folder:
            docs = pathlib.Path(folder)
            for section in document.read(DOCS).values():
                document.write(docs, section)
            store = {**document.read(DOCS)["store"], "date": "1999-12-31"}
            document.write(docs, store)
            old, new = (page.read_text().splitlines() for page in (DOCS / "benchmarks.md", docs / "benchmarks.md"))
            changed = [after for before, after in zip(old, new, strict=True) if before != after]
            self.assertEqual(len(changed), 1)
            self.assertIn("1999-12-31", changed[0])


if __name__ == "__main__":
    unittest.main()
