// Blocks: what one turn of the loop appends to the append-only file, with a mark before it, so that the loader can tell
// what a crash tore from what is damaged otherwise.
//
//   #CK:1a2b3c4d:000000ee:0000000004d2\r\n      a line that Redis skips
//       |        |        |
//       |        |        offset in this file up to which all is known to be durable, as hexadecimal digits; or
//       |        |        -0000000004d: not even the file before this one is, which has so many bytes (0: not known)
//       |        how many bytes of commands follow
//       their CRC-32C
//   *3\r\n$3\r\nSET\r\n...
//
// After a crash any page that was not synced may be missing, while later ones are there; RESP alone would not notice,
// if the hole lies in a value. A block is whole, or it is not applied at all. Damage that no later mark calls durable
// ends the file, as if it had been cut there; damage below a mark was not made by a crash, and the file is refused. A
// file whose last blocks are missing altogether looks whole; what the blocks of the next file say of its size tells.
// Where Redis has appended to the file there are commands without a mark; they are judged as Redis judges them.
//
// A file begins with first_mark(), durable before the manifest names the file: zero bytes behind it are a hole that a
// crash left, even if the only block is torn; zero bytes at the front of a file without any mark are damage.
// A core.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::store::aof {

inline constexpr std::string_view kMarkPrefix = "#CK:";
inline constexpr std::size_t kMarkBytes = 4 + 8 + 1 + 8 + 1 + 12 + 2;

struct Mark {
  std::uint32_t checksum = 0;
  std::uint32_t block_bytes = 0;
  std::optional<std::uint64_t> durable_bytes = 0;  // Nothing: the file before this one is not durable yet,
  std::uint64_t previous_bytes = 0;                // of which it has so many, if that is known.

  friend bool operator==(const Mark&, const Mark&) = default;
};

// Writes the kMarkBytes at `to`. Requires: the numbers of bytes are below 2^44.
void write_mark(const Mark& mark, char* to);
// Of the kMarkBytes at the front of `bytes`; nothing if they are no mark.
std::optional<Mark> parse_mark(std::string_view bytes);

// Of a block without commands.
std::string first_mark();

// Gathers commands into blocks that have their marks; a block is closed when it is large enough.
class BlockBuffer {
 public:
  static constexpr std::size_t kBlockBytes = 256 << 10;

  // Where to append commands.
  std::string& open() {
    if (!open_) begin_block();
    return bytes_;
  }
  // Whether the block is large enough to be closed, once what it holds is to be there wholly or not at all.
  bool is_full() const { return bytes_.size() - block_begin_ >= kMarkBytes + kBlockBytes; }
  // Ends the open block, if there is one, with what `mark` says of durability. One of 4 GiB or more has no mark.
  void close(Mark mark);

  bool empty() const { return bytes_.empty(); }
  // Where in the bytes the open block begins.
  std::size_t block_begin() const { return block_begin_; }
  std::size_t size() const { return bytes_.size(); }
  // Requires: no block is open.
  const std::string& bytes() const { return bytes_; }
  void clear();

 private:
  void begin_block();

  std::string bytes_;
  std::size_t block_begin_ = 0;  // Of the open block.
  bool open_ = false;
};

}  // namespace weir::store::aof
