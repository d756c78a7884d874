#include "store/settings/keyspace_events.h"

#include <gtest/gtest.h>

namespace weir::store {
namespace {

TEST(KeyspaceEvents, LettersComeBackInRedisOrder) {
  struct Case {
    const char* given;
    const char* shown;
  };
  for (const Case& c : {Case{"", ""},
                        {"KEA", "AKE"},
                        {"zK$", "$zK"},
                        {"g$lshzxetd", "A"},
                        {"AmnE", "AEm"},
                        {"xE", "xE"},
                        {"mn", "nm"}}) {
    const auto classes = parse_event_classes(c.given);
    ASSERT_TRUE(classes) << c.given;
    EXPECT_EQ(to_letters(*classes), c.shown);
  }
}

TEST(KeyspaceEvents, ALetterThatIsNoneIsRefused) {
  for (const char* bad : {"q", "KEq", "a", "K E", "k"}) EXPECT_FALSE(parse_event_classes(bad)) << bad;
}

TEST(KeyspaceEvents, AHoldsNeitherMissesNorNewKeysNorAChannel) {
  const EventClasses all = *parse_event_classes("A");
  EXPECT_TRUE(contains(all, EventClass::kExpired));
  for (const EventClass apart : {EventClass::kKeyMiss, EventClass::kNewKey}) EXPECT_FALSE(contains(all, apart));
  EXPECT_EQ(all & (kKeyspaceChannel | kKeyeventChannel), 0u);
}

}  // namespace
}  // namespace weir::store
