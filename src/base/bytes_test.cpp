#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace weir::base {
namespace {

TEST(Bytes, NumbersKeepTheirByteOrder) {
  std::string big, little;
  append_big_endian<std::uint32_t>(big, 0x01020304);
  append_little_endian<std::uint32_t>(little, 0x01020304);
  EXPECT_EQ(big, std::string("\x01\x02\x03\x04"));
  EXPECT_EQ(little, std::string("\x04\x03\x02\x01"));
  EXPECT_EQ(load_big_endian<std::uint32_t>(big.data()), 0x01020304u);
  EXPECT_EQ(load_little_endian<std::uint32_t>(little.data()), 0x01020304u);
}

TEST(Bytes, DecimalIsTheWholeTextOrNothing) {
  EXPECT_EQ(parse_decimal<std::int64_t>("-12"), -12);
  EXPECT_EQ(parse_decimal<std::uint8_t>("255"), 255);
  for (const char* bad : {"", " 1", "1 ", "+1", "0x1", "1_0", "99999999999999999999"}) {
    EXPECT_FALSE(parse_decimal<std::int64_t>(bad)) << bad;
  }
  EXPECT_FALSE(parse_decimal<std::uint8_t>("256"));
}

TEST(Bytes, PrintableCutsAndEscapes) {
  EXPECT_EQ(printable(std::string_view("a\r\n\0b", 5)), "a\\x0d\\x0a\\x00b");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

TEST(Bytes, CaseIsAsciiOnly) {
  EXPECT_TRUE(equal_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_EQ(to_upper("get{"), "GET{");
}

TEST(SimClock, MovesOnlyWhenMoved) {
  SimClock clock;
  const MonoTime mono = clock.mono();
  const WallTime wall = clock.wall();
  clock.advance(std::chrono::milliseconds(5));
  clock.step_wall(-std::chrono::hours(1));
  EXPECT_EQ(clock.mono() - mono, std::chrono::milliseconds(5));
  EXPECT_EQ(clock.wall() - wall, std::chrono::milliseconds(5) - std::chrono::hours(1));
}

}  // namespace
}  // namespace weir::base
