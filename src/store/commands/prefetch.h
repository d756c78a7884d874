// What requests that will run one after the other will touch is known before the first of them runs, so the memory is
// asked for while the others are looked at: a request that waits for main memory costs as much as all its other work.
//
//   find each command, hash its key, ask for the key's bucket  ->  ask for its entry
//       ->  of a large collection: hash the member, ask for its bucket  ->  ask for the member  ->  run in order
//
// Only a guess at what will be needed: one of them may select another database or remove the next one's key.
#pragma once

#include <span>
#include <string_view>

#include "store/commands/dispatch.h"
#include "store/keyspace/database.h"

namespace weir::store {

struct Upcoming {
  std::span<const std::string_view> words;
  Prepared prepared;
};

// Prepares each, at most kMostUpcoming, and asks for what they will touch in the database.
inline constexpr std::size_t kMostUpcoming = 16;
void prepare(std::span<Upcoming> requests, const Node& node, const Database& database);

}  // namespace weir::store
