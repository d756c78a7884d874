#include "tests/differential/shape.h"

#include <algorithm>

#include "base/assert.h"
#include "tests/differential/kinds.h"

namespace weir::differential {

namespace {

class ShapeParser {
 public:
  explicit ShapeParser(std::string_view text) : rest_(text) {}

  Shape parse() {
    Shape shape = sequence(Shape::Form::kSequence);
    WEIR_ASSERT(rest_.empty());
    return shape;
  }

 private:
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  Shape sequence(Shape::Form form) {
    Shape shape{.form = form};
    while (true) {
      while (take(" ")) {
      }
      if (rest_.empty() || std::string_view("|])}").contains(rest_[0])) return shape;
      shape.parts.push_back(item());
    }
  }

  Shape alternatives(Shape::Form form, std::string_view end) {
    Shape shape{.form = form};
    do {
      shape.parts.push_back(sequence(Shape::Form::kSequence));
    } while (take("|"));
    WEIR_ASSERT(take(end));
    return shape;
  }

  Shape item() {
    Shape shape = atom();
    if (take("...!")) {
      shape.repeat = Shape::Repeat::kMany;
    } else if (take("...")) {
      shape.repeat = Shape::Repeat::kSeveral;
    }
    return shape;
  }

  Shape atom() {
    if (take("[")) return alternatives(Shape::Form::kOptional, "]");
    if (take("(")) return alternatives(Shape::Form::kChoice, ")");
    if (take("{")) {
      Shape shape = sequence(Shape::Form::kAnyOrder);
      WEIR_ASSERT(take("}"));
      return shape;
    }
    const std::string_view token = rest_.substr(0, std::min(rest_.find_first_of(" |[](){}"), rest_.find("...")));
    WEIR_ASSERT(!token.empty());
    rest_.remove_prefix(token.size());
    if (std::ranges::none_of(token, [](char c) { return c >= 'a' && c <= 'z'; })) {
      return {.form = Shape::Form::kWord, .text = std::string(token)};
    }
    const Kind* const kind = find_kind(token);
    WEIR_ASSERT(kind != nullptr);
    return {.form = Shape::Form::kKind, .kind = kind};
  }

  std::string_view rest_;
};

}  // namespace

Shape parse_shape(std::string_view text) { return ShapeParser(text).parse(); }

}  // namespace weir::differential
