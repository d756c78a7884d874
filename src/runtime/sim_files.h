// SimFiles: a disk in memory that forgets what the promises of runtime/file.h allow it to forget.
//
// Each file is kept twice, as it is read and as it would be found after a crash, and each directory as its durable
// entries and the changes since:
//
//              write, truncate            sync()
//   current  <-----------------   dirty pages  ----------->  durable      crash(): durable + a random subset of the
//                                                                         dirty pages; then durable = current
//              create, rename, remove     sync_directory()
//   entries  <-----------------     changes    ----------->  durable      crash(): durable + a random subset of the
//                                                                         changes, in their order
//
// A sync() that fails drops its dirty pages: they are still read, and a later sync() does not make them durable, unless
// they are written again. Directories themselves are durable at once. Threads as runtime/file.h says; operations are
// one after another.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/random.h"
#include "runtime/file.h"

namespace weir::runtime {

class SimFiles final : public Files {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  enum class Fault : unsigned char {
    kIoError,     // EIO, nothing done (a sync drops its dirty pages).
    kNoSpace,     // ENOSPC, nothing done.
    kShortWrite,  // A write does a part of its bytes, then ENOSPC; anything else ENOSPC.
  };

  SimFiles();
  ~SimFiles() override;

  // The machine stops and comes back. Open files and locks are gone: every use of an old File fails with kFatal.
  void crash(base::Random& random);

  // The operation that comes after `skip` others fails. Replaces an earlier order that has not come true.
  void fail_after(std::size_t skip, Fault fault);
  // What all files together may hold.
  void set_capacity(std::uint64_t bytes) {
    const std::scoped_lock guard(mutex_);
    capacity_bytes_ = bytes;
  }

  // Every operation that could fail, in order: "write d/f 0+5", "sync d/f", "rename d/a d/b", "sync_directory d".
  std::vector<std::string> log() const {
    const std::scoped_lock guard(mutex_);
    return log_;
  }
  void clear_log() {
    const std::scoped_lock guard(mutex_);
    log_.clear();
  }

  base::Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  base::Result<bool> exists(const std::string& path) override;
  base::Result<void> rename(const std::string& from, const std::string& to) override;
  base::Result<void> link(const std::string& from, const std::string& to) override;
  base::Result<void> remove(const std::string& path) override;
  base::Result<void> create_directory(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& directory) override;
  base::Result<void> sync_directory(const std::string& directory) override;
  base::Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  base::Result<std::uint64_t> free_bytes(const std::string& directory) override;

 private:
  struct Inode;
  class OpenFile;
  class Lock;
  using Entries = std::map<std::string, std::shared_ptr<Inode>>;

  // One change of a directory: each name gets the file, or loses its entry. A rename is one change of two names.
  using Change = std::vector<std::pair<std::string, std::shared_ptr<Inode>>>;
  struct Directory {
    Entries entries;
    Entries durable;
    std::vector<Change> changes;
  };

  // Of these, whoever calls holds the mutex.
  // Logs the operation; the fault, if it is its turn.
  std::optional<Fault> begin(std::string operation);
  base::Result<Directory*> directory(const std::string& path, std::string_view doing);
  static void apply(Entries& entries, const Change& change);
  void change(Directory& directory, Change change);
  std::uint64_t used_bytes() const;

  mutable std::mutex mutex_;
  std::map<std::string, Directory> directories_;
  std::set<std::string> locked_;
  std::vector<std::string> log_;
  std::optional<std::pair<std::size_t, Fault>> planned_;
  std::uint64_t capacity_bytes_ = std::uint64_t{1} << 40;
  // Counts crashes: what was opened before one is no longer valid.
  std::uint64_t boot_ = 0;
};

}  // namespace weir::runtime
