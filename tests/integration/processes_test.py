"""`ft echo --processes`: workers that are killed, drained, retired, stuck, and left behind."""
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import programs
from programs import FT, GIVE_UP, Server, receive_exactly, run, temporary_folder, wait_until


def is_there(pid):
    """Whether a process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class ProcessServer(Server):
    """An `ft echo` on worker processes, with its control socket."""

    def __init__(self, folder, *arguments, count=3, **rest):
        self.control = f"{folder}/control"
        super().__init__("--processes", str(count), "--control", self.control, *arguments, **rest)

    def ask(self, *words):
        done = run("ctl", self.control, *words)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def workers(self):
        """Of each worker: its process, state, connections and restarts."""
        found = re.findall(r"^worker \d+  process (\d+)  ([a-z ]+)  connections (\d+)  "
                           r"restarts (\d+)$", self.ask("workers"), re.M)
        return [(int(pid), state, int(connections), int(restarts))
                for pid, state, connections, restarts in found]

    def wait_for_all(self, restarts=None):
        """Until all workers serve, so many restarts later."""
        def all_serve():
            workers = self.workers()
            return (all(each[1] == "serves" for each in workers) and
                    (restarts is None or sum(each[3] for each in workers) == restarts))
        wait_until(all_serve, "all workers serving")

    def counter(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.ask("status"), re.M)
        return float(found[1])


def echoes(peer, text=b"are you there?"):
    try:
        peer.sendall(text)
        return receive_exactly(peer, len(text)) == text
    except (OSError, AssertionError):
        return False


class Clients:
    """Clients that connect, ask and end all the time; what failed, and when it had begun."""

    def __init__(self, server, count=4):
        self.server, self.answered, self.failed = server, 0, []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.ask_often) for _ in range(count)]

    def ask_often(self):
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                with self.server.connect() as peer:
                    good = echoes(peer)
            except OSError:
                good = False
            with self.lock:
                self.answered += good
                if not good:
                    self.failed.append(begun)

    def __enter__(self):
        for each in self.threads:
            each.start()
        self.wait_for_more(20)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for each in self.threads:
            each.join()

    def wait_for_more(self, count):
        before = self.answered
        wait_until(lambda: self.answered >= before + count, f"{count} more answers")


def need_one_thread():
    """Skips the test where a sanitizer has a thread of its own, beside which nothing is forked."""
    if os.environ.get("FT_SANITIZE") == "thread":
        raise unittest.SkipTest("the sanitizer may have a thread of its own")


class Processes:
    backend = None

    def setUp(self):
        need_one_thread()
        self.folder = self.enterContext(temporary_folder())

    def start(self, *arguments, **rest):
        server = self.enterContext(ProcessServer(self.folder, *arguments, backend=self.backend,
                                                 **rest))
        self.addCleanup(self.kill_what_is_left, server)
        return server

    @staticmethod
    def kill_what_is_left(server):
        for pid in getattr(server, "left", []):
            if is_there(pid):
                os.kill(pid, signal.SIGKILL)

    def hold(self, server, count):
        """So many connections that stay open, each of which has been answered."""
        peers = [self.enterContext(server.connect()) for _ in range(count)]
        for peer in peers:
            self.assertTrue(echoes(peer))
        return peers

    def test_J6_connections_are_spread_over_them_and_counted_together(self):
        server = self.start("--connections", "120")
        self.hold(server, 120)
        connections = [each[2] for each in server.workers()]
        self.assertEqual(sum(connections), 120)
        # By a hash of addresses and ports: far from even by chance once in a million runs.
        self.assertGreater(min(connections), 12)
        self.assertEqual(server.counter("fivetuple_server_active"), 120)
        try:  # F95: the limit is of all together.
            with server.connect() as one_more:
                self.assertFalse(echoes(one_more))
        except ConnectionResetError:
            pass  # So soon that connect() has seen it.
        self.assertEqual(server.counter('fivetuple_server_refused_total{reason="connections"}'), 1)
        for each, count in enumerate(connections):
            self.assertEqual(server.counter(f'fivetuple_worker_active{{worker="{each}"}}'), count)
        self.assertEqual(server.ask("connections").split("\n")[0], "120 connections")

    def test_F14_a_worker_that_is_killed_breaks_its_own_connections_and_no_others(self):
        server = self.start()
        peers = self.hold(server, 60)
        with Clients(server) as clients:
            pid, _, _, _ = server.workers()[1]
            # Those of the clients that come and go are not among them.
            listed = server.ask("tasks")
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: "was killed by signal 9 (Killed)" in server.said(), "the news")
            noticed = time.monotonic()
            clients.wait_for_more(200)
            server.wait_for_all(restarts=1)
            clients.wait_for_more(200)
        self.assertEqual([begun for begun in clients.failed if begun > noticed], [])
        # Each client may have had one connection with the worker when that died, and one more that
        # the kernel had given it already.
        self.assertLessEqual(len(clients.failed), 2 * len(clients.threads))
        local = [f"<-> 127.0.0.1:{peer.getsockname()[1]}" for peer in peers]
        before, own, after = re.split(r"^worker [12]\n", listed, flags=re.M)
        of_the_dead = [name in own for name in local]
        self.assertGreater(sum(of_the_dead), 0)
        self.assertEqual([not echoes(peer) for peer in peers], of_the_dead)
        self.assertTrue(all(name in before + own + after for name in local))

    def test_F14_who_waits_for_a_worker_that_is_killed_is_served_by_another(self):
        """The worker is stopped first, so that nobody accepts what is in its queue."""
        server = self.start(count=2)
        pid = server.workers()[0][0]
        os.kill(pid, signal.SIGSTOP)
        peers = [self.enterContext(server.connect()) for _ in range(100)]
        for peer in peers:
            peer.sendall(b"waits")
        if self.backend == "io_uring":
            # The kernel goes on accepting for a process that is stopped, up to some.
            os.kill(pid, signal.SIGKILL)
            answered = sum(self.answered(peer) for peer in peers)
            self.assertGreater(answered, 0)
        else:
            os.kill(pid, signal.SIGKILL)
            self.assertEqual([self.answered(peer) for peer in peers], [True] * 100)
        server.wait_for_all(restarts=1)
        self.hold(server, 20)

    @staticmethod
    def answered(peer):
        try:
            return receive_exactly(peer, 5) == b"waits"
        except (OSError, AssertionError):
            return False

    def test_F14_one_worker_alone_is_started_again_and_serves_who_has_waited(self):
        server = self.start(count=1)
        peers = self.hold(server, 3)
        os.kill(server.workers()[0][0], signal.SIGKILL)
        for peer in peers:
            self.assertEqual(peer.recv(1) if self.alive(peer) else b"", b"")
        wait_until(lambda: "was killed by signal 9" in server.said(), "the news")
        for _ in range(20):
            self.assertTrue(server.answers())
        self.assertEqual(server.workers()[0][3], 1)

    @staticmethod
    def alive(peer):
        try:
            return peer.recv(1, socket.MSG_PEEK) != b""
        except OSError:
            return False

    def test_F14_workers_that_are_told_to_end_one_after_the_other_lose_nobody(self):
        server = self.start()
        with Clients(server) as clients:
            for restarts, (pid, *_) in enumerate(server.workers(), 1):
                os.kill(pid, signal.SIGTERM)
                server.wait_for_all(restarts=restarts)
                self.assertFalse(is_there(pid))
                clients.wait_for_more(50)
        self.assertEqual(clients.failed, [])
        self.assertEqual(server.counter("fivetuple_server_accepted_total"),
                         server.counter("fivetuple_server_served_total"))

    def test_F14_one_that_retires_loses_nobody_and_stays_away(self):
        server = self.start(count=2)
        with Clients(server) as clients:
            self.assertEqual(server.ask("retire", "0"), "worker 0 retires\n")
            wait_until(lambda: server.workers()[0][1] == "is down", "its end")
            clients.wait_for_more(200)
        self.assertEqual(clients.failed, [])
        for words in (("retire", "1"), ("retire", "0"), ("retire", "7")):
            self.assertIn("none that could take over", run("ctl", server.control, *words).stderr)
        self.assertTrue(server.answers())

    def test_a_parent_that_is_killed_takes_its_workers_along(self):
        server = self.start()
        peers = self.hold(server, 20)
        server.left = [each[0] for each in server.workers()]
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait(GIVE_UP)
        for peer in peers:  # They drain: connections end well.
            self.assertEqual(peer.recv(1), b"")
        wait_until(lambda: not any(is_there(pid) for pid in server.left), "the end of all")
        with Server(backend=self.backend, address=server.where) as successor:
            self.assertTrue(successor.answers())

    def test_F128_all_drain_when_the_parent_is_told_to_and_every_count_is_kept(self):
        server = self.start()
        self.hold(server, 30)
        os.kill(server.workers()[2][0], signal.SIGKILL)
        server.wait_for_all(restarts=1)
        for _ in range(10):
            self.assertTrue(server.answers())
        pids = [each[0] for each in server.workers()]
        report = server.stop()
        self.assertEqual((report["accepted"], report["messages"]), (40, 40))
        self.assertEqual(any(is_there(pid) for pid in pids), False)

    def test_F129_F76_storms_of_signals_end_it_once_and_harm_nobody(self):
        server = self.start()
        with Clients(server) as clients:
            pids = [server.pid, *(each[0] for each in server.workers())]
            for _ in range(200):
                for pid in pids:
                    os.kill(pid, signal.SIGCHLD)
                    os.kill(pid, signal.SIGWINCH)
            clients.wait_for_more(50)
        self.assertEqual(clients.failed, [])
        for _ in range(20):
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGINT)
        server.process.wait(GIVE_UP)
        self.assertEqual(server.process.returncode, 0, server.said())

    def test_B2_a_name_in_the_unix_domain_is_shared_and_goes_with_the_parent(self):
        path = f"{self.folder}/echo"
        with ProcessServer(self.folder, backend=self.backend, address=path) as server:
            self.hold(server, 30)
            os.kill(server.workers()[0][0], signal.SIGKILL)
            # Until then io_uring may accept for it what nobody will serve.
            wait_until(lambda: "was killed by signal 9" in server.said(), "the news")
            for _ in range(20):
                self.assertTrue(server.answers())
            # A second server on the path is refused, and the first goes on.
            with temporary_folder() as other:
                done = run("echo", path, "--processes", "2", "--control", f"{other}/control")
            self.assertEqual(done.returncode, 1)
            self.assertIn("somebody listens there", done.stderr)
            self.assertTrue(server.answers())
            server.stop()
        self.assertFalse(os.path.exists(path))


class OneBackend(unittest.TestCase):
    def setUp(self):
        need_one_thread()
        self.folder = self.enterContext(temporary_folder())

    def test_F83_a_worker_that_is_stuck_is_passed_over_and_killed_in_the_end(self):
        server = self.enterContext(ProcessServer(self.folder, count=2))
        stuck = server.workers()[0][0]
        os.kill(stuck, signal.SIGSTOP)
        self.assertIn("worker 0\ndoes not answer: ", server.ask("tasks"))
        self.assertEqual(server.counter("fivetuple_server_active"), 0)
        server.process.terminate()
        server.process.wait(GIVE_UP)
        self.assertIn("does not end: it is killed", server.said())
        self.assertFalse(is_there(stuck))

    def test_F128_a_second_signal_stops_what_would_go_on_for_ever(self):
        server = subprocess.Popen([FT, "chargen", "127.0.0.1:0", "--processes", "2", "--drain",
                                   "1h"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.kill)
        port = int(server.stdout.readline().rsplit(":", 1)[1])
        peers = [self.enterContext(socket.create_connection(("127.0.0.1", port), GIVE_UP))
                 for _ in range(4)]
        for peer in peers:  # Who does not read keeps its writer busy.
            self.assertEqual(receive_exactly(peer, 10), b" !\"#$%&'()")
        server.send_signal(signal.SIGTERM)
        self.assertIn("a second signal ends them", server.stderr.readline())
        for peer in peers:
            self.assertEqual(len(receive_exactly(peer, 100)), 100)
        self.assertIsNone(server.poll())
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(GIVE_UP), 0)
        self.assertEqual(server.stdout.read(), "accepted 4 connections\n")

    def test_a_connection_is_ended_by_its_number_whoever_serves_it(self):
        server = self.enterContext(ProcessServer(self.folder))
        peers = [self.enterContext(server.connect()) for _ in range(12)]
        for peer in peers:
            self.assertTrue(echoes(peer))
        number = server.ask("connections").split("\n")[5].split()[0]
        self.assertEqual(server.ask("kill", number), f"ended connection {number}\n")
        self.assertEqual(sum(echoes(peer) for peer in peers), 11)
        self.assertIn("there is no connection", run("ctl", server.control, "kill", "999").stderr)
        self.assertIn("kill wants", run("ctl", server.control, "kill", "x").stderr)

    def test_each_stays_on_its_processor_and_gets_what_arrives_there(self):
        allowed = sorted(os.sched_getaffinity(0))[:2]
        if [each % 2 for each in allowed] != [0, 1]:
            self.skipTest("two processors are needed, an even and an odd one")
        server = self.enterContext(ProcessServer(self.folder, "--steer", count=2))
        for pid, *_ in server.workers():
            self.assertLessEqual({each % 2 for each in os.sched_getaffinity(pid)}, {0, 1})
        before = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, before)
        peers = []
        for processor, count in zip(allowed, (30, 17), strict=True):
            os.sched_setaffinity(0, {processor})
            for _ in range(count):
                peers.append(self.enterContext(server.connect()))
                self.assertTrue(echoes(peers[-1]))
        self.assertEqual([each[2] for each in server.workers()], [30, 17])
        # The kernel numbers the listeners as it did before: they were never closed.
        os.kill(server.workers()[0][0], signal.SIGKILL)
        server.wait_for_all(restarts=1)
        os.sched_setaffinity(0, {allowed[0]})
        for _ in range(9):
            peers.append(self.enterContext(server.connect()))
            self.assertTrue(echoes(peers[-1]))
        self.assertEqual([each[2] for each in server.workers()], [9, 17])


programs.on_backends(globals(), Processes)

if __name__ == "__main__":
    unittest.main()
