#!/usr/bin/python3
"""No co_await inside a condition or a logical operator.

g++ 12 lays the coroutine's frame out wrongly when a co_await whose call has an argument of class type stands in the
condition of an if or while, or beside && or ||: the program then crashes far from there. The result is named first.

Usage: coroutine_check.py [SRC]
"""
import pathlib
import re
import sys

CONDITION = re.compile(r"\b(?:if|while|switch)\s*(?:constexpr\s*)?\(")
BESIDE_LOGIC = re.compile(r"(?:&&|\|\||\?)\s*!?\s*co_await\b")


def condition_at(code, start):
    """The text between the parenthesis that opens at `start` and the one that closes it."""
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] == "(") - (code[at] == ")")
        if depth == 0:
            return code[start:at]
    return code[start:]


def breaches_in(text):
    """The offsets in `text` of conditions and logical operators with a co_await."""
    # Comments and strings become blanks of the same length, so that offsets stay what they are.
    code = re.sub(r'//[^\n]*|"(?:\\.|[^"\\\n])*"', lambda match: " " * len(match[0]), text)
    for match in CONDITION.finditer(code):
        # An init statement (if (x = co_await f(); x)) is an ordinary statement.
        if "co_await" in condition_at(code, match.end() - 1).rsplit(";", 1)[-1]:
            yield match.start()
    for match in BESIDE_LOGIC.finditer(code):
        yield match.start()


def breaches(src):
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        text = path.read_text(errors="replace")
        for offset in breaches_in(text):
            number = text.count("\n", 0, offset) + 1
            yield f"{path.relative_to(src.parent)}:{number}: name the result of co_await before testing it"


def self_test():
    bad = ["if (!co_await f(x)) {", "while (co_await g()) {", "a && co_await b();", "if (x; co_await f(\n  y)) {"]
    good = ["if (x) co_await f();", "const bool y = co_await f();", "if (auto r = co_await f(); r) {", "// if (co_await f())"]
    return all(list(breaches_in(text)) for text in bad) and not any(list(breaches_in(text)) for text in good)


def main():
    if not self_test():
        print("coroutine_check.py does not find what it is there to find")
        return 1
    found = list(breaches(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src").resolve()))
    print("\n".join(found) or "coroutines: no co_await in a condition")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
