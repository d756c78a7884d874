#include "store/keyspace/snapshot.h"

#include "store/keyspace/keyspace.h"

namespace weir::store {

Snapshot::Snapshot(Keyspace& keyspace, SnapshotSink& sink) : sink_(&sink), disposer_(*keyspace.context().disposer) {
  for (std::size_t i = 0; i < keyspace.size(); ++i) {
    const Database& database = keyspace.database(i);
    if (database.size() == 0) continue;
    parts_.push_back({.database = i, .contents = &database.contents(), .kept = nullptr});
    sink_->on_database(i, database.size(), database.with_expiry());
  }
}

Snapshot::~Snapshot() = default;

std::size_t Snapshot::part_of(const Contents& contents) const {
  std::size_t index = 0;
  while (index < parts_.size() && parts_[index].contents != &contents) ++index;
  return index;
}

bool Snapshot::ahead(const Contents& contents, std::uint64_t hash) const {
  const std::size_t part = part_of(contents);
  if (part == parts_.size() || part < current_) return false;
  return part > current_ || Table<EntryTraits>::cursor_of(hash) >= cursor_;
}

void Snapshot::before_change(const Contents& contents, std::uint64_t hash, Entry& entry) {
  if (entry.preserved() || !ahead(contents, hash)) return;
  if (sink_ != nullptr) sink_->on_entry(parts_[part_of(contents)].database, entry);
  entry.set_preserved(true);
}

void Snapshot::before_clear(std::unique_ptr<Contents>& contents) {
  const std::size_t part = part_of(*contents);
  if (part < current_ || part >= parts_.size()) return;
  if (given_up()) {
    // The marks go with their entries.
    parts_[part].contents = nullptr;
  } else {
    parts_[part].kept = std::move(contents);
  }
}

void Snapshot::give_up() {
  sink_ = nullptr;
  for (Part& part : parts_) {
    if (part.kept == nullptr) continue;
    part.contents = nullptr;
    disposer_.dispose(std::move(part.kept));
  }
}

bool Snapshot::step(std::size_t entries) {
  std::size_t visited = 0;
  while (current_ < parts_.size() && visited < entries) {
    Part& part = parts_[current_];
    if (part.contents == nullptr) {
      ++current_;
      cursor_ = 0;
      continue;
    }
    const Table<EntryTraits>& table = part.contents->table;
    // The table may have shrunk since: then this bucket has items from before the cursor, which were handed over.
    const bool whole = table.size() == 0 || cursor_ == 0 || table.starts_bucket(cursor_);
    ++visited;  // Empty buckets count too.
    const std::uint64_t next = table.scan(cursor_, [&](Entry& entry) {
      ++visited;
      if (!whole && Table<EntryTraits>::cursor_of(hash_key(entry.key())) < cursor_) return;
      if (!entry.preserved() && sink_ != nullptr) sink_->on_entry(part.database, entry);
      entry.set_preserved(false);
    });
    cursor_ = next;
    if (next != 0) {
      table.prefetch_scan(next);
      continue;
    }
    part.contents = nullptr;
    if (part.kept != nullptr) disposer_.dispose(std::move(part.kept));
    ++current_;
  }
  return current_ < parts_.size();
}

}  // namespace weir::store
