"""Bad days of a network, each in a network namespace of its own: nothing leaves this machine."""
import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import time
import unittest
from concurrent import futures

import programs
from programs import BACKENDS, FT, GIVE_UP, Server, command, run, sysctl, wait_until


class Routes(unittest.TestCase):
    """What is said of hosts that cannot be reached."""

    @classmethod
    def setUpClass(cls):
        programs.own_network()
        for kind, to in (("blackhole", "10.1.0.0/16"), ("unreachable", "10.2.0.0/16"),
                         ("prohibit", "10.3.0.0/16")):
            command(f"ip route add {kind} {to}")
        # A cable whose other end hears everything and answers nothing.
        command("ip link add v0 type veth peer name v1")
        command("ip address add 10.4.0.1/16 dev v0")
        command("ip link set v0 up")
        command("ip link set v1 up")
        command("ip neighbour add 10.4.0.2 lladdr 02:00:00:00:00:02 dev v0")

    def check(self, where, cause, hint, *more):
        with futures.ThreadPoolExecutor() as pool:
            all_done = list(pool.map(lambda each: run("cat", where, "--backend", each, *more),
                                     BACKENDS))
        for done in all_done:
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(done.stderr, f"error: cannot connect to {where}\n"
                             f"  connect: {cause}\n  hint: {hint}\n")

    def test_F20_no_route_at_all(self):
        self.check("10.9.0.1:80", "Network is unreachable",
                   "this machine has no route there; `ip route` lists them")

    def test_F20_a_host_that_is_gone(self):
        self.check("10.2.0.1:80", "No route to host",
                   "no route leads there, or a router says that the host is gone")

    def test_F20_forbidden(self):
        self.check("10.3.0.1:80", "Permission denied",
                   "a route or a firewall rule of this machine forbids it; see `ip route`")

    def test_F20_a_black_hole(self):
        self.check("10.1.0.1:80", "Invalid argument",
                   "nothing can be sent there: a `blackhole` route (`ip route`), or a link-local "
                   "address that needs its interface, as in [fe80::1%eth0]:80")

    def test_F39_a_host_that_never_answers_is_given_up_in_time(self):
        self.check("10.4.0.2:80", "the time limit ran out",
                   "no answer in time: check the address, then the firewall", "-w", "100ms")

    def test_D1_ft_load_gives_up_on_a_host_that_never_answers(self):
        done = run("load", "10.4.0.2:80", "-c", "3", "-d", "1s")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot load 10.4.0.2:80\n  connect: the time limit ran out", done.stderr)

    def test_F39_the_kernel_gives_up_by_itself_too(self):
        sysctl("net.ipv4.tcp_syn_retries", 1)
        sysctl("net.ipv4.tcp_syn_linear_timeouts", 0)
        self.check("10.4.0.2:80", "Connection timed out",
                   "no answer at all: check the address, then the firewall", "-w", "1m")


class Ports(unittest.TestCase):
    """Few ports to connect from."""

    def setUp(self):
        programs.own_network()
        sysctl("net.ipv4.ip_local_port_range", "40000 40009")

    def test_F21_A10_the_eleventh_connection_says_that_ports_have_run_out(self):
        for at, backend in enumerate(BACKENDS):
            port = 9 + at  # What was closed before holds its ports for a minute.
            with Server(address=f"127.0.0.1:{port}") as server, contextlib.ExitStack() as held:
                for _ in range(10):
                    held.enter_context(server.connect())
                done = run("cat", server.where, "--backend", backend)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(
                    done.stderr, f"error: cannot connect to 127.0.0.1:{port}\n"
                    "  connect: Cannot assign requested address\n"
                    "  hint: no local port is free for this destination; close connections, or use "
                    "more addresses\n")
                # Those there are serve on, and other destinations have ports of their own.
                with Server(address=f"127.0.0.2:{port}") as other:
                    self.assertEqual(run("cat", other.where, stdin="hello").stdout, "hello")

    def test_F22_a_source_address_of_its_own_does_not_use_ports_up_sooner(self):
        # Churn takes many source addresses, each of which has the ten ports for itself.
        with Server(address="127.0.0.1:9") as server:
            done = run("load", server.where, "--churn", "-c", "4", "-d", "300ms", "--warm-up", "0",
                       "--json")
            self.assertEqual((done.returncode, json.loads(done.stdout)["errors"]), (0, {}))

    def test_F23_a_connection_to_itself_is_refused(self):
        for at, backend in enumerate(BACKENDS):
            port = 41000 + 2 * at
            sysctl("net.ipv4.ip_local_port_range", f"{port} {port + 1}")
            done = run("cat", f"127.0.0.1:{port}", "--backend", backend, stdin="echo?")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("connect: Connection refused", done.stderr)
            # That it did meet itself can be seen from what is left of it.
            left = command(f"ss -Htan sport = {port} dport = {port}")
            self.assertEqual(left.count(f"127.0.0.1:{port}"), 2, left)


