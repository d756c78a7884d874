#include "wire/kafka/messages/fetch.h"

#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

template struct Codec<FetchRequest>;
template struct Codec<FetchResponse>;
template struct Codec<ListOffsetsRequest>;
template struct Codec<ListOffsetsResponse>;

}  // namespace weir::wire::kafka
