#include "tests/differential/comparison.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"

namespace weir::differential {

namespace {

using wire::resp::Type;
using wire::resp::Value;

constexpr std::int64_t kToleranceSeconds = 10;
constexpr std::size_t kShownElements = 12;
constexpr std::size_t kShownBytes = 200;
constexpr std::size_t kShownText = 1500;

std::string bytes_of(const Value& value) {
  std::string bytes;
  append_value(bytes, value);
  return bytes;
}

// `step` elements belong together: 2 for fields with their values.
std::vector<std::string> sorted_parts(const Value& value, std::size_t step) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < value.elements.size(); i += step) {
    std::string part;
    for (std::size_t j = i; j < std::min(i + step, value.elements.size()); ++j) part += bytes_of(value.elements[j]);
    parts.push_back(std::move(part));
  }
  std::ranges::sort(parts);
  return parts;
}

bool agree_in_any_order(const Value& expected, const Value& actual, std::size_t step) {
  if (expected.type != actual.type || expected.elements.size() != actual.elements.size()) return false;
  if (expected.elements.empty()) return expected == actual;
  return sorted_parts(expected, step) == sorted_parts(actual, step);
}

bool agree_within(const Value& expected, const Value& actual, std::int64_t tolerance) {
  if (expected.type == Type::kInteger && actual.type == Type::kInteger && expected.integer > 0 && actual.integer > 0) {
    return std::max(expected.integer, actual.integer) - std::min(expected.integer, actual.integer) <= tolerance;
  }
  return expected == actual;
}

bool agree_in_shape(const Value& expected, const Value& actual) {
  if (expected.is_error() || actual.is_error()) return expected == actual;
  return expected.type == actual.type && expected.elements.size() == actual.elements.size();
}

Value without_id(Value hello) {
  for (std::size_t i = 0; i + 1 < hello.elements.size(); i += 2) {
    if (hello.elements[i].text == "id") hello.elements[i + 1] = Value();
  }
  return hello;
}

void append_leaves(std::vector<std::string>& to, const Value& value) {
  switch (value.type) {
    case Type::kInteger: to.push_back(fmt::to_string(value.integer)); break;
    case Type::kDouble: {
      // As RESP2 spells it, so that the score of a member is one text in both.
      std::string text;
      wire::resp::append_value(text, value);
      to.push_back(text);
      break;
    }
    case Type::kArray:
    case Type::kMap:
    case Type::kSet:
    case Type::kPush:
      for (const Value& element : value.elements) append_leaves(to, element);
      break;
    default: to.push_back(value.text);
  }
}

void describe_into(std::string& to, const Value& value, std::size_t indent) {
  switch (value.type) {
    case Type::kNull: to += "(nil)\n"; return;
    case Type::kSimple: to += value.text + "\n"; return;
    case Type::kError: to += "(error) " + base::printable(value.text, kShownBytes) + "\n"; return;
    case Type::kInteger: to += fmt::format("(integer) {}\n", value.integer); return;
    case Type::kBoolean: to += value.integer != 0 ? "(true)\n" : "(false)\n"; return;
    case Type::kDouble: to += fmt::format("(double) {}\n", value.number); return;
    case Type::kBigNumber: to += "(big number) " + value.text + "\n"; return;
    case Type::kBulk:
    case Type::kVerbatim: to += "\"" + base::printable(value.text, kShownBytes) + "\"\n"; return;
    case Type::kArray:
    case Type::kMap:
    case Type::kSet:
    case Type::kPush: break;
  }
  to += fmt::format("({} of {})\n", to_string(value.type), value.elements.size());
  for (std::size_t i = 0; i < value.elements.size(); ++i) {
    to.append(indent + 2, ' ');
    if (i == kShownElements) {
      to += "...\n";
      return;
    }
    to += fmt::format("{}) ", i + 1);
    describe_into(to, value.elements[i], indent + 2);
  }
}

}  // namespace

bool agree(Compare compare, const Reply& expected, const Reply& actual) {
  if (expected.raw == actual.raw) return true;
  if (compare == Compare::kExact) return false;
  // RESP2 has two nils, which are one value.
  if (expected.value.is_null() && actual.value.is_null()) return false;
  return agree(compare, expected.value, actual.value);
}

bool agree(Compare compare, const Value& expected, const Value& actual) {
  switch (compare) {
    case Compare::kExact: return expected == actual;
    case Compare::kUnordered:
    case Compare::kMembers: return agree_in_any_order(expected, actual, expected.type == Type::kMap ? 2 : 1);
    case Compare::kFields: return agree_in_any_order(expected, actual, 2);
    case Compare::kSeconds: return agree_within(expected, actual, kToleranceSeconds);
    case Compare::kMilliseconds: return agree_within(expected, actual, kToleranceSeconds * 1000);
    case Compare::kHello: return without_id(expected) == without_id(actual);
    case Compare::kShape:
    case Compare::kDump:
    case Compare::kRandomMembers:
    case Compare::kRandomKey:
    case Compare::kPop:
    case Compare::kScan: return agree_in_shape(expected, actual);
  }
  return false;
}

std::vector<std::string> leaves(const Value& value) {
  std::vector<std::string> texts;
  append_leaves(texts, value);
  return texts;
}

std::string describe(const Value& value) {
  std::string text;
  describe_into(text, value, 0);
  if (text.size() > kShownText) text = text.substr(0, text.rfind('\n', kShownText)) + "\n  ...\n";
  return text;
}

std::string quoted(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
      return c > ' ' && c < '\x7f' && c != '"' && c != '\'' && c != '\\';
    });
    if (plain) {
      line += word;
      continue;
    }
    line += '"';
    for (const char c : word) {
      if (c == '"' || c == '\\') {
        line += '\\';
        line += c;
      } else if (c >= ' ' && c < '\x7f') {
        line += c;
      } else {
        line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
    line += '"';
  }
  return line;
}

}  // namespace weir::differential
