#include "store/commands/prefetch.h"

#include <array>

#include "base/assert.h"

namespace weir::store {

void prepare(std::span<Upcoming> requests, const Node& node, const Database& database) {
  WEIR_ASSERT(requests.size() <= kMostUpcoming);
  const auto key_of = [](const Upcoming& one) {
    return Key(one.words[one.prepared.key_argument], one.prepared.key_hash);
  };
  bool any_member = false;
  for (Upcoming& one : requests) {
    one.prepared = prepare(one.words, node);
    if (one.prepared.key_argument == 0) continue;
    database.prefetch_bucket(key_of(one));
    any_member |= one.prepared.spec->member_argument != 0;
  }
  for (const Upcoming& one : requests) {
    if (one.prepared.key_argument != 0) database.prefetch_entry(key_of(one));
  }
  if (!any_member) return;

  struct Member {
    const Entry* entry;
    std::uint64_t hash;
  };
  std::array<Member, kMostUpcoming> members;
  std::size_t count = 0;
  for (const Upcoming& one : requests) {
    if (one.prepared.key_argument == 0) continue;
    const std::size_t at = one.prepared.spec->member_argument;
    if (at == 0 || at >= one.words.size()) continue;
    const Entry* const entry = database.peek_even_expired(key_of(one));
    if (entry == nullptr || object_bytes(entry->kind()) == 0) continue;
    members[count++] = {entry, hash_key(one.words[at])};
    prefetch_member_bucket(entry->kind(), &entry->as<std::byte>(), members[count - 1].hash);
  }
  for (const Member& member : std::span(members).first(count)) {
    prefetch_member(member.entry->kind(), &member.entry->as<std::byte>(), member.hash);
  }
}

}  // namespace weir::store
