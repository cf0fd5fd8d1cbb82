"""Other people's programs talk to our server, and ours to each other, on every backend."""
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import unittest

import programs
from programs import FT, GIVE_UP, Server, receive_exactly, wait_until

MEGABYTES = random.Random(5).randbytes(3 << 20)


def exchange(peer, data):
    """Sends all of `data` and then the end, while reading; what came back until the end."""
    def send():
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    got = bytearray()
    while some := peer.recv(1 << 16):
        got += some
    sender.join()
    return bytes(got)


def reset(peer):
    """Closes `peer` so that the other end gets a reset."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


class Clients:
    backend = None

    def setUp(self):
        self.server = self.enterContext(Server(backend=self.backend))
        self.port = str(self.server.address[1])

    def feed(self, words, data):
        """What `words` prints when it is fed `data`."""
        done = subprocess.run(words, input=data, capture_output=True, timeout=GIVE_UP)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_A1_nc_gets_back_what_it_sends(self):
        programs.need("nc")
        data = MEGABYTES[:300_000]
        self.assertEqual(self.feed(["nc", "-N", "127.0.0.1", self.port], data), data)

    def test_A4_socat_shuts_down_one_side_and_reads_the_rest(self):
        programs.need("socat")
        words = ["socat", "-t", str(GIVE_UP), "-", f"TCP:127.0.0.1:{self.port}"]
        self.assertEqual(self.feed(words, MEGABYTES), MEGABYTES)

    def test_many_clients_of_all_kinds_at_once(self):
        programs.need("nc")
        programs.need("socat")
        data = MEGABYTES[:200_000]
        kinds = [["nc", "-N", "127.0.0.1", self.port],
                 ["socat", "-t", str(GIVE_UP), "-", f"TCP:127.0.0.1:{self.port}"],
                 [FT, "cat", f"127.0.0.1:{self.port}"]]
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.feed(kinds[i % 3], data)))
                   for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [data] * 12)

    def test_redis_benchmark_finishes(self):
        programs.need("redis-benchmark")
        # A server that echoes answers PING with PING: a status line, if it begins with a plus.
        # "-t ping_inline" sends what is no reply at all, so a whole reply is sent instead.
        out = self.feed(["redis-benchmark", "-h", "127.0.0.1", "-p", self.port, "-n", "5000",
                         "-c", "20", "-P", "4", "-q", "+PONG"], b"")
        self.assertIn(b"requests per second", out)
        self.assertNotIn(b"rror", out)

    def test_redis_cli_gets_an_answer(self):
        programs.need("redis-cli")
        out = self.feed(["redis-cli", "-h", "127.0.0.1", "-p", self.port, "PING"], b"")
        self.assertEqual(out, b"PING\n")

    def test_ft_load_finds_every_byte_right(self):
        for more in ([], ["--churn"], ["--pipeline", "16"], ["--size", "100KiB"]):
            done = programs.run("load", f"127.0.0.1:{self.port}", "-c", "20", "-d", "200ms",
                                "--warm-up", "0", "--json", "--backend", self.backend, *more)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assertIn('"wrong": 0', done.stdout)

    def test_C1_one_byte_at_a_time(self):
        with self.server.connect() as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in range(256):
                peer.sendall(bytes([byte]))
            self.assertEqual(receive_exactly(peer, 256), bytes(range(256)))

    def test_megabytes_both_ways(self):
        with self.server.connect() as peer:
            self.assertEqual(exchange(peer, MEGABYTES), MEGABYTES)

    def test_F34_an_end_at_once_is_answered_by_an_end(self):
        with self.server.connect() as peer:
            peer.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.recv(1), b"")

    def test_F33_a_reset_harms_nobody_else(self):
        other = self.server.connect()
        for sent in (0, 1, 1000, 1 << 20):
            peer = self.server.connect()
            peer.sendall(MEGABYTES[:sent]) if sent < 1 << 20 else peer.send(MEGABYTES[:sent])
            reset(peer)
        other.sendall(b"still here")
        self.assertEqual(receive_exactly(other, 10), b"still here")
        self.assertTrue(self.server.answers())  # So those before it have been accepted.
        report = self.server.stop()
        self.assertEqual(report["accepted"], 6)
        self.assertGreaterEqual(report["active"], 1)
        other.close()

    def test_connections_open_at_the_end_are_said_and_not_called_broken(self):
        peers = [self.server.connect() for _ in range(3)]
        for peer in peers:
            peer.sendall(b"x")
            self.assertEqual(peer.recv(1), b"x")
        report = self.server.stop()
        self.assertEqual((report["active"], report["broken"], report["silent"]), (3, 0, 0))
        for peer in peers:
            self.assertEqual(peer.recv(1), b"")
            peer.close()

    def test_a_client_killed_in_the_middle_of_a_message(self):
        script = ("import socket, sys\n"
                  "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
                  "s.sendall(b'half a mess'); print('sent', flush=True)\n"
                  "while True: s.sendall(b'x' * 100000)")
        before = self.server.descriptors()
        for _ in range(3):
            child = subprocess.Popen([sys.executable, "-c", script, self.port],
                                     stdout=subprocess.PIPE)
            self.assertEqual(child.stdout.readline(), b"sent\n")
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            child.stdout.close()
            self.assertTrue(self.server.answers())
        wait_until(lambda: self.server.descriptors() == before, "closing of the dead one's socket")

    def test_F126_descriptors_and_memory_return_to_where_they_were(self):
        def crowd():
            peers = [self.server.connect() for _ in range(200)]
            for at, peer in enumerate(peers):
                peer.sendall(MEGABYTES[:at * 10 + 1])
            for at, peer in enumerate(peers):
                if at % 3 == 0:
                    reset(peer)  # With what it was sent unread.
                else:
                    self.assertEqual(receive_exactly(peer, at * 10 + 1), MEGABYTES[:at * 10 + 1])
                    peer.close()
        empty = self.server.descriptors()
        crowd()
        wait_until(lambda: self.server.descriptors() == empty, "closing of all descriptors")
        memory = self.server.own_memory()
        for _ in range(5):
            crowd()
        wait_until(lambda: self.server.descriptors() == empty, "closing of all descriptors")
        if not programs.SANITIZED:  # Those hold on to what was freed.
            self.assertLess(self.server.own_memory() - memory, 1 << 20)

    def test_F118_no_descriptor_reaches_a_program_that_is_executed(self):
        for fd in os.listdir(f"/proc/{self.server.pid}/fdinfo"):
            if int(fd) > 2:
                with open(f"/proc/{self.server.pid}/fdinfo/{fd}", encoding="ascii") as info:
                    flags = int(info.read().split("flags:")[1].split()[0], 8)
                self.assertTrue(flags & os.O_CLOEXEC, f"descriptor {fd}")


class UnixClients:
    backend = None

    def test_B2_socat_and_ft_talk_over_a_path_and_the_path_goes_with_the_server(self):
        with programs.temporary_folder() as folder:
            path = folder + "/echo"
            with Server(backend=self.backend, address=path) as server:
                programs.need("socat")
                done = subprocess.run(["socat", "-t", str(GIVE_UP), "-", f"UNIX-CONNECT:{path}"],
                                      input=MEGABYTES, capture_output=True, timeout=GIVE_UP)
                self.assertEqual(done.stdout, MEGABYTES)
                done = subprocess.run([FT, "cat", path, "--backend", self.backend],
                                      input=MEGABYTES, capture_output=True, timeout=GIVE_UP)
                self.assertEqual((done.returncode, done.stdout), (0, MEGABYTES))
                done = programs.run("load", path, "-c", "10", "-d", "200ms", "--warm-up", "0",
                                    "--backend", self.backend)
                self.assertEqual(done.returncode, 0, done.stderr)
                server.stop()
            self.assertFalse(os.path.exists(path))

    def test_B2_an_abstract_name_serves_as_well(self):
        name = f"@ft-test-{os.getpid()}-{self.backend}"
        with Server(backend=self.backend, address=name) as server:
            with server.connect() as peer:
                self.assertEqual(exchange(peer, MEGABYTES), MEGABYTES)
            done = programs.run("cat", name, stdin="hello", prefix=())
            self.assertEqual(done.stdout, "hello")

    def test_B2_a_name_is_shared_by_several_loops(self):
        name = f"@ft-test-shared-{os.getpid()}-{self.backend}"
        with Server("--workers", "3", backend=self.backend, address=name) as server:
            for _ in range(20):
                self.assertTrue(server.answers())
            self.assertEqual(server.stop()["accepted"], 20)

    def test_F111_a_peer_that_is_killed_harms_nobody_else(self):
        with programs.temporary_folder() as folder:
            with Server(backend=self.backend, address=folder + "/echo") as server:
                for _ in range(3):
                    child = subprocess.Popen([FT, "cat", folder + "/echo"], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE)
                    child.stdin.write(b"some bytes\n")
                    child.stdin.flush()
                    self.assertEqual(child.stdout.readline(), b"some bytes\n")
                    child.kill()
                    child.communicate()
                self.assertTrue(server.answers())


class Cat:
    backend = None

    def test_two_of_ours_talk_to_each_other(self):
        listening = subprocess.Popen(
            [FT, "cat", "-l", "-v", "127.0.0.1:0", "--backend", self.backend],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        where = listening.stderr.readline().split()[-1].decode()
        calling = subprocess.Popen([FT, "cat", where, "--backend", self.backend],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        one = threading.Thread(target=lambda: heard.append(calling.communicate(MEGABYTES)[0]))
        heard = []
        one.start()
        got, _ = listening.communicate(MEGABYTES[::-1], timeout=GIVE_UP)
        one.join()
        self.assertEqual(got, MEGABYTES)
        self.assertEqual(heard, [MEGABYTES[::-1]])
        self.assertEqual((listening.returncode, calling.returncode), (0, 0))

    def test_F83_a_signal_ends_it_whatever_it_is_doing(self):
        with Server(backend=self.backend) as server:
            waiting = subprocess.Popen([FT, "cat", server.where, "-v", "--backend", self.backend],
                                       stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertIn(b"connected", waiting.stderr.readline())
            waiting.send_signal(signal.SIGINT)
            waiting.communicate(timeout=GIVE_UP)
            self.assertEqual(waiting.returncode, 0)


programs.on_backends(globals(), Clients)
programs.on_backends(globals(), UnixClients)
programs.on_backends(globals(), Cat)

if __name__ == "__main__":
    unittest.main()
