"""`ft relay` beside socat, on the same inputs and on every backend."""
import os
import signal
import socket
import stat
import subprocess
import unittest

import programs
from programs import FT, GIVE_UP, receive_exactly, wait_until
from relay_programs import (INPUTS, LARGE, Answerer, ask, connect, ft_relay, is_running, listen,
                            own_memory, receive_all, socat, unique_name)


class Streams:
    """A listener on the left, what it connects to on the right; ours and socat do the same."""
    backend = None

    def setUp(self):
        self.folder = self.enterContext(programs.temporary_folder())

    def ours(self, left, right, *more):
        return self.enterContext(ft_relay(left, right, *more, backend=self.backend))

    def through(self, start, find, question, answer, **where):
        """What each side got, and how the relay ended."""
        with Answerer(answer, **where) as server:
            relay = self.enterContext(start(server.address))
            with connect(find(relay)) as peer:
                got = ask(peer, question)
            code = relay.end()
        return server.got, got, code

    def both_ways(self, ours, theirs, find_ours, find_theirs, **where):
        for name, data in INPUTS.items():
            with self.subTest(input=name):
                answer = data[::-1]
                mine = self.through(ours, find_ours, data, answer, **where)
                self.assertTrue(mine == (data, answer, 0), f"{len(mine[0])}, {len(mine[1])}, "
                                                           f"{mine[2]}")
                if isinstance(where.get("address"), str) and os.path.exists(where["address"]):
                    os.unlink(where["address"])
                self.assertTrue(self.through(theirs, find_theirs, data, answer, **where) == mine)
                if isinstance(where.get("address"), str) and os.path.exists(where["address"]):
                    os.unlink(where["address"])

    def test_A4_tcp_to_tcp_is_what_socat_does(self):
        self.both_ways(
            lambda to: ft_relay("tcp-listen:127.0.0.1:0", f"tcp:{to}", backend=self.backend),
            lambda to: socat("TCP-LISTEN:0,bind=127.0.0.1", f"TCP:{to}"),
            lambda relay: relay.wait_for("^listening on (.*)"),
            lambda relay: relay.wait_for("listening on .*AF=2 (.*)"))

    def test_A4_unix_to_tcp_is_what_socat_does(self):
        path = self.folder + "/socket"
        self.both_ways(
            lambda to: ft_relay(f"unix-listen:{path}", f"tcp:{to}", backend=self.backend),
            lambda to: socat(f"UNIX-LISTEN:{path}", f"TCP:{to}"),
            lambda relay: relay.wait_for("^listening on (.*)"),
            lambda relay: "unix:" + relay.wait_for("listening on AF=1 \"(.*)\""))

    def test_A4_tcp_to_unix_is_what_socat_does(self):
        path = self.folder + "/server"
        self.both_ways(
            lambda to: ft_relay("tcp-listen:127.0.0.1:0", f"unix:{to}", backend=self.backend),
            lambda to: socat("TCP-LISTEN:0,bind=127.0.0.1", f"UNIX:{to}"),
            lambda relay: relay.wait_for("^listening on (.*)"),
            lambda relay: relay.wait_for("listening on .*AF=2 (.*)"),
            family=socket.AF_UNIX, address=path)

    def test_B2_abstract_names(self):
        name = unique_name(self.backend)
        left = self.ours(f"abstract-listen:{name}", "exec:cat")
        where = left.wait_for("^listening on (.*)")
        self.assertEqual(where, "unix:@" + name)
        right = self.ours("-", f"abstract:{name}")
        self.assertEqual((right.end(), left.end()), (0, 0))

    def filtered(self, command):
        """What each input becomes when it goes through `command`."""
        outputs = []
        for data in INPUTS.values():
            done = subprocess.run(command, input=data, capture_output=True, timeout=GIVE_UP)
            outputs.append((done.stdout == data[::-1], done.stdout == data, done.returncode))
        return outputs

    def test_a_command_and_standard_input_and_output(self):
        programs.need("socat")
        ours = self.filtered([FT, "relay", "-", "exec:cat", "--backend", self.backend])
        self.assertEqual(ours, self.filtered(["socat", "-t", str(GIVE_UP), "-", "EXEC:cat"]))
        self.assertTrue(all(is_same and code == 0 for _, is_same, code in ours))

    def test_a_file_goes_out_and_comes_in(self):
        for name, data in INPUTS.items():
            with self.subTest(input=name):
                source, sink = self.folder + "/in", self.folder + "/out"
                with open(source, "wb") as file:
                    file.write(data)
                receiving = self.ours("tcp-listen:127.0.0.1:0", f"file:{sink},create,truncate")
                where = receiving.wait_for("^listening on (.*)")
                sending = self.ours(f"file:{source}", f"tcp:{where}")
                self.assertEqual((sending.end(), receiving.end()), (0, 0), sending.said())
                with open(sink, "rb") as file:
                    self.assertTrue(file.read() == data)

    def test_C7_counts_are_told(self):
        relay = self.ours("tcp-listen:127.0.0.1:0", "exec:cat")
        with connect(relay.wait_for("^listening on (.*)")) as peer:
            self.assertTrue(ask(peer, LARGE) == LARGE)
        self.assertEqual(relay.end(), 0)
        self.assertRegex(relay.said(), r"left to right 3,145,728 bytes( \(spliced\))?, "
                                       r"right to left 3,145,728 bytes")

    def test_A4_what_reads_our_output_finds_its_end_while_our_input_goes_on(self):
        relay = self.enterContext(ft_relay("tcp-listen:127.0.0.1:0", "-", backend=self.backend,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        with connect(relay.wait_for("^listening on (.*)")) as peer:
            peer.sendall(b"all of it")
            peer.shutdown(socket.SHUT_WR)
            self.assertEqual(relay.process.stdout.read(), b"all of it")
            relay.process.stdin.write(b"the other way")
            relay.process.stdin.close()
            self.assertEqual(receive_all(peer), b"the other way")
        self.assertEqual(relay.end(), 0)

    def test_F124_a_full_pipe_stops_the_sender_and_costs_no_memory(self):
        with listen() as server:
            relay = self.ours("tcp-listen:127.0.0.1:0", f"tcp:127.0.0.1:{server.getsockname()[1]}")
            sender = connect(relay.wait_for("^listening on (.*)"))
            receiver, _ = server.accept()
            receiver.settimeout(GIVE_UP)
            sender.setblocking(False)
            sent = 0

            def is_full():
                nonlocal sent
                try:
                    sent += sender.send(LARGE)
                    return False
                except BlockingIOError:
                    return True
            # Full for a while: whatever could be moved on has been.
            full_in_a_row = 0
            while full_in_a_row < 20:
                full_in_a_row = full_in_a_row + 1 if is_full() else 0
                if full_in_a_row:
                    subprocess.run(["sleep", "0.02"], check=True)
            if not programs.SANITIZED:
                self.assertLess(own_memory(relay.process.pid), 16 << 20)
            sender.shutdown(socket.SHUT_WR)
            self.assertEqual(len(receive_all(receiver)), sent)
            receiver.close()
            sender.close()
            self.assertEqual(relay.end(), 0)

    def test_F120_a_reset_on_one_side_is_one_on_the_other(self):
        with listen() as server:
            relay = self.ours("tcp-listen:127.0.0.1:0", f"tcp:127.0.0.1:{server.getsockname()[1]}")
            peer = connect(relay.wait_for("^listening on (.*)"))
            other, _ = server.accept()
            other.settimeout(GIVE_UP)
            peer.sendall(b"half a mess")
            self.assertEqual(receive_exactly(other, 11), b"half a mess")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()
            with self.assertRaises(ConnectionResetError):
                other.recv(1)
            other.close()
            self.assertEqual(relay.end(), 1)
            self.assertIn("error: cannot go on with the relay\n", relay.said())

    def test_F120_a_peer_that_is_killed(self):
        with listen() as server:
            relay = self.ours("tcp-listen:127.0.0.1:0", f"tcp:127.0.0.1:{server.getsockname()[1]}")
            where = relay.wait_for("^listening on (.*)")
            peer = subprocess.Popen([FT, "cat", where], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE)
            other, _ = server.accept()
            other.settimeout(GIVE_UP)
            peer.stdin.write(b"half a mess")
            peer.stdin.flush()
            self.assertEqual(receive_exactly(other, 11), b"half a mess")
            peer.kill()
            peer.communicate()
            self.assertEqual(other.recv(1), b"")  # The kernel says a good end for it.
            other.close()
            self.assertEqual(relay.end(), 0)

    def test_F20_nobody_there(self):
        with listen() as server:
            to = f"127.0.0.1:{server.getsockname()[1]}"
        done = programs.run("relay", f"tcp:{to}", "-", "--backend", self.backend)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, f"error: cannot connect to {to}\n"
                                      "  connect: Connection refused\n"
                                      "  hint: the host answered, but nobody listens there\n")

    def test_F83_a_signal_ends_it_and_its_command(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            relay = self.ours("tcp-listen:127.0.0.1:0", "exec:echo $$; exec sleep 1000")
            with connect(relay.wait_for("^listening on (.*)")) as peer:
                command = int(peer.recv(100))
                self.assertTrue(is_running(command))
                relay.process.send_signal(number)
                self.assertEqual(relay.end(), 0)
                self.assertFalse(is_running(command))

    def test_idle(self):
        relay = self.ours("tcp-listen:127.0.0.1:0", "exec:cat", "--idle", "100ms")
        with connect(relay.wait_for("^listening on (.*)")) as peer:
            peer.sendall(b"some bytes")
            self.assertEqual(receive_all(peer), b"some bytes")
        self.assertEqual(relay.end(), 0)
        self.assertIn("ended for want of news", relay.said())

    def test_after_end(self):
        # It does not end when its input does.
        relay = self.ours("tcp-listen:127.0.0.1:0", "exec:echo started; exec sleep 1000",
                          "--after-end", "100ms")
        with connect(relay.wait_for("^listening on (.*)")) as peer:
            self.assertEqual(ask(peer, b""), b"started\n")
        self.assertEqual(relay.end(), 0)

    def test_one_way(self):
        with Answerer(b"what nobody wants" * 1000) as server:
            done = subprocess.run([FT, "relay", "--one-way", "-", f"tcp:{server.address}",
                                   "--backend", self.backend],
                                  input=LARGE, capture_output=True, timeout=GIVE_UP)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        self.assertTrue(server.got == LARGE)


class Messages:
    """Datagrams and their like keep their borders."""
    backend = None

    def setUp(self):
        self.folder = self.enterContext(programs.temporary_folder())

    def ours(self, *arguments, **rest):
        return self.enterContext(ft_relay(*arguments, backend=self.backend, **rest))

    def test_C4_udp_to_udp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(GIVE_UP)
            relay = self.ours("udp-listen:127.0.0.1:0",
                              f"udp:127.0.0.1:{server.getsockname()[1]}")
            with connect(relay.wait_for("^listening on (.*)"), socket.SOCK_DGRAM) as peer:
                for size in (1, 0, 100, 9000, 60_000):
                    peer.send(LARGE[:size])
                    got, sender = server.recvfrom(1 << 16)
                    self.assertTrue(got == LARGE[:size], size)
                    server.sendto(got[::-1], sender)
                    self.assertTrue(peer.recv(1 << 16) == got[::-1], size)
            relay.process.terminate()
            self.assertEqual(relay.end(), 0)
            self.assertIn("in 5 messages", relay.said())

    def test_udp_listen_answers_the_first_peer_and_hears_no_other(self):
        relay = self.ours("udp-listen:127.0.0.1:0", "exec:cat")
        where = relay.wait_for("^listening on (.*)")
        with connect(where, socket.SOCK_DGRAM) as first, \
                connect(where, socket.SOCK_DGRAM) as second:
            first.send(b"first")
            self.assertEqual(first.recv(100), b"first")
            second.send(b"second")
            with self.assertRaises(ConnectionRefusedError):
                second.recv(100)
            first.send(b"again")
            self.assertEqual(first.recv(100), b"again")

    def test_C4_a_stream_is_cut_into_datagrams_as_it_is_read(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(GIVE_UP)
            relay = self.ours("-", f"udp:127.0.0.1:{server.getsockname()[1]}", "--block", "1000",
                              stdin=subprocess.PIPE)
            for data in (b"one", LARGE[:1000]):
                relay.process.stdin.write(data)
                relay.process.stdin.flush()
                self.assertTrue(server.recv(1 << 16) == data)
            relay.process.stdin.write(LARGE[:2500])
            relay.process.stdin.close()
            self.assertEqual([len(server.recv(1 << 16)) for _ in range(3)], [1000, 1000, 500])
            self.assertEqual(relay.end(), 0)

    def test_F41_datagrams_that_come_back_end_nothing_and_are_told(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
            nobody.bind(("127.0.0.1", 0))
            to = f"udp:127.0.0.1:{nobody.getsockname()[1]}"
        done = programs.run("relay", "-", to, "--backend", self.backend, stdin="lost")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(done.stderr, f"warning: {to}: nobody took 1 of the datagrams\n")

    def test_B2_seqpacket_keeps_borders_and_ends(self):
        path = self.folder + "/seqpacket"
        with listen(socket.AF_UNIX, path, socket.SOCK_SEQPACKET) as server:
            left_path = self.folder + "/left"
            relay = self.ours(f"seqpacket-listen:{left_path}", f"seqpacket:{path}")
            relay.wait_for("^listening on (.*)")
            with connect("unix:" + left_path, socket.SOCK_SEQPACKET) as peer:
                other, _ = server.accept()
                with other:
                    other.settimeout(GIVE_UP)
                    for size in (1, 100_000, 7):
                        peer.send(LARGE[:size])
                        self.assertTrue(other.recv(1 << 18) == LARGE[:size], size)
                    peer.shutdown(socket.SHUT_WR)
                    self.assertEqual(other.recv(1), b"")
                    other.send(b"the other way")
                self.assertEqual(peer.recv(100), b"the other way")
                self.assertEqual(peer.recv(100), b"")
            self.assertEqual(relay.end(), 0)
            self.assertFalse(os.path.exists(left_path))

    def test_B2_unix_datagrams_both_ways(self):
        server_path, own_path = self.folder + "/server", self.folder + "/own"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(server_path)
            server.settimeout(GIVE_UP)
            relay = self.enterContext(ft_relay("-", f"unix-dgram:{server_path},bind={own_path}",
                                               backend=self.backend, stdin=subprocess.PIPE,
                                               stdout=subprocess.PIPE))
            relay.process.stdin.write(b"question")
            relay.process.stdin.flush()
            got, sender = server.recvfrom(100)
            self.assertEqual((got, sender), (b"question", own_path))
            server.sendto(b"answer", sender)
            self.assertEqual(relay.process.stdout.read(6), b"answer")
            relay.process.stdin.close()
            self.assertEqual(relay.end(), 0)
        self.assertFalse(os.path.exists(own_path))

    def test_B2_a_datagram_without_a_sender_is_heard(self):
        path = self.folder + "/socket"
        relay = self.ours(f"unix-dgram-listen:{path}", "-", stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE)
        relay.wait_for("^listening on (.*)")
        with connect("unix:" + path, socket.SOCK_DGRAM) as peer:
            peer.send(b"nameless")
            self.assertEqual(relay.process.stdout.read(8), b"nameless")
        relay.process.terminate()
        self.assertEqual(relay.end(), 0)


class Serving:
    """`fork`: every connection of a listener."""
    backend = None

    def ours(self, *arguments):
        return self.enterContext(ft_relay(*arguments, backend=self.backend))

    def test_many_at_once(self):
        relay = self.ours("tcp-listen:127.0.0.1:0,fork", "exec:cat")
        where = relay.wait_for("^listening on (.*)")
        peers = [connect(where) for _ in range(20)]
        for at, peer in enumerate(peers):
            peer.sendall(LARGE[:at * 1000 + 1])
        for at, peer in enumerate(peers):
            self.assertTrue(receive_exactly(peer, at * 1000 + 1) == LARGE[:at * 1000 + 1])
            peer.close()
        wait_until(lambda: relay.said().count("left to right") == 20, "the end of all of them")
        relay.process.terminate()
        self.assertEqual(relay.end(), 0)
        self.assertIn("served 20 connections, 0 failed\n", relay.said())

    def test_no_more_at_once_than_it_says(self):
        relay = self.ours("tcp-listen:127.0.0.1:0,fork=1", "exec:cat")
        where = relay.wait_for("^listening on (.*)")
        with connect(where) as first:
            first.sendall(b"1")
            self.assertEqual(first.recv(1), b"1")
            relay.wait_for("^(accepted)")
            second = connect(where)
            second.sendall(b"2")
            self.assertEqual(relay.said().count("accepted"), 1)
        with second:
            self.assertEqual(second.recv(1), b"2")

    def test_F120_one_that_cannot_be_served_harms_nobody_else(self):
        with listen() as server:
            closed = f"127.0.0.1:{server.getsockname()[1]}"
        relay = self.ours("tcp-listen:127.0.0.1:0,fork", f"tcp:{closed}")
        where = relay.wait_for("^listening on (.*)")
        for _ in range(3):
            # The reset may be here before connect() has returned.
            with self.assertRaises(ConnectionResetError):
                with connect(where) as peer:
                    peer.recv(1)
        self.assertIn("Connection refused", relay.wait_for("(warning: .*)"))
        relay.process.terminate()
        self.assertEqual(relay.end(), 0)
        self.assertIn("served 3 connections, 3 failed\n", relay.said())

    def test_F126_nothing_is_left_of_those_that_have_ended(self):
        relay = self.ours("tcp-listen:127.0.0.1:0,fork", "exec:cat")
        where = relay.wait_for("^listening on (.*)")

        def descriptors():
            return len(os.listdir(f"/proc/{relay.process.pid}/fd"))
        before = descriptors()
        for _ in range(10):
            with connect(where) as peer:
                self.assertEqual(ask(peer, b"x"), b"x")
        wait_until(lambda: descriptors() == before, "closing of all descriptors")
        children = f"/proc/{relay.process.pid}/task/{relay.process.pid}/children"
        with open(children, encoding="ascii") as file:
            self.assertEqual(file.read().split(), [])


class Paths(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(programs.temporary_folder())

    def refused(self, *arguments, stdin=""):
        done = programs.run("relay", *arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith("error: cannot "), done.stderr)
        return done.stderr

    def test_F112_what_is_no_socket_is_never_removed(self):
        path = self.folder + "/file"
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        os.symlink(path, self.folder + "/link")
        os.mkdir(self.folder + "/folder")
        for name in ("file", "link", "folder"):
            self.assertIn("bind", self.refused(f"unix-listen:{self.folder}/{name}", "-"))
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        self.assertTrue(os.path.islink(self.folder + "/link"))

    def test_F111_a_socket_that_was_left_behind_makes_room(self):
        path = self.folder + "/socket"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(path)
        relay = self.enterContext(ft_relay(f"unix-listen:{path}", "exec:cat"))
        relay.wait_for("^listening on (.*)")
        with connect("unix:" + path) as peer:
            self.assertEqual(ask(peer, b"x"), b"x")
        self.assertEqual(relay.end(), 0)

    def test_I3_somebody_elses_socket_stays(self):
        if os.getuid() != 0:
            raise unittest.SkipTest("only root can give a file away")
        path = self.folder + "/socket"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(path)
        os.chown(path, 65534, 65534)
        self.refused(f"unix-listen:{path}", "-")
        self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))

    def test_I3_a_mode_is_there_before_the_first_peer(self):
        path = self.folder + "/socket"
        relay = self.enterContext(ft_relay(f"unix-listen:{path},mode=600", "exec:cat"))
        relay.wait_for("^listening on (.*)")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def test_files_as_they_are_asked_for(self):
        path = self.folder + "/file"
        self.assertIn("No such file", self.refused(f"file:{path}", "exec:cat"))
        self.assertIn("No such file", self.refused("-", f"file:{path},append"))
        for text, options, whole in (("one", "create,mode=640", "one"), ("two", "append", "onetwo"),
                                     ("3", "truncate", "3")):
            done = programs.run("relay", "-", f"file:{path},{options}", stdin=text)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), whole)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        os.symlink(path, self.folder + "/link")
        self.assertEqual(programs.run("relay", f"file:{self.folder}/link", "-").stdout, "3")

    def test_a_folder_is_no_file(self):
        self.assertIn("Is a directory", self.refused(f"file:{self.folder}", "-"))
        self.assertIn("Is a directory", self.refused("-", f"file:{self.folder},append"))

    def test_a_named_pipe(self):
        path = self.folder + "/pipe"
        os.mkfifo(path)
        self.assertIn("No such device or address", self.refused("-", f"file:{path},write-only"))
        relay = self.enterContext(ft_relay(f"file:{path}", "-", stdout=subprocess.PIPE))
        with open(path, "w", encoding="ascii") as pipe:
            pipe.write("through a pipe")
        self.assertEqual(relay.process.stdout.read(), b"through a pipe")
        self.assertEqual(relay.end(), 0)

    def test_F114_a_path_that_is_too_long(self):
        done = programs.run("relay", "unix:" + "x" * 108, "-")
        self.assertEqual(done.returncode, 2)
        self.assertIn("at most 107 bytes", done.stderr)


class Usage(unittest.TestCase):
    def test_an_address_that_makes_no_sense_is_pointed_at(self):
        done = programs.run("relay", "-", "tcp:127.0.0.1:80,nodely")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr, "error: the right address makes no sense\n"
                                      "  tcp:127.0.0.1:80,nodely\n"
                                      "                   ^ there is no option \"nodely\"\n"
                                      "  hint: perhaps nodelay\n")

    def test_wrong_usage(self):
        for arguments in ((), ("-",), ("-", "-"), ("-", "stdio"), ("x", "-"),
                          ("-", "tcp-listen:0,fork"), ("tcp-listen:0,fork", "-"),
                          ("tcp-listen:0,fork", "udp-listen:0"), ("-", "exec:cat", "--idle", "x"),
                          ("-", "exec:cat", "--backend", "x"), ("-", "exec:cat", "more"),
                          ("-", "exec:cat", "--block", "-1"), ("-", "tcp:127.0.0.1:0")):
            done = programs.run("relay", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr.startswith("error: "), done.stderr)

    def test_a_command_that_fails(self):
        for command, how in (("exit 3", "exited with 3"), ("kill -9 $$", "killed by signal 9"),
                             ("no-such-command-at-all", "exited with 127")):
            done = programs.run("relay", "-", f"exec:{command} 2>&-")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(how, done.stderr)
        # Also where writing to it is what fails.
        done = programs.run("relay", "-", "exec:exit 3", stdin="x" * (4 << 20))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("exited with 3", done.stderr)

    def test_E_options_reach_the_socket(self):
        programs.need("strace")
        with listen() as server:
            to = f"127.0.0.1:{server.getsockname()[1]}"
            with programs.temporary_folder() as folder:
                log = folder + "/calls"
                relay = subprocess.Popen(
                    ["strace", "-f", "-e", "trace=setsockopt", "-o", log, FT, "relay", "-",
                     f"tcp:{to},keepalive=30,nodelay=off,user-timeout=1.5s,bind=127.0.0.9"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # It is traced already.
                peer, sender = server.accept()
                self.assertEqual(sender[0], "127.0.0.9")
                peer.close()
                relay.communicate(timeout=GIVE_UP)
                with open(log, encoding="utf-8") as file:
                    calls = file.read()
        for call in ("TCP_KEEPIDLE, [30]", "SO_KEEPALIVE, [1]", "TCP_NODELAY, [0]",
                     "TCP_USER_TIMEOUT, [1500]"):
            self.assertIn(call, calls)


programs.on_backends(globals(), Streams)
programs.on_backends(globals(), Messages)
programs.on_backends(globals(), Serving)

if __name__ == "__main__":
    unittest.main()
