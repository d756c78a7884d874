// What is saved of an entry, handed to whoever saves it in the words of rdb::Sink: the mirror image of loading
// (loader.h). DUMP, snapshots, SAVE and DEBUG DIGEST all read values through here, so that this is the one place that
// knows how each kind of value is walked.
//
// Where Sink says "a hint", it is exact here: begin() announces how many pieces come before end(), which of a list are
// nodes. With `access` it is said how long the entry was idle, or how often it was used, whichever that clock counts.
// A sorted set begins with its greatest score, as Redis saves it. Data thread only.
#pragma once

#include "store/keyspace/access.h"
#include "store/keyspace/entry.h"
#include "store/keyspace/keyspace.h"
#include "store/persist/rdb/sink.h"

namespace weir::store {

void hand_over(const Entry& entry, rdb::Sink& to, const AccessClock* access = nullptr);

// All that there is, database by database, what has expired but is not removed yet too.
void hand_over_all(const Keyspace& keyspace, rdb::Sink& to);

}  // namespace weir::store
