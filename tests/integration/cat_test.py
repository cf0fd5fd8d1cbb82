"""`ft cat` beside nc, on the same inputs and on every backend."""
import os
import socket
import subprocess
import threading
import unittest

import programs
from programs import FT, GIVE_UP, receive_exactly
from relay_programs import INPUTS, LARGE, Answerer, Program, ask, connect, listen, receive_all


def ask_patiently(peer, question):
    """Sends all of `question`, reads as much as that, and only then says that it was all."""
    sender = threading.Thread(target=peer.sendall, args=(question,))
    sender.start()
    answer = receive_exactly(peer, len(question))
    sender.join(GIVE_UP)
    peer.shutdown(socket.SHUT_WR)
    return answer + receive_all(peer)


class Cat:
    backend = None

    def ours(self, *arguments):
        return [FT, "cat", *arguments, "--backend", self.backend]

    def setUp(self):
        programs.need("nc")
        self.folder = self.enterContext(programs.temporary_folder())

    def connected(self, words, data, **where):
        """What the server got, what was printed, and the exit code."""
        with Answerer(data[::-1], **where) as server:
            done = subprocess.run(words(server.address), input=data, capture_output=True,
                                  timeout=GIVE_UP)
        if isinstance(where.get("address"), str):
            os.unlink(where["address"])
        return server.got, done.stdout, done.returncode

    def test_A4_a_client_is_what_nc_is(self):
        for name, data in INPUTS.items():
            with self.subTest(input=name):
                ours = self.connected(self.ours, data)
                self.assertTrue(ours == (data, data[::-1], 0))
                theirs = self.connected(lambda to: ["nc", "-N", *to.split(":")], data)
                self.assertTrue(ours == theirs)

    def test_B2_a_client_over_a_path_is_what_nc_is(self):
        where = {"family": socket.AF_UNIX, "address": self.folder + "/socket"}
        for name, data in INPUTS.items():
            with self.subTest(input=name):
                ours = self.connected(self.ours, data, **where)
                self.assertTrue(ours == (data, data[::-1], 0))
                theirs = self.connected(lambda to: ["nc", "-N", "-U", to], data, **where)
                self.assertTrue(ours == theirs)

    def listening(self, words, find, data, converse):
        """What a client got that talks by `converse`, what was printed, and the exit code."""
        printed = []
        with Program(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            def feed():
                server.process.stdin.write(data)
                server.process.stdin.close()
            feeder = threading.Thread(target=feed)
            printer = threading.Thread(target=lambda: printed.append(server.process.stdout.read()))
            feeder.start()
            printer.start()
            with connect(find(server)) as peer:
                got = converse(peer, data[::-1])
            feeder.join(GIVE_UP)
            printer.join(GIVE_UP)
            return got, printed[0], server.end()

    def our_server(self, data, converse):
        return self.listening(self.ours("-l", "-v", "127.0.0.1:0"),
                              lambda server: server.wait_for("^listening on (.*)"), data, converse)

    def test_A4_a_server_is_what_nc_is(self):
        for name, data in INPUTS.items():
            with self.subTest(input=name):
                ours = self.our_server(data, ask_patiently)
                self.assertTrue(ours == (data, data[::-1], 0))
                with listen() as free:
                    port = str(free.getsockname()[1])
                theirs = self.listening(
                    ["nc", "-l", "-v", "-N", "127.0.0.1", port],
                    lambda server: "127.0.0.1:" + server.wait_for(r"Listening on .* (\d+)$"), data,
                    ask_patiently)
                self.assertTrue(ours == theirs)

    def test_A4_a_peer_that_ends_first_gets_all_of_our_input(self):
        # Of which nc drops what it has not read by then.
        for name, data in INPUTS.items():
            with self.subTest(input=name):
                self.assertTrue(self.our_server(data, ask) == (data, data[::-1], 0))

    def test_A4_what_the_peer_says_after_our_end_is_printed(self):
        with listen() as server:
            to = "%s:%d" % server.getsockname()
            with Program(self.ours(to), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
                peer, _ = server.accept()
                peer.settimeout(GIVE_UP)
                cat.process.stdin.write(b"question")
                cat.process.stdin.close()
                self.assertEqual(receive_all(peer), b"question")
                peer.sendall(b"answer")
                self.assertEqual(cat.process.stdout.read(6), b"answer")
                peer.close()
                self.assertEqual((cat.process.stdout.read(), cat.end()), (b"", 0))

    def test_F33_a_peer_that_resets(self):
        with listen() as server:
            to = "%s:%d" % server.getsockname()
            with Program(self.ours("-v", to), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE) as cat:
                peer, _ = server.accept()
                cat.wait_for("^(connected)")
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                peer.close()
                self.assertEqual(cat.end(), 1)
                self.assertIn("error: cannot go on with the connection\n"
                              "  recv: Connection reset by peer\n", cat.said())

    def test_F120_a_peer_that_is_killed(self):
        with Program(self.ours("-l", "-v", "127.0.0.1:0"), stdin=subprocess.PIPE,
                     stdout=subprocess.PIPE) as cat:
            where = cat.wait_for("^listening on (.*)")
            peer = subprocess.Popen(["nc", *where.split(":")], stdin=subprocess.PIPE,
                                    stdout=subprocess.DEVNULL)
            peer.stdin.write(b"half a mess")
            peer.stdin.flush()
            self.assertEqual(cat.process.stdout.read(11), b"half a mess")
            peer.kill()
            peer.communicate()
            self.assertEqual(cat.process.stdout.read(), b"")
            cat.process.stdin.close()
            cat.end()

    def test_F124_a_full_pipe_stops_the_peer(self):
        with listen() as server:
            to = "%s:%d" % server.getsockname()
            with Program(self.ours(to), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
                cat.process.stdin.close()
                peer, _ = server.accept()
                peer.setblocking(False)
                sent, waits = 0, 0
                while waits < 20:
                    try:
                        sent += peer.send(LARGE)
                        waits = 0
                    except BlockingIOError:
                        waits += 1
                        subprocess.run(["sleep", "0.02"], check=True)
                self.assertLess(sent, 64 << 20)
                peer.close()
                self.assertEqual(len(cat.process.stdout.read()), sent)
                self.assertEqual(cat.end(), 0)

    def test_F32_nobody_reads_what_is_printed(self):
        with listen() as server:
            to = "%s:%d" % server.getsockname()
            with Program(self.ours(to), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
                peer, _ = server.accept()
                peer.settimeout(GIVE_UP)
                cat.process.stdout.close()
                cat.process.stdout = None
                try:
                    while True:
                        peer.sendall(LARGE)
                except OSError:
                    pass  # It has gone.
                peer.close()
                self.assertEqual(cat.end(), 1)
                self.assertIn("Broken pipe", cat.said())


    def test_C4_datagrams_are_answered(self):
        with Program(self.ours("-l", "-u", "-v", "127.0.0.1:0"), stdin=subprocess.PIPE,
                     stdout=subprocess.PIPE) as cat:
            where = cat.wait_for("^listening on (.*)")
            with connect(where, socket.SOCK_DGRAM) as peer:
                peer.send(b"question")
                self.assertEqual(cat.process.stdout.read(8), b"question")
                cat.process.stdin.write(b"answer")
                cat.process.stdin.close()
                self.assertEqual(peer.recv(100), b"answer")
            self.assertEqual(cat.end(), 0)

    def test_C4_datagrams_go_as_nc_sends_them(self):
        def sent(words):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
                server.bind(("127.0.0.1", 0))
                server.settimeout(GIVE_UP)
                with Program(words("%s:%d" % server.getsockname()), stdin=subprocess.PIPE) as cat:
                    cat.process.stdin.write(b"a datagram")
                    cat.process.stdin.close()
                    got, sender = server.recvfrom(100)
                    server.sendto(b"its answer", sender)
                    cat.end()
            return got
        self.assertEqual(sent(lambda to: self.ours("-u", to)), b"a datagram")
        self.assertEqual(sent(lambda to: ["nc", "-u", "-w", "1", *to.split(":")]), b"a datagram")

    def test_B2_seqpacket(self):
        path = self.folder + "/socket"
        with Program(self.ours("-l", "-q", "-v", path), stdin=subprocess.PIPE,
                     stdout=subprocess.PIPE) as cat:
            cat.wait_for("^listening on (.*)")
            cat.process.stdin.close()
            with connect("unix:" + path, socket.SOCK_SEQPACKET) as peer:
                self.assertEqual(peer.recv(1), b"")
                peer.send(b"a message")
            self.assertEqual(cat.process.stdout.read(), b"a message")
            self.assertEqual(cat.end(), 0)

    def test_one_after_the_other(self):
        with Program(self.ours("-l", "-k", "-v", "127.0.0.1:0"), stdout=subprocess.PIPE) as cat:
            where = cat.wait_for("^listening on (.*)")
            for text in (b"one", b"two", b"six"):
                with connect(where) as peer:
                    self.assertEqual(ask(peer, text), b"")
                self.assertEqual(cat.process.stdout.read(3), text)

    def test_wrong_usage(self):
        for arguments in (("-q", "127.0.0.1:1"), ("-k", "127.0.0.1:1"), ("-u", "-q", "@x"),
                          ("-l", "-k", "-u", "127.0.0.1:0"), ("127.0.0.1:0",), ()):
            done = programs.run("cat", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr.startswith("error: "), done.stderr)


programs.on_backends(globals(), Cat)

if __name__ == "__main__":
    unittest.main()
