"""Our own TCP behind a TUN device, and wires between networks, against the kernel's."""
import contextlib
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading
import unittest

import programs
from programs import FT, GIVE_UP, command, need, receive_exactly, run, temporary_folder, wait_until


class Running:
    """An `ft` that runs until it is told to end; `first` is its first line."""

    def __init__(self, *words, prefix=()):
        self.process = subprocess.Popen([*prefix, FT, *words], stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.first = self.process.stdout.readline()
        if not self.first:
            raise AssertionError(f"{words} did not start: {self.process.communicate()[1]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def end(self, number=signal.SIGINT):
        """What it prints at its end, and its exit code."""
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=GIVE_UP)
        return self.process.returncode, out, errors


def there_and_back(where, size, seed=1):
    """Sends so many bytes, ends, and reads to the end; whether they are the same."""
    data = random.Random(seed).randbytes(size)
    with socket.create_connection(where, timeout=GIVE_UP) as peer:
        def send():
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        sending = threading.Thread(target=send)
        sending.start()
        got = receive_exactly(peer, size)
        rest = peer.recv(1)
        sending.join()
    return got == data and rest == b""


class Tun(unittest.TestCase):
    """`ft tun`: the kernel's clients and our stack."""

    @classmethod
    def setUpClass(cls):
        if not os.path.exists("/dev/net/tun"):
            raise unittest.SkipTest("there is no /dev/net/tun here")
        programs.own_network()

    def test_every_byte_comes_back_on_every_backend(self):
        for backend in programs.BACKENDS:
            with Running("tun", "--address", "10.9.0.2/24", "--backend", backend, "echo") as own:
                self.assertEqual(own.first, "listening on 10.9.0.2:7, behind tun0\n")
                self.assertTrue(there_and_back(("10.9.0.2", 7), 3_000_000), backend)
                code, out, errors = own.end()
                self.assertEqual((code, errors), (0, ""))
                self.assertTrue(out.startswith("accepted 1 connections\n"), out)

    def test_every_byte_comes_back_through_a_bad_cable(self):
        with Running("tun", "--address", "10.9.0.2/24", "--delay", "2ms", "--loss", "2%", "--reorder",
                     "1%", "--duplicate", "1%", "--corrupt", "0.5%", "--seed", "7", "echo") as own:
            self.assertTrue(there_and_back(("10.9.0.2", 7), 1_000_000))
            code, out, _ = own.end()
            self.assertEqual(code, 0)
            for what in ("loss", "corrupt", "duplicate", "reorder"):
                self.assertIn(what, out)

    def test_many_connections_at_once(self):
        with Running("tun", "--address", "10.9.0.2/24", "echo") as own, \
                contextlib.ExitStack() as stack:
            peers = [stack.enter_context(socket.create_connection(("10.9.0.2", 7), GIVE_UP))
                     for _ in range(300)]
            for number, peer in enumerate(peers):
                peer.sendall(b"%06d" % number)
            for number, peer in enumerate(peers):
                self.assertEqual(receive_exactly(peer, 6), b"%06d" % number)
            self.assertEqual(own.process.poll(), None)

    def test_it_speaks_ipv6(self):
        with Running("tun", "--address", "fd09::2/64", "--mtu", "1280", "echo") as own:
            self.assertEqual(own.first, "listening on [fd09::2]:7, behind tun0\n")
            self.assertTrue(there_and_back(("fd09::2", 7), 500_000))

    def test_large_packets_pass(self):
        with Running("tun", "--address", "10.9.0.2/24", "--mtu", "65000", "echo"):
            self.assertTrue(there_and_back(("10.9.0.2", 7), 5_000_000))

    def test_it_answers_pings_and_refuses_what_nobody_listens_on(self):
        with Running("tun", "--address", "10.9.0.2/24", "echo"):
            done = run("ping", "-c", "2", "10.9.0.2")
            self.assertEqual(done.returncode, 0, done.stderr)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("10.9.0.2", 8), GIVE_UP)

    def test_the_small_services(self):
        with Running("tun", "--address", "10.9.0.2/24", "daytime"):
            with socket.create_connection(("10.9.0.2", 13), GIVE_UP) as peer:
                self.assertIn(b"-UTC\r\n", peer.recv(1000))
        with Running("tun", "--address", "10.9.0.2/24", "--port", "1900", "chargen"):
            with socket.create_connection(("10.9.0.2", 1900), GIVE_UP) as peer:
                self.assertEqual(len(receive_exactly(peer, 740_000).splitlines()[0]), 72)

    def test_it_tells_its_peers_at_the_end(self):
        with Running("tun", "--address", "10.9.0.2/24", "echo") as own:
            with socket.create_connection(("10.9.0.2", 7), GIVE_UP) as peer:
                peer.sendall(b"x")
                self.assertEqual(receive_exactly(peer, 1), b"x")
                code, _, errors = own.end(signal.SIGTERM)
                self.assertEqual((code, errors), (0, ""))
                with contextlib.suppress(ConnectionResetError):
                    self.assertEqual(peer.recv(1), b"")

    def test_an_interface_that_is_switched_off_and_on_goes_on(self):
        with Running("tun", "--address", "10.9.0.2/24", "--name", "own8", "echo"):
            with socket.create_connection(("10.9.0.2", 7), GIVE_UP) as peer:
                command("ip link set own8 down")
                command("ip link set own8 up")
                peer.sendall(b"still there")
                self.assertEqual(receive_exactly(peer, 11), b"still there")

    def test_an_interface_that_is_removed_ends_it_with_a_word(self):
        with Running("tun", "--address", "10.9.0.2/24", "--name", "own9", "echo") as own:
            with socket.create_connection(("10.9.0.2", 7), GIVE_UP):
                command("ip link del own9")
                _, errors = own.process.communicate(timeout=GIVE_UP)
                self.assertEqual(own.process.returncode, 1)
                self.assertEqual(errors, "error: cannot be 10.9.0.2/24\n"
                                 "  read own9: the interface was removed\n")

    def test_its_packets_are_kept(self):
        with temporary_folder() as folder:
            file = pathlib.Path(folder, "own.pcap")
            with Running("tun", "--address", "10.9.0.2/24", "--pcap", str(file), "echo") as own:
                self.assertTrue(there_and_back(("10.9.0.2", 7), 1000))
                self.assertEqual(own.end()[0], 0)
            data = file.read_bytes()
            self.assertEqual(struct.unpack_from("<IHH", data), (0xa1b23c4d, 2, 4))
            at, flags = 24, []
            while at < len(data):
                size = struct.unpack_from("<I", data, at + 8)[0]
                packet = data[at + 16:at + 16 + size]
                if packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_TCP:
                    flags.append(packet[(packet[0] & 15) * 4 + 13] & 0x17)
                at += 16 + size
            self.assertEqual(flags[0], 0x02)
            self.assertIn(0x12, flags)
            self.assertFalse([each for each in flags if each & 0x04], "a reset")

    def test_what_cannot_be_had(self):
        for words, why in (
                (("--address", "10.9.0.2"), "write it as 10.9.0.2/24 or fd00::2/64"),
                (("--address", "10.9.0.2/31"), "its network has 1 to 30 bits"),
                (("--address", "10.9.0.2/24@"), "there is no network's name behind the @"),
                (("--address", "10.9.0.2/24", "--loss", "200%"), "it is more than all"),
                (("--address", "10.9.0.2/24", "--rate", "10"), "write it as 10mbit"),
                (("--address", "10.9.0.2/24", "--rate", "0bit"), "carries nothing"),
                (("--address", "10.9.0.2/24", "telnet"), "there are echo, discard")):
            done = run("tun", *words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(why, done.stderr)
        for words, why in (
                (("--address", "10.9.0.2/24@nowhere"), "there is no such network"),
                (("--address", "10.9.0.2/24", "--name", "a_name_far_too_long"), "1 to 15 bytes"),
                (("--address", "10.9.0.2/24", "--pcap", "/nowhere/x"), "No such file")):
            done = run("tun", *words)
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)

    def test_a_name_that_another_has(self):
        with Running("tun", "--address", "10.9.0.2/24", "--name", "own12", "echo"):
            done = run("tun", "--address", "10.10.0.2/24", "--name", "own12")
            self.assertEqual(done.returncode, 1)
            self.assertIn("TUNSETIFF own12: another program has that interface", done.stderr)


