#include "store/persist/data_files.h"

#include <limits>

namespace weir::store {

using base::Result;

namespace {

constexpr std::size_t kEntriesAStep = 64;

}  // namespace

DataFiles::DataFiles(Node& node, const PersistenceSurroundings& surroundings)
    : node_(node), clock_(surroundings.clock), rdb_(node, surroundings), aof_(node, surroundings) {
  node_.persistence = this;
}

DataFiles::~DataFiles() { node_.persistence = nullptr; }

Result<void> DataFiles::begin_loading() {
  return node_.settings.appendonly ? aof_.begin_loading() : rdb_.begin_loading();
}

bool DataFiles::has_marks_to_clear() const {
  const Snapshot* const snapshot = node_.keyspace.snapshot();
  return snapshot != nullptr && snapshot->given_up();
}

bool DataFiles::has_work() const { return rdb_.has_work() || aof_.has_work() || has_marks_to_clear(); }

Result<void> DataFiles::work(base::Duration budget) {
  if (has_marks_to_clear()) clear_marks(clock_.mono() + budget);
  if (rdb_.has_work()) return rdb_.work(budget);
  return aof_.work(budget);
}

void DataFiles::clear_marks(base::MonoTime until) {
  while (node_.keyspace.step_snapshot(kEntriesAStep) && clock_.mono() < until) {
  }
}

Result<void> DataFiles::cycle() {
  rdb_.cycle(/*may_begin=*/!aof_.rewriting());
  return aof_.cycle(/*may_begin=*/!rdb_.saving());
}

PersistenceFacts DataFiles::facts() const {
  PersistenceFacts facts;
  rdb_.tell(facts);
  aof_.tell(facts);
  return facts;
}

Result<void> DataFiles::save() {
  // One snapshot at a time: the rest of the other one first.
  if (node_.transfers != nullptr) node_.transfers->abandon();
  aof_.finish_walk();
  while (has_marks_to_clear()) clear_marks(base::MonoTime::max());
  return rdb_.save();
}

Result<void> DataFiles::begin_save() { return rdb_.begin_save(); }

}  // namespace weir::store
