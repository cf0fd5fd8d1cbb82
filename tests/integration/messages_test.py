"""What `ft` prints, and what it exits with, when it is used wrongly or the world says no."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

import programs
from programs import FT, GIVE_UP, Server, run

MAIN = pathlib.Path(__file__).resolve().parents[2] / "tools" / "main.cc"
COMMANDS = [name.replace("_", "-") for name in
            re.findall(r"^ +add_(\w+)\(program, chosen\);", MAIN.read_text(encoding="utf-8"), re.M)]


class Usage(unittest.TestCase):
    def check_wrong(self, words, *arguments, asked="ft"):
        """It says `words` on standard error, where to find help, and nothing else; exit 2."""
        done = run(*arguments)
        self.assertEqual(done.stderr,
                         f"error: {words}\n  hint: `{asked} --help` tells what there is\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_every_command_explains_itself(self):
        for command in COMMANDS:
            done = run(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"Usage: ft {command} ", done.stdout)
            self.assertIn(command, run("--help").stdout)
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_the_version_is_told(self):
        self.assertRegex(run("--version").stdout, r"^ft \d+\.\d+\.\d+\n$")

    def test_commands_and_options_that_there_are_not(self):
        names = ", ".join(COMMANDS)
        self.check_wrong(f"a command is missing: {names}")
        self.check_wrong(f'there is no command "listen"; the commands are {names}', "listen")
        self.check_wrong(f'there is no option "--port"; the commands are {names}', "--port")
        self.check_wrong("The following argument was not expected: --port", "echo", "--port",
                         asked="ft echo")
        self.check_wrong("address is required", "cat", asked="ft cat")
        self.check_wrong("--keep requires --listen", "cat", "-k", "127.0.0.1:1", asked="ft cat")

    def test_addresses_that_are_none(self):
        for text, why in {
                "nonsense": "it has no port; write it as ADDRESS:PORT",
                "127.0.0.1": "it has no port; write it as ADDRESS:PORT",
                "127.0.0.1:": "the port behind the colon is missing",
                "127.0.0.1:http": 'the port "http" is not a number',
                "127.0.0.1:65536": "port 65536 is over 65535",
                "[::1]:99999999999999999999": "port 99999999999999999999 is over 65535",
                "::1:80": "an IPv6 address goes in brackets: [ADDRESS]:PORT",
                "[::1]": "it has no port; write it as [ADDRESS]:PORT",
                "example.org:80":
                    '"example.org" is a name; write an IP address (names are not looked up)',
                "unix:": "the path is missing",
        }.items():
            for command in ("echo", "load", "cat"):
                self.check_wrong(f'address: "{text}": {why}', command, text, asked=f"ft {command}")
        path = "/" + "x" * 107
        self.check_wrong(f'address: "{path}": a Unix socket\'s name has at most 107 bytes, '
                         "this one 108", "echo", path, asked="ft echo")
        for command in ("load", "cat"):
            self.check_wrong('address: "127.0.0.1:0": nobody can listen on port 0', command,
                             "127.0.0.1:0", asked=f"ft {command}")

    def test_numbers_out_of_their_range(self):
        for option, text, why in (
                ("--connections", "0", "Value 0 not in range 1 to 1000000"),
                ("--pipeline", "10001", "Value 10001 not in range 1 to 10000"),
                ("--loops", "65", "Value 65 not in range 1 to 64"),
                ("--size", "0", "a message has 1 byte to 1 GiB"),
                ("--size", "2G", "a message has 1 byte to 1 GiB"),
                ("--size", "many", '"many": write it as 64, 16KiB or 1MiB'),
                ("--duration", "-1s", '"-1s": write it as 250ms, 1.5s, 2m or 1h'),
                ("--warm-up", "soon", '"soon": write it as 250ms, 1.5s, 2m or 1h'),
                ("--rate", "0", "a rate is more than 0 and at most 1e9"),
                ("--rate", "fast", "a rate is more than 0 and at most 1e9"),
                ("--backend", "kqueue", '"kqueue": there are io_uring, epoll, poll and select')):
            self.check_wrong(f"{option}: {why}", "load", option, text, asked="ft load")


class WorldSaysNo(unittest.TestCase):
    def check_failure(self, done, goal, cause, hint):
        """Goal, cause and way out, on standard error, once; exit 1."""
        text = f"error: cannot {goal}\n  {cause}\n" + (f"  hint: {hint}\n" if hint else "")
        self.assertEqual(done.stderr, text)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_F20_nobody_listens(self):
        with socket.socket() as taken:  # Bound, so that nobody else listens there meanwhile.
            taken.bind(("127.0.0.1", 0))
            where = f"127.0.0.1:{taken.getsockname()[1]}"
            for command, goal in (("load", "load"), ("cat", "connect to")):
                for backend in programs.BACKENDS:
                    self.check_failure(run(command, where, "--backend", backend),
                                       f"{goal} {where}", "connect: Connection refused",
                                       "the host answered, but nobody listens there")

    def test_F18_an_address_that_is_taken(self):
        with Server() as server:
            for more in ([], ["--loops", "3"]):
                self.check_failure(
                    run("echo", server.where, *more), f"listen on {server.where}",
                    "bind: Address already in use",
                    "another socket holds this address; `ss -ltnp` shows whose it is")
            self.check_failure(
                run("cat", "-l", server.where), f"listen on {server.where}",
                "bind: Address already in use",
                "another socket holds this address; `ss -ltnp` shows whose it is")

    def test_F18_an_address_that_no_interface_has(self):
        # An address for documentation, only bound to, never sent to. RFC 5737
        self.check_failure(run("echo", "192.0.2.1:0"), "listen on 192.0.2.1:0",
                           "bind: Cannot assign requested address",
                           "no interface here has this address; `ip address` lists them")

    def test_I2_a_port_that_needs_a_privilege(self):
        programs.need("setpriv")
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as start:
            if int(start.read()) < 1024:
                self.skipTest("ports below 1024 need no privilege here")
        drop = []
        if os.getuid() == 0:
            drop = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service",
                    "--reuid=65534", "--clear-groups"]
            if subprocess.run([*drop, FT, "--version"], capture_output=True).returncode != 0:
                self.skipTest("an unprivileged user cannot execute the ft of this build")
        self.check_failure(run("echo", "127.0.0.1:1023", prefix=drop), "listen on 127.0.0.1:1023",
                           "bind: Permission denied",
                           "ports below 1024 need CAP_NET_BIND_SERVICE; take a higher port")

    def test_F111_F112_paths(self):
        with programs.temporary_folder() as folder:
            path = folder + "/socket"
            self.check_failure(run("cat", path), f"connect to {path}",
                               f"connect unix:{path}: No such file or directory",
                               "there is no socket at this path")
            self.check_failure(run("echo", folder + "/no/socket"), f"listen on {folder}/no/socket",
                               f"bind unix:{folder}/no/socket: No such file or directory",
                               "the folder of this path does not exist")
            with socket.socket(socket.AF_UNIX) as left_behind:
                left_behind.bind(path)
            self.check_failure(
                run("cat", path), f"connect to {path}", f"connect unix:{path}: Connection refused",
                "nobody listens there; a program that has ended may have left it")
            taken = "the name is taken: `ss -lxp` shows whose socket has it, `ls -l` what else"
            with Server(address=path):  # Which takes over what was left behind.
                self.check_failure(run("echo", path), f"listen on {path}",
                                   f"bind unix:{path}: somebody listens there", taken)
            with open(path, "w", encoding="ascii") as file:
                file.write("a file of somebody else's")
            self.check_failure(
                run("echo", path), f"listen on {path}",
                f"bind unix:{path}: a file that is no socket has this name", taken)
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), "a file of somebody else's")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
                other.bind(path + "-dgram")
                self.check_failure(
                    run("cat", path + "-dgram"), f"connect to {path}-dgram",
                    f"connect unix:{path}-dgram: Protocol wrong type for socket",
                    "the socket there is of another type, for datagrams perhaps")

    def test_a_backend_that_the_environment_names_wrongly(self):
        for command, goal in (("backends", "open a loop"), ("echo", "listen on 127.0.0.1:7777")):
            done = run(command, env={"FT_BACKEND": "kqueue"})
            self.check_failure(done, goal,
                               'FT_BACKEND "kqueue": there are io_uring, epoll, poll and select',
                               "")

    def test_threads_and_processes_at_once_are_one_too_many(self):
        done = run("echo", "--workers", "2", "--processes", "2")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr,
                         "--(processes excludes --workers|workers excludes --processes)\n")

    def test_F95_more_connections_than_descriptors(self):
        limits = ["prlimit", "--nofile=100:100"]
        programs.need("prlimit")
        self.check_failure(
            run("load", "127.0.0.1:9", "-c", "90", prefix=limits), "load 127.0.0.1:9",
            "descriptors: a process may hold 100 here; raise the limit (`ulimit -Hn`), or load "
            "from several", "")

    def test_F1_no_descriptor_at_all(self):
        programs.need("prlimit")
        hint = "this process has no descriptor left; raise its limit (`ulimit -n`)"
        # One for the wake-up, one for epoll or a ring, and none for the listener.
        for backend, most in (("io_uring", 5), ("epoll", 5), ("poll", 4), ("select", 4)):
            done = run("echo", "127.0.0.1:0", "--backend", backend,
                       prefix=["prlimit", f"--nofile={most}:{most}"],
                       env=programs.SHORT_OF_DESCRIPTORS)
            self.check_failure(done, "listen on 127.0.0.1:0", "socket: Too many open files", hint)


class Output(unittest.TestCase):
    """Where what it prints cannot be written."""

    def test_a_full_disk_is_an_error(self):
        for words in (["backends"], ["backends", "--json"], ["--help"], ["echo", "--help"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([FT, *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=GIVE_UP)
            self.assertEqual((done.returncode, done.stderr), (1, "error: cannot print the result\n"
                                                              "  write: No space left on device\n"))

    def test_F32_a_reader_that_has_gone_is_an_error_and_no_signal(self):
        with Server() as server:
            words = [FT, "load", server.where, "-c", "2", "-d", "10ms", "--warm-up", "0"]
            for closed in ("stdout", "stderr"):
                reads, writes = os.pipe()
                os.close(reads)
                done = subprocess.run(words + ["--progress"], timeout=GIVE_UP,
                                      **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                                         closed: writes})
                os.close(writes)
                if closed == "stdout":
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(b"cannot print the result\n  write: Broken pipe", done.stderr)
                else:
                    self.assertEqual(done.returncode, 0)
                    self.assertIn(b"messages in", done.stdout)

    def test_F32_ft_cat_into_a_closed_pipe_ends_with_a_message(self):
        with Server() as server:
            reads, writes = os.pipe()
            os.close(reads)
            done = subprocess.run([FT, "cat", server.where], input=b"bytes to print", stdout=writes,
                                  stderr=subprocess.PIPE, timeout=GIVE_UP)
            os.close(writes)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"  write: Broken pipe\n", done.stderr)
            self.assertTrue(server.answers())

    def test_the_first_line_of_a_report_can_be_taken(self):
        done = subprocess.run(f"'{FT}' backends | head -1", shell=True, capture_output=True,
                              text=True, timeout=GIVE_UP)
        self.assertEqual((done.stdout.count("\n"), done.stderr), (1, ""))

    def test_F85_closed_standard_descriptors(self):
        # Neither socket nor ring may get their numbers, or what is printed would go to a peer.
        script = (f"import os, sys; [os.close(fd) for fd in (0, 1, 2)]; "
                  f"os.execv({FT!r}, ['ft', 'echo', sys.argv[1]])")
        with programs.temporary_folder() as folder:
            path = folder + "/echo"
            child = subprocess.Popen([sys.executable, "-c", script, path])
            programs.wait_until(lambda: os.path.exists(path), "listening")
            for fd in range(3):
                self.assertEqual(os.readlink(f"/proc/{child.pid}/fd/{fd}"), "/dev/null")
            done = run("cat", path, stdin="anybody?")
            self.assertEqual(done.stdout, "anybody?")
            child.terminate()
            self.assertEqual(child.wait(GIVE_UP), 0)


class Signals(unittest.TestCase):
    def test_a_server_ends_well_by_either_signal_at_any_time(self):
        for backend in programs.BACKENDS:
            for number in (signal.SIGTERM, signal.SIGINT):
                for more in ([], ["--loops", "3"]):
                    with Server(*more, backend=backend) as server:
                        server.process.send_signal(number)
                        report, _ = server.process.communicate(timeout=GIVE_UP)
                        self.assertEqual(server.process.returncode, 0, server.said())
                        self.assertIn('"accepted": 0', report)

    def test_ft_load_is_ended_by_a_signal_as_any_program(self):
        with Server() as server:
            load = subprocess.Popen([FT, "load", server.where, "--progress", "-d", "1h"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            load.stderr.readline()
            load.terminate()
            load.communicate(timeout=GIVE_UP)
            self.assertEqual(load.returncode, -signal.SIGTERM)
            self.assertTrue(server.answers())


if __name__ == "__main__":
    unittest.main()
