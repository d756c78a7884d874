// Persistence: what commands ask of whoever keeps the data in files, and what INFO shows of it. The driver implements
// it (store/persist/rdb_persistence.h); a node without one keeps no files.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"

namespace weir::store {

struct Node;

struct PersistenceFacts {
  struct Loading {
    std::int64_t started_at_s = 0;  // Since 1970.
    std::uint64_t total_bytes = 0;
    std::uint64_t loaded_bytes = 0;
    std::int64_t eta_s = 1;
  };

  std::optional<Loading> loading;
  std::uint64_t last_load_keys = 0;
  std::uint64_t last_load_expired = 0;

  bool saving = false;  // In the background.
  std::uint64_t keys_saved = 0;
  std::uint64_t keys_to_save = 0;
  std::optional<std::int64_t> current_save_s;
  bool scheduled = false;

  std::int64_t last_save_at_s = 0;  // Since 1970. Of the start, if nothing was saved yet.
  bool last_background_save_failed = false;
  std::int64_t last_background_save_s = -1;
  std::uint64_t saves = 0;

  // The append-only file.
  bool append_only = false;
  bool rewriting = false;
  bool rewrite_scheduled = false;
  std::int64_t last_rewrite_s = -1;
  std::optional<std::int64_t> current_rewrite_s;
  bool last_rewrite_failed = false;
  std::uint64_t rewrites = 0;
  std::uint64_t failed_rewrites = 0;  // Since the last that was good.
  bool last_write_failed = false;
  std::uint64_t file_bytes = 0;      // Of all its files.
  std::uint64_t base_bytes = 0;      // What that was after the last rewrite, or when the store started.
  std::uint64_t buffered_bytes = 0;  // Not written yet.
  std::uint64_t pending_syncs = 0;
  std::uint64_t delayed_syncs = 0;
};

class Persistence {
 public:
  virtual PersistenceFacts facts() const = 0;

  // All at once: the data thread does nothing else. Requires: nothing is being saved in the background.
  virtual base::Result<void> save() = 0;
  // Requires: nothing is being saved in the background. What becomes of it, facts() tells.
  virtual base::Result<void> begin_save() = 0;
  // As soon as one may begin.
  virtual void schedule_save() = 0;
  // What is being saved in the background comes to nothing.
  virtual void abandon_save() = 0;
  // Writes the append-only file anew, as what the data is now and what comes. Requires: nothing is being saved or
  // rewritten. What becomes of it, facts() tells.
  virtual void begin_rewrite() = 0;
  virtual void schedule_rewrite() = 0;
  // Before the store ends: all that was appended is durable, and a rewrite comes to nothing.
  virtual base::Result<void> end_appending() = 0;
  // As at the start, from the append-only file into a keyspace that is empty.
  virtual base::Result<void> load_appended() = 0;

  // Puts what the RDB file holds into the keyspace; a key that is there already is replaced, or is an error. That there
  // is no file is one too.
  virtual base::Result<void> load(bool replaces) = 0;

 protected:
  ~Persistence() = default;
};

enum class SaveAtEnd : unsigned char {
  kIfSet,  // If there are save points.
  kYes,
  kNo,
};

// Before the store ends by an order. An error: it should not end now.
base::Result<void> save_at_end(Node& node, SaveAtEnd save);

}  // namespace weir::store
