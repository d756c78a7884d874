// Who is there: ApiVersions, Metadata and FindCoordinator.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/kafka/codec.h"

namespace weir::wire::kafka {

// "Not asked for", where a response has room for a set of authorized operations.
inline constexpr std::int32_t kNoAuthorizedOperations = std::numeric_limits<std::int32_t>::min();

struct ApiVersionsRequest {
  static constexpr Message kMessage{ApiKey::kApiVersions, Direction::kRequest};

  std::string_view client_software_name;
  std::string_view client_software_version;

  static constexpr auto fields() {
    using M = ApiVersionsRequest;
    return table(field("client_software_name", &M::client_software_name).from(3),
                 field("client_software_version", &M::client_software_version).from(3));
  }
};

struct ApiVersionsResponse {
  static constexpr Message kMessage{ApiKey::kApiVersions, Direction::kResponse};

  struct Range {
    std::int16_t api_key = 0;  // Of a newer broker, any number.
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    static constexpr auto fields() {
      using M = Range;
      return table(field("api_key", &M::api_key), field("min_version", &M::min_version),
                   field("max_version", &M::max_version));
    }
  };
  struct SupportedFeature {
    std::string_view name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    static constexpr auto fields() {
      using M = SupportedFeature;
      return table(field("name", &M::name), field("min_version", &M::min_version),
                   field("max_version", &M::max_version));
    }
  };
  struct FinalizedFeature {
    std::string_view name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    static constexpr auto fields() {
      using M = FinalizedFeature;
      return table(field("name", &M::name), field("max_version_level", &M::max_version_level),
                   field("min_version_level", &M::min_version_level));
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Range> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeature> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeature> finalized_features;
  bool zk_migration_ready = false;

  static constexpr auto fields() {
    using M = ApiVersionsResponse;
    return table(field("error_code", &M::error_code), field("api_keys", &M::api_keys),
                 field("throttle_time_ms", &M::throttle_time_ms).from(1),
                 field("supported_features", &M::supported_features).from(3).tagged(0),
                 field("finalized_features_epoch", &M::finalized_features_epoch).from(3).tagged(1),
                 field("finalized_features", &M::finalized_features).from(3).tagged(2),
                 field("zk_migration_ready", &M::zk_migration_ready).from(3).tagged(3));
  }
};

struct MetadataRequest {
  static constexpr Message kMessage{ApiKey::kMetadata, Direction::kRequest};

  // Null asks for all topics; in version 0, which has no null, an empty list does.
  std::optional<std::vector<std::string_view>> topics;
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  static constexpr auto fields() {
    using M = MetadataRequest;
    return table(field("topics", &M::topics).nullable_from(1),
                 field("allow_auto_topic_creation", &M::allow_auto_topic_creation).from(4),
                 field("include_cluster_authorized_operations", &M::include_cluster_authorized_operations).from(8),
                 field("include_topic_authorized_operations", &M::include_topic_authorized_operations).from(8));
  }
};

struct MetadataResponse {
  static constexpr Message kMessage{ApiKey::kMetadata, Direction::kResponse};

  struct Broker {
    std::int32_t node_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::optional<std::string_view> rack;

    static constexpr auto fields() {
      using M = Broker;
      return table(field("node_id", &M::node_id), field("host", &M::host), field("port", &M::port),
                   field("rack", &M::rack).from(1));
    }
  };
  struct Partition {
    ErrorCode error_code = ErrorCode::kNone;
    std::int32_t index = 0;
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::vector<std::int32_t> offline_replicas;

    static constexpr auto fields() {
      using M = Partition;
      return table(field("error_code", &M::error_code), field("index", &M::index), field("leader_id", &M::leader_id),
                   field("leader_epoch", &M::leader_epoch).from(7), field("replica_nodes", &M::replica_nodes),
                   field("isr_nodes", &M::isr_nodes), field("offline_replicas", &M::offline_replicas).from(5));
    }
  };
  struct Topic {
    ErrorCode error_code = ErrorCode::kNone;
    std::string_view name;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t authorized_operations = kNoAuthorizedOperations;

    static constexpr auto fields() {
      using M = Topic;
      return table(field("error_code", &M::error_code), field("name", &M::name),
                   field("is_internal", &M::is_internal).from(1), field("partitions", &M::partitions),
                   field("authorized_operations", &M::authorized_operations).from(8));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string_view> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;
  std::int32_t cluster_authorized_operations = kNoAuthorizedOperations;

  static constexpr auto fields() {
    using M = MetadataResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(3), field("brokers", &M::brokers),
                 field("cluster_id", &M::cluster_id).from(2), field("controller_id", &M::controller_id).from(1),
                 field("topics", &M::topics),
                 field("cluster_authorized_operations", &M::cluster_authorized_operations).from(8));
  }
};

struct FindCoordinatorRequest {
  static constexpr Message kMessage{ApiKey::kFindCoordinator, Direction::kRequest};

  static constexpr std::int8_t kGroup = 0;
  static constexpr std::int8_t kTransaction = 1;

  std::string_view key;
  std::int8_t key_type = kGroup;

  static constexpr auto fields() {
    using M = FindCoordinatorRequest;
    return table(field("key", &M::key), field("key_type", &M::key_type).from(1));
  }
};

struct FindCoordinatorResponse {
  static constexpr Message kMessage{ApiKey::kFindCoordinator, Direction::kResponse};

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message;
  std::int32_t node_id = -1;
  std::string_view host;
  std::int32_t port = -1;

  static constexpr auto fields() {
    using M = FindCoordinatorResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("error_code", &M::error_code),
                 field("error_message", &M::error_message).from(1), field("node_id", &M::node_id),
                 field("host", &M::host), field("port", &M::port));
  }
};

}  // namespace weir::wire::kafka
