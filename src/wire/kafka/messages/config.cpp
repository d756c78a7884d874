#include "wire/kafka/messages/config.h"

#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

template struct Codec<DescribeConfigsRequest>;
template struct Codec<DescribeConfigsResponse>;
template struct Codec<AlterConfigsRequest>;
template struct Codec<AlterConfigsResponse>;
template struct Codec<IncrementalAlterConfigsRequest>;
template struct Codec<IncrementalAlterConfigsResponse>;

}  // namespace weir::wire::kafka
