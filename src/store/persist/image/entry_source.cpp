#include "store/persist/image/entry_source.h"

#include "base/assert.h"

namespace weir::store {

using rdb::Record;

namespace {

void hand_over_string(const Entry& entry, const Record& record, rdb::Sink& to) {
  if (entry.kind() == ValueKind::kInteger) {
    to.string(record, Element::of_integer(entry.integer()));
  } else {
    NumberText scratch;
    to.string(record, Element::of_bytes(entry.string(scratch)));
  }
}

}  // namespace

void hand_over(const Entry& entry, rdb::Sink& to) {
  Record record;
  record.key = entry.key();
  record.expires_at_ms = entry.expires_at();
  switch (entry.kind()) {
    case ValueKind::kInteger:
    case ValueKind::kInline:
    case ValueKind::kBuffer: return hand_over_string(entry, record, to);
    case ValueKind::kList:
    case ValueKind::kSet:
    case ValueKind::kHash:
    case ValueKind::kSortedSet:
    case ValueKind::kStream: break;
  }
  WEIR_ASSERT(false && "a kind of value that no command makes yet");
}

}  // namespace weir::store