class Wire(unittest.TestCase):
    """`ft wire`: the kernel on both ends."""

    @classmethod
    def setUpClass(cls):
        if not os.path.exists("/dev/net/tun"):
            raise unittest.SkipTest("there is no /dev/net/tun here")
        programs.own_network()
        need("nsenter")

    def setUp(self):
        self.other = subprocess.Popen(["unshare", "-n", "sh", "-c", "ip link set lo up; echo; exec cat"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.other.stdout.readline()
        self.there = ["nsenter", "-n", "-t", str(self.other.pid)]
        self.end = f"10.8.0.2/24@/proc/{self.other.pid}/ns/net"

    def tearDown(self):
        self.other.communicate(b"")

    def test_packets_take_their_time(self):
        with Running("wire", "10.8.0.1/24", self.end, "--delay", "30ms") as wire:
            self.assertEqual(wire.first, f"carrying between 10.8.0.1/24 (wire0) and {self.end} "
                             "(wire0)\n")
            done = run("ping", "-c", "2", "--json", "10.8.0.2")
            self.assertEqual(done.returncode, 0, done.stderr)
            code, out, errors = wire.end()
            self.assertEqual((code, errors), (0, ""))
            self.assertIn("there: ", out)
            self.assertIn("back: ", out)

    def test_two_kernels_talk_through_loss_and_a_narrow_line(self):
        with Running("wire", "10.8.0.1/24", self.end, "--loss", "1%", "--delay", "1ms", "--rate",
                     "100mbit", "--seed", "3") as wire, \
                programs.Server(address="10.8.0.2:0", prefix=self.there) as echo:
            self.assertTrue(there_and_back(echo.address, 2_000_000))
            self.assertIn("loss", wire.end()[1])

    def test_one_network_is_not_two(self):
        done = run("wire", "10.8.0.1/24", "10.8.0.2/24")
        self.assertEqual(done.returncode, 1)
        self.assertIn("both ends are in one network", done.stderr)


if __name__ == "__main__":
    unittest.main()
