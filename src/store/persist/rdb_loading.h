// RdbLoading: reads an RDB file into a keyspace bit by bit, so that whoever drives it can answer clients in between.
//
// The file is read ahead by a thread (read_ahead.h) and decoded by the caller, block by block; a block of 256 KB of
// small strings takes about a millisecond. An error names the file, and the offset where the format was broken.
// Data thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "runtime/file.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/read_ahead.h"

namespace weir::store {

class RdbLoading {
 public:
  // Called after each block: lets the sink come to rest, and says what it has against going on; empty: nothing.
  using Settle = std::function<std::string()>;

  // Null: there is no such file. The sink outlives this.
  static base::Result<std::unique_ptr<RdbLoading>> open(runtime::Files& files, const std::string& path, rdb::Sink& sink,
                                                        Settle settle);

  // Decodes the next block. True: the file is complete.
  base::Result<bool> step();

  std::uint64_t total_bytes() const { return total_bytes_; }
  std::uint64_t loaded_bytes() const { return loaded_bytes_; }
  const std::string& path() const { return path_; }
  // What the format has to say; after the end.
  const rdb::Reader& reader() const { return reader_; }

 private:
  RdbLoading(std::string path, std::unique_ptr<runtime::File> file, std::uint64_t total_bytes, rdb::Sink& sink,
             Settle settle)
      : path_(std::move(path)),
        total_bytes_(total_bytes),
        settle_(std::move(settle)),
        blocks_(std::move(file)),
        reader_(sink) {}

  const std::string path_;
  const std::uint64_t total_bytes_;
  const Settle settle_;
  ReadAhead blocks_;
  rdb::Reader reader_;
  std::string window_;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t loaded_bytes_ = 0;
};

}  // namespace weir::store
