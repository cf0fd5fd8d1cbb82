"""A server that runs out of descriptors goes on for those it has, and recovers by itself."""
import resource
import unittest

import programs
from programs import Server, receive_exactly, wait_until

MOST = 40


def set_limit(pid, most):
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, MOST))


def echoes(peer, text=b"still served?"):
    peer.sendall(text)
    return receive_exactly(peer, len(text)) == text


class Shortage:
    backend = None

    def setUp(self):
        programs.need("prlimit")
        self.server = self.enterContext(
            Server(backend=self.backend, prefix=["prlimit", f"--nofile={MOST}:{MOST}"],
                   env=programs.SHORT_OF_DESCRIPTORS))
        self.peers = []
        self.addCleanup(self.hang_up, 1000)

    def connect(self, count):
        for _ in range(count):
            self.peers.append(self.server.connect())

    def hang_up(self, count):
        for peer in self.peers[:count]:
            peer.close()
        del self.peers[:count]

    def overload(self):
        """More connections than descriptors; those beyond wait in the listener's queue."""
        self.connect(3)
        for peer in self.peers:
            self.assertTrue(echoes(peer))
        self.connect(MOST + 10)
        wait_until(lambda: "warning: " in self.server.said(), "a warning")

    def test_F1_F2_those_it_has_are_served_while_others_wait(self):
        self.overload()
        for _ in range(100):
            for peer in self.peers[:3]:
                self.assertTrue(echoes(peer))
        self.assertIn("warning: new connections wait: accept: Too many open files",
                      self.server.said())

    def test_F1_it_does_not_spin(self):
        self.overload()
        before = self.server.cpu_seconds()
        # A second of waiting; a loop that asks again and again would spend all of it.
        try:
            self.peers[-1].settimeout(1)
            self.peers[-1].recv(1)
            self.fail("a connection was accepted without a descriptor")
        except TimeoutError:
            pass
        self.assertLess(self.server.cpu_seconds() - before, 0.5)
        self.assertEqual(self.server.said().count("warning: "), 1)

    def test_F1_F2_it_recovers_when_descriptors_come_back(self):
        self.overload()
        waiting = self.peers[-1]
        waiting.sendall(b"served at last")
        self.hang_up(20)
        self.assertEqual(receive_exactly(waiting, 14), b"served at last")
        for peer in self.peers:
            self.assertTrue(echoes(peer))
        self.hang_up(len(self.peers))
        self.assertTrue(self.server.answers())
        report = self.server.stop()
        self.assertEqual(report["accepted"], 3 + MOST + 10 + 1)
        self.assertGreater(report["shortages"], 0)

    def test_F2_a_full_table_that_is_full_again_and_again(self):
        for _ in range(5):
            self.connect(MOST + 5)
            wait_until(lambda: self.server.descriptors() >= MOST - 1, "a full table")
            self.hang_up(len(self.peers))
        self.assertTrue(self.server.answers())

    def test_F3_a_limit_lowered_under_its_feet(self):
        self.connect(10)
        for peer in self.peers:
            self.assertTrue(echoes(peer))
        set_limit(self.server.pid, 5)
        self.connect(10)
        before = self.server.cpu_seconds()
        for _ in range(20):
            for peer in self.peers[:10]:
                self.assertTrue(echoes(peer))
        self.assertLess(self.server.cpu_seconds() - before, 2)
        set_limit(self.server.pid, MOST)
        for peer in self.peers:
            self.assertTrue(echoes(peer))


class InjectedFailures:
    """Failures of calls that nothing on this machine brings about, put in by strace."""
    backend = None

    def server_with(self, injected):
        programs.need("strace")
        # As a grandchild, strace leaves the server our child.
        words = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={injected}"]
        # Leaks cannot be looked for in a program that is traced.
        return self.enterContext(Server(backend=self.backend, prefix=words,
                                        env={"ASAN_OPTIONS": "detect_leaks=0"}))

    def test_F4_F5_a_shortage_of_the_whole_system_passes(self):
        for error in ("ENFILE", "ENOBUFS", "ENOMEM"):
            with self.subTest(error):
                server = self.server_with(f"accept4:error={error}:when=1..4")
                self.assertTrue(server.answers())
                self.assertGreaterEqual(server.stop()["shortages"], 4)
                self.assertEqual(server.said().count("warning: new connections wait: "), 1)

    def test_F7_a_connection_that_was_lost_in_the_queue_is_passed_over(self):
        for error in ("ECONNABORTED", "EPROTO", "EPERM", "ENETDOWN", "EHOSTUNREACH"):
            with self.subTest(error):
                server = self.server_with(f"accept4:error={error}:when=1..5")
                self.assertTrue(server.answers())
                report = server.stop()
                self.assertEqual((report["shortages"], server.said()), (0, ""))

    def test_F44_a_send_without_memory_ends_its_connection_and_no_other(self):
        for error in ("ENOBUFS", "ENOMEM"):
            with self.subTest(error):
                server = self.server_with(f"sendto:error={error}:when=2")
                other = server.connect()
                self.addCleanup(other.close)
                self.assertTrue(echoes(other))
                with server.connect() as peer:
                    peer.sendall(b"x")
                    try:
                        self.assertEqual(peer.recv(1), b"")
                    except ConnectionResetError:
                        pass
                self.assertTrue(echoes(other))
                report = server.stop()
                self.assertEqual((report["broken"], report["active"]), (1, 1))


programs.on_backends(globals(), Shortage)
# A ring accepts and sends without those calls.
programs.on_backends(globals(), InjectedFailures, ("epoll", "poll", "select"))

if __name__ == "__main__":
    unittest.main()
