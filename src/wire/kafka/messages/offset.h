// How far a consumer group has come: OffsetCommit and OffsetFetch.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/kafka/codec.h"
#include "wire/kafka/messages/per_topic.h"

namespace weir::wire::kafka {

struct OffsetCommitRequest {
  static constexpr Message kMessage{ApiKey::kOffsetCommit, Direction::kRequest};

  struct Partition {
    std::int32_t index = 0;
    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;
    std::int64_t commit_timestamp_ms = -1;
    std::optional<std::string_view> metadata;

    static constexpr auto fields() {
      using M = Partition;
      return table(
          field("index", &M::index), field("offset", &M::offset), field("leader_epoch", &M::leader_epoch).from(6),
          field("commit_timestamp_ms", &M::commit_timestamp_ms).from(1).until(1), field("metadata", &M::metadata));
    }
  };
  using Topic = PerTopic<Partition>;

  std::string_view group_id;
  std::int32_t generation_id = -1;  // -1: a consumer that is no member of the group.
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::int64_t retention_time_ms = -1;  // -1: the broker's.
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = OffsetCommitRequest;
    return table(field("group_id", &M::group_id), field("generation_id", &M::generation_id).from(1),
                 field("member_id", &M::member_id).from(1), field("group_instance_id", &M::group_instance_id).from(7),
                 field("retention_time_ms", &M::retention_time_ms).from(2).until(4), field("topics", &M::topics));
  }
};

struct OffsetCommitResponse {
  static constexpr Message kMessage{ApiKey::kOffsetCommit, Direction::kResponse};

  struct Partition {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr auto fields() {
      return table(field("index", &Partition::index), field("error_code", &Partition::error_code));
    }
  };
  using Topic = PerTopic<Partition>;

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = OffsetCommitResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(3), field("topics", &M::topics));
  }
};

struct OffsetFetchRequest {
  static constexpr Message kMessage{ApiKey::kOffsetFetch, Direction::kRequest};

  using Topic = PerTopic<std::int32_t>;

  std::string_view group_id;
  std::optional<std::vector<Topic>> topics;  // Null asks for all that the group has committed.

  static constexpr auto fields() {
    using M = OffsetFetchRequest;
    return table(field("group_id", &M::group_id), field("topics", &M::topics).nullable_from(2));
  }
};

struct OffsetFetchResponse {
  static constexpr Message kMessage{ApiKey::kOffsetFetch, Direction::kResponse};

  struct Partition {
    std::int32_t index = 0;
    std::int64_t offset = -1;  // -1: nothing was committed.
    std::int32_t leader_epoch = -1;
    std::optional<std::string_view> metadata;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("index", &M::index), field("offset", &M::offset),
                   field("leader_epoch", &M::leader_epoch).from(5), field("metadata", &M::metadata),
                   field("error_code", &M::error_code));
    }
  };
  using Topic = PerTopic<Partition>;

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  ErrorCode error_code = ErrorCode::kNone;

  static constexpr auto fields() {
    using M = OffsetFetchResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(3), field("topics", &M::topics),
                 field("error_code", &M::error_code).from(2));
  }
};

}  // namespace weir::wire::kafka
