#include "store/persist/aof_replay.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/log.h"
#include "store/commands/prefetch.h"
#include "store/persist/aof/block.h"

namespace weir::store {

using base::Result;

namespace {

constexpr std::string_view kRdbMagic = "REDIS";
// A look for marks goes through the file in pieces of this size.
constexpr std::size_t kPieceBytes = 1 << 20;

// What the marks of blocks say in a file behind an offset.
struct MarksBehind {
  bool any = false;
  bool any_durable = false;  // Of this file, or at least of the one before.
  std::uint64_t most_durable_bytes = 0;
  bool only_zeros = true;  // There is nothing else.
};

// Whether the block is whole that seems to begin there.
Result<bool> is_block(runtime::File& file, std::uint64_t offset, const aof::Mark& mark) {
  std::string piece;
  std::uint32_t checksum = 0;
  std::uint64_t at = offset + aof::kMarkBytes;
  for (std::uint64_t left = mark.block_bytes; left > 0;) {
    piece.resize(std::min<std::uint64_t>(left, kPieceBytes));
    const Result<std::size_t> got = file.read(at, piece);
    if (!got) return got.error();
    if (*got < piece.size()) return false;
    checksum = base::crc32c(piece, checksum);
    at += piece.size();
    left -= piece.size();
  }
  return checksum == mark.checksum;
}

Result<MarksBehind> look_for_marks(runtime::File& file, std::uint64_t offset) {
  MarksBehind found;
  std::string window;
  while (true) {
    std::string piece(kPieceBytes, '\0');
    const Result<std::size_t> got = file.read(offset + window.size(), piece);
    if (!got) return got.error();
    piece.resize(*got);
    found.only_zeros &= piece.find_first_not_of('\0') == std::string::npos;
    window += piece;
    for (std::size_t at = window.find(aof::kMarkPrefix); at != std::string::npos;
         at = window.find(aof::kMarkPrefix, at + 1)) {
      const auto mark = aof::parse_mark(std::string_view(window).substr(at));
      if (!mark) continue;
      const Result<bool> whole = is_block(file, offset + at, *mark);
      if (!whole) return whole.error();
      if (!*whole) continue;
      found.any = true;
      found.any_durable |= mark->durable_bytes.has_value();
      found.most_durable_bytes = std::max(found.most_durable_bytes, mark->durable_bytes.value_or(0));
    }
    if (*got < kPieceBytes) return found;
    // A mark may lie across the end.
    const std::size_t done = window.size() - (aof::kMarkBytes - 1);
    window.erase(0, done);
    offset += done;
  }
}

}  // namespace

Result<std::vector<AofCut>> judge_broken_end(runtime::Files& files, const BrokenEnd& end) {
  const auto refuse = [&](std::string_view why) {
    return base::reject(
        fmt::format("{}: offset {}: {}{}{}: make a copy of the files, then use 'weir store check-aof --fix'",
                    end.paths.front(), end.offset, end.why, why.empty() ? "" : "; ", why));
  };
  std::vector<AofCut> cuts;
  for (const std::string& path : end.paths) {
    const bool is_first = cuts.empty();
    auto file = files.open(path, runtime::OpenMode::kRead);
    if (!file) return file.error();
    const Result<std::uint64_t> size = (*file)->size();
    if (!size) return size.error();
    const Result<MarksBehind> marks = look_for_marks(**file, is_first ? end.offset : 0);
    if (!marks) return marks.error();
    if (is_first) {
      if (marks->most_durable_bytes > end.offset) return refuse("what follows says that this was durable");
      if (end.zeros && !marks->any && !marks->only_zeros) return refuse({});
    } else {
      if (marks->any_durable) return refuse(fmt::format("but {} says that this file was durable", path));
      if (*size > 0 && !marks->any && !marks->only_zeros) return refuse(fmt::format("but {} follows it", path));
    }
    const std::uint64_t offset = is_first ? end.offset : 0;
    if (*size > offset || is_first) cuts.push_back({.path = path, .offset = offset, .bytes = *size - offset});
  }
  return cuts;
}

struct AofReplay::Current {
  Current(Node& node, std::string path_, std::uint64_t size_, std::unique_ptr<runtime::File> file, UnixMs now,
          std::optional<std::uint64_t> previous_bytes)
      : path(std::move(path_)),
        size(size_),
        blocks(std::move(file)),
        // The effects that follow say what became of a key that had expired.
        loader(node.keyspace, node.settings, {.now = now, .drops_expired = false}),
        rdb(loader),
        commands(previous_bytes) {}

