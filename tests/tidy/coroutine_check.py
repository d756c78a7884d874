#!/usr/bin/python3
"""No co_await inside a condition or a logical operator.

g++ 12 lays the coroutine's frame out wrongly when a co_await whose call has an argument of class type stands in the
condition of an if or while, or beside && or ||: the program then crashes far from there. The result is named first.

Usage: coroutine_check.py [SRC]
"""
import pathlib
import re
import sys

IN_CONDITION = re.compile(r"\b(if|while|switch)\s*\([^;]*\bco_await\b|&&\s*!?\s*co_await\b|\|\|\s*!?\s*co_await\b|\?\s*co_await\b")


def breaches(src):
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            code = line.split("//")[0]
            if IN_CONDITION.search(code):
                yield f"{path.relative_to(src.parent)}:{number}: name the result of co_await before testing it"


def main():
    found = list(breaches(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src").resolve()))
    print("\n".join(found) or "coroutines: no co_await in a condition")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
