// What most messages have of each topic: its name and something for each of its partitions.
#pragma once

#include <string_view>
#include <vector>

#include "wire/kafka/schema.h"

namespace weir::wire::kafka {

template <class Partition>
struct PerTopic {
  std::string_view name;
  std::vector<Partition> partitions;

  static constexpr auto fields() {
    return table(field("name", &PerTopic::name), field("partitions", &PerTopic::partitions));
  }
};

}  // namespace weir::wire::kafka
