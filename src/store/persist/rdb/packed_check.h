// PackedCheck: whether a listpack that should be a hash or a sorted set is one, so that the store may adopt the blob as
// it is. The lengths were checked before (ListpackView::valid).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/types/listpack.h"

namespace weir::store::rdb {

// The number that a sorted set's score spells, or nothing: "nan" is none.
std::optional<double> parse_score(const Element& text);

// Keeps its memory between calls. One owner.
class PackedCheck {
 public:
  // What is wrong with entries that should come in groups of `group`, the first of each unlike that of any other; empty
  // if nothing is.
  std::string_view distinct(ListpackView list, std::size_t group);

  struct Scores {
    std::string_view wrong;
    // By score, then by member, as the encoding must be. Redis does not look; who finds it otherwise inserts the
    // members one by one.
    bool sorted = true;
  };
  Scores scores(ListpackView list);

 private:
  struct Member {
    std::uint64_t hash = 0;
    Element element;
  };

  std::vector<Member> members_;
};

}  // namespace weir::store::rdb
