#!/usr/bin/python3
"""Every relative link of README.md, src/README.md and docs/ leads to a file that is there, and so does every path in backticks
that names one of the tree's folders.

Usage: links_check.py [ROOT]
"""
import pathlib
import re
import sys

LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
PATH = re.compile(r"`((?:src|tests|bench|docs|fuzz|packages)/[\w./-]+)`")


def breaches(root):
    pages = [root / "README.md", root / "src" / "README.md", *sorted((root / "docs").rglob("*.md"))]
    for page in pages:
        for number, line in enumerate(page.read_text().splitlines(), 1):
            where = f"{page.relative_to(root)}:{number}"
            for target in LINK.findall(line):
                if not (page.parent / target).exists():
                    yield f"{where}: links to {target}, which is not there"
            for target in PATH.findall(line):
                if not (root / target).exists():
                    yield f"{where}: names {target}, which is not there"


def main():
    found = list(breaches(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
    print("\n".join(found) or "links: every one leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
