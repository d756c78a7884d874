#include "wire/kafka/compression.h"

#include <algorithm>
#include <limits>
#include <memory>

#include <fmt/format.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/kafka/reader.h"

namespace weir::wire::kafka {

namespace {

base::Error corrupt(Compression compression, std::string_view why) {
  return base::reject(fmt::format("decompressing {}: {}", to_string(compression), why));
}
base::Error too_large(Compression compression, std::size_t max_bytes) {
  return corrupt(compression, fmt::format("becomes more than {} bytes", max_bytes));
}

// Where a stream decompresses to: grows with what comes, to one byte above the limit, which tells that it was passed.
class Room {
 public:
  Room(std::string& to, std::size_t max_bytes) : to_(to), begin_(to.size()), used_(to.size()), max_bytes_(max_bytes) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { to_.resize(used_); }

  // Never empty while !exceeded().
  char* at() {
    if (used_ == to_.size()) {
      const std::size_t have = used_ - begin_;
      const std::size_t more = std::min(std::max(have, kFirst), max_bytes_ - have + 1);
      to_.resize(to_.size() + more);
    }
    return to_.data() + used_;
  }
  std::size_t left() const { return to_.size() - used_; }
  void took(std::size_t bytes) { used_ += bytes; }
  bool exceeded() const { return used_ - begin_ > max_bytes_; }

 private:
  static constexpr std::size_t kFirst = 16 << 10;

  std::string& to_;
  const std::size_t begin_;
  std::size_t used_;
  const std::size_t max_bytes_;
};

// ---- gzip ----

// zlib counts input and output in 32 bits.
constexpr std::size_t kMaxZlibBytes = std::numeric_limits<std::int32_t>::max();
constexpr int kGzipWindow = 15 + 16;  // The largest window, and gzip's header and trailer.

Bytef* zlib_bytes(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib's input is not const, nor changed.
}

void gzip(std::string_view bytes, std::string& to) {
  WEIR_ASSERT(bytes.size() <= kMaxZlibBytes);
  z_stream stream{};
  WEIR_ASSERT(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  const std::size_t begin = to.size();
  to.resize(begin + deflateBound(&stream, bytes.size()));
  stream.next_in = zlib_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(to.data() + begin);
  stream.avail_out = static_cast<uInt>(to.size() - begin);
  WEIR_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  to.resize(begin + stream.total_out);
  deflateEnd(&stream);
}

base::Result<void> gunzip(std::string_view bytes, std::size_t max_bytes, std::string& to) {
  if (bytes.size() > kMaxZlibBytes) return corrupt(Compression::kGzip, "more than 2 GiB");
  z_stream stream{};
  WEIR_ASSERT(inflateInit2(&stream, kGzipWindow) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = zlib_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  Room room(to, max_bytes);
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(room.at());
    const auto given = static_cast<uInt>(std::min(room.left(), kMaxZlibBytes));
    stream.avail_out = given;
    const int status = inflate(&stream, Z_NO_FLUSH);
    room.took(given - stream.avail_out);
    if (room.exceeded()) return too_large(Compression::kGzip, max_bytes);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return {};
      inflateReset(&stream);  // Another member.
    } else if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && stream.avail_out != 0)) {
      return corrupt(Compression::kGzip, "it ends too early");
    } else if (status != Z_OK) {
      return corrupt(Compression::kGzip, stream.msg != nullptr ? stream.msg : zError(status));
    }
  }
}

// ---- snappy ----

using namespace std::string_view_literals;
constexpr std::string_view kFramed = "\x82SNAPPY\0"sv;
constexpr std::size_t kFramedHeaderBytes = 16;
constexpr std::size_t kFramedBlockBytes = 32 << 10;  // As Java's clients cut.
// No element of the format makes more than 64 bytes of three: what is announced beyond cannot come.
constexpr std::size_t kMaxSnappyRatio = 64;

void snappy_framed(std::string_view bytes, std::string& to) {
  to += kFramed;
  base::append_big_endian(to, std::int32_t{1});  // The framing's version, and the first that reads it.
  base::append_big_endian(to, std::int32_t{1});
  std::string block;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kFramedBlockBytes);
    bytes.remove_prefix(piece.size());
    snappy::Compress(piece.data(), piece.size(), &block);
    base::append_big_endian(to, static_cast<std::int32_t>(block.size()));
    to += block;
  }
}

// Makes what stands in `to` from `begin` on at most `max_bytes`.
base::Result<void> unsnappy_block(std::string_view block, std::size_t begin, std::size_t max_bytes, std::string& to) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size) || size / kMaxSnappyRatio > block.size()) {
    return corrupt(Compression::kSnappy, "a block without a valid length");
  }
  const std::size_t at = to.size();
  if (size > max_bytes - (at - begin)) return too_large(Compression::kSnappy, max_bytes);
  to.resize(at + size);
  if (!snappy::RawUncompress(block.data(), block.size(), to.data() + at)) {
    return corrupt(Compression::kSnappy, "a block that is damaged");
  }
  return {};
}

