// What is saved of an entry, handed to whoever saves it in the words of rdb::Sink: the mirror image of loading
// (loader.h). DUMP, snapshots, SAVE and DEBUG DIGEST all read values through here, so that this is the one place that
// knows how each kind of value is walked.
//
// Where Sink says "a hint", it is exact here: begin() announces how many pieces come before end(), which of a list are
// nodes. A sorted set begins with its greatest score, as Redis saves it. Data thread only.
#pragma once

#include "store/keyspace/entry.h"
#include "store/persist/rdb/sink.h"

namespace weir::store {

void hand_over(const Entry& entry, rdb::Sink& to);

}  // namespace weir::store
