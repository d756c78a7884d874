// The APIs of the Kafka protocol that Weir speaks: their keys, the versions of each that the tables in this folder
// declare, and from which version on an API is "flexible" (compact lengths, tagged fields, the longer headers).
//
// A row of kApis is what ApiVersions advertises, what a request's header is held against, and what decode() and
// encode() accept. To serve a newer version: raise `max_version` here and add the fields that it brought to the
// message's own table.
//
// Specification: https://kafka.apache.org/protocol, and the message definitions that it is made from.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::wire::kafka {

enum class ApiKey : std::int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kJoinGroup = 11,
  kHeartbeat = 12,
  kLeaveGroup = 13,
  kSyncGroup = 14,
  kDescribeGroups = 15,
  kListGroups = 16,
  kApiVersions = 18,
  kCreateTopics = 19,
  kDeleteTopics = 20,
  kDeleteRecords = 21,
  kInitProducerId = 22,
  kDescribeConfigs = 32,
  kAlterConfigs = 33,
  kCreatePartitions = 37,
  kDeleteGroups = 42,
  kIncrementalAlterConfigs = 44,
};

struct Api {
  ApiKey key;
  std::string_view name;
  std::int16_t min_version;
  std::int16_t max_version;
  std::int16_t first_flexible;

  constexpr bool declares(std::int16_t version) const { return version >= min_version && version <= max_version; }
  constexpr bool flexible(std::int16_t version) const { return version >= first_flexible; }
};

// By key. Produce begins at 0 although batches of version 2 came with 3: librdkafka compresses only where 0 is
// advertised.
inline constexpr std::array kApis = std::to_array<Api>({
    {ApiKey::kProduce, "Produce", 0, 7, 9},
    {ApiKey::kFetch, "Fetch", 0, 11, 12},
    {ApiKey::kListOffsets, "ListOffsets", 0, 5, 6},
    {ApiKey::kMetadata, "Metadata", 0, 8, 9},
    {ApiKey::kOffsetCommit, "OffsetCommit", 0, 7, 8},
    {ApiKey::kOffsetFetch, "OffsetFetch", 0, 5, 6},
    {ApiKey::kFindCoordinator, "FindCoordinator", 0, 2, 3},
    {ApiKey::kJoinGroup, "JoinGroup", 0, 5, 6},
    {ApiKey::kHeartbeat, "Heartbeat", 0, 3, 4},
    {ApiKey::kLeaveGroup, "LeaveGroup", 0, 3, 4},
    {ApiKey::kSyncGroup, "SyncGroup", 0, 3, 4},
    {ApiKey::kDescribeGroups, "DescribeGroups", 0, 4, 5},
    {ApiKey::kListGroups, "ListGroups", 0, 2, 3},
    {ApiKey::kApiVersions, "ApiVersions", 0, 3, 3},
    {ApiKey::kCreateTopics, "CreateTopics", 0, 4, 5},
    {ApiKey::kDeleteTopics, "DeleteTopics", 0, 3, 4},
    {ApiKey::kDeleteRecords, "DeleteRecords", 0, 1, 2},
    {ApiKey::kInitProducerId, "InitProducerId", 0, 1, 2},
    {ApiKey::kDescribeConfigs, "DescribeConfigs", 0, 2, 4},
    {ApiKey::kAlterConfigs, "AlterConfigs", 0, 1, 2},
    {ApiKey::kCreatePartitions, "CreatePartitions", 0, 1, 2},
    {ApiKey::kDeleteGroups, "DeleteGroups", 0, 1, 2},
    {ApiKey::kIncrementalAlterConfigs, "IncrementalAlterConfigs", 0, 0, 1},
});

// Null for a key that is not in kApis.
constexpr const Api* find_api(std::int16_t key) {
  for (const Api& api : kApis) {
    if (static_cast<std::int16_t>(api.key) == key) return &api;
  }
  return nullptr;
}
constexpr const Api& api_of(ApiKey key) { return *find_api(static_cast<std::int16_t>(key)); }

// The error codes that travel in responses. Any other number may arrive as well: a newer broker's.
enum class ErrorCode : std::int16_t {
  kUnknownServerError = -1,
  kNone = 0,
  kOffsetOutOfRange = 1,
  kCorruptMessage = 2,
  kUnknownTopicOrPartition = 3,
  kLeaderNotAvailable = 5,
  kNotLeaderOrFollower = 6,
  kRequestTimedOut = 7,
  kMessageTooLarge = 10,
  kOffsetMetadataTooLarge = 12,
  kCoordinatorLoadInProgress = 14,
  kCoordinatorNotAvailable = 15,
  kNotCoordinator = 16,
  kInvalidTopic = 17,
  kRecordListTooLarge = 18,
  kNotEnoughReplicas = 19,
  kInvalidRequiredAcks = 21,
  kIllegalGeneration = 22,
  kInconsistentGroupProtocol = 23,
  kInvalidGroupId = 24,
  kUnknownMemberId = 25,
  kInvalidSessionTimeout = 26,
  kRebalanceInProgress = 27,
  kInvalidCommitOffsetSize = 28,
  kUnsupportedVersion = 35,
  kTopicAlreadyExists = 36,
  kInvalidPartitions = 37,
  kInvalidReplicationFactor = 38,
  kInvalidReplicaAssignment = 39,
  kInvalidConfig = 40,
  kNotController = 41,
  kInvalidRequest = 42,
  kUnsupportedForMessageFormat = 43,
  kPolicyViolation = 44,
  kOutOfOrderSequenceNumber = 45,
  kDuplicateSequenceNumber = 46,
  kInvalidProducerEpoch = 47,
  kInvalidTransactionTimeout = 52,
  kStorageError = 56,
  kUnknownProducerId = 59,
  kNonEmptyGroup = 68,
  kGroupIdNotFound = 69,
  kFetchSessionIdNotFound = 70,
  kInvalidFetchSessionEpoch = 71,
  kFencedLeaderEpoch = 74,
  kUnknownLeaderEpoch = 75,
  kUnsupportedCompressionType = 76,
  kMemberIdRequired = 79,
  kGroupMaxSizeReached = 81,
  kFencedInstanceId = 82,
  kInvalidRecord = 87,
};

}  // namespace weir::wire::kafka
