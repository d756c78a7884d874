// BatchBuilder: a record batch out of records. Our own clients and tools write with it, and compaction and tests; a
// broker stores what producers sent.
//
// Same records, same options, same bytes: varints in their shortest form, record attributes 0. One owner, no I/O.
#pragma once

#include <cstdint>
#include <string>

#include "wire/kafka/record.h"

namespace weir::wire::kafka {

struct BatchOptions {
  std::int64_t base_offset = 0;
  std::int32_t leader_epoch = -1;
  std::int64_t base_timestamp_ms = 0;
  Compression compression = Compression::kNone;
  bool log_append_time = false;
  bool transactional = false;
  bool control = false;
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
};

class BatchBuilder {
 public:
  explicit BatchBuilder(BatchOptions options) : options_(options) {}

  // Requires: a higher offset delta than that of the record before, 0 or more.
  void add(const Record& record);
  // With the next offset. `timestamp_ms` is the record's own, not a delta.
  void add(std::optional<std::string_view> key, std::optional<std::string_view> value, std::int64_t timestamp_ms);

  std::int32_t count() const { return count_; }
  // Of the batch, before compression.
  std::size_t size_bytes() const { return kBatchHeaderBytes + records_.size(); }

  // Appends the batch. Requires: at least one record.
  void append_to(std::string& to) const;

 private:
  const BatchOptions options_;
  std::string records_;
  std::string record_;  // The one being added, whose length stands in front of it.
  std::int32_t count_ = 0;
  std::int32_t last_offset_delta_ = -1;
  std::int64_t max_timestamp_delta_ms_ = 0;
};

}  // namespace weir::wire::kafka
