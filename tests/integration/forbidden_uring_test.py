"""Where io_uring is forbidden, as containers do it, `ft` goes on without it and says so."""
import contextlib
import json
import os
import pathlib
import subprocess
import unittest

import programs
from programs import BACKENDS, Server

SYSCTL = pathlib.Path("/proc/sys/kernel/io_uring_disabled")
ERRORS = {"EPERM": "Operation not permitted", "ENOSYS": "Function not implemented",
          "ENOMEM": "Cannot allocate memory", "EINVAL": "Invalid argument",
          "EOPNOTSUPP": "Operation not supported"}


def forbidden(call, error):
    """What to put in front of a command so that `call` fails with `error` in it."""
    return (os.environ["FT_FORBID"], call, error)


@contextlib.contextmanager
def disabled_by_sysctl():
    before = SYSCTL.read_text()
    # Puts it back even when this process is killed: its standard input ends then.
    guard = subprocess.Popen(["sh", "-c", f"cat; echo {before.strip()} > {SYSCTL}"],
                             stdin=subprocess.PIPE, start_new_session=True)
    try:
        SYSCTL.write_text("2")
        yield
    finally:
        guard.communicate()
        assert SYSCTL.read_text() == before


class ForbiddenUring(unittest.TestCase):
    def check_fall_back(self, words, prefix=()):
        with Server(prefix=prefix) as server:
            self.assertTrue(server.answers())
            self.assertEqual(server.stop()["backend"], "epoll")
            self.assertEqual(server.said().count("note:"), 1)
            self.assertIn("note: using epoll, not io_uring: ", server.said())
            self.assertIn(words, server.said())

    def check_report(self, words, prefix=()):
        done = programs.run("backends", prefix=prefix)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first = done.stdout.splitlines()[0]
        self.assertRegex(first, "^io_uring  cannot be had: ")
        self.assertIn(words, first)
        self.assertIn("a loop here runs on epoll (the best that works here)", done.stdout)
        report = json.loads(programs.run("backends", "--json", prefix=prefix).stdout)
        self.assertEqual(report["chosen"], "epoll")
        self.assertEqual([(each["name"], each["works"]) for each in report["backends"]],
                         [(name, name != "io_uring") for name in BACKENDS])
        self.assertIn(words, report["backends"][0]["why_not"])

    def check_demand(self, words, prefix=()):
        for command in (["echo", "127.0.0.1:0"], ["cat", "127.0.0.1:9"], ["load"], ["backends"]):
            for demand in ({"env": {"FT_BACKEND": "io_uring"}}, {"flag": "--backend=io_uring"}):
                flags = [demand["flag"]] if "flag" in demand else []
                done = programs.run(*command, *flags, prefix=prefix, env=demand.get("env"))
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, r"^error: cannot [a-z]+ .*\n  io_uring_\w+ io_uring ")
                self.assertIn(words, done.stderr)

    def test_F61_an_error_of_any_kind_means_epoll(self):
        for error, words in ERRORS.items():
            with self.subTest(error):
                prefix = forbidden("io_uring_setup", error)
                self.check_fall_back(words, prefix)
                self.check_report(words, prefix)
        self.check_demand(ERRORS["EPERM"], forbidden("io_uring_setup", "EPERM"))
        self.check_demand(ERRORS["ENOSYS"], forbidden("io_uring_setup", "ENOSYS"))

    def test_F61_a_ring_that_can_be_had_but_not_used_means_epoll(self):
        for call in ("io_uring_enter", "io_uring_register"):
            with self.subTest(call):
                self.check_fall_back(ERRORS["EPERM"], forbidden(call, "EPERM"))
                self.check_report(call, forbidden(call, "EPERM"))
                self.check_demand(call, forbidden(call, "EPERM"))

    def test_D2_a_backend_asked_for_is_not_looked_for_elsewhere(self):
        prefix = forbidden("io_uring_setup", "EPERM")
        for backend in BACKENDS[1:]:
            with Server(prefix=prefix, backend=backend) as server:
                self.assertTrue(server.answers())
                self.assertEqual((server.stop()["backend"], server.said()), (backend, ""))

    def test_F62_epoll_without_its_newest_call(self):
        for error in ("EPERM", "ENOSYS"):
            prefix = forbidden("epoll_pwait2", error)
            with Server("--silence", "50ms", prefix=prefix, backend="epoll") as server:
                self.assertTrue(server.answers())
                with server.connect() as peer:
                    self.assertEqual(peer.recv(1), b"")  # Its time limit still runs out.
                self.assertEqual(server.stop()["silent"], 1)

    def test_D2_without_epoll_there_is_poll(self):
        done = programs.run("backends", prefix=forbidden("io_uring_setup", "EPERM") +
                            forbidden("epoll_create1", "ENOSYS"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("a loop here runs on poll ", done.stdout)


class DisabledUring(unittest.TestCase):
    """By the system's own switch, which holds for all programs; so it is only done when allowed."""

    def test_F61_the_switch_of_the_system_means_epoll(self):
        if not SYSCTL.exists():
            self.skipTest("this kernel has no kernel.io_uring_disabled")
        if not os.access(SYSCTL, os.W_OK):
            self.skipTest("only root can write kernel.io_uring_disabled")
        if not os.environ.get("FT_MAY_CHANGE_SYSTEM"):
            self.skipTest("it would change the whole system: set FT_MAY_CHANGE_SYSTEM=1 to run it")
        with disabled_by_sysctl():
            with Server() as server:
                self.assertTrue(server.answers())
                said = server.said()
            report = programs.run("backends").stdout
            demand = programs.run("backends", "--backend", "io_uring")
        self.assertIn("not io_uring: io_uring_setup: Operation not permitted", said)
        self.assertIn("hint: io_uring is forbidden here (sysctl kernel.io_uring_disabled", report)
        self.assertEqual(demand.returncode, 1)


if __name__ == "__main__":
    unittest.main()
