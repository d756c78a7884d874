// Membership of consumer groups: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, and what an administrator asks of groups.
// What members tell each other (subscriptions, assignments) is opaque to a broker.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/kafka/codec.h"
#include "wire/kafka/messages/cluster.h"

namespace weir::wire::kafka {

struct JoinGroupRequest {
  static constexpr Message kMessage{ApiKey::kJoinGroup, Direction::kRequest};

  struct Protocol {
    std::string_view name;
    Bytes metadata;

    static constexpr auto fields() {
      return table(field("name", &Protocol::name), field("metadata", &Protocol::metadata));
    }
  };

  std::string_view group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;  // Version 0 has the session's instead.
  std::string_view member_id;              // Empty at first.
  std::optional<std::string_view> group_instance_id;
  std::string_view protocol_type;
  std::vector<Protocol> protocols;

  static constexpr auto fields() {
    using M = JoinGroupRequest;
    return table(field("group_id", &M::group_id), field("session_timeout_ms", &M::session_timeout_ms),
                 field("rebalance_timeout_ms", &M::rebalance_timeout_ms).from(1), field("member_id", &M::member_id),
                 field("group_instance_id", &M::group_instance_id).from(5), field("protocol_type", &M::protocol_type),
                 field("protocols", &M::protocols));
  }
};

struct JoinGroupResponse {
  static constexpr Message kMessage{ApiKey::kJoinGroup, Direction::kResponse};

  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    Bytes metadata;

    static constexpr auto fields() {
      using M = Member;
      return table(field("member_id", &M::member_id), field("group_instance_id", &M::group_instance_id).from(5),
                   field("metadata", &M::metadata));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t generation_id = -1;
  std::string_view protocol_name;
  std::string_view leader;
  std::string_view member_id;
  std::vector<Member> members;  // For the leader only.

  static constexpr auto fields() {
    using M = JoinGroupResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(2), field("error_code", &M::error_code),
                 field("generation_id", &M::generation_id), field("protocol_name", &M::protocol_name),
                 field("leader", &M::leader), field("member_id", &M::member_id), field("members", &M::members));
  }
};

struct SyncGroupRequest {
  static constexpr Message kMessage{ApiKey::kSyncGroup, Direction::kRequest};

  struct Assignment {
    std::string_view member_id;
    Bytes assignment;

    static constexpr auto fields() {
      return table(field("member_id", &Assignment::member_id), field("assignment", &Assignment::assignment));
    }
  };

  std::string_view group_id;
  std::int32_t generation_id = 0;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::vector<Assignment> assignments;  // From the leader only.

  static constexpr auto fields() {
    using M = SyncGroupRequest;
    return table(field("group_id", &M::group_id), field("generation_id", &M::generation_id),
                 field("member_id", &M::member_id), field("group_instance_id", &M::group_instance_id).from(3),
                 field("assignments", &M::assignments));
  }
};

struct SyncGroupResponse {
  static constexpr Message kMessage{ApiKey::kSyncGroup, Direction::kResponse};

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  Bytes assignment;

  static constexpr auto fields() {
    using M = SyncGroupResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("error_code", &M::error_code),
                 field("assignment", &M::assignment));
  }
};

struct HeartbeatRequest {
  static constexpr Message kMessage{ApiKey::kHeartbeat, Direction::kRequest};

  std::string_view group_id;
  std::int32_t generation_id = 0;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;

  static constexpr auto fields() {
    using M = HeartbeatRequest;
    return table(field("group_id", &M::group_id), field("generation_id", &M::generation_id),
                 field("member_id", &M::member_id), field("group_instance_id", &M::group_instance_id).from(3));
  }
};

struct HeartbeatResponse {
  static constexpr Message kMessage{ApiKey::kHeartbeat, Direction::kResponse};

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static constexpr auto fields() {
    using M = HeartbeatResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("error_code", &M::error_code));
  }
};

struct LeaveGroupRequest {
  static constexpr Message kMessage{ApiKey::kLeaveGroup, Direction::kRequest};

  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;

