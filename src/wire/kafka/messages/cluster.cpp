#include "wire/kafka/messages/cluster.h"

#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

template struct Codec<ApiVersionsRequest>;
template struct Codec<ApiVersionsResponse>;
template struct Codec<MetadataRequest>;
template struct Codec<MetadataResponse>;
template struct Codec<FindCoordinatorRequest>;
template struct Codec<FindCoordinatorResponse>;

}  // namespace weir::wire::kafka
