#include "wire/kafka/messages/offset.h"

#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

template struct Codec<OffsetCommitRequest>;
template struct Codec<OffsetCommitResponse>;
template struct Codec<OffsetFetchRequest>;
template struct Codec<OffsetFetchResponse>;

}  // namespace weir::wire::kafka
