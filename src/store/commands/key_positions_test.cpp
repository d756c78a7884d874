#include "store/commands/key_positions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array<std::string_view, 1> kReads = {"RO"};
constexpr std::array<std::string_view, 1> kChannel = {"not_key"};

// The keys of the request in `line` by these specs, or "malformed".
std::vector<std::string> keys_of(std::span<const KeySpec> specs, std::vector<std::string_view> words) {
  constexpr Family row{.group = "generic"};
  const CommandSpec spec = row("test", -1, 0, "Does what the test says.", "1.0.0", nullptr).with_key_specs(specs);
  std::vector<KeyPosition> found;
  if (find_keys(spec, words, found) == KeysFound::kMalformed) return {"malformed"};
  std::vector<std::string> keys;
  for (const KeyPosition& key : found) keys.emplace_back(words[key.index]);
  return keys;
}

TEST(KeyPositions, ARangeMayEndBeforeTheEndAndHaveSteps) {
  const std::array mset = {KeySpec{.access = kReads, .last = -1, .step = 2}};
  EXPECT_THAT(keys_of(mset, {"MSET", "a", "1", "b", "2"}), ElementsAre("a", "b"));
  const std::array blpop = {KeySpec{.access = kReads, .last = -2}};
  EXPECT_THAT(keys_of(blpop, {"BLPOP", "a", "b", "0"}), ElementsAre("a", "b"));
}

TEST(KeyPositions, ACountSaysHowManyFollow) {
  const std::array zunionstore = {
      KeySpec{.access = kReads},
      KeySpec{.access = kReads, .index = 2, .find = KeySpec::Find::kCount, .count_at = 0, .first_key = 1}};
  EXPECT_THAT(keys_of(zunionstore, {"ZUNIONSTORE", "to", "2", "a", "b", "WEIGHTS", "1", "2"}),
              ElementsAre("to", "a", "b"));
  const std::array eval = {
      KeySpec{.access = kReads, .index = 2, .find = KeySpec::Find::kCount, .count_at = 0, .first_key = 1}};
  EXPECT_THAT(keys_of(eval, {"EVAL", "script", "0", "x"}), IsEmpty());
  for (const char* bad : {"3", "-1", "x", "", "99999999999999999999"}) {
    EXPECT_THAT(keys_of(eval, {"EVAL", "script", bad, "a", "b"}), ElementsAre("malformed")) << bad;
  }
}

TEST(KeyPositions, AKeywordIsLookedForFromEitherEnd) {
  const std::array xread = {KeySpec{.access = kReads,
                                    .begin = KeySpec::Begin::kKeyword,
                                    .keyword = "STREAMS",
                                    .start_from = 1,
                                    .last = -1,
                                    .limit = 2}};
  EXPECT_THAT(keys_of(xread, {"XREAD", "COUNT", "1", "streams", "a", "b", "1", "2"}), ElementsAre("a", "b"));
  EXPECT_THAT(keys_of(xread, {"XREAD", "COUNT", "1"}), IsEmpty());
  const std::array migrate = {
      KeySpec{.access = kReads, .begin = KeySpec::Begin::kKeyword, .keyword = "KEYS", .start_from = -2, .last = -1}};
  const std::array georadius = {
      KeySpec{.access = kReads},
      KeySpec{.access = kReads, .begin = KeySpec::Begin::kKeyword, .keyword = "STORE", .start_from = 2}};
  EXPECT_THAT(keys_of(georadius, {"GEORADIUS", "k", "STORE"}), ElementsAre("k"));
  EXPECT_THAT(keys_of(migrate, {"MIGRATE", "KEYS", "0", "KEYS", "a", "b"}), ElementsAre("a", "b"));
}

TEST(KeyPositions, ChannelsAreNoKeys) {
  const std::array ssubscribe = {KeySpec{.access = kChannel, .last = -1}};
  EXPECT_THAT(keys_of(ssubscribe, {"SSUBSCRIBE", "a", "b"}), IsEmpty());
}

}  // namespace
}  // namespace weir::store
