#include "wire/kafka/messages/topic.h"

#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

template struct Codec<CreateTopicsRequest>;
template struct Codec<CreateTopicsResponse>;
template struct Codec<DeleteTopicsRequest>;
template struct Codec<DeleteTopicsResponse>;
template struct Codec<CreatePartitionsRequest>;
template struct Codec<CreatePartitionsResponse>;
template struct Codec<DeleteRecordsRequest>;
template struct Codec<DeleteRecordsResponse>;

}  // namespace weir::wire::kafka
