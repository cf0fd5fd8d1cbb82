"""`ft ping`, in network namespaces of its own: nothing leaves this machine."""
import json
import pathlib
import re
import signal
import subprocess
import unittest

import programs
from programs import BACKENDS, FT, command, run, sysctl


class Ping(unittest.TestCase):
    """A loopback device, a cable whose other end answers nothing, and routes that lead nowhere."""

    @classmethod
    def setUpClass(cls):
        programs.own_network()
        command("ip link add v0 type veth peer name v1")
        command("ip address add 10.4.0.1/16 dev v0")
        command("ip link set v0 up")
        command("ip link set v1 up")
        command("ip neighbour add 10.4.0.2 lladdr 02:00:00:00:00:02 dev v0")

    def test_B3_ping_prints_each_answer_and_the_statistics(self):
        for backend in BACKENDS:
            for where in ("127.0.0.1", "::1"):
                done = run("ping", where, "-c", "3", "-i", "5ms", "--backend", backend)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                lines = done.stdout.splitlines()
                self.assertEqual(lines[0], f"PING {where}: 56 bytes of payload, by a raw socket")
                for at, line in enumerate(lines[1:4], 1):
                    self.assertRegex(line, rf"^64 bytes from {where}: icmp_seq={at} ttl=64 "
                                           r"time=[\d.]+ ms$")
                self.assertEqual(lines[5], f"--- {where} ping statistics ---")
                self.assertRegex(lines[6], r"^3 packets transmitted, 3 received, 0% packet loss, ")
                self.assertRegex(lines[7], r"^rtt min/avg/max/mdev = [\d.]+/[\d.]+/[\d.]+/[\d.]+ ms$")

    def test_B3_ping_without_any_right_uses_a_ping_socket_or_says_what_is_missing(self):
        nobody = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
        groups = pathlib.Path("/proc/sys/net/ipv4/ping_group_range")
        before = groups.read_text()
        self.addCleanup(groups.write_text, before)
        done = run("ping", "127.0.0.1", "-c", "1", prefix=nobody)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(
            done.stderr, "error: cannot ping 127.0.0.1\n"
            "  socket ICMP: neither raw sockets (CAP_NET_RAW) nor ping sockets "
            "(net.ipv4.ping_group_range) are allowed here\n"
            "  hint: be root, or give the program the right: `setcap cap_net_raw+ep PROGRAM`; "
            "pinging alone is allowed to all by net.ipv4.ping_group_range=\"0 2147483647\"\n")
        sysctl("net.ipv4.ping_group_range", "0 2147483647")
        done = run("ping", "127.0.0.1", "-c", "1", prefix=nobody)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("by a ping socket", done.stdout)

    def test_B3_ping_tells_silence_from_what_could_not_be_sent(self):
        done = run("ping", "10.4.0.2", "-c", "2", "-i", "10ms", "-W", "50ms")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("no answer for icmp_seq=2 within 50.0 ms\n", done.stdout)
        self.assertIn("2 packets transmitted, 0 received, 100% packet loss", done.stdout)
        done = run("ping", "10.9.0.1", "-c", "1")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("icmp_seq=1 could not be sent: Network is unreachable\n", done.stdout)
        self.assertIn("0 packets transmitted, 0 received, 1 not sent, 100% packet loss", done.stdout)

    def test_B3_ping_as_json(self):
        done = run("ping", "127.0.0.1", "-c", "2", "-i", "5ms", "-s", "100", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = json.loads(done.stdout)
        self.assertEqual((told["address"], told["sent"], told["received"], told["loss"]),
                         ("127.0.0.1", 2, 2, 0))
        self.assertEqual([each["outcome"] for each in told["probes"]], ["reply", "reply"])
        self.assertEqual(told["probes"][0]["bytes"], 108)
        self.assertLessEqual(told["rtt_ms"]["min"], told["rtt_ms"]["max"])

    def test_B3_ping_ends_with_its_statistics_when_it_is_stopped(self):
        with subprocess.Popen([FT, "ping", "127.0.0.1", "-i", "10ms"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            for line in process.stdout:
                if "icmp_seq=3 " in line:
                    break
            process.send_signal(signal.SIGINT)
            printed, complained = process.communicate(timeout=programs.GIVE_UP)
        self.assertEqual((process.returncode, complained), (0, ""))
        self.assertTrue(re.search(r"\d+ packets transmitted, \d+ received", printed), printed)

    def test_B3_ping_refuses_what_makes_no_sense(self):
        for arguments, said in ((("127.0.0.1", "-s", "65508"), "a packet carries 65507 bytes"),
                                (("127.0.0.1", "-I", "::1"), "it is of another family"),
                                (("127.0.0.1", "-I", "10.77.0.1"), "Cannot assign requested"),
                                (("no such host",), "look up")):
            done = run("ping", "-c", "1", *arguments)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stdout)
            self.assertIn(said, done.stderr)
        for arguments in (("-i", "0"), ("-t", "0"), ("-t", "256"), ("-s", "x"), ("-I", "x"),
                          ("-4", "-6")):
            done = run("ping", "127.0.0.1", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)


if __name__ == "__main__":
    unittest.main()
