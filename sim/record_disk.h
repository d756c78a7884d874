// RecordDisk: where a node keeps its one record. What is written is durable when the disk says so, and lost with the
// process before that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "sim/world.h"

namespace weir::sim {

template <class Record>
class RecordDisk {
 public:
  // As it would be found.
  const Record& record() const { return durable_; }
  // Puts another one there at once.
  Record& replace() { return durable_; }

  // Versions begin anew with the next one.
  void process_ends() {
    writing_.clear();
    durable_version_ = 0;
  }

  // An event says when it is written, to the process `incarnation` at `address`. A disk that says at once that it is
  // takes its time: `slowly`.
  void write(const Record& record, std::uint64_t version, World& world, Address address, std::uint32_t incarnation,
             bool slowly) {
    writing_.push_back({record, version});
    const std::int64_t delay_us = world.random.between(500, slowly ? 60'000'000 : world.max_sync_us);
    world.after(delay_us,
                {.kind = Event::Kind::kStored, .address = address, .incarnation = incarnation, .value = version});
  }
  // That event. A write may overtake another, but not undo it.
  void written(std::uint64_t version) {
    const auto write = std::ranges::find(writing_, version, &Write::version);
    WEIR_ASSERT(write != writing_.end());
    if (version > durable_version_) {
      durable_ = write->record;
      durable_version_ = version;
    }
    writing_.erase(write);
  }

 private:
  struct Write {
    Record record;
    std::uint64_t version;
  };

  Record durable_;
  std::uint64_t durable_version_ = 0;
  std::vector<Write> writing_;
};

}  // namespace weir::sim
