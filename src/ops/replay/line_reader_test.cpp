#include "ops/replay/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include "runtime/sim_files.h"

namespace weir::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LineReaderTest : public testing::Test {
 protected:
  // All lines, and behind them the error if there was one.
  std::vector<std::string> lines_of(std::string_view content) {
    EXPECT_TRUE(runtime::replace_whole(files_, "/file", content));
    auto reader = LineReader::open(files_, "/file");
    if (!reader) return {reader.error().text()};
    std::vector<std::string> lines;
    while (true) {
      const auto line = reader->next();
      if (!line) {
        lines.push_back("error: " + line.error().text());
        return lines;
      }
      if (!*line) return lines;
      lines.emplace_back(**line);
      EXPECT_EQ(reader->line_number(), lines.size());
    }
  }

  static std::string compressed(const std::string& text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
    return packed;
  }

  runtime::SimFiles files_;
};

TEST_F(LineReaderTest, EndsOfLinesAndOfTheFile) {
  EXPECT_THAT(lines_of("a\r\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines_of("a\n"), ElementsAre("a"));
  EXPECT_THAT(lines_of(""), ElementsAre());
}

TEST_F(LineReaderTest, CompressedFilesAreToldByTheirFirstBytes) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 100'000; ++i) {
    expected.push_back("line " + std::to_string(i));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(lines_of(compressed(text)), expected);
  EXPECT_EQ(lines_of(text), expected);
  // Two frames, one behind the other, are one file.
  EXPECT_THAT(lines_of(compressed("a\n") + compressed("b\n")), ElementsAre("a", "b"));
}

TEST_F(LineReaderTest, ACutOffOrDamagedCompressedFileIsAnErrorAfterItsWholeLines) {
  const std::string packed = compressed("a\nb\n");
  EXPECT_THAT(lines_of(packed.substr(0, packed.size() - 3)).back(), HasSubstr("cut off"));
  std::string damaged = packed;
  damaged[5] = static_cast<char>(~damaged[5]);
  EXPECT_THAT(lines_of(damaged).back(), HasSubstr("error: /file: "));
}

TEST_F(LineReaderTest, AnEndlessLineIsRefused) {
  EXPECT_THAT(lines_of("a\n" + std::string(2 << 20, 'x')).back(), HasSubstr("/file:2: a line of over"));
}

}  // namespace
}  // namespace weir::ops
