#include "store/commands/sorted_set_values.h"

#include <optional>

namespace weir::store {

SortedSet::Limits sorted_set_limits(const Call& call) {
  return {.entries = call.node.settings.zset_max_listpack_entries,
          .text_bytes = call.node.settings.zset_max_listpack_value_bytes};
}

bool require_sorted_set(Call& call, const Entry* entry) {
  if (entry == nullptr || entry->kind() == ValueKind::kSortedSet) return true;
  call.wrong_type();
  return false;
}

void reply_member(Call& call, const Element& member) {
  Element::Digits digits;
  call.reply.bulk(member.text(digits));
}

MembersReply::MembersReply(Call& call, std::size_t members, bool with_scores)
    : call_(call),
      with_scores_(with_scores),
      in_pairs_(with_scores && call.reply.protocol() == wire::resp::Protocol::kResp3) {
  call.reply.array(with_scores && !in_pairs_ ? members * 2 : members);
}

void MembersReply::add(const Element& member, double score) {
  if (in_pairs_) call_.reply.array(2);
  reply_member(call_, member);
  if (with_scores_) call_.reply.number(score);
}

void finish_removal(Call& call, const Key& key, const SortedSet& set, std::string_view event, std::uint64_t removed) {
  const bool emptied = set.empty();
  if (emptied) call.database().erase(key, call.now);
  call.changed(key.bytes, EventClass::kSortedSet, event, removed);
  if (emptied) call.notify(EventClass::kGeneric, "del", key.bytes);
}

bool add_members(Call& call, const Key& key, const Addition& addition, std::span<const ScoredText> pairs) {
  using Outcome = SortedSet::Outcome;
  const bool increments = addition.how.increments;
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_sorted_set(call, entry)) return false;
  std::uint64_t added = 0, updated = 0;
  std::optional<double> score;
  if (entry != nullptr || !addition.how.only_present) {
    SortedSet& set = entry == nullptr ? call.database().create<SortedSet>(key) : entry->as<SortedSet>();
    const SortedSet::Limits limits = sorted_set_limits(call);
    for (const ScoredText& pair : pairs) {
      const SortedSet::Added outcome = set.add(pair.member, pair.score, addition.how, limits);
      if (outcome.outcome == Outcome::kNotANumber) {
        // Only an increment can be, and it has one pair: nothing changed.
        call.reply.error("ERR resulting score is not a number (NaN)");
        return false;
      }
      added += outcome.outcome == Outcome::kAdded ? 1 : 0;
      updated += outcome.outcome == Outcome::kUpdated ? 1 : 0;
      if (outcome.outcome != Outcome::kRefused) score = outcome.score;
    }
  }
  if (added + updated > 0) {
    call.changed(key.bytes, EventClass::kSortedSet, increments ? "zincr" : "zadd", added + updated);
  }
  if (!increments) {
    call.reply.integer(static_cast<std::int64_t>(addition.counts_updated ? added + updated : added));
  } else if (score) {
    call.reply.number(*score);
  } else {
    call.reply.null();
  }
  return added + updated > 0;
}

void store_members(Call& call, const Key& key, std::span<const ScoredText> pairs, std::string_view event,
                   std::uint64_t changes) {
  if (!pairs.empty()) {
    call.database().set_object(key, SortedSet(pairs, sorted_set_limits(call)), std::nullopt);
    call.changed(key.bytes, EventClass::kSortedSet, event, changes);
  } else if (call.database().erase(key, call.now)) {
    call.changed(key.bytes, EventClass::kGeneric, "del");
  }
  call.reply.integer(static_cast<std::int64_t>(pairs.size()));
}

}  // namespace weir::store
