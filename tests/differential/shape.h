// Shape: the arguments of a command in the notation of Redis's manual, as a tree.
//
//   key value {[NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]}
//
//   UPPER       a word that stands as it is (any token that has no lower-case letter)
//   lower       a kind of argument: kinds.h knows how to draw one
//   [a|b]       nothing, a or b            (a|b)    a or b
//   {a b c}     all of them, in any order
//   x...        once or several times      x...!    the same, now and then very often, to cross encoding thresholds
//
// Parsed once, at start; a shape that is not well formed or names no kind is a programmer's error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::differential {

struct Kind;

struct Shape {
  enum class Form : unsigned char { kWord, kKind, kSequence, kOptional, kChoice, kAnyOrder };
  enum class Repeat : unsigned char { kOnce, kSeveral, kMany };

  Form form = Form::kSequence;
  Repeat repeat = Repeat::kOnce;
  std::string text;            // Of kWord.
  const Kind* kind = nullptr;  // Of kKind.
  std::vector<Shape> parts;    // Of kOptional and kChoice: the alternatives.
};

Shape parse_shape(std::string_view text);

}  // namespace weir::differential
