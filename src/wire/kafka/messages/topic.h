// What an administrator does to topics: CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/kafka/codec.h"
#include "wire/kafka/messages/per_topic.h"

namespace weir::wire::kafka {

struct CreateTopicsRequest {
  static constexpr Message kMessage{ApiKey::kCreateTopics, Direction::kRequest};

  struct Assignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;

    static constexpr auto fields() {
      return table(field("partition_index", &Assignment::partition_index),
                   field("broker_ids", &Assignment::broker_ids));
    }
  };
  struct Config {
    std::string_view name;
    std::optional<std::string_view> value;

    static constexpr auto fields() { return table(field("name", &Config::name), field("value", &Config::value)); }
  };
  struct Topic {
    std::string_view name;
    std::int32_t num_partitions = 0;      // -1: by the assignments, and from version 4 on the broker's default.
    std::int16_t replication_factor = 0;  // Likewise.
    std::vector<Assignment> assignments;
    std::vector<Config> configs;

    static constexpr auto fields() {
      using M = Topic;
      return table(field("name", &M::name), field("num_partitions", &M::num_partitions),
                   field("replication_factor", &M::replication_factor), field("assignments", &M::assignments),
                   field("configs", &M::configs));
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 60'000;
  bool validate_only = false;

  static constexpr auto fields() {
    using M = CreateTopicsRequest;
    return table(field("topics", &M::topics), field("timeout_ms", &M::timeout_ms),
                 field("validate_only", &M::validate_only).from(1));
  }
};

struct CreateTopicsResponse {
  static constexpr Message kMessage{ApiKey::kCreateTopics, Direction::kResponse};

  struct Topic {
    std::string_view name;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;

    static constexpr auto fields() {
      using M = Topic;
      return table(field("name", &M::name), field("error_code", &M::error_code),
                   field("error_message", &M::error_message).from(1));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = CreateTopicsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(2), field("topics", &M::topics));
  }
};

struct DeleteTopicsRequest {
  static constexpr Message kMessage{ApiKey::kDeleteTopics, Direction::kRequest};

  std::vector<std::string_view> topic_names;
  std::int32_t timeout_ms = 0;

  static constexpr auto fields() {
    using M = DeleteTopicsRequest;
    return table(field("topic_names", &M::topic_names), field("timeout_ms", &M::timeout_ms));
  }
};

struct DeleteTopicsResponse {
  static constexpr Message kMessage{ApiKey::kDeleteTopics, Direction::kResponse};

  struct Topic {
    std::string_view name;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr auto fields() {
      return table(field("name", &Topic::name), field("error_code", &Topic::error_code));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = DeleteTopicsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("topics", &M::topics));
  }
};

struct CreatePartitionsRequest {
  static constexpr Message kMessage{ApiKey::kCreatePartitions, Direction::kRequest};

  struct Assignment {
    std::vector<std::int32_t> broker_ids;

    static constexpr auto fields() { return table(field("broker_ids", &Assignment::broker_ids)); }
  };
  struct Topic {
    std::string_view name;
    std::int32_t count = 0;  // The new total.
    std::optional<std::vector<Assignment>> assignments;

    static constexpr auto fields() {
      using M = Topic;
      return table(field("name", &M::name), field("count", &M::count), field("assignments", &M::assignments));
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  static constexpr auto fields() {
    using M = CreatePartitionsRequest;
    return table(field("topics", &M::topics), field("timeout_ms", &M::timeout_ms),
                 field("validate_only", &M::validate_only));
  }
};

struct CreatePartitionsResponse {
  static constexpr Message kMessage{ApiKey::kCreatePartitions, Direction::kResponse};

  struct Topic {
    std::string_view name;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;

    static constexpr auto fields() {
      using M = Topic;
      return table(field("name", &M::name), field("error_code", &M::error_code),
                   field("error_message", &M::error_message));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = CreatePartitionsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms), field("topics", &M::topics));
  }
};

struct DeleteRecordsRequest {
  static constexpr Message kMessage{ApiKey::kDeleteRecords, Direction::kRequest};

  static constexpr std::int64_t kHighWatermark = -1;

  struct Partition {
    std::int32_t index = 0;
    std::int64_t offset = 0;  // The first to keep, or kHighWatermark.

    static constexpr auto fields() {
      return table(field("index", &Partition::index), field("offset", &Partition::offset));
    }
  };
  using Topic = PerTopic<Partition>;

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;

  static constexpr auto fields() {
    using M = DeleteRecordsRequest;
    return table(field("topics", &M::topics), field("timeout_ms", &M::timeout_ms));
  }
};

struct DeleteRecordsResponse {
  static constexpr Message kMessage{ApiKey::kDeleteRecords, Direction::kResponse};

  struct Partition {
    std::int32_t index = 0;
    std::int64_t low_watermark = -1;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("index", &M::index), field("low_watermark", &M::low_watermark),
                   field("error_code", &M::error_code));
    }
  };
  using Topic = PerTopic<Partition>;

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = DeleteRecordsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms), field("topics", &M::topics));
  }
};

}  // namespace weir::wire::kafka
