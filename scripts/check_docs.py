#!/usr/bin/env python3
"""Holds the documentation to the tree; prints one line a fault and exits 1.

Links lead somewhere, named files, tests and commands exist, and excerpts are what is compiled. The
tables of docs/failures.md and docs/handbook.md name every test that is named after one of their
rows: `--fill` writes those names in. With `--ft PROGRAM` what `ft COMMAND --help` says is compared,
too, or filled in.
"""
import argparse
import functools
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench/README.md"])
TABLES = [ROOT / "docs/failures.md", ROOT / "docs/handbook.md"]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FOLDERS = "fivetuple|tests|tools|examples|scripts|bench|fuzz|docs|cmake"
NAMED_FILE = re.compile(rf"(?<![\w./@-])((?:{FOLDERS})/[\w./*-]*[\w*/])")
BLOCK = re.compile(r"^```cpp\n// ([\w/.]+\.(?:cc|h))\n(.*?)^```$", re.M | re.S)
HELP = re.compile(r"^```\n\$ ft ([^\n]*--help)\n(.*?)^```$", re.M | re.S)
OPTIONS = ROOT / "docs/options.md"
OPTION_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| `(\w+)` \|", re.M)
OPTION_EFFECTS = ROOT / "docs/option-effects.md"
OPTION_HEAD = "| option | type | shown by |\n|---|---|---|\n"
OPTION_TESTS = ("tests/integration/option_effects_*_test.cc", "fivetuple/os/options/*_test.cc",
                "fivetuple/os/option*_test.cc", "fivetuple/os/steering_test.cc",
                "fivetuple/os/bpf_kernel_test.cc", "fivetuple/os/tcp_info_test.cc",
                "tests/conformance/options_test.cc")
ROW = re.compile(r"^\| ([A-Z]\d+) \|.*\|$", re.M)
TABLE_HEAD = "| shown by |\n|---|---|---|---|\n"
WAITING = ("<!-- Rows that wait for a test; "
           "scripts/check_docs.py --fill moves them into the table.\n")
TEST_NAME = re.compile(r"`((?:\w+\.)?(?:test_)?[A-Za-z]\w*)`")
# Written by `./dev bench`, whenever somebody measures.
MEASURED = {f"docs/performance{end}" for end in ("-tables.md", ".svg", ".json")}
FORBIDDEN = [(re.compile(r"\b(?:TODO|FIXME|XXX)\b"), "unfinished business"),
             (re.compile("[\u2013\u2014]"), "a dash that is no hyphen"),
             (re.compile(r"(?<![\w.:])/(?:work|home|root|build)/"), "a path of one machine")]


def read(path):
    return path.read_text(encoding="utf-8")


@functools.cache
def all_tests():
    """Each test of the tree: `Suite.Name` of C++, `test_name` of Python."""
    names = set()
    for folder in ("fivetuple", "tests", "tools", "fuzz"):
        for path in (ROOT / folder).rglob("*_test.cc"):
            names.update(f"{suite}.{name}" for suite, name in
                         re.findall(r"^\s*TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", read(path), re.M))
        for path in (ROOT / folder).rglob("*.py"):
            names.update(re.findall(r"^\s*def (test_\w+)\(", read(path), re.M))
    return names


def rows_of(test):
    """The rows that a test is named after: {'F49'} for Close.F49_NothingIsWritten."""
    own_name = test.rpartition(".")[2].removeprefix("test_")
    rows = set()
    while found := re.match(r"([A-K])0*(\d+)_(.*)", own_name):
        rows.add(found[1] + found[2])
        own_name = found[3]
    return rows


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page):
    text = re.sub(r"^```.*?^```$", "", read(page), flags=re.M | re.S)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", text, re.M)}


def check_links(page, text):
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists():
            yield f"the link to {target} leads nowhere"
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            yield f"{name or 'this page'} has no heading #{anchor}"


def check_named_files(page, text):
    for name in sorted(set(NAMED_FILE.findall(text)) - MEASURED):
        if not (page.parent / name).exists() and not any(ROOT.glob(name.rstrip("/"))):
            yield f"there is no {name}"


def check_excerpts(_, text):
    for name, code in BLOCK.findall(text):
        path = ROOT / name
        if not path.exists():
            yield f"there is no {name} to quote from"
        elif "\n" + code not in "\n" + read(path):
            yield f"the excerpt of {name} is not what stands there: {code.splitlines()[0].strip()}"


def check_words(_, text):
    for pattern, what in FORBIDDEN:
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                yield f"line {number}: {what}"


def check_dev_commands(_, text):
    known = {"help", *re.findall(r"^\./dev (\w+)", read(ROOT / "dev"), re.M)}
    for command in sorted(set(re.findall(r"\./dev (\w+)", text)) - known):
        yield f"there is no ./dev {command}"


def check_tool_commands():
    page = ROOT / "docs/tool.md"
    described = anchors(page)
    main = read(ROOT / "tools/main.cc")
    for command in re.findall(r"^\s*add_(\w+)\(program, chosen\);", main, re.M):
        command = command.replace("_", "-")
        if f"ft-{command}" not in described:
            yield page, f"`ft {command}` is not described under a heading of its own"