    static constexpr auto fields() {
      return table(field("member_id", &Member::member_id), field("group_instance_id", &Member::group_instance_id));
    }
  };

  std::string_view group_id;
  std::string_view member_id;  // Until version 2, instead of members.
  std::vector<Member> members;

  static constexpr auto fields() {
    using M = LeaveGroupRequest;
    return table(field("group_id", &M::group_id), field("member_id", &M::member_id).until(2),
                 field("members", &M::members).from(3));
  }
};

struct LeaveGroupResponse {
  static constexpr Message kMessage{ApiKey::kLeaveGroup, Direction::kResponse};

  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr auto fields() {
      using M = Member;
      return table(field("member_id", &M::member_id), field("group_instance_id", &M::group_instance_id),
                   field("error_code", &M::error_code));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Member> members;

  static constexpr auto fields() {
    using M = LeaveGroupResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("error_code", &M::error_code),
                 field("members", &M::members).from(3));
  }
};

struct ListGroupsRequest {
  static constexpr Message kMessage{ApiKey::kListGroups, Direction::kRequest};

  static constexpr auto fields() { return table(); }
};

struct ListGroupsResponse {
  static constexpr Message kMessage{ApiKey::kListGroups, Direction::kResponse};

  struct Group {
    std::string_view group_id;
    std::string_view protocol_type;

    static constexpr auto fields() {
      return table(field("group_id", &Group::group_id), field("protocol_type", &Group::protocol_type));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Group> groups;

  static constexpr auto fields() {
    using M = ListGroupsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("error_code", &M::error_code),
                 field("groups", &M::groups));
  }
};

struct DescribeGroupsRequest {
  static constexpr Message kMessage{ApiKey::kDescribeGroups, Direction::kRequest};

  std::vector<std::string_view> groups;
  bool include_authorized_operations = false;

  static constexpr auto fields() {
    using M = DescribeGroupsRequest;
    return table(field("groups", &M::groups),
                 field("include_authorized_operations", &M::include_authorized_operations).from(3));
  }
};

struct DescribeGroupsResponse {
  static constexpr Message kMessage{ApiKey::kDescribeGroups, Direction::kResponse};

  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::string_view client_id;
    std::string_view client_host;
    Bytes metadata;
    Bytes assignment;

    static constexpr auto fields() {
      using M = Member;
      return table(field("member_id", &M::member_id), field("group_instance_id", &M::group_instance_id).from(4),
                   field("client_id", &M::client_id), field("client_host", &M::client_host),
                   field("metadata", &M::metadata), field("assignment", &M::assignment));
    }
  };
  struct Group {
    ErrorCode error_code = ErrorCode::kNone;
    std::string_view group_id;
    std::string_view state;
    std::string_view protocol_type;
    std::string_view protocol_name;
    std::vector<Member> members;
    std::int32_t authorized_operations = kNoAuthorizedOperations;

    static constexpr auto fields() {
      using M = Group;
      return table(field("error_code", &M::error_code), field("group_id", &M::group_id), field("state", &M::state),
                   field("protocol_type", &M::protocol_type), field("protocol_name", &M::protocol_name),
                   field("members", &M::members), field("authorized_operations", &M::authorized_operations).from(3));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  static constexpr auto fields() {
    using M = DescribeGroupsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms).from(1), field("groups", &M::groups));
  }
};

struct DeleteGroupsRequest {
  static constexpr Message kMessage{ApiKey::kDeleteGroups, Direction::kRequest};

  std::vector<std::string_view> groups;

  static constexpr auto fields() { return table(field("groups", &DeleteGroupsRequest::groups)); }
};

struct DeleteGroupsResponse {
  static constexpr Message kMessage{ApiKey::kDeleteGroups, Direction::kResponse};

  struct Outcome {
    std::string_view group_id;
    ErrorCode error_code = ErrorCode::kNone;

    static constexpr auto fields() {
      return table(field("group_id", &Outcome::group_id), field("error_code", &Outcome::error_code));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Outcome> results;

  static constexpr auto fields() {
    using M = DeleteGroupsResponse;
    return table(field("throttle_time_ms", &M::throttle_time_ms), field("results", &M::results));
  }
};

}  // namespace weir::wire::kafka
