#include "store/persist/image/entry_source.h"

#include "base/assert.h"

namespace weir::store {

using rdb::Record;

namespace {

// Redis keeps larger elements outside of listpacks.
constexpr std::size_t kMaxListpackNode = Listpack::kMaxBytes;

void hand_over_string(const Entry& entry, const Record& record, rdb::Sink& to) {
  if (entry.kind() == ValueKind::kInteger) {
    to.string(record, Element::of_integer(entry.integer()));
  } else {
    NumberText scratch;
    to.string(record, Element::of_bytes(entry.string(scratch)));
  }
}

void hand_over_hash(const Hash& hash, const Record& record, rdb::Sink& to) {
  if (const Listpack* packed = hash.packed()) {
    to.packed(record, rdb::Packed::kHashListpack, packed->view().blob());
    return;
  }
  to.begin(record, rdb::Shape::kHash, hash.size());
  hash.for_each([&](const Element& field, const Element& value) { to.hash_field(field, value, 0); });
  to.end();
}

void hand_over_sorted_set(const SortedSet& set, const Record& record, rdb::Sink& to) {
  if (const Listpack* packed = set.packed()) {
    to.packed(record, rdb::Packed::kZsetListpack, packed->view().blob());
    return;
  }
  to.begin(record, rdb::Shape::kZset, set.size());
  set.walk(set.all(), Direction::kDescending, [&](const Element& member, double score) {
    to.zset_member(member, score);
    return true;
  });
  to.end();
}

void hand_over_list(const List& list, const Record& record, rdb::Sink& to) {
  to.begin(record, rdb::Shape::kList, list.node_count());
  std::string listpack;
  for (std::size_t i = 0; i < list.node_count(); ++i) {
    const List::Node node = list.node(i);
    if (node.entries.size() > kMaxListpackNode) {
      to.list_element(listpack_entry::decode(node.entries.data()));  // It is alone in its node.
      continue;
    }
    listpack.clear();
    append_listpack(listpack, node);
    to.list_node(listpack);
  }
  to.end();
}

void hand_over_set(const Set& set, const Record& record, rdb::Sink& to) {
  if (const Intset* packed = set.packed()) {
    to.packed(record, rdb::Packed::kIntset, packed->view().blob());
    return;
  }
  to.begin(record, rdb::Shape::kSet, set.size());
  set.for_each([&](const Element& member) { to.set_member(member); });
  to.end();
}

}  // namespace

void hand_over(const Entry& entry, rdb::Sink& to, const AccessClock* access) {
  Record record;
  record.key = entry.key();
  record.expires_at_ms = entry.expires_at();
  if (access != nullptr && access->lfu) record.frequency = static_cast<std::uint8_t>(access->frequency(entry.access()));
  if (access != nullptr && !access->lfu) record.idle_seconds = access->idle_seconds(entry.access());
  switch (entry.kind()) {
    case ValueKind::kInteger:
    case ValueKind::kInline:
    case ValueKind::kBuffer: return hand_over_string(entry, record, to);
    case ValueKind::kSet: return hand_over_set(entry.as<Set>(), record, to);
    case ValueKind::kHash: return hand_over_hash(entry.as<Hash>(), record, to);
    case ValueKind::kSortedSet: return hand_over_sorted_set(entry.as<SortedSet>(), record, to);
    case ValueKind::kList: return hand_over_list(entry.as<List>(), record, to);
    case ValueKind::kStream: break;
  }
  WEIR_ASSERT(false && "a kind of value that no command makes yet");
}

void hand_over_all(const Keyspace& keyspace, rdb::Sink& to) {
  for (std::size_t i = 0; i < keyspace.size(); ++i) {
    to.select_database(i);
    keyspace.database(i).for_each([&](const Entry& entry) { hand_over(entry, to); });
  }
}

}  // namespace weir::store
