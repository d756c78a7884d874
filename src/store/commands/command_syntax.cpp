#include "store/commands/command_syntax.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace weir::store {

namespace {

using base::Result;
using Type = Argument::Type;

struct TypeName {
  Type type;
  std::string_view name;
};

constexpr std::array kTypeNames = {TypeName{Type::kString, "string"},        TypeName{Type::kInteger, "integer"},
                                   TypeName{Type::kDouble, "double"},        TypeName{Type::kKey, "key"},
                                   TypeName{Type::kPattern, "pattern"},      TypeName{Type::kUnixTime, "unix-time"},
                                   TypeName{Type::kPureToken, "pure-token"}, TypeName{Type::kOneOf, "oneof"},
                                   TypeName{Type::kBlock, "block"}};

// What a name says about the type; else it is a string.
constexpr std::array kNamedTypes = {TypeName{Type::kInteger, "bit"},
                                    TypeName{Type::kInteger, "client-id"},
                                    TypeName{Type::kInteger, "count"},
                                    TypeName{Type::kInteger, "cursor"},
                                    TypeName{Type::kInteger, "db"},
                                    TypeName{Type::kKey, "destination"},
                                    TypeName{Type::kKey, "destkey"},
                                    TypeName{Type::kKey, "dst"},
                                    TypeName{Type::kInteger, "frequency"},
                                    TypeName{Type::kDouble, "height"},
                                    TypeName{Type::kInteger, "increment"},
                                    TypeName{Type::kInteger, "index"},
                                    TypeName{Type::kKey, "key"},
                                    TypeName{Type::kKey, "key1"},
                                    TypeName{Type::kKey, "key2"},
                                    TypeName{Type::kDouble, "latitude"},
                                    TypeName{Type::kInteger, "len"},
                                    TypeName{Type::kInteger, "limit"},
                                    TypeName{Type::kDouble, "longitude"},
                                    TypeName{Type::kInteger, "milliseconds"},
                                    TypeName{Type::kKey, "newkey"},
                                    TypeName{Type::kInteger, "numkeys"},
                                    TypeName{Type::kInteger, "offset"},
                                    TypeName{Type::kPattern, "pattern"},
                                    TypeName{Type::kInteger, "port"},
                                    TypeName{Type::kDouble, "radius"},
                                    TypeName{Type::kDouble, "score"},
                                    TypeName{Type::kInteger, "seconds"},
                                    TypeName{Type::kKey, "source"},
                                    TypeName{Type::kKey, "sourcekey"},
                                    TypeName{Type::kKey, "src"},
                                    TypeName{Type::kDouble, "timeout"},
                                    TypeName{Type::kInteger, "ttl"},
                                    TypeName{Type::kUnixTime, "unix-time-milliseconds"},
                                    TypeName{Type::kUnixTime, "unix-time-seconds"},
                                    TypeName{Type::kDouble, "width"}};

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
// Ends a word. What stands behind '#', '@' and '~' is read apart.
bool ends_word(char c) { return std::string_view(" ()[]|#@~=\"").find(c) != std::string_view::npos; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Argument>> parse() {
    std::vector<Argument> arguments;
    if (text_.empty()) return arguments;
    do {
      Result<Argument> next = item();
      if (!next) return next.error();
      arguments.push_back(std::move(*next));
    } while (take(' '));
    if (at_ != text_.size()) return expected("the end");
    return arguments;
  }

 private:
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  base::Error expected(std::string_view what) const {
    return base::reject(fmt::format("'{}': expected {} at byte {}", text_, what, at_));
  }

  // Dots inside of a word belong to it, "..." behind it does not.
  std::string_view word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !ends_word(text_[at_]) && !text_.substr(at_).starts_with("...")) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool at_token() const { return is_capital(next()) || next() == '"'; }
  Result<std::string_view> token() {
    if (!take('"')) return word();
    const std::size_t end = text_.find('"', at_);
    if (end == std::string_view::npos) return expected("the closing quote");
    const std::size_t begin = std::exchange(at_, end + 1);
    return text_.substr(begin, end - begin);
  }

  Result<Argument> item() {
    if (!take('[')) return one();
    Result<Argument> inner = one();
    if (!inner) return inner;
    if (!take(']')) return expected("']'");
    inner->optional = true;
    if (take("...")) {
      inner->repeated = true;
      inner->repeated_with_token = true;
    }
    return inner;
  }

  Result<Argument> one() {
    if (!at_token()) return value();
    const Result<std::string_view> word = token();
    if (!word) return word.error();
    // Before a blank it has an argument, if what follows is one without a token of its own.
    const char behind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (next() == ' ' && behind != '[' && behind != '"' && !is_capital(behind)) {
      ++at_;
      Result<Argument> argument = value();
      if (argument) argument->token = *word;
      return argument;
    }
    Argument alone{.name = base::to_lower(*word), .type = Type::kPureToken, .token = *word};
    return with_suffixes(std::move(alone));
  }

  Result<Argument> value() {
    Argument argument;
    if (next() != '(') {
      std::string_view name = word();
      if (name.empty()) return expected("a name");
      if (take('=')) {
        argument.name = name;
        if (at_token()) {
          const Result<std::string_view> word = token();
          if (!word) return word.error();
          argument.type = Type::kPureToken;
          argument.token = *word;
          return with_suffixes(std::move(argument));
        }
        if (next() != '(') return expected("'(' or a token");
      } else {
        name_and_type(name, argument);
        return with_suffixes(std::move(argument));
      }
    }
    if (auto grouped = group(argument); !grouped) return grouped.error();
    return with_suffixes(std::move(argument));
  }

  static void name_and_type(std::string_view name, Argument& argument) {
    const std::size_t colon = name.rfind(':');
    if (colon != std::string_view::npos) {
      const auto said = std::ranges::find(kTypeNames, name.substr(colon + 1), &TypeName::name);
      if (said != kTypeNames.end()) {
        argument.name = name.substr(0, colon);
        argument.type = said->type;
        return;
      }
    }
    argument.name = name;
    const auto known = std::ranges::find(kNamedTypes, name, &TypeName::name);
    if (known != kNamedTypes.end()) argument.type = known->type;
  }

  Result<void> group(Argument& argument) {
    if (!take('(')) return expected("'('");
    char separator = '\0';
    while (true) {
      Result<Argument> inner = item();
      if (!inner) return inner.error();
      argument.arguments.push_back(std::move(*inner));
      if (take(')')) break;
      if (separator == '\0' && (next() == ' ' || next() == '|')) separator = next();
      if (separator == '\0' || !take(separator)) return expected("')'");
    }
    argument.type = separator == '|' ? Type::kOneOf : Type::kBlock;
    if (!argument.name.empty()) return {};
    for (const Argument& inner : argument.arguments) {
      if (!argument.name.empty()) argument.name += '_';
      argument.name += inner.name;
    }
    return {};
  }

  Result<Argument> with_suffixes(Argument argument) {
    if (argument.type == Type::kKey) argument.key_spec = 0;
    if (take('#')) {
      argument.key_spec = base::parse_decimal<int>(word());
      if (!argument.key_spec) return expected("the number of a key spec");
    }
    if (take('@')) argument.since = word();
    if (take('~')) argument.deprecated_since = word();
    argument.repeated = take("...");
    return argument;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string_view to_string(Argument::Type type) { return std::ranges::find(kTypeNames, type, &TypeName::type)->name; }

Result<std::vector<Argument>> parse_syntax(std::string_view text) { return Parser(text).parse(); }

}  // namespace weir::store