class Queues(unittest.TestCase):
    """The accept queue overflows while the server is stopped."""

    def setUp(self):
        programs.own_network()

    def test_F9_F10_connections_beyond_the_queue_are_served_when_the_server_goes_on(self):
        sysctl("net.core.somaxconn", 2)
        for backend in BACKENDS:
            with Server(backend=backend) as server, contextlib.ExitStack() as held:
                os.kill(server.pid, 19)  # SIGSTOP
                at_once = []
                for _ in range(3):  # The limit, and one more.
                    at_once.append(held.enter_context(server.connect()))
                late = held.enter_context(socket.socket())
                late.setblocking(False)
                late.connect_ex(server.address)
                wait_until(lambda: counter("ListenOverflows"), "an overflow of the queue")
                os.kill(server.pid, 18)  # SIGCONT
                for peer in at_once:
                    peer.sendall(b"x")
                    self.assertEqual(peer.recv(1), b"x")
                late.setblocking(True)
                late.settimeout(GIVE_UP)
                wait_until(lambda: is_connected(late), "the late connection")
                late.sendall(b"y")
                self.assertEqual(late.recv(1), b"y")

    def test_F11_a_flood_of_first_segments_keeps_nobody_out(self):
        # From hosts behind a cable whose other end answers nothing.
        command("ip link add v0 type veth peer name v1")
        command("ip link set v0 arp off")
        command("ip address add 10.4.0.1/16 dev v0")
        command("ip link set v0 up")
        command("ip link set v1 up")
        for name in ("all", "lo", "v0"):
            sysctl(f"net.ipv4.conf.{name}.rp_filter", 0)
        sysctl("net.core.somaxconn", 64)
        sysctl("net.ipv4.tcp_syncookies", 1)
        with Server(address="10.4.0.1:0") as server, socket.socket(
                socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            chance = random.Random(7)
            for at in range(2000):
                source = f"10.4.{chance.randrange(1, 256)}.{chance.randrange(1, 255)}"
                raw.sendto(first_segment(source, 1024 + at, server.address), ("10.4.0.1", 0))
                if at % 500 == 499:
                    self.assertTrue(server.answers())
        self.assertGreater(counter("SyncookiesSent"), 1000)


def counter(name):
    """One of the system's counts of what TCP has met; this network has its own."""
    with open("/proc/net/netstat", encoding="ascii") as lines:
        names, values = [line.split() for line in lines if line.startswith("TcpExt:")]
    return int(dict(zip(names, values))[name])


def is_connected(peer):
    try:
        return peer.getpeername()
    except OSError:
        return None


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def first_segment(source, port, to):
    """An IPv4 packet with a SYN, as a peer sends it that never goes on."""
    segment = struct.pack("!HHIIBBHHH", port, to[1], port * 77, 0, 5 << 4, 2, 65535, 0, 0)
    addresses = socket.inet_aton(source) + socket.inet_aton(to[0])
    check = checksum(addresses + struct.pack("!BBH", 0, 6, len(segment)) + segment)
    segment = segment[:16] + struct.pack("!H", check) + segment[18:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0) + addresses
    return header + segment


class TwoHosts(unittest.TestCase):
    """A server and a client on either end of a cable."""

    def setUp(self):
        programs.own_network()
        programs.need("nsenter")
        # The other host's network lives as long as this process.
        self.other = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec cat"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.other.communicate)
        self.other.stdout.readline()
        self.there = ["nsenter", "-n", "-t", str(self.other.pid)]
        command("ip link add v0 type veth peer name v1")
        command(f"ip link set v1 netns {self.other.pid}")
        command("ip address add 10.5.0.1/24 dev v0")
        command("ip link set v0 up")
        self.at_other("ip address add 10.5.0.2/24 dev v1")
        self.at_other("ip link set v1 up")

    def at_other(self, line):
        return command(" ".join(self.there) + " " + line)

    def server(self, backend, *more):
        return Server(*more, backend=backend, address="10.5.0.1:0")

    def client(self, server):
        """An `ft cat` at the other host, connected, its first bytes echoed."""
        peer = subprocess.Popen([*self.there, FT, "cat", server.where], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        peer.stdin.write(b"one\n")
        self.assertEqual(peer.stdout.readline(), b"one\n")
        return peer

    def test_F41_F28_a_route_that_vanishes_and_comes_back_costs_no_connection(self):
        for backend in BACKENDS:
            with self.server(backend) as server:
                peer = self.client(server)
                command("ip route add unreachable 10.5.0.2/32")
                peer.stdin.write(b"two\n")
                time.sleep(0.3)  # The server's answer finds no route, and is sent again.
                command("ip route del unreachable 10.5.0.2/32")
                self.assertEqual(peer.stdout.readline(), b"two\n")
                peer.stdin.close()
                self.assertEqual((peer.wait(GIVE_UP), peer.stderr.read()), (0, b""))
                peer.stdout.close()
                peer.stderr.close()
                self.assertEqual(server.stop()["broken"], 0)

    def test_F12_F40_a_peer_that_vanishes_is_let_go_for_its_silence(self):
        for backend in BACKENDS:
            with self.server(backend, "--silence", "200ms") as server:
                before = server.descriptors()
                peer = self.client(server)
                self.at_other("ip link set v1 down")
                wait_until(lambda: server.descriptors() == before, "closing of the silent one")
                peer.kill()
                peer.communicate()
                self.at_other("ip link set v1 up")
                self.assertEqual(server.stop()["silent"], 1)

    def test_F8_a_connection_that_the_administrator_destroys(self):
        for backend in BACKENDS:
            with self.server(backend) as server:
                peer = self.client(server)
                if "10.5.0.2" not in command(f"ss -K -t dst 10.5.0.2 sport = {server.address[1]}"):
                    peer.kill()
                    peer.communicate()
                    self.skipTest("this kernel cannot destroy sockets (CONFIG_INET_DIAG_DESTROY)")
                said = peer.communicate(b"anybody?\n", timeout=GIVE_UP)
                self.assertEqual(peer.returncode, 1)
                self.assertIn(b"Connection reset by peer", said[1])
                wait_until(lambda: run("cat", server.where, stdin="still here").stdout)
                self.assertEqual(server.stop()["broken"], 1)


if __name__ == "__main__":
    unittest.main()
