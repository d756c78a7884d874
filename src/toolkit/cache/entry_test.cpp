#include "toolkit/cache/entry.h"

#include <gtest/gtest.h>

namespace weir::toolkit {
namespace {

using std::chrono::milliseconds;
using wire::resp::Type;
using wire::resp::Value;

Value bulk(std::string text) { return {.type = Type::kBulk, .text = std::move(text)}; }

TEST(Entry, EveryValueComesBackAsItWas) {
  const std::optional<std::string> values[] = {std::nullopt, "", "-", "+", "plain", std::string("\0\r\n", 3)};
  for (const auto& value : values) {
    const Lookup lookup = judge_lookup(bulk(encode_entry(value)));
    EXPECT_EQ(lookup.source, Source::kHit);
    EXPECT_EQ(lookup.value, value);
  }
}

TEST(Entry, WhatNobodyOfUsWroteReadsAsAMiss) {
  for (const char* foreign : {"", "plain", "-more", "*1"}) {
    const Lookup lookup = judge_lookup(bulk(foreign));
    EXPECT_EQ(lookup.source, Source::kMiss) << foreign;
    EXPECT_EQ(lookup.value, std::nullopt);
  }
  EXPECT_EQ(judge_lookup(Value()).source, Source::kMiss);
}

TEST(Entry, StoreThatCannotBeAskedIsBypassed) {
  EXPECT_EQ(judge_lookup(base::retry("down")).source, Source::kBypass);
  EXPECT_EQ(judge_lookup(base::unknown_outcome("slow")).source, Source::kBypass);
  EXPECT_EQ(judge_lookup(Value{.type = Type::kError, .text = "LOADING"}).source, Source::kBypass);
  EXPECT_EQ(judge_lookup(Value{.type = Type::kArray}).source, Source::kBypass);
}

TEST(Entry, ExpiryIsShortenedByUpToTheShareAndNeverProlonged) {
  base::Random random(1);
  milliseconds shortest = milliseconds::max(), longest{0};
  for (int i = 0; i < 10'000; ++i) {
    const milliseconds expiry = jittered(std::chrono::seconds(1), 0.1, random);
    shortest = std::min(shortest, expiry);
    longest = std::max(longest, expiry);
  }
  EXPECT_EQ(shortest, milliseconds(900));
  EXPECT_EQ(longest, milliseconds(1000));
  EXPECT_EQ(jittered(std::chrono::seconds(1), 0, random), milliseconds(1000));
  EXPECT_EQ(jittered(base::Duration(1), 1, random), milliseconds(1)) << "0 would be no expiry";
}

}  // namespace
}  // namespace weir::toolkit
