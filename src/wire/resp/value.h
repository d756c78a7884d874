// Value: one reply as a tree, in all types of RESP2 and RESP3.
//
// What a type keeps where:
//   kSimple kError kBulk kVerbatim kBigNumber   text (of kVerbatim without its format, which is `format`)
//   kInteger kBoolean                           integer (0 or 1 for a boolean)
//   kDouble                                     number
//   kArray kSet kPush                           elements
//   kMap                                        elements: key, value, key, value...
//   kNull                                       nothing; RESP2's null bulk and null array are this too
// RESP3's blob error (!) is a kError whose text may hold line ends.
//
// An attribute is no value of its own: it stands in `attributes` of the value that it precedes, as keys and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire::resp {

enum class Type : unsigned char {
  kNull,
  kSimple,
  kError,
  kInteger,
  kBulk,
  kArray,
  kMap,
  kSet,
  kPush,
  kBoolean,
  kDouble,
  kBigNumber,
  kVerbatim,
};

std::string_view to_string(Type type);

struct Value {
  Type type = Type::kNull;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::string format;  // Three characters, of kVerbatim only.
  std::vector<Value> elements;
  std::vector<Value> attributes;

  bool is_null() const { return type == Type::kNull; }
  bool is_error() const { return type == Type::kError; }
  // An error's first word: "MOVED", "WRONGTYPE", "ERR".
  std::string_view error_code() const;

  // Two values are equal when they mean the same; NaN equals NaN here.
  friend bool operator==(const Value& a, const Value& b);
};

// Appends `value` as RESP3. Reading that back gives an equal value.
void append_value(std::string& to, const Value& value);

}  // namespace weir::wire::resp
