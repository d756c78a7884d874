// Writing to the log: Produce and InitProducerId.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/kafka/codec.h"
#include "wire/kafka/messages/per_topic.h"

namespace weir::wire::kafka {

struct ProduceRequest {
  static constexpr Message kMessage{ApiKey::kProduce, Direction::kRequest};

  struct Partition {
    std::int32_t index = 0;
    std::optional<Records> records;

    static constexpr auto fields() {
      return table(field("index", &Partition::index), field("records", &Partition::records));
    }
  };
  using Topic = PerTopic<Partition>;

  std::optional<std::string_view> transactional_id;
  std::int16_t acks = 0;  // 0, 1, or -1 for all.
  std::int32_t timeout_ms = 0;
  std::vector<Topic> topics;

  static constexpr auto fields() {
    using M = ProduceRequest;
    return table(field("transactional_id", &M::transactional_id).from(3), field("acks", &M::acks),
                 field("timeout_ms", &M::timeout_ms), field("topics", &M::topics));
  }
};

struct ProduceResponse {
  static constexpr Message kMessage{ApiKey::kProduce, Direction::kResponse};

  struct Partition {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::int64_t base_offset = -1;
    std::int64_t log_append_time_ms = -1;
    std::int64_t log_start_offset = -1;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("index", &M::index), field("error_code", &M::error_code),
                   field("base_offset", &M::base_offset), field("log_append_time_ms", &M::log_append_time_ms).from(2),
                   field("log_start_offset", &M::log_start_offset).from(5));
    }
  };
  using Topic = PerTopic<Partition>;

  std::vector<Topic> topics;
  std::int32_t throttle_time_ms = 0;

  static constexpr auto fields() {
    using M = ProduceResponse;
    return table(field("topics", &M::topics), field("throttle_time_ms", &M::throttle_time_ms).from(1));
  }
};

struct InitProducerIdRequest {
  static constexpr Message kMessage{ApiKey::kInitProducerId, Direction::kRequest};

  std::optional<std::string_view> transactional_id;
  std::int32_t transaction_timeout_ms = 0;

  static constexpr auto fields() {
    using M = InitProducerIdRequest;
    return table(field("transactional_id", &M::transactional_id),
                 field("transaction_timeout_ms", &M::transaction_timeout_ms));
  }
};

struct InitProducerIdResponse {
  static constexpr Message kMessage{ApiKey::kInitProducerId, Direction::kResponse};

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  static constexpr auto fields() {
    using M = InitProducerIdResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms), field("error_code", &M::error_code),
                 field("producer_id", &M::producer_id), field("producer_epoch", &M::producer_epoch));
  }
};

}  // namespace weir::wire::kafka
