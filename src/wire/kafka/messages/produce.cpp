#include "wire/kafka/messages/produce.h"

#include "wire/kafka/walk.h"

namespace weir::wire::kafka {

template struct Codec<ProduceRequest>;
template struct Codec<ProduceResponse>;
template struct Codec<InitProducerIdRequest>;
template struct Codec<InitProducerIdResponse>;

}  // namespace weir::wire::kafka
