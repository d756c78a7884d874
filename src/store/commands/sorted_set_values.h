// What the files of sorted-set and geo commands share: finding a sorted set, replying its members, and what follows
// when one is changed or stored.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "store/commands/call.h"
#include "store/types/sorted_set.h"

namespace weir::store {

SortedSet::Limits sorted_set_limits(const Call& call);

// Whether the entry, which may be absent, is a sorted set; else the error was replied.
bool require_sorted_set(Call& call, const Entry* entry);

void reply_member(Call& call, const Element& member);

// An array of members, with scores if asked: alternating with them in RESP2, and as pairs in RESP3.
class MembersReply {
 public:
  MembersReply(Call& call, std::size_t members, bool with_scores);
  void add(const Element& member, double score);

 private:
  Call& call_;
  bool with_scores_;
  bool in_pairs_;
};

// `removed` members, at least one, were taken out of the set: a set that is empty now is gone, and everybody is told.
void finish_removal(Call& call, const Key& key, const SortedSet& set, std::string_view event, std::uint64_t removed);

// What ZADD does once its arguments are read: adds or updates the members, and replies. True: something changed.
struct Addition {
  SortedSet::Addition how;
  bool counts_updated = false;  // CH
};
bool add_members(Call& call, const Key& key, const Addition& addition, std::span<const ScoredText> pairs);

// What commands do that store a sorted set: it takes the place of what the key held, which goes if it is empty; its
// size is replied. `pairs` in strict order, no member twice; they may be borrowed from what the key holds.
void store_members(Call& call, const Key& key, std::span<const ScoredText> pairs, std::string_view event,
                   std::uint64_t changes = 1);

}  // namespace weir::store
