"""`ft options`: what options there are, all about one, and what a live socket holds."""
import json
import os
import pathlib
import socket
import tempfile
import unittest

from programs import run

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "options.md"


def listener(family, address):
    """A socket that answers connections, without a thread: the kernel's queue does."""
    server = socket.socket(family, socket.SOCK_STREAM)
    server.bind(address)
    server.listen()
    return server


class Describing(unittest.TestCase):
    def test_all_of_them_are_listed(self):
        lines = run("options").stdout.splitlines()
        self.assertGreater(len(lines), 110)
        self.assertTrue(lines[0].startswith("option "))
        self.assertTrue(any(line.startswith("TCP_NODELAY ") for line in lines))

    def test_the_list_as_json(self):
        options = json.loads(run("options", "--json").stdout)
        by_name = {each["name"]: each for each in options}
        self.assertEqual(by_name["TCP_KEEPIDLE"]["least"], 1)
        self.assertEqual(by_name["TCP_KEEPIDLE"]["most"], 32767)
        self.assertEqual(by_name["TCP_KEEPIDLE"]["unit"], "s")
        self.assertEqual(by_name["SO_RCVBUFFORCE"]["get"], False)
        self.assertEqual(by_name["SO_TYPE"]["set"], False)

    def test_one_by_the_kernels_name_and_by_ours(self):
        page = run("options", "SO_RCVBUF")
        self.assertEqual((page.returncode, page.stderr), (0, ""))
        self.assertIn("  kept      doubled; ", page.stdout)
        self.assertEqual(run("options", "receivebuffer").stdout, page.stdout)

    def test_several_at_once(self):
        both = run("options", "SO_MARK", "TCP_CORK").stdout
        self.assertEqual(both,
                         run("options", "SO_MARK").stdout + "\n" + run("options", "TCP_CORK").stdout)
        self.assertEqual([each["name"] for each in
                          json.loads(run("options", "--json", "SO_MARK", "TCP_CORK").stdout)],
                         ["SO_MARK", "TCP_CORK"])

    def test_a_name_that_there_is_not(self):
        done = run("options", "TCP_NODLAY")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr,
                         "^error: cannot describe TCP_NODLAY\n"
                         "  there is no option of this name\n"
                         "  hint: perhaps TCP_NODELAY, .*; `ft options` lists all\n$")

    def test_a_name_that_is_like_none(self):
        self.assertIn("  hint: `ft options` lists all there are\n",
                      run("options", "qqqqqqqqqqqqqqqqqqqq").stderr)

    def test_the_document_is_its_output(self):
        self.assertEqual(run("options", "--markdown").stdout, DOCUMENT.read_text())


class LiveSockets(unittest.TestCase):
    def values(self, *arguments):
        done = run("options", "--json", "--socket", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        report = json.loads(done.stdout)
        return report, {each["name"]: each["value"] for each in report["options"]}

    def test_a_tcp_connection(self):
        with listener(socket.AF_INET, ("127.0.0.1", 0)) as server:
            report, values = self.values("127.0.0.1:%d" % server.getsockname()[1])
            self.assertEqual(report["socket"], "a TCP socket over IPv4")
            self.assertIs(values["TCP_NODELAY"], True)
            self.assertEqual(values["TCP_KEEPIDLE"],
                             int(pathlib.Path("/proc/sys/net/ipv4/tcp_keepalive_time").read_text()))
            self.assertEqual(values["SO_DOMAIN"], socket.AF_INET)
            self.assertEqual(report["tcp_info"]["state"]["value"], "ESTAB")
            self.assertEqual(report["tcp_info"]["round_trip"]["unit"], "us")

    def test_the_same_as_a_table(self):
        with listener(socket.AF_INET6, ("::1", 0)) as server:
            done = run("options", "--socket", "[::1]:%d" % server.getsockname()[1])
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith("a TCP socket over IPv6, [::1]:"))
            self.assertRegex(done.stdout, r"\nTCP_NODELAY +on +send small segments at once")
            self.assertRegex(done.stdout, r"\nIPV6_V6ONLY +off ")
            self.assertRegex(done.stdout, r"\ncongestion_window +\d+ segments\n")

    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            with listener(socket.AF_UNIX, path):
                report, values = self.values("unix:" + path)
        self.assertEqual(report["socket"], "a Unix stream socket")
        self.assertIn("pid %d," % os.getpid(), values["SO_PEERCRED"])
        self.assertNotIn("TCP_NODELAY", values)
        self.assertNotIn("tcp_info", report)

    def test_datagrams(self):
        report, values = self.values("127.0.0.1:9", "--udp")
        self.assertEqual(report["socket"], "a UDP socket over IPv4")
        self.assertEqual(values["UDP_SEGMENT"], 0)
        self.assertEqual(values["IP_MTU_DISCOVER"], "by_route")

    def test_nobody_there(self):
        with listener(socket.AF_INET, ("127.0.0.1", 0)) as server:
            address = "127.0.0.1:%d" % server.getsockname()[1]
        done = run("options", "--socket", address)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr,
                         f"error: cannot connect to {address}\n"
                         "  connect: Connection refused\n"
                         "  hint: the host answered, but nobody listens there\n")

    def test_wrong_usage(self):
        for arguments in (("--udp",), ("--socket", "nonsense"), ("SO_MARK", "--markdown"),
                          ("SO_MARK", "--socket", "127.0.0.1:1"), ("--json", "--markdown")):
            done = run("options", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr.startswith("error: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
