"""`ft sim`: scenarios on a simulated network, what is told of them, and the search."""
import pathlib
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from programs import need, run


def sim(*arguments, **rest):
    return run("sim", *arguments, **rest)


class Scenarios(unittest.TestCase):
    def test_without_a_name_all_are_listed_with_their_parameters(self):
        done = sim()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for part in ("lossy-echo: ", "syn-flood: ", "  loss=2%", "  backlog=8"):
            self.assertIn(part, done.stdout)

    def test_one_seed_is_one_run_and_another_seed_another(self):
        traces = [re.search(r"trace (\w+)", sim("lossy-echo", "--seed", seed).stdout)[1]
                  for seed in ("1", "1", "2")]
        self.assertEqual(traces[0], traces[1])
        self.assertNotEqual(traces[0], traces[2])

    def test_what_is_wrong_with_an_argument_is_said(self):
        for arguments, part in (
                (["lossy"], 'there is no scenario "lossy"; there are lossy-echo, accept-queue'),
                (["lossy-echo", "drops=1"], 'there is no parameter "drops"; there are clients'),
                (["lossy-echo", "loss"], '"loss" has no value: loss=2%'),
                (["lossy-echo", "loss=200%"], '"200%" is no share: 0.02 and 2% are'),
                (["lossy-echo", "delay=soon"], '"soon" is no time: 40ms and 2s are'),
                (["lossy-echo", "bytes=5x"], '"5x" is no size: 4096 and 64KiB are'),
                (["lossy-echo", "clients=-1"], '"-1" is no whole number'),
                (["--seeds", "9..1"], '"9..1" is no range of seeds: 1..1000 is'),
                (["lossy-echo", "--only", "0"], '"0" is no list of numbers from 1 on')):
            done = sim(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(part, done.stderr)
            self.assertTrue(done.stderr.startswith("error: "), done.stderr)

    def test_the_timeline_tells_states_losses_repairs_and_trouble(self):
        done = sim("lossy-echo", "loss=10%", "--timeline", "--lines", "0")
        self.assertEqual(done.returncode, 0, done.stdout)
        for part in ("SYN-SENT -> ESTAB", "lost (loss)", "sends again", "TIME-WAIT -> gone",
                     "*** over: "):
            self.assertIn(part, done.stdout)
        short = sim("lossy-echo", "loss=10%", "--timeline", "--lines", "10").stdout
        self.assertIn("more lines", short)

    def test_a_file_that_cannot_be_written_is_an_error(self):
        for option in ("--pcap", "--svg"):
            done = sim("nagle-stall", "rounds=1", option, "/nowhere/file")
            self.assertEqual(done.returncode, 1)
            self.assertIn("error: cannot write /nowhere/file\n  open: No such file", done.stderr)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return str(pathlib.Path(self.folder.name) / name)

    def test_the_picture_is_well_formed(self):
        done = sim("lossy-echo", "--svg", self.path("run.svg"))
        self.assertEqual(done.returncode, 0, done.stdout)
        root = xml.etree.ElementTree.parse(self.path("run.svg")).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")

    def test_tcpdump_reads_the_packets_and_finds_every_checksum_right(self):
        need("tcpdump")
        for scenario in ("lossy-echo", "syn-flood", "half-open"):
            done = sim(scenario, "--pcap", self.path("run.pcap"))
            self.assertEqual(done.returncode, 0, done.stdout)
            read = subprocess.run(["tcpdump", "-nn", "-v", "-r", self.path("run.pcap")],
                                  capture_output=True, text=True, check=True)
            packets = int(re.search(r"([\d,]+) packets in", done.stdout)[1].replace(",", ""))
            self.assertEqual(read.stdout.count(" IP "), packets)
            if scenario != "lossy-echo":  # There bits turn.
                wrong = [line for line in read.stdout.splitlines()
                         if "(incorrect" in line or "bad cksum" in line]
                self.assertEqual(wrong[:5], [])
            self.assertEqual(len(read.stderr.splitlines()), 1, read.stderr)


class Search(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def search(self, *arguments):
        return sim(*arguments, cwd=self.folder.name)

    def test_a_planted_bug_is_found_made_small_and_can_be_replayed(self):
        done = self.search("planted-bug", "--seeds", "1..200", "-j", "2")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"200 runs of 1 scenario .* failed\n")
        self.assertIn("FAILED  after the trouble every question gets its answer", done.stdout)
        for part in ("when the first check failed:\n--- server", "LISTEN", "--- client"):
            self.assertIn(part, done.stdout)
        least, drawn = re.search(r"It takes (\d+) of its (\d+) troubles", done.stdout).groups()
        self.assertLess(int(least), int(drawn))
        captures = list(pathlib.Path(self.folder.name).glob("planted-bug-*.pcap"))
        self.assertEqual(len(captures), 1)
        replays = re.findall(r"replay: ft sim (.*) --timeline", done.stdout)
        self.assertEqual(len(replays), 2)
        for replay in replays:
            again = self.search(*replay.split())
            self.assertEqual(again.returncode, 1, replay)
            self.assertIn("FAILED", again.stdout)
        # With the last of its troubles taken away it works.
        only = replays[1].split("--only ")[1].split(",")
        fine = self.search(*replays[1].split("--only ")[0].split(), "--only",
                           ",".join(only[:-1]) or "none")
        self.assertEqual(fine.returncode, 0, fine.stdout)

    def test_what_does_not_fail_is_counted(self):
        done = self.search("partition", "--seeds", "5..14", "--twice", "-j", "2")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"^10 runs, each twice, of 1 scenario from seed 5 on, .*: "
                                      r"none failed\n$")

    def test_fresh_seeds_are_others_each_time(self):
        first = [re.search(r"from seed (\d+) on",
                           self.search("port-exhaustion", "ports=3", "--fresh", "2").stdout)[1]
                 for _ in range(2)]
        self.assertNotEqual(*first)


if __name__ == "__main__":
    unittest.main()
