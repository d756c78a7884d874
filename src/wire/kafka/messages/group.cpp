#include "wire/kafka/messages/group.h"

#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

template struct Codec<JoinGroupRequest>;
template struct Codec<JoinGroupResponse>;
template struct Codec<SyncGroupRequest>;
template struct Codec<SyncGroupResponse>;
template struct Codec<HeartbeatRequest>;
template struct Codec<HeartbeatResponse>;
template struct Codec<LeaveGroupRequest>;
template struct Codec<LeaveGroupResponse>;
template struct Codec<ListGroupsRequest>;
template struct Codec<ListGroupsResponse>;
template struct Codec<DescribeGroupsRequest>;
template struct Codec<DescribeGroupsResponse>;
template struct Codec<DeleteGroupsRequest>;
template struct Codec<DeleteGroupsResponse>;

}  // namespace weir::wire::kafka
