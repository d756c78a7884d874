// Reader: takes commands out of an append-only file, from the bytes as they come.
//
//   *2\r\n$3\r\nDEL\r\n$1\r\nk\r\n      a command: a count of words, each with its length
//   #TS:1700000000\r\n                  an annotation, which is passed over
//   #CK:...\r\n                         the mark of a block, which is held against the block (block.h)
//
// The caller owns the bytes; words are views into them. A core, one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::store::aof {

class Reader {
 public:
  enum class Status : std::uint8_t {
    kMore,     // Call again with more bytes behind these; at the end of the file: it was cut.
    kCommand,  // arguments() holds a command.
    kTorn,     // What stands here was not written like this, but a crash may have left it.
    kError,    // This is no append-only file, or no crash can have made this of one.
  };
  struct Step {
    Status status;
    // How many bytes at the front are done with: drop them before the next call. Of kCommand, arguments() stay valid as
    // long as those bytes do.
    std::size_t consumed;
  };

  // `previous_bytes`: of the file before, if the marks may be about that.
  explicit Reader(std::optional<std::uint64_t> previous_bytes = std::nullopt) : previous_bytes_(previous_bytes) {}

  Step next(std::string_view window);

  std::span<const std::string_view> arguments() const { return arguments_; }
  // Of kTorn and kError.
  std::string_view why() const { return why_; }
  // After kMore: the size that the window must at least have for the next call to get anywhere.
  std::uint64_t wanted() const { return wanted_; }
  // Whether the next byte stands between two blocks, or where there are none.
  bool between_blocks() const { return block_left_ == 0; }
  bool saw_marks() const { return saw_marks_; }

 private:
  Step need(std::size_t consumed, std::uint64_t wanted);
  Step fail(Status status, std::size_t consumed, std::string_view why);
  // A command at the front of `bytes`: how many bytes it takes; 0: as status says.
  std::size_t take_command(std::string_view bytes, Status& status);
  // "*12\r\n": what stands at `at`, which goes behind it.
  bool take_number(std::string_view bytes, char type, std::size_t& at, std::uint64_t& number, Status& status);

  std::optional<std::uint64_t> previous_bytes_;
  std::size_t block_left_ = 0;
  bool saw_marks_ = false;
  std::uint64_t wanted_ = 0;
  std::string_view why_;
  std::vector<std::string_view> arguments_;
};

}  // namespace weir::store::aof
