#include "wire/resp/value.h"

#include <cmath>

#include "base/bytes.h"
#include "wire/resp/reply_writer.h"

namespace weir::wire::resp {

std::string_view to_string(Type type) {
  switch (type) {
    case Type::kNull: return "null";
    case Type::kSimple: return "simple string";
    case Type::kError: return "error";
    case Type::kInteger: return "integer";
    case Type::kBulk: return "bulk string";
    case Type::kArray: return "array";
    case Type::kMap: return "map";
    case Type::kSet: return "set";
    case Type::kPush: return "push";
    case Type::kBoolean: return "boolean";
    case Type::kDouble: return "double";
    case Type::kBigNumber: return "big number";
    case Type::kVerbatim: return "verbatim string";
  }
  return "invalid";
}

std::string_view Value::error_code() const {
  if (type != Type::kError) return {};
  return std::string_view(text).substr(0, text.find(' '));
}

bool operator==(const Value& a, const Value& b) {
  const bool same_number = a.number == b.number || (std::isnan(a.number) && std::isnan(b.number));
  return a.type == b.type && a.integer == b.integer && same_number && a.text == b.text && a.format == b.format &&
         a.elements == b.elements && a.attributes == b.attributes;
}

// Recursion is as deep as the value; ReplyParser bounds that for what comes from the wire.
void append_value(std::string& to, const Value& value) {
  ReplyWriter writer(to, Protocol::kResp3);
  if (!value.attributes.empty()) {
    writer.attribute(value.attributes.size() / 2);
    for (const Value& attribute : value.attributes) append_value(to, attribute);
  }
  switch (value.type) {
    case Type::kNull: writer.null(); break;
    case Type::kSimple: writer.simple(value.text); break;
    case Type::kError:
      if (value.text.find_first_of("\r\n") == std::string::npos) {
        writer.error(value.text);
      } else {
        to += '!';
        base::append_decimal(to, value.text.size());
        to += "\r\n";
        to += value.text;
        to += "\r\n";
      }
      break;
    case Type::kInteger: writer.integer(value.integer); break;
    case Type::kBulk: writer.bulk(value.text); break;
    case Type::kArray: writer.array(value.elements.size()); break;
    case Type::kMap: writer.map(value.elements.size() / 2); break;
    case Type::kSet: writer.set(value.elements.size()); break;
    case Type::kPush: writer.push(value.elements.size()); break;
    case Type::kBoolean: writer.boolean(value.integer != 0); break;
    case Type::kDouble: writer.number(value.number); break;
    case Type::kBigNumber: writer.big_number(value.text); break;
    case Type::kVerbatim: writer.verbatim(value.format, value.text); break;
  }
  for (const Value& element : value.elements) append_value(to, element);
}

}  // namespace weir::wire::resp
