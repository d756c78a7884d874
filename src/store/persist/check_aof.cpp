#include "store/persist/check_aof.h"

#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "runtime/file.h"
#include "store/persist/aof/manifest.h"
#include "store/persist/aof/reader.h"
#include "store/persist/image/digest_sink.h"
#include "store/persist/rdb/reader.h"
#include "store/persist/read_ahead.h"

namespace weir::store {

using base::Result;

namespace {

constexpr std::uint64_t kLargestManifest = 16 << 20;

// What is wrong with a file; nothing is if `why` is empty.
struct Finding {
  std::uint64_t bytes = 0;
  std::uint64_t good_bytes = 0;  // Up to here it is whole.
  std::uint64_t broken_at = 0;
  std::string why = {};
  bool in_rdb = false;
  bool began_as_rdb = false;
  std::uint64_t commands = 0;
};

// Follows the transactions of a file, so that half of one is not taken for whole.
class Checker {
 public:
  Checker(std::unique_ptr<runtime::File> file, std::optional<std::uint64_t> previous_bytes)
      : blocks_(std::move(file)), rdb_(keys_), reader_(previous_bytes) {}

  Result<Finding> check(std::uint64_t bytes) {
    found_.bytes = bytes;
    bool at_end = false;
    for (bool first = true; !at_end && found_.why.empty(); first = false) {
      Result<std::string> block = blocks_.take();
      if (!block) return block.error();
      at_end = block->size() < ReadAhead::kBlockBytes;
      taken_bytes_ += block->size();
      window_ += *block;
      if (first) in_rdb_ = found_.began_as_rdb = window_.starts_with("REDIS");
      if (in_rdb_) read_rdb();
      if (!in_rdb_ && found_.why.empty()) read_commands();
    }
    if (found_.why.empty() && found_.good_bytes != bytes) {
      const bool inside = window_.empty();
      break_at(offset_, inside ? "the file ends inside of a transaction" : "the file ends in the middle of a command");
    }
    return found_;
  }

 private:
  void break_at(std::uint64_t offset, std::string_view why) {
    found_.broken_at = offset;
    found_.why = why;
  }

  void drop(std::size_t bytes) {
    window_.erase(0, bytes);
    offset_ += bytes;
  }

  void read_rdb() {
    const rdb::Reader::Step step = rdb_.read(window_, found_.bytes - std::min(found_.bytes, taken_bytes_));
    drop(step.consumed);
    if (step.status == rdb::Reader::Status::kError) {
      found_.in_rdb = true;
      return break_at(offset_, rdb_.error().text());
    }
    if (step.status == rdb::Reader::Status::kMore) return;
    in_rdb_ = false;
    found_.good_bytes = offset_;
  }

  void read_commands() {
    std::size_t done = 0;
    while (true) {
      const aof::Reader::Step step = reader_.next(std::string_view(window_).substr(done));
      done += step.consumed;
      if (step.status == aof::Reader::Status::kCommand) {
        ++found_.commands;
        const std::string_view name = reader_.arguments()[0];
        if (base::equal_ignoring_case(name, "MULTI")) in_transaction_ = true;
        if (base::equal_ignoring_case(name, "EXEC") || base::equal_ignoring_case(name, "DISCARD")) {
          in_transaction_ = false;
        }
      }
      if (!in_transaction_ && reader_.between_blocks()) found_.good_bytes = offset_ + done;
      if (step.status == aof::Reader::Status::kCommand) continue;
      if (step.status != aof::Reader::Status::kMore) break_at(offset_ + done, reader_.why());
      return drop(done);
    }
  }

  ReadAhead blocks_;
  DigestSink keys_;
  rdb::Reader rdb_;
  aof::Reader reader_;
  Finding found_;
  std::string window_;
  std::uint64_t offset_ = 0;  // Of the window.
  std::uint64_t taken_bytes_ = 0;
  bool in_rdb_ = false;
  bool in_transaction_ = false;
};

Result<Finding> check_file(runtime::Files& files, const std::string& path,
                           std::optional<std::uint64_t> previous_bytes) {
  auto file = files.open(path, runtime::OpenMode::kRead);
  if (!file) return file.error();
  const Result<std::uint64_t> bytes = (*file)->size();
  if (!bytes) return bytes.error();
  return Checker(std::move(*file), previous_bytes).check(*bytes);
}

Result<void> cut(runtime::Files& files, const std::string& path, std::uint64_t bytes) {
  auto file = files.open(path, runtime::OpenMode::kReadWrite);
  if (!file) return file.error();
  if (Result<void> done = (*file)->truncate(bytes); !done) return done;
  return (*file)->sync();
}

// The files in the order in which they are loaded: of a manifest all that it names, else the one.
Result<std::vector<std::string>> files_of(runtime::Files& files, const std::string& path) {
  if (!path.ends_with(".manifest")) return std::vector{path};
  const Result<std::string> text = runtime::read_whole(files, path, kLargestManifest);
  if (!text) return text.error();
  const Result<aof::Manifest> manifest = aof::parse_manifest(*text);
  if (!manifest) return manifest.error().within(path);
  std::vector<std::string> paths;
  const std::string folder = runtime::directory_of(path) + "/";
  if (manifest->base) paths.push_back(folder + manifest->base->name);
  for (const aof::ManifestFile& file : manifest->increments) paths.push_back(folder + file.name);
  return paths;
}

int refuse(std::string_view why) {
  fmt::print(stderr, "weir store check-aof: {}\n", why);
  return 1;
}

}  // namespace

int run_check_aof(std::span<const std::string_view> arguments) {
  const bool help = arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h");
  const bool fix = !arguments.empty() && arguments[0] == "--fix";
  if (arguments.size() != (fix ? 2u : 1u) || help) {
    fmt::print(
        help ? stdout : stderr,
        "usage: weir store check-aof [--fix] FILE|MANIFEST\n\n"
        "--fix cuts off the last file where it stops making sense; the store must not run, and a copy is wise.\n");
    return help ? 0 : 2;
  }
  runtime::RealFiles files;
  const auto paths = files_of(files, std::string(arguments.back()));
  if (!paths) return refuse(paths.error().text());
  // Marks speak of the increment before theirs, not of a base.
  std::optional<std::uint64_t> previous_bytes;
  for (const std::string& path : *paths) {
    const Result<Finding> found = check_file(files, path, previous_bytes);
    if (!found) return refuse(found.error().text());
    previous_bytes.reset();
    if (!found->began_as_rdb) previous_bytes = found->bytes;
    fmt::print("{}: {} bytes, {} commands\n", path, found->bytes, found->commands);
    if (found->why.empty()) continue;
    const std::string where = found->in_rdb ? fmt::format("{}: {}", path, found->why)
                                            : fmt::format("{}: offset {}: {}", path, found->broken_at, found->why);
    if (found->in_rdb) return refuse(fmt::format("{}; data in the RDB format cannot be mended", where));
    if (!fix) return refuse(fmt::format("{}; whole up to offset {}", where, found->good_bytes));
    if (path != paths->back()) {
      return refuse(fmt::format("{}; it is not the last file, so what follows it would be lost too", where));
    }
    if (const Result<void> done = cut(files, path, found->good_bytes); !done) return refuse(done.error().text());
    fmt::print("{}; cut off {} bytes, it is whole now\n", where, found->bytes - found->good_bytes);
  }
  fmt::print("OK\n");
  return 0;
}

}  // namespace weir::store