base::Result<void> unsnappy(std::string_view bytes, std::size_t max_bytes, std::string& to) {
  const std::size_t begin = to.size();
  if (!bytes.starts_with(kFramed)) return unsnappy_block(bytes, begin, max_bytes, to);
  if (bytes.size() < kFramedHeaderBytes) return corrupt(Compression::kSnappy, "it ends too early");
  Reader from(bytes.substr(kFramedHeaderBytes));
  while (from.left() > 0) {
    std::uint32_t size = 0;
    std::string_view block;
    if (!from.integer(size) || !from.bytes(size, block)) return corrupt(Compression::kSnappy, "it ends too early");
    auto done = unsnappy_block(block, begin, max_bytes, to);
    if (!done) return done;
  }
  return {};
}

// ---- lz4 ----

void lz4(std::string_view bytes, std::string& to) {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // Java's reader takes no other.
  const std::size_t begin = to.size();
  to.resize(begin + LZ4F_compressFrameBound(bytes.size(), &preferences));
  const std::size_t size =
      LZ4F_compressFrame(to.data() + begin, to.size() - begin, bytes.data(), bytes.size(), &preferences);
  WEIR_ASSERT(LZ4F_isError(size) == 0);
  to.resize(begin + size);
}

base::Result<void> unlz4(std::string_view bytes, std::size_t max_bytes, std::string& to) {
  LZ4F_dctx* made = nullptr;
  WEIR_ASSERT(LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) == 0);
  const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> context(made, LZ4F_freeDecompressionContext);
  Room room(to, max_bytes);
  while (true) {
    std::size_t read = bytes.size();
    char* const at = room.at();
    std::size_t written = room.left();
    const std::size_t wanted = LZ4F_decompress(context.get(), at, &written, bytes.data(), &read, nullptr);
    if (LZ4F_isError(wanted) != 0) return corrupt(Compression::kLz4, LZ4F_getErrorName(wanted));
    bytes.remove_prefix(read);
    room.took(written);
    if (room.exceeded()) return too_large(Compression::kLz4, max_bytes);
    if (wanted == 0 && bytes.empty()) return {};
    if (read == 0 && written == 0) return corrupt(Compression::kLz4, "it ends too early");
  }
}

// ---- zstd ----

void zstd(std::string_view bytes, std::string& to) {
  const std::size_t begin = to.size();
  to.resize(begin + ZSTD_compressBound(bytes.size()));
  const std::size_t size =
      ZSTD_compress(to.data() + begin, to.size() - begin, bytes.data(), bytes.size(), ZSTD_defaultCLevel());
  WEIR_ASSERT(ZSTD_isError(size) == 0);
  to.resize(begin + size);
}

// The library's own limit on a frame's window, 128 MiB, stands: the highest levels use it, whatever the size.
base::Result<void> unzstd(std::string_view bytes, std::size_t max_bytes, std::string& to) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  WEIR_ASSERT(context != nullptr);
  Room room(to, max_bytes);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    char* const at = room.at();
    ZSTD_outBuffer out{at, room.left(), 0};
    const std::size_t read_before = in.pos;
    const std::size_t wanted = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(wanted) != 0) return corrupt(Compression::kZstd, ZSTD_getErrorName(wanted));
    room.took(out.pos);
    if (room.exceeded()) return too_large(Compression::kZstd, max_bytes);
    if (wanted == 0 && in.pos == in.size) return {};
    if (in.pos == read_before && out.pos == 0) return corrupt(Compression::kZstd, "it ends too early");
  }
}

}  // namespace

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::kNone: return "none";
    case Compression::kGzip: return "gzip";
    case Compression::kSnappy: return "snappy";
    case Compression::kLz4: return "lz4";
    case Compression::kZstd: return "zstd";
  }
  return "unknown";
}

std::optional<Compression> parse_compression(std::string_view name) {
  const auto* const found = std::ranges::find(kCompressions, name, to_string);
  if (found == std::end(kCompressions)) return std::nullopt;
  return *found;
}

void compress(Compression compression, std::string_view bytes, std::string& to) {
  switch (compression) {
    case Compression::kNone: to += bytes; return;
    case Compression::kGzip: return gzip(bytes, to);
    case Compression::kSnappy: return snappy_framed(bytes, to);
    case Compression::kLz4: return lz4(bytes, to);
    case Compression::kZstd: return zstd(bytes, to);
  }
}

base::Result<void> decompress(Compression compression, std::string_view bytes, std::size_t max_bytes, std::string& to) {
  switch (compression) {
    case Compression::kNone:
      if (bytes.size() > max_bytes) return too_large(compression, max_bytes);
      to += bytes;
      return {};
    case Compression::kGzip: return gunzip(bytes, max_bytes, to);
    case Compression::kSnappy: return unsnappy(bytes, max_bytes, to);
    case Compression::kLz4: return unlz4(bytes, max_bytes, to);
    case Compression::kZstd: return unzstd(bytes, max_bytes, to);
  }
  return corrupt(compression, "no such codec");
}

}  // namespace weir::wire::kafka
