// Messages filled at random, for tests: every field of every table takes part, nulls, empty and nested arrays too. What
// the version cannot say (a null before there were nulls, a field that it lacks) is decided by the writer under test.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/random.h"
#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

class MessageFiller {
 public:
  explicit MessageFiller(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < 64; ++i) text_.push_back(static_cast<char>(random_.below(256)));
  }

  // The views in it point into this filler.
  template <class T>
  void fill(T& value) {
    if constexpr (walk::Struct<T>) {
      std::apply([&](const auto&... fields) { (fill(value.*fields.member), ...); }, T::fields());
    } else if constexpr (walk::kIsOptional<T>) {
      value.reset();
      if (random_.chance(0.7)) fill(value.emplace());
    } else if constexpr (walk::kIsVector<T>) {
      value.resize(random_.below(4));
      for (auto& element : value) fill(element);
    } else if constexpr (std::same_as<T, std::string_view>) {
      value = text();
    } else if constexpr (walk::kIsBytes<T>) {
      value.view = text();
    } else if constexpr (std::same_as<T, bool>) {
      value = random_.chance(0.5);
    } else {
      value = static_cast<T>(random_());
    }
  }

 private:
  std::string_view text() {
    const std::size_t begin = random_.below(text_.size() + 1);
    return std::string_view(text_).substr(begin, random_.below(text_.size() + 1));
  }

  base::Random random_;
  std::string text_;
};

}  // namespace weir::wire::kafka
