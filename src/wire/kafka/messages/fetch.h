// Reading from the log: Fetch and ListOffsets.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/kafka/codec.h"
#include "wire/kafka/messages/per_topic.h"

namespace weir::wire::kafka {

struct FetchRequest {
  static constexpr Message kMessage{ApiKey::kFetch, Direction::kRequest};

  struct Partition {
    std::int32_t index = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t fetch_offset = 0;
    std::int64_t log_start_offset = -1;  // A follower's.
    std::int32_t max_bytes = 0;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("index", &M::index), field("current_leader_epoch", &M::current_leader_epoch).from(9),
                   field("fetch_offset", &M::fetch_offset), field("log_start_offset", &M::log_start_offset).from(5),
                   field("max_bytes", &M::max_bytes));
    }
  };
  using Topic = PerTopic<Partition>;
  struct ForgottenTopic {
    std::string_view name;
    std::vector<std::int32_t> partitions;

    static constexpr auto fields() {
      return table(field("name", &ForgottenTopic::name), field("partitions", &ForgottenTopic::partitions));
    }
  };

  std::int32_t replica_id = -1;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();
  std::int8_t isolation_level = 0;  // 1: read committed.
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics;
  std::string_view rack_id;

  static constexpr auto fields() {
    using M = FetchRequest;
    return table(field("replica_id", &M::replica_id), field("max_wait_ms", &M::max_wait_ms),
                 field("min_bytes", &M::min_bytes), field("max_bytes", &M::max_bytes).from(3),
                 field("isolation_level", &M::isolation_level).from(4), field("session_id", &M::session_id).from(7),
                 field("session_epoch", &M::session_epoch).from(7), field("topics", &M::topics),
                 field("forgotten_topics", &M::forgotten_topics).from(7), field("rack_id", &M::rack_id).from(11));
  }
};

struct FetchResponse {
  static constexpr Message kMessage{ApiKey::kFetch, Direction::kResponse};

  struct AbortedTransaction {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;

    static constexpr auto fields() {
      using M = AbortedTransaction;
      return table(field("producer_id", &M::producer_id), field("first_offset", &M::first_offset));
    }
  };
  struct Partition {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::int64_t high_watermark = -1;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    std::optional<std::vector<AbortedTransaction>> aborted_transactions;
    std::int32_t preferred_read_replica = -1;
    std::optional<Records> records;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("index", &M::index), field("error_code", &M::error_code),
                   field("high_watermark", &M::high_watermark),
                   field("last_stable_offset", &M::last_stable_offset).from(4),
                   field("log_start_offset", &M::log_start_offset).from(5),
                   field("aborted_transactions", &M::aborted_transactions).from(4),
                   field("preferred_read_replica", &M::preferred_read_replica).from(11), field("records", &M::records));
    }
  };
  using Topic = PerTopic<Partition>;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t session_id = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = FetchResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("error_code", &M::error_code).from(7),
                 field("session_id", &M::session_id).from(7), field("topics", &M::topics));
  }
};

struct ListOffsetsRequest {
  static constexpr Message kMessage{ApiKey::kListOffsets, Direction::kRequest};

  static constexpr std::int64_t kLatest = -1;
  static constexpr std::int64_t kEarliest = -2;

  struct Partition {
    std::int32_t index = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp_ms = 0;  // Or kLatest, kEarliest.
    std::int32_t max_offsets = 1;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("index", &M::index), field("current_leader_epoch", &M::current_leader_epoch).from(4),
                   field("timestamp_ms", &M::timestamp_ms), field("max_offsets", &M::max_offsets).until(0));
    }
  };
  using Topic = PerTopic<Partition>;

  std::int32_t replica_id = -1;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = ListOffsetsRequest;
    return table(field("replica_id", &M::replica_id), field("isolation_level", &M::isolation_level).from(2),
                 field("topics", &M::topics));
  }
};

struct ListOffsetsResponse {
  static constexpr Message kMessage{ApiKey::kListOffsets, Direction::kResponse};

  struct Partition {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::vector<std::int64_t> old_style_offsets;  // Instead of the next two in version 0, the latest first.
    std::int64_t timestamp_ms = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("index", &M::index), field("error_code", &M::error_code),
                   field("old_style_offsets", &M::old_style_offsets).until(0),
                   field("timestamp_ms", &M::timestamp_ms).from(1), field("offset", &M::offset).from(1),
                   field("leader_epoch", &M::leader_epoch).from(4));
    }
  };
  using Topic = PerTopic<Partition>;

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = ListOffsetsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(2), field("topics", &M::topics));
  }
};

}  // namespace weir::wire::kafka
