"""`ft discard`, `ft chargen`, `ft daytime` and `ft serve-tcp`, as their clients see them."""
import os
import re
import signal
import socket
import subprocess
import unittest

from programs import BACKENDS, FT, GIVE_UP, run


class Service:
    """One of them, from its start to its end; the clean end is checked."""

    def __init__(self, *arguments, backend=None):
        environment = {**os.environ, **({"FT_BACKEND": backend} if backend else {})}
        self.process = subprocess.Popen([FT, arguments[0], "127.0.0.1:0", *arguments[1:]],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment)

    def __enter__(self):
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise AssertionError(line + self.process.communicate(timeout=GIVE_UP)[1])
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM if kind is None else signal.SIGKILL)
        self.printed, self.complained = self.process.communicate(timeout=GIVE_UP)
        if kind is None and self.process.returncode != 0:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.complained}")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), GIVE_UP)


def all_of(peer):
    got = b""
    while more := peer.recv(1 << 16):
        got += more
    return got


class SmallServices(unittest.TestCase):
    def test_discard_takes_everything_and_says_nothing(self):
        for backend in BACKENDS:
            with Service("discard", backend=backend) as service, service.connect() as peer:
                peer.sendall(b"x" * 1_000_000)
                peer.shutdown(socket.SHUT_WR)
                self.assertEqual(all_of(peer), b"")
            self.assertEqual(service.printed, "accepted 1 connections\n")

    def test_chargen_sends_lines_that_turn(self):
        with Service("chargen") as service, service.connect() as peer:
            with peer.makefile("rb") as stream:
                letters = bytes(range(32, 127)) * 2
                for line in range(200):
                    at = line % 95
                    self.assertEqual(stream.readline(), letters[at:at + 72] + b"\r\n")

    def test_daytime_tells_the_time_and_ends(self):
        with Service("daytime") as service, service.connect() as peer:
            line = all_of(peer).decode()
        self.assertRegex(line, r"^[A-Z][a-z]+day, [A-Z][a-z]+ \d\d, \d{4} \d\d:\d\d:\d\d-UTC\r\n$")

    def test_any_program_is_a_service(self):
        for backend in BACKENDS:
            with Service("serve-tcp", "--exec", "tr a-z A-Z", backend=backend) as service:
                with service.connect() as one, service.connect() as other:
                    other.sendall(b"the other")
                    one.sendall(b"hello")
                    one.shutdown(socket.SHUT_WR)
                    self.assertEqual(all_of(one), b"HELLO")
                    other.shutdown(socket.SHUT_WR)
                    self.assertEqual(all_of(other), b"THE OTHER")

    def test_the_program_knows_its_peer_and_ends_the_connection(self):
        with Service("serve-tcp", "--exec", "echo $TCPREMOTEIP $TCPREMOTEPORT") as service:
            with service.connect() as peer:
                name = f"127.0.0.1 {peer.getsockname()[1]}\n"
                self.assertEqual(all_of(peer).decode(), name)

    def test_an_answer_arrives_whole_though_the_question_was_not_read(self):
        with Service("serve-tcp", "--exec", "head -c 1000000 /dev/zero") as service:
            with service.connect() as peer:
                peer.sendall(b"x" * 100_000)
                self.assertEqual(len(all_of(peer)), 1_000_000)

    def test_a_program_that_fails_is_told_of_and_the_next_is_served(self):
        with Service("serve-tcp", "--exec", "read line; echo $line; exit 3") as service:
            for _ in range(2):
                with service.connect() as peer:
                    peer.sendall(b"once\n")
                    self.assertEqual(all_of(peer), b"once\n")
        self.assertEqual(len(re.findall("^warning: .*3", service.complained, re.M)), 2)

    def test_there_are_no_more_connections_than_asked_for(self):
        with Service("discard", "--connections", "1") as service, service.connect() as first:
            first.sendall(b"x")
            try:
                with service.connect() as second:
                    self.assertEqual(all_of(second), b"")
            except ConnectionResetError:
                pass  # Perhaps so soon that connect() has seen it.
            first.shutdown(socket.SHUT_WR)
            self.assertEqual(all_of(first), b"")

    def test_a_program_is_needed(self):
        done = run("serve-tcp")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--exec", done.stderr)


if __name__ == "__main__":
    unittest.main()