  enum class Format : unsigned char { kUnknown, kRdb, kCommands };

  const std::string path;
  const std::uint64_t size;
  ReadAhead blocks;
  Format format = Format::kUnknown;
  bool began_as_rdb = false;
  Loader loader;
  rdb::Reader rdb;
  aof::Reader commands;
  Session session;
  std::string window;
  std::uint64_t taken_bytes = 0;
  std::uint64_t offset = 0;  // Of the window.
  // Up to here the file holds whole commands and transactions.
  std::uint64_t good_bytes = 0;
  std::optional<std::uint64_t> transaction_at;

  std::uint64_t behind() const { return size > taken_bytes ? size - taken_bytes : 0; }
  void drop(std::size_t bytes) {
    window.erase(0, bytes);
    offset += bytes;
  }
};

Result<std::unique_ptr<AofReplay>> AofReplay::open(Node& node, runtime::Files& files, const base::Clock& clock,
                                                   std::vector<std::string> paths) {
  std::unique_ptr<AofReplay> replay(new AofReplay(node, files, clock, std::move(paths)));
  for (const std::string& path : replay->paths_) {
    auto file = files.open(path, runtime::OpenMode::kRead);
    if (!file) return file.error();
    const Result<std::uint64_t> size = (*file)->size();
    if (!size) return size.error();
    replay->sizes_.push_back(*size);
    replay->total_bytes_ += *size;
  }
  return replay;
}

AofReplay::AofReplay(Node& node, runtime::Files& files, const base::Clock& clock, std::vector<std::string> paths)
    : node_(node), files_(files), clock_(clock), paths_(std::move(paths)) {
  node_.keyspace.context().shows_expired = true;
  node_.keyspace.context().removes_expired = false;
}

AofReplay::~AofReplay() {
  node_.keyspace.context().shows_expired = false;
  node_.keyspace.context().removes_expired = true;
}

base::Error AofReplay::refusal(std::uint64_t offset, std::string_view why) const {
  return base::reject(fmt::format("{}: offset {}: {}: make a copy of the files, then use 'weir store check-aof --fix'",
                                  current_->path, offset, why));
}

Result<void> AofReplay::open_next() {
  const std::string& path = paths_[next_file_];
  auto file = files_.open(path, runtime::OpenMode::kRead);
  if (!file) return file.error();
  current_ = std::make_unique<Current>(node_, path, sizes_[next_file_], std::move(*file), base::unix_ms(clock_.wall()),
                                       previous_bytes_);
  ++next_file_;
  return {};
}

Result<bool> AofReplay::step() {
  if (current_ == nullptr) {
    if (next_file_ == paths_.size()) return true;
    if (const Result<void> opened = open_next(); !opened) return opened.error();
  }
  Current& file = *current_;
  node_.keyspace.context().access.seconds = static_cast<std::uint32_t>(base::unix_ms(clock_.wall()) / 1000);
  Result<std::string> block = file.blocks.take();
  if (!block) return block.error();
  const bool at_end = block->size() < ReadAhead::kBlockBytes;
  file.taken_bytes += block->size();
  loaded_bytes_ += block->size();
  if (file.window.empty()) {
    file.window = std::move(*block);
  } else {
    file.window += *block;
  }
  if (file.format == Current::Format::kUnknown) {
    file.began_as_rdb = file.window.starts_with(kRdbMagic);
    file.format = file.began_as_rdb ? Current::Format::kRdb : Current::Format::kCommands;
  }
  if (file.format == Current::Format::kRdb) {
    const Result<bool> done = read_rdb();
    if (!done) return done.error();
    if (!*done) return false;
    file.format = Current::Format::kCommands;
  }
  if (const Result<void> ran = run_commands(); !ran) return ran.error();
  if (current_ == nullptr) return next_file_ == paths_.size();
  if (!at_end) return false;
  if (file.good_bytes == file.size) {
    previous_bytes_.reset();
    if (!file.began_as_rdb) previous_bytes_ = file.size;
    current_.reset();
  } else if (const Result<void> ended =
                 end_file(file.transaction_at && file.window.empty() ? "the file ends inside of a transaction"
                                                                     : "the file ends in the middle of a command",
                          /*zeros=*/false);
             !ended) {
    return ended.error();
  }
  return next_file_ == paths_.size();
}

Result<bool> AofReplay::read_rdb() {
  Current& file = *current_;
  const rdb::Reader::Step step = file.rdb.read(file.window, file.behind());
  file.drop(step.consumed);
  file.loader.settle();
  if (const std::string& why = file.loader.refusal(); !why.empty()) {
    return base::reject(fmt::format("{}: before offset {}: {}", file.path, file.offset, why));
  }
  if (step.status == rdb::Reader::Status::kError) return file.rdb.error().within(file.path);
  file.good_bytes = file.offset;
  if (step.status == rdb::Reader::Status::kMore) return false;
  keys_loaded_ += file.loader.loaded();
  return true;
}

Result<void> AofReplay::run_commands() {
  Current& file = *current_;
  std::size_t done = 0;
  while (true) {
    batch_.clear();
    words_.clear();
    aof::Reader::Step step{aof::Reader::Status::kMore, 0};
    std::uint64_t good_bytes = file.good_bytes;
    while (batch_.size() < kMostUpcoming) {
      const std::uint64_t begin = file.offset + done;
      step = file.commands.next(std::string_view(file.window).substr(done));
      done += step.consumed;
      if (step.status != aof::Reader::Status::kCommand) {
        if (!file.transaction_at && file.commands.between_blocks()) good_bytes = file.offset + done;
        break;
      }
      const std::span<const std::string_view> words = file.commands.arguments();
      // What a file may end with counts as read only when it is whole: the commands of a block, a transaction.
      if (base::equal_ignoring_case(words[0], "MULTI")) {
        if (!file.transaction_at) file.transaction_at = begin;
      } else if (base::equal_ignoring_case(words[0], "EXEC") || base::equal_ignoring_case(words[0], "DISCARD")) {
        file.transaction_at.reset();
      }
      batch_.push_back({.first_word = words_.size(), .words = words.size(), .offset = begin});
      words_.insert(words_.end(), words.begin(), words.end());
      if (!file.transaction_at && file.commands.between_blocks()) good_bytes = file.offset + done;
    }
    if (const Result<void> ran = run_batch(); !ran) return ran;
    file.good_bytes = good_bytes;
    switch (step.status) {
      case aof::Reader::Status::kCommand: continue;
      case aof::Reader::Status::kError: return refusal(file.offset + done, file.commands.why());
      case aof::Reader::Status::kTorn: {
        const bool zeros = file.window[done] == '\0' && !file.commands.saw_marks();
        return end_file(std::string(file.commands.why()), zeros);
      }
      case aof::Reader::Status::kMore: break;
    }
    // Not read to the end in vain, if it is clear that the file is too short.
    if (file.commands.wanted() > file.window.size() - done + file.behind() && done < file.window.size()) {
      return end_file("the file ends in the middle of a command", /*zeros=*/false);
    }
    file.drop(done);
    return {};
  }
}

Result<void> AofReplay::run_batch() {
  Current& file = *current_;
  std::array<Upcoming, kMostUpcoming> upcoming;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    upcoming[i].words = std::span(words_).subspan(batch_[i].first_word, batch_[i].words);
  }
  const std::span requests = std::span(upcoming).first(batch_.size());
  prepare(requests, node_, node_.keyspace.database(file.session.database));
  const UnixMs now = base::unix_ms(clock_.wall());
  for (std::size_t i = 0; const Upcoming& one : requests) {
    const std::uint64_t offset = batch_[i++].offset;
    replies_.clear();
    if (const Result<void> ran = replay(one.words, file.session, node_, now, replies_, one.prepared); !ran) {
      return base::reject(fmt::format("{}: offset {}: {}", file.path, offset, ran.error().text()));
    }
    ++commands_;
    if (replies_.starts_with('-') && failed_commands_++ == 0) {
      base::log::warning("{}: offset {}: {}", file.path, offset, base::printable(replies_, 200));
    }
  }
  return {};
}

Result<void> AofReplay::end_file(std::string why, bool zeros) {
  const std::unique_ptr<Current> file = std::move(current_);
  BrokenEnd end{.paths = {paths_.begin() + static_cast<std::ptrdiff_t>(next_file_) - 1, paths_.end()},
                .offset = file->good_bytes,
                .why = std::move(why),
                .zeros = zeros};
  if (!node_.settings.aof_load_truncated) {
    return base::reject(
        fmt::format("{}: offset {}: {}, and aof-load-truncated is no", file->path, end.offset, end.why));
  }
  Result<std::vector<AofCut>> cuts = judge_broken_end(files_, end);
  if (!cuts) return cuts.error();
  cuts_ = std::move(*cuts);
  for (const AofCut& cut : cuts_) {
    base::log::warning("{}: offset {}: {}; cutting off {} bytes", cut.path, cut.offset, end.why, cut.bytes);
  }
  next_file_ = paths_.size();
  return {};
}

}  // namespace weir::store
