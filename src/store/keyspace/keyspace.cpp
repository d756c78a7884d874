#include "store/keyspace/keyspace.h"

#include "base/assert.h"

namespace weir::store {

Keyspace::Keyspace(std::size_t databases) {
  context_.disposer = &dispose_here_;
  databases_.reserve(databases);
  for (std::size_t i = 0; i < databases; ++i) databases_.emplace_back(i, context_);
}

Keyspace::~Keyspace() = default;

void Keyspace::swap(std::size_t one, std::size_t other) { databases_[one].swap(databases_[other]); }

void Keyspace::clear() {
  for (Database& database : databases_) database.clear();
}

bool Keyspace::expire_some(UnixMs now, std::size_t limit) {
  std::size_t removed = 0;
  for (std::size_t visited = 0; visited < databases_.size(); ++visited) {
    bool finished = false;
    removed += databases_[expiring_].expire_some(now, limit - removed, finished);
    if (!finished) return true;
    expiring_ = (expiring_ + 1) % databases_.size();
    if (removed >= limit) return true;
  }
  return false;
}

Snapshot& Keyspace::begin_snapshot(SnapshotSink& sink) {
  WEIR_ASSERT(snapshot_ == nullptr);
  snapshot_ = std::make_unique<Snapshot>(*this, sink);
  context_.snapshot = snapshot_.get();
  return *snapshot_;
}

bool Keyspace::step_snapshot(std::size_t entries) {
  if (snapshot_ == nullptr) return false;
  if (snapshot_->step(entries)) return true;
  context_.snapshot = nullptr;
  snapshot_.reset();
  return false;
}

}  // namespace weir::store
