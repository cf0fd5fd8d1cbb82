"""`ft doctor`: what it says, and the exit code by which scripts know it."""
import json
import os
import socket
import unittest

from programs import own_network, run


class Doctor(unittest.TestCase):
    def setUp(self):
        own_network()
        self.kept = []

    def tearDown(self):
        for each in self.kept:
            each.close()

    def listener(self, backlog):
        made = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.kept.append(made)
        return made

    def fill(self, listener):
        for _ in range(2):
            self.kept.append(socket.create_connection(listener.getsockname()))

    def asked(self, *arguments):
        return run("doctor", "--for", "1ms", "--pid", str(os.getpid()), *arguments)

    def test_the_healthy_are_told_so(self):
        self.fill(self.listener(100))
        done = self.asked()
        self.assertEqual((done.returncode, done.stdout),
                         (0, "nothing is wrong that it looks for\n"))
        told = self.asked("--all")
        self.assertEqual(told.returncode, 0)
        self.assertIn("well: accept-queue-full\n", told.stdout)
        self.assertEqual(json.loads(self.asked("--json").stdout), [])

    def test_H3_what_is_severe_is_told_with_evidence_and_a_way_out(self):
        ill = self.listener(1)
        self.fill(ill)
        port = ill.getsockname()[1]
        done = self.asked()
        self.assertEqual(done.returncode, 4)
        self.assertRegex(done.stdout,
                         rf"^severe: accept-queue-full: 127\.0\.0\.1:{port} of \S+ pid {os.getpid()}\n"
                         r"  evidence  2 wait, 1 may\n  why +\w.*\n  to do +\w.*\n  sure +yes\n$")
        found = json.loads(self.asked("--json", "--port", str(port)).stdout)
        self.assertEqual([(each["illness"], each["severity"]) for each in found],
                         [("accept-queue-full", "severe")])
        self.assertEqual(self.asked("--port", str(port - 1)).returncode, 0)
        self.assertNotIn("well: accept-queue-full", self.asked("--all").stdout)

    def test_a_warning_has_a_code_of_its_own(self):
        listener = self.listener(2)
        self.fill(listener)
        done = self.asked()
        self.assertEqual(done.returncode, 3)
        self.assertTrue(done.stdout.startswith("warning: accept-queue-full: "), done.stdout)

    def test_each_illness_is_explained(self):
        done = run("doctor", "--explain", "close-wait-leak")
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.startswith("close-wait-leak\n  meaning"), done.stdout)
        wrong = run("doctor", "--explain", "plague")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("close-wait-leak", wrong.stderr)

    def test_a_process_that_is_not_there(self):
        done = run("doctor", "--pid", "4194304", "--for", "1ms")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("cannot look at the sockets", done.stderr)


if __name__ == "__main__":
    unittest.main()
