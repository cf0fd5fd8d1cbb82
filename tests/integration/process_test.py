"""What is done to a process from outside: signals, stops, forks, and a whole machine too small."""
import os
import signal
import subprocess
import time
import unittest

import programs
from programs import FT, GIVE_UP, Server, receive_exactly, wait_until


class Process:
    backend = None

    def setUp(self):
        self.server = self.enterContext(Server(backend=self.backend))

    def test_F81_F29_stopped_and_continued_all_the_time_it_loses_nothing(self):
        """Some calls end early after a stop, although no handler is there."""
        load = subprocess.Popen([FT, "load", self.server.where, "-c", "10", "-s", "10KiB", "-d",
                                 "500ms", "--warm-up", "0", "--backend", self.backend],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while load.poll() is None:
            for pid in (self.server.pid, load.pid):
                os.kill(pid, signal.SIGSTOP)
                os.kill(pid, signal.SIGCONT)
            time.sleep(0.0002)
        said, complained = load.communicate()
        self.assertEqual((load.returncode, complained), (0, ""), said)
        self.assertTrue(self.server.answers())

    def test_F129_many_signals_to_end_end_it_once(self):
        with self.server.connect() as peer:
            peer.sendall(b"x")
            peer.recv(1)
            for _ in range(20):
                self.server.process.send_signal(signal.SIGTERM)
                self.server.process.send_signal(signal.SIGINT)
            self.assertEqual(self.server.stop()["accepted"], 1)

    def test_F81_a_server_that_was_stopped_goes_on_where_it_was(self):
        peers = [self.server.connect() for _ in range(20)]
        for peer in peers:
            peer.sendall(b"before")
        os.kill(self.server.pid, signal.SIGSTOP)
        peers += [self.server.connect() for _ in range(5)]
        for peer in peers:
            peer.sendall(b"during")
        time.sleep(0.2)
        os.kill(self.server.pid, signal.SIGCONT)
        for at, peer in enumerate(peers):
            text = b"beforeduring" if at < 20 else b"during"
            self.assertEqual(receive_exactly(peer, len(text)), text)
            peer.close()
        self.assertEqual(self.server.stop()["broken"], 0)

    def test_F81_time_limits_that_ran_out_meanwhile_run_out_once(self):
        with Server("--silence", "300ms", backend=self.backend) as server:
            peers = [server.connect() for _ in range(10)]
            for peer in peers:
                peer.sendall(b"x")
                self.assertEqual(peer.recv(1), b"x")
            os.kill(server.pid, signal.SIGSTOP)
            time.sleep(0.6)
            os.kill(server.pid, signal.SIGCONT)
            for peer in peers:
                self.assertEqual(peer.recv(1), b"")
                peer.close()
            self.assertTrue(server.answers())
            self.assertEqual(server.stop()["silent"], 10)

    def test_F12_F48_thousands_of_idle_connections_own_little_memory(self):
        count = 500 if self.backend == "select" or programs.SANITIZED else 4000
        self.assertTrue(self.server.answers())
        before = self.server.own_memory()
        holder = subprocess.Popen([FT, "load", self.server.where, "-c", str(count), "-s", "1",
                                   "-r", "1", "-d", "1h", "--warm-up", "0"],
                                  stdout=subprocess.DEVNULL)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        wait_until(lambda: self.server.descriptors() > count, "connecting")
        if not programs.SANITIZED:
            self.assertLess((self.server.own_memory() - before) / count, 2048)
        self.assertTrue(self.server.answers())

    def test_F36_idle_connections_cost_no_time(self):
        peers = [self.server.connect() for _ in range(50)]
        for peer in peers:
            peer.sendall(b"x")
            self.assertEqual(peer.recv(1), b"x")
        before = self.server.cpu_seconds()
        time.sleep(0.5)
        self.assertLess(self.server.cpu_seconds() - before, 0.25)
        for peer in peers:
            peer.close()

    def test_F38_a_peer_that_does_not_read_costs_no_memory_and_no_time(self):
        peer = self.server.connect()
        peer.setblocking(False)
        sent = 0
        blocked_since = None
        while blocked_since is None or time.monotonic() - blocked_since < 0.3:
            try:
                sent += peer.send(b"x" * 65536)
                blocked_since = None
            except BlockingIOError:
                blocked_since = blocked_since or time.monotonic()
                time.sleep(0.01)
        before = self.server.cpu_seconds()
        time.sleep(0.3)
        self.assertLess(self.server.cpu_seconds() - before, 0.2)
        if not programs.SANITIZED:
            self.assertLess(self.server.own_memory(), 32 << 20)
        self.assertTrue(self.server.answers())
        peer.settimeout(GIVE_UP)
        self.assertEqual(receive_exactly(peer, sent), b"x" * sent)
        peer.close()


class Workers(unittest.TestCase):
    def test_F13_J6_connections_are_spread_over_the_loops_and_none_is_lost(self):
        for backend in programs.BACKENDS:
            with Server("--loops", "4", backend=backend) as server:
                done = programs.run("load", server.where, "--churn", "-c", "8", "-d", "300ms",
                                    "--warm-up", "0", "--loops", "2")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                report = server.stop()
                self.assertGreater(report["accepted"], 100)
                # Each connection wakes one loop, for itself and for its message and its end.
                self.assertLess(report["waits"], report["accepted"] * 8)

    def test_F67_no_locked_memory_is_needed(self):
        programs.need("prlimit")
        for backend in programs.BACKENDS:
            with Server(backend=backend, prefix=["prlimit", "--memlock=0:0"]) as server:
                self.assertTrue(server.answers())

    def test_F84_a_process_without_memory_ends_or_serves_and_nothing_else(self):
        if programs.SANITIZED:
            self.skipTest("sanitizers reserve terabytes of address space")
        for backend in programs.BACKENDS:
            for most in (12, 20, 40, 80):
                limit = most << 20
                with subprocess.Popen(["prlimit", f"--as={limit}:{limit}", FT, "echo",
                                       "127.0.0.1:0", "--backend", backend],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True) as child:
                    line = child.stdout.readline()
                    if line.startswith("listening on "):
                        load = programs.run("load", line.split()[-1], "-c", "200", "-s", "100KiB",
                                            "-d", "200ms", "--warm-up", "0")
                        self.assertEqual(load.stdout.count("answers were not"), 0)
                        child.terminate()
                    _, said = child.communicate(timeout=GIVE_UP)
                    # By an exit code, or by abort() for memory that C++ cannot do without.
                    self.assertIn(child.returncode, (0, 1, 127, -signal.SIGABRT), said)
                    self.assertNotIn("corrupt", said)


programs.on_backends(globals(), Process)

if __name__ == "__main__":
    unittest.main()
