// Settings of topics and brokers: DescribeConfigs, AlterConfigs and IncrementalAlterConfigs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/kafka/codec.h"

namespace weir::wire::kafka {

// Whose settings. Another number is a kind that we do not have.
enum class ConfigResource : std::int8_t { kUnknown = 0, kTopic = 2, kBroker = 4 };

// Where a setting's value comes from.
enum class ConfigSource : std::int8_t {
  kUnknown = -1,
  kTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
};

enum class ConfigOperation : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

struct DescribeConfigsRequest {
  static constexpr Message kMessage{ApiKey::kDescribeConfigs, Direction::kRequest};

  struct Resource {
    ConfigResource type = ConfigResource::kUnknown;
    std::string_view name;
    std::optional<std::vector<std::string_view>> keys;  // Null asks for all.

    static constexpr auto fields() {
      return table(field("type", &Resource::type), field("name", &Resource::name), field("keys", &Resource::keys));
    }
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;

  static constexpr auto fields() {
    using M = DescribeConfigsRequest;
    return table(field("resources", &M::resources), field("include_synonyms", &M::include_synonyms).from(1));
  }
};

struct DescribeConfigsResponse {
  static constexpr Message kMessage{ApiKey::kDescribeConfigs, Direction::kResponse};

  struct Synonym {
    std::string_view name;
    std::optional<std::string_view> value;
    ConfigSource source = ConfigSource::kUnknown;

    static constexpr auto fields() {
      return table(field("name", &Synonym::name), field("value", &Synonym::value), field("source", &Synonym::source));
    }
  };
  struct Config {
    std::string_view name;
    std::optional<std::string_view> value;
    bool read_only = false;
    bool is_default = false;  // Version 0 has this instead of the source.
    ConfigSource source = ConfigSource::kUnknown;
    bool is_sensitive = false;
    std::vector<Synonym> synonyms;

    static constexpr auto fields() {
      using M = Config;
      return table(field("name", &M::name), field("value", &M::value), field("read_only", &M::read_only),
                   field("is_default", &M::is_default).until(0), field("source", &M::source).from(1),
                   field("is_sensitive", &M::is_sensitive), field("synonyms", &M::synonyms).from(1));
    }
  };
  struct Outcome {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
    ConfigResource type = ConfigResource::kUnknown;
    std::string_view name;
    std::vector<Config> configs;

    static constexpr auto fields() {
      using M = Outcome;
      return table(field("error_code", &M::error_code), field("error_message", &M::error_message),
                   field("type", &M::type), field("name", &M::name), field("configs", &M::configs));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Outcome> results;

  static constexpr auto fields() {
    using M = DescribeConfigsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms), field("results", &M::results));
  }
};

struct AlterConfigsRequest {
  static constexpr Message kMessage{ApiKey::kAlterConfigs, Direction::kRequest};

  struct Config {
    std::string_view name;
    std::optional<std::string_view> value;

    static constexpr auto fields() { return table(field("name", &Config::name), field("value", &Config::value)); }
  };
  struct Resource {
    ConfigResource type = ConfigResource::kUnknown;
    std::string_view name;
    std::vector<Config> configs;  // All that are not named here go back to their defaults.

    static constexpr auto fields() {
      using M = Resource;
      return table(field("type", &M::type), field("name", &M::name), field("configs", &M::configs));
    }
  };

  std::vector<Resource> resources;
  bool validate_only = false;

  static constexpr auto fields() {
    using M = AlterConfigsRequest;
    return table(field("resources", &M::resources), field("validate_only", &M::validate_only));
  }
};

struct AlterConfigsResponse {
  static constexpr Message kMessage{ApiKey::kAlterConfigs, Direction::kResponse};

  struct Outcome {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
    ConfigResource type = ConfigResource::kUnknown;
    std::string_view name;

    static constexpr auto fields() {
      using M = Outcome;
      return table(field("error_code", &M::error_code), field("error_message", &M::error_message),
                   field("type", &M::type), field("name", &M::name));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Outcome> results;

  static constexpr auto fields() {
    using M = AlterConfigsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms), field("results", &M::results));
  }
};

struct IncrementalAlterConfigsRequest {
  static constexpr Message kMessage{ApiKey::kIncrementalAlterConfigs, Direction::kRequest};

  struct Config {
    std::string_view name;
    ConfigOperation operation = ConfigOperation::kSet;
    std::optional<std::string_view> value;

    static constexpr auto fields() {
      using M = Config;
      return table(field("name", &M::name), field("operation", &M::operation), field("value", &M::value));
    }
  };
  struct Resource {
    ConfigResource type = ConfigResource::kUnknown;
    std::string_view name;
    std::vector<Config> configs;

    static constexpr auto fields() {
      using M = Resource;
      return table(field("type", &M::type), field("name", &M::name), field("configs", &M::configs));
    }
  };

  std::vector<Resource> resources;
  bool validate_only = false;

  static constexpr auto fields() {
    using M = IncrementalAlterConfigsRequest;
    return table(field("resources", &M::resources), field("validate_only", &M::validate_only));
  }
};

struct IncrementalAlterConfigsResponse {
  static constexpr Message kMessage{ApiKey::kIncrementalAlterConfigs, Direction::kResponse};

  using Outcome = AlterConfigsResponse::Outcome;

  std::int32_t throttle_time_ms = 0;
  std::vector<Outcome> results;

  static constexpr auto fields() {
    using M = IncrementalAlterConfigsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms), field("results", &M::results));
  }
};

}  // namespace weir::wire::kafka