def help_of(ft, arguments):
    return subprocess.run([ft, *shlex.split(arguments)], capture_output=True, text=True,
                          check=True).stdout.rstrip() + "\n"


def check_help(ft):
    for page in PAGES:
        for arguments, printed in HELP.findall(read(page)):
            if printed != help_of(ft, arguments):
                yield page, f"`ft {arguments}` prints something else now"


def fill_help(ft):
    for page in PAGES:
        page.write_text(HELP.sub(lambda found: f"```\n$ ft {found[1]}\n{help_of(ft, found[1])}```",
                                 read(page)), encoding="utf-8")


def tests_of_line(line):
    """The tests that the last column of a table's line names."""
    return TEST_NAME.findall(line.rstrip().rstrip("|").rpartition(" | ")[2])


def check_table(page):
    rows = {}
    table, _, waiting = read(page).partition(WAITING)
    for found in ROW.finditer(table):
        if found[1] in rows:
            yield page, f"row {found[1]} stands there twice"
        rows[found[1]] = tests_of_line(found[0])
    letters = {found[1][0] for found in ROW.finditer(read(page))}
    for row, named in rows.items():
        if not named:
            yield page, f"row {row} names no test"
        for test in named:
            if test not in all_tests():
                yield page, f"row {row}: there is no test {test}"
    for test in sorted(all_tests()):
        for row in rows_of(test):
            if row[0] not in letters:
                continue
            if row not in rows:
                way_out = "--fill" if f"\n| {row} |" in "\n" + waiting else "add it"
                yield page, f"{test} is named after {row}, which is not in the table ({way_out})"
            elif test not in rows[row]:
                yield page, f"row {row} does not name {test}: run scripts/check_docs.py --fill"


def fill(page):
    """Names in each row the tests that are named after it, besides those already named. Rows
    without a test stand in a comment at the end of the page until they have one."""
    text = read(page)
    with_test, without = {}, {}
    for found in ROW.finditer(text):
        line, row = found[0], found[1]
        front = line.rstrip().rstrip("|").rpartition(" | ")[0]
        by_name = {test for test in all_tests() if row in rows_of(test)}
        named = sorted(by_name | {test for test in tests_of_line(line) if test in all_tests()})
        cells = ", ".join(f"`{test}`" for test in named)
        (with_test if named else without)[row] = f"{front} | {cells} |".replace("|  |", "| |")

    def block(rows):
        in_order = sorted(rows, key=lambda row: (row[0], int(row[1:])))
        return "".join(rows[row] + "\n" for row in in_order)

    table, _, rest = ROW.sub("", text).partition(TABLE_HEAD)
    middle, waiting, _ = rest.lstrip("\n").partition(WAITING)
    page.write_text(table + TABLE_HEAD + block(with_test) + "\n" + middle.strip("\n") +
                    ("\n\n" if middle.strip() else "") + waiting + block(without) + "-->\n",
                    encoding="utf-8")


@functools.cache
def tests_by_word():
    """Each type's name in the tests of options: the tests that use it, or what stands before them."""
    words = {}
    for path in (path for pattern in OPTION_TESTS for path in sorted(ROOT.glob(pattern))):
        text = re.sub(r"//.*", "", read(path))
        begin = 0
        for found in re.finditer(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\).*?^}$", text, re.M | re.S):
            for word in set(re.findall(r"\b[A-Z]\w+", text[begin:found.end()])):
                words.setdefault(word, []).append(f"{found[1]}.{found[2]}")
            begin = found.end()
    return words


def option_table():
    """A row for each option: its name, its type, and up to four tests that use it."""
    lines = []
    for name, kind in OPTION_ROW.findall(read(OPTIONS)):
        tests = tests_by_word().get(kind, [])
        cells = ", ".join(f"`{test}`" for test in tests[:4])
        lines.append(f"| `{name}` | `{kind}` | {cells} |\n")
    return "".join(lines)


def check_option_table():
    if read(OPTION_EFFECTS).partition(OPTION_HEAD)[2] != option_table():
        yield OPTION_EFFECTS, "its table is another one now: run scripts/check_docs.py --fill"
    for line in option_table().splitlines():
        if line.endswith("|  |"):
            yield OPTION_EFFECTS, f"no test shows {line.split('`')[1]}"


def fill_option_table():
    front, head, _ = read(OPTION_EFFECTS).partition(OPTION_HEAD)
    OPTION_EFFECTS.write_text(front + head + option_table(), encoding="utf-8")


def faults():
    for page in PAGES:
        text = read(page)
        for check in (check_links, check_named_files, check_excerpts, check_words,
                      check_dev_commands):
            for fault in check(page, text):
                yield page, fault
    yield from check_tool_commands()
    for page in TABLES:
        yield from check_table(page)
    yield from check_option_table()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fill", action="store_true", help="write into the pages what can be")
    parser.add_argument("--ft", help="the tool, to compare what its --help says", metavar="PROGRAM")
    options = parser.parse_args()
    if options.fill:
        for page in TABLES:
            fill(page)
        fill_option_table()
        if options.ft:
            fill_help(options.ft)
    bad = 0
    for page, fault in [*faults(), *(check_help(options.ft) if options.ft else [])]:
        bad += 1
        print(f"{page.relative_to(ROOT)}: {fault}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
