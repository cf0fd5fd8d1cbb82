#!/usr/bin/env python3
"""Puts the tables that `./dev bench --markdown docs/performance-tables.md` wrote, and the picture
docs/performance.svg if there is one, into docs/performance.md, between its two marks."""
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- begin: measured -->\n", "<!-- end: measured -->\n"


def main():
    tables, page = DOCS / "performance-tables.md", DOCS / "performance.md"
    if not tables.exists():
        sys.exit(f"error: there is no docs/{tables.name}\n"
                 f"  hint: ./dev bench --markdown docs/{tables.name}")
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"error: docs/{page.name} has lost its marks")
    measured = tables.read_text(encoding="utf-8").strip()
    if (DOCS / "performance.svg").exists():
        measured = f"![CPU of the server for a request, as a ratio](performance.svg)\n\n{measured}"
    page.write_text(f"{before}{BEGIN}\n{measured}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
