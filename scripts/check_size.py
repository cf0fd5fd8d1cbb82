#!/usr/bin/env python3
"""Refuses files over 800 lines (tests 1,200) and functions over 70; prints one line a breach."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LIMIT, TEST_LIMIT, FUNCTION_LIMIT = 800, 1200, 70
NO_FUNCTION = re.compile(r"^\s*(namespace|class|struct|union|enum|extern|template)\b")
TEST = re.compile(r"^\s*(TEST|TEST_P|TEST_F|TYPED_TEST)\(")
LITERAL = re.compile(r"\"(\\.|[^\"\\])*\"|'(\\.|[^'\\])+'|//.*")


def functions(lines):
    """(first line, length) of each outermost function body, found by counting braces."""
    start, depth = None, 0
    for number, line in enumerate(lines, 1):
        code = LITERAL.sub("", line)
        if start is None:
            opens = re.search(r"\)[^;=]*\{\s*$", code)
            if opens and not NO_FUNCTION.match(code) and not TEST.match(code):
                start, depth = number, code.count("{") - code.count("}")
            continue
        depth += code.count("{") - code.count("}")
        if depth <= 0:
            yield start, number - start + 1
            start = None


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    bad = 0
    for name in listed:
        path = ROOT / name
        if path.suffix not in (".h", ".cc", ".c") or not path.exists():
            continue
        lines = path.read_text().splitlines()
        limit = TEST_LIMIT if name.startswith("tests/") or name.endswith("_test.cc") else FILE_LIMIT
        if len(lines) > limit:
            bad += 1
            print(f"{name}: {len(lines)} lines; the limit is {limit}")
        for start, length in functions(lines):
            if length > FUNCTION_LIMIT:
                bad += 1
                print(f"{name}:{start}: a function of {length} lines; the limit is {FUNCTION_LIMIT}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
