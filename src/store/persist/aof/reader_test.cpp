#include "store/persist/aof/reader.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "store/persist/aof/block.h"
#include "wire/resp/request.h"

namespace weir::store::aof {
namespace {

std::string block(std::string_view commands, std::optional<std::uint64_t> durable = 0) {
  BlockBuffer buffer;
  buffer.open() += commands;
  buffer.close({.durable_bytes = durable});
  return buffer.bytes();
}

// All commands, in pieces of so many bytes; and how it ended.
std::string read_in_pieces(std::string_view bytes, std::size_t piece) {
  Reader reader;
  std::string window, text;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    window += bytes.substr(at, piece);
    while (true) {
      const Reader::Step step = reader.next(window);
      if (step.status == Reader::Status::kCommand) {
        for (const std::string_view word : reader.arguments()) text.append(word).append(1, ' ');
      }
      window.erase(0, step.consumed);
      if (step.status == Reader::Status::kCommand) continue;
      if (step.status != Reader::Status::kMore) return text + "! " + std::string(reader.why());
      EXPECT_GT(reader.wanted(), window.size());
      break;
    }
  }
  return window.empty() ? text : text + "...";
}

TEST(AofReader, GivesTheSameCommandsHoweverTheBytesCome) {
  std::string commands;
  wire::resp::append_command(commands, {"SET", "k", std::string(50, 'v')});
  commands += "#TS:1\r\n";
  wire::resp::append_command(commands, {"DEL", ""});
  const std::string all = "#note\n" + commands + block(commands) + block(commands, std::nullopt) + commands;
  const std::string once = "SET k " + std::string(50, 'v') + " DEL  ";
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    ASSERT_EQ(read_in_pieces(all, piece), once + once + once + once) << piece;
  }
}

TEST(AofReader, TellsTornFromWrong) {
  std::string command;
  wire::resp::append_command(command, {"INCR", "n"});
  std::string damaged = block(command);
  damaged.back() ^= 1;
  EXPECT_EQ(read_in_pieces(command + damaged, 1000), "INCR n ! a block does not match its checksum");
  EXPECT_EQ(read_in_pieces(command + block(command).substr(0, 30) + std::string(40, '\0'), 1000),
            "INCR n ! the mark of a block is malformed");
  EXPECT_EQ(read_in_pieces(command + std::string(9, '\0'), 1000), "INCR n ! zero bytes");
  EXPECT_EQ(read_in_pieces(block("*1\r\n$4\r\nPI"), 1000), "! a command does not end where its block ends");
  EXPECT_EQ(read_in_pieces(block(command).substr(0, 50), 1000), "...");
}

TEST(BlockBuffer, MarksEachBlockWithItsSizeAndWhatIsDurable) {
  BlockBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  buffer.open() += "first";
  buffer.close({.durable_bytes = 5'000'000'000});
  EXPECT_EQ(buffer.block_begin(), 0u);
  buffer.open() += "second";
  EXPECT_FALSE(buffer.is_full());
  buffer.open().append(BlockBuffer::kBlockBytes, 'x');
  EXPECT_TRUE(buffer.is_full());
  buffer.close({.durable_bytes = std::nullopt, .previous_bytes = 77});
  const std::string& bytes = buffer.bytes();
  EXPECT_EQ(parse_mark(bytes),
            (Mark{.checksum = base::crc32c("first"), .block_bytes = 5, .durable_bytes = 5'000'000'000}));
  const auto second = parse_mark(std::string_view(bytes).substr(kMarkBytes + 5));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->block_bytes, BlockBuffer::kBlockBytes + 6);
  EXPECT_EQ(second->durable_bytes, std::nullopt);
  EXPECT_EQ(second->previous_bytes, 77u);
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
}

TEST(BlockBuffer, AMarkOfAnyOtherFormIsNone) {
  const std::string mark = block("x").substr(0, kMarkBytes);
  ASSERT_TRUE(parse_mark(mark));
  for (std::size_t i = 0; i < mark.size(); ++i) {
    std::string other = mark;
    other[i] = 'G';
    EXPECT_FALSE(parse_mark(other)) << i;
    EXPECT_FALSE(parse_mark(std::string_view(mark).substr(0, i)));
  }
}

}  // namespace
}  // namespace weir::store::aof
