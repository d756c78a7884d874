// Files with durability, behind an interface so that tests can tear them: RealFiles below, SimFiles in sim_files.h.
//
// What is promised, by both:
//   - Bytes written are durable once sync() returned; before that, any subset of their 4 KiB pages may survive a crash.
//   - A file's size is durable with sync() too.
//   - A created, renamed or removed name is durable once sync_directory() of its directory returned; before that, each
//     change of the directory may survive a crash or not.
//   - A rename within one directory is atomic: after a crash the target is the old file or the new one, whole.
//   - A sync() that failed may have dropped what it could not write: trying again proves nothing. The caller gives up
//   on
//     the file (kFatal).
// Short transfers of the operating system are continued inside: an operation does all of its work or fails, and a
// failed write may have been done in part.
//
// Blocking. Files may be used from any thread; a File from one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace weir::runtime {

class File {
 public:
  virtual ~File() = default;

  // As many bytes as there are from `offset` on, up to the size of `into`: fewer only at the end of the file.
  virtual base::Result<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;
  // Past the end the gap reads as zeros.
  virtual base::Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  virtual base::Result<void> append(std::string_view bytes) = 0;
  // fdatasync: the bytes and what is needed to read them, not the time stamps.
  virtual base::Result<void> sync() = 0;
  virtual base::Result<void> truncate(std::uint64_t size_bytes) = 0;
  virtual base::Result<std::uint64_t> size() = 0;
  // Extends the file to `size_bytes` with written zeros, so that later writes below it change no metadata and need no
  // new space. No effect on a file that is as large.
  virtual base::Result<void> fill_to(std::uint64_t size_bytes) = 0;
};

// Held as long as it lives, by one process at a time; released when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode : unsigned char {
  kRead,       // Must exist.
  kReadWrite,  // Must exist.
  kCreate,     // Must not exist. Read and write.
  kReplace,    // Emptied if it exists. Read and write.
};

// Errors: kRetry when space or descriptors ran out, kReject when the name is not as the mode demands, kFatal otherwise.
class Files {
 public:
  virtual ~Files() = default;

  virtual base::Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual base::Result<bool> exists(const std::string& path) = 0;
  // Replaces `to`. Requires: both are in one directory.
  virtual base::Result<void> rename(const std::string& from, const std::string& to) = 0;
  // Another name for the file, in any directory of the same file system. kReject: the name is taken.
  virtual base::Result<void> link(const std::string& from, const std::string& to) = 0;
  virtual base::Result<void> remove(const std::string& path) = 0;
  // With the directories above it. One that exists is no error.
  virtual base::Result<void> create_directory(const std::string& path) = 0;
  // Names of files and directories, without "." and "..", sorted.
  virtual base::Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual base::Result<void> sync_directory(const std::string& directory) = 0;
  // Creates the file if there is none. kReject: another holds it.
  virtual base::Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  // What an unprivileged process may still write to the file system of `directory`.
  virtual base::Result<std::uint64_t> free_bytes(const std::string& directory) = 0;
};

class RealFiles final : public Files {
 public:
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
};

// The whole of a small file. kReject: larger than `limit_bytes`.
base::Result<std::string> read_whole(Files& files, const std::string& path, std::uint64_t limit_bytes);

// Puts `bytes` durably in place of `path`: a crash leaves the old file or the new one. Uses "path.new".
base::Result<void> replace_whole(Files& files, const std::string& path, std::string_view bytes);

// Moves a file durably into another directory of the same file system: a crash leaves it there, here, or at both
// places.
base::Result<void> move_file(Files& files, const std::string& from, const std::string& to);

// "a/b/c" -> "a/b"; "c" -> ".".
std::string directory_of(const std::string& path);

}  // namespace weir::runtime
