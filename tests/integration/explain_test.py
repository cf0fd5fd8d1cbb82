"""`ft explain`: what a word means, and what to do about it."""
import json
import pathlib
import unittest

from programs import run

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "errors.md"


class Explaining(unittest.TestCase):
    def page(self, *words):
        done = run("explain", *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def test_A7_an_errno_by_name_number_and_sentence(self):
        page = self.page("ECONNREFUSED")
        self.assertTrue(page.startswith("ECONNREFUSED: Connection refused\n"))
        for part in ("\n  when      while connecting\n", "\n  means     the host answered",
                     "\n  do        start the server", "\n  manual    connect(2)\n",
                     "\n  number    111\n"):
            self.assertIn(part, page)
        for words in (("econnrefused",), ("111",), ("Connection refused",),
                      ("connection", "refused"), ("connect 10.0.0.7:80: Connection refused",)):
            self.assertEqual(self.page(*words), page)

    def test_A7_the_document_is_its_output(self):
        tables = run("explain", "--markdown").stdout
        self.assertIn("\n| ECONNREFUSED | ", tables)
        self.assertTrue(tables in DOCUMENT.read_text(), "write it into docs/errors.md")

    def test_a_state_a_flag_an_option_and_a_setting(self):
        self.assertIn("a bug of the program", self.page("close_wait"))
        self.assertIn("drain the socket", self.page("EPOLLET"))
        self.assertIn("  type      Linger\n", self.page("so_linger"))
        self.assertIn("wait to be accepted", self.page("somaxconn"))

    def test_several_words_are_told_one_behind_the_other(self):
        self.assertEqual(self.page("SYN", "FIN"), self.page("SYN") + "\n" + self.page("FIN"))

    def test_as_json(self):
        told = json.loads(self.page("--json", "EPIPE"))
        self.assertEqual([(each["name"], each["kind"]) for each in told], [("EPIPE", "error")])
        self.assertIn({"head": "number", "text": "32"}, told[0]["lines"])

    def test_all_are_listed_or_those_of_a_kind(self):
        everything = self.page("--list")
        for word in ("\nErrors ", "\nECONNRESET ", "\nSO_RCVBUF ", "\nTIME-WAIT ", "\nMSG_PEEK "):
            self.assertIn(word, "\n" + everything)
        states = self.page("--list", "--kind", "state")
        self.assertEqual(len(states.splitlines()), 13)
        self.assertEqual(self.page("--kind", "states"), states)
        self.assertEqual(len(json.loads(self.page("--json", "--kind", "state"))), 11)

    def test_a_misspelling_gets_suggestions(self):
        done = run("explain", "ECONREFUSED")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, '^error: cannot explain "ECONREFUSED"\n'
                                      "  there is no such word here\n"
                                      "  hint: perhaps ECONNREFUSED.*; `ft explain --list` lists "
                                      "all\n$")
        done = run("explain", "qqqqqqqqqqqqqqqq")
        self.assertIn("  hint: `ft explain --list` lists all there are\n", done.stderr)
        # Of several words the one that is wrong is named.
        self.assertIn('"FNI"', run("explain", "SYN", "FNI").stderr)

    def test_wrong_usage(self):
        for arguments in ((), ("--kind", "nothing"), ("SYN", "--list"), ("--markdown", "--json"),
                          ("SYN", "--markdown")):
            done = run("explain", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr.startswith("error: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
