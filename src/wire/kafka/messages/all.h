// All messages, and one call to visit them by API and direction: for tests, fuzzers and tools. A server includes the
// files that it handles.
#pragma once

#include <type_traits>

#include "base/assert.h"
#include "wire/kafka/messages/cluster.h"
#include "wire/kafka/messages/config.h"
#include "wire/kafka/messages/fetch.h"
#include "wire/kafka/messages/group.h"
#include "wire/kafka/messages/offset.h"
#include "wire/kafka/messages/produce.h"
#include "wire/kafka/messages/topic.h"

namespace weir::wire::kafka {

// Calls visit(std::type_identity<Request>(), std::type_identity<Response>()) with the messages of `key`.
template <class Visitor>
auto visit_api(ApiKey key, Visitor visit) {
  const auto call = [&visit]<class Request, class Response>(std::type_identity<Request> request,
                                                            std::type_identity<Response> response) {
    static_assert(Request::kMessage.direction == Direction::kRequest);
    static_assert(Response::kMessage.direction == Direction::kResponse);
    static_assert(Request::kMessage.key == Response::kMessage.key);
    return visit(request, response);
  };
  using std::type_identity;
  switch (key) {
    case ApiKey::kProduce: return call(type_identity<ProduceRequest>(), type_identity<ProduceResponse>());
    case ApiKey::kFetch: return call(type_identity<FetchRequest>(), type_identity<FetchResponse>());
    case ApiKey::kListOffsets: return call(type_identity<ListOffsetsRequest>(), type_identity<ListOffsetsResponse>());
    case ApiKey::kMetadata: return call(type_identity<MetadataRequest>(), type_identity<MetadataResponse>());
    case ApiKey::kOffsetCommit:
      return call(type_identity<OffsetCommitRequest>(), type_identity<OffsetCommitResponse>());
    case ApiKey::kOffsetFetch: return call(type_identity<OffsetFetchRequest>(), type_identity<OffsetFetchResponse>());
    case ApiKey::kFindCoordinator:
      return call(type_identity<FindCoordinatorRequest>(), type_identity<FindCoordinatorResponse>());
    case ApiKey::kJoinGroup: return call(type_identity<JoinGroupRequest>(), type_identity<JoinGroupResponse>());
    case ApiKey::kHeartbeat: return call(type_identity<HeartbeatRequest>(), type_identity<HeartbeatResponse>());
    case ApiKey::kLeaveGroup: return call(type_identity<LeaveGroupRequest>(), type_identity<LeaveGroupResponse>());
    case ApiKey::kSyncGroup: return call(type_identity<SyncGroupRequest>(), type_identity<SyncGroupResponse>());
    case ApiKey::kDescribeGroups:
      return call(type_identity<DescribeGroupsRequest>(), type_identity<DescribeGroupsResponse>());
    case ApiKey::kListGroups: return call(type_identity<ListGroupsRequest>(), type_identity<ListGroupsResponse>());
    case ApiKey::kApiVersions: return call(type_identity<ApiVersionsRequest>(), type_identity<ApiVersionsResponse>());
    case ApiKey::kCreateTopics:
      return call(type_identity<CreateTopicsRequest>(), type_identity<CreateTopicsResponse>());
    case ApiKey::kDeleteTopics:
      return call(type_identity<DeleteTopicsRequest>(), type_identity<DeleteTopicsResponse>());
    case ApiKey::kDeleteRecords:
      return call(type_identity<DeleteRecordsRequest>(), type_identity<DeleteRecordsResponse>());
    case ApiKey::kInitProducerId:
      return call(type_identity<InitProducerIdRequest>(), type_identity<InitProducerIdResponse>());
    case ApiKey::kDescribeConfigs:
      return call(type_identity<DescribeConfigsRequest>(), type_identity<DescribeConfigsResponse>());
    case ApiKey::kAlterConfigs:
      return call(type_identity<AlterConfigsRequest>(), type_identity<AlterConfigsResponse>());
    case ApiKey::kCreatePartitions:
      return call(type_identity<CreatePartitionsRequest>(), type_identity<CreatePartitionsResponse>());
    case ApiKey::kDeleteGroups:
      return call(type_identity<DeleteGroupsRequest>(), type_identity<DeleteGroupsResponse>());
    case ApiKey::kIncrementalAlterConfigs:
      return call(type_identity<IncrementalAlterConfigsRequest>(), type_identity<IncrementalAlterConfigsResponse>());
  }
  base::assertion_failed("an API of kApis", __FILE__, __LINE__);
}

}  // namespace weir::wire::kafka
