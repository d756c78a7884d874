// AofReplay: loads the files of an append-only file, one after the other, bit by bit: the RDB format into the keyspace,
// commands through the dispatcher of clients' commands.
//
// What is wrong with a file is told with its name and the offset. With aof-load-truncated the end that a crash tore or
// cut off is passed over; cuts() says what is to be cut away before anything is appended. What cannot have been made by
// a crash is an error (aof/block.h says how the two are told apart).
//
// Files are read ahead by a thread (read_ahead.h). Data thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/file.h"
#include "store/commands/dispatch.h"
#include "store/commands/node.h"
#include "store/persist/aof/reader.h"
#include "store/persist/image/loader.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/read_ahead.h"

namespace weir::store {

// What stands in a file from `offset` on is of no use.
struct AofCut {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// What the end of files of the append-only file that does not make sense from there on is to be taken for: what a crash
// left, to be cut away, or damage. `paths` begins with the file where that is, at `offset`; the others follow it.
struct BrokenEnd {
  std::vector<std::string> paths;
  std::uint64_t offset = 0;
  std::string why;
  bool zeros = false;  // The file has zero bytes there, and no mark was seen before.
};
base::Result<std::vector<AofCut>> judge_broken_end(runtime::Files& files, const BrokenEnd& end);

class AofReplay {
 public:
  // Each must exist. What is given outlives this.
  static base::Result<std::unique_ptr<AofReplay>> open(Node& node, runtime::Files& files, const base::Clock& clock,
                                                       std::vector<std::string> paths);
  ~AofReplay();
  AofReplay(const AofReplay&) = delete;
  AofReplay& operator=(const AofReplay&) = delete;

  // Decodes the next block of bytes. True: all is loaded.
  base::Result<bool> step();

  std::uint64_t total_bytes() const { return total_bytes_; }
  std::uint64_t loaded_bytes() const { return loaded_bytes_; }
  std::uint64_t keys_loaded() const { return keys_loaded_; }
  std::uint64_t commands() const { return commands_; }
  std::uint64_t failed_commands() const { return failed_commands_; }
  const std::vector<AofCut>& cuts() const { return cuts_; }

 private:
  // Of one file.
  struct Current;

  AofReplay(Node& node, runtime::Files& files, const base::Clock& clock, std::vector<std::string> paths);
  base::Result<void> open_next();
  // True: the base in the RDB format ends here.
  base::Result<bool> read_rdb();
  base::Result<void> run_commands();
  base::Result<void> run_batch();
  base::Result<void> end_file(std::string why, bool zeros);
  base::Error refusal(std::uint64_t offset, std::string_view why) const;

  Node& node_;
  runtime::Files& files_;
  const base::Clock& clock_;
  const std::vector<std::string> paths_;
  std::vector<std::uint64_t> sizes_;
  std::size_t next_file_ = 0;
  std::unique_ptr<Current> current_;
  // Of the file before; nothing if that is a base, about which no mark speaks.
  std::optional<std::uint64_t> previous_bytes_;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t loaded_bytes_ = 0;
  std::uint64_t keys_loaded_ = 0;
  std::uint64_t commands_ = 0;
  std::uint64_t failed_commands_ = 0;
  std::vector<AofCut> cuts_;
  std::string replies_;

  // Some commands at once, so that the memory which they touch is asked for ahead (commands/prefetch.h).
  struct Batched {
    std::size_t first_word = 0;
    std::size_t words = 0;
    std::uint64_t offset = 0;
  };
  std::vector<Batched> batch_;
  std::vector<std::string_view> words_;
};

}  // namespace weir::store
