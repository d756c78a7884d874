#include "store/commands/effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/commands/command.h"
#include "store/commands/dispatch.h"
#include "wire/resp/request.h"

namespace weir::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Notes each group as one line: "0: SET k v", "[0: MULTI, 0: ..., 0: EXEC]".
class Notes final : public EffectSink {
 public:
  void on_effects(std::span<const Effect> group, bool transaction) override {
    std::string line = transaction ? "[" : "";
    for (const Effect& effect : group) {
      if (line.size() > 1) line += ", ";
      line += std::to_string(effect.database) + ":";
      if (effect.audience == EffectAudience::kReplicasOnly) line += "replicas:";
      wire::resp::RequestParser parser;
      EXPECT_EQ(parser.parse(effect.bytes).consumed, effect.bytes.size());
      for (const std::string_view word : parser.arguments()) line.append(" ").append(word);
    }
    groups.push_back(line + (transaction ? "]" : ""));
  }

  std::vector<std::string> groups;
};

TEST(Effects, WhatIsAddedBetweenBeginAndEndIsOneTransaction) {
  Effects effects;
  Notes notes;
  effects.attach(notes);
  effects.begin();
  effects.add(0, {"SET", "k", "v"});
  effects.begin();
  effects.add(3, {"DEL", "a\r\nb"});
  effects.end();
  EXPECT_THAT(notes.groups, IsEmpty());
  effects.end();
  EXPECT_THAT(notes.groups, ElementsAre("[0: MULTI, 0: SET k v, 3: DEL a\r\nb, 3: EXEC]"));
}

TEST(Effects, OneEffectStandsAloneAndNoneMakesNoGroup) {
  Effects effects;
  Notes notes;
  effects.attach(notes);
  effects.begin();
  effects.end();
  effects.begin();
  effects.add(1, {"INCR", "n"});
  effects.end();
  effects.add(2, {"DEL", "x"});
  EXPECT_THAT(notes.groups, ElementsAre("1: INCR n", "2: DEL x"));
}

TEST(Effects, ATransactionOfWhatOnlyReplicasGetIsForReplicasOnly) {
  Effects effects;
  Notes notes;
  effects.attach(notes);
  effects.begin();
  effects.add(0, std::array<std::string_view, 2>{"PUBLISH", "a"}, EffectAudience::kReplicasOnly);
  effects.add(0, std::array<std::string_view, 2>{"PUBLISH", "b"}, EffectAudience::kReplicasOnly);
  effects.end();
  EXPECT_THAT(notes.groups, ElementsAre("[0:replicas: MULTI, 0:replicas: PUBLISH a, 0:replicas: PUBLISH b, "
                                        "0:replicas: EXEC]"));
}

TEST(Effects, EverySinkGetsTheSameAndADetachedOneNothing) {
  Effects effects;
  Notes first, second;
  effects.add(0, {"SET", "before", "1"});
  effects.attach(first);
  effects.attach(second);
  effects.add(0, {"SET", "a", "1"});
  effects.detach(first);
  EXPECT_TRUE(effects.wanted());
  effects.add(0, {"SET", "b", "1"});
  EXPECT_THAT(first.groups, ElementsAre("0: SET a 1"));
  EXPECT_THAT(second.groups, ElementsAre("0: SET a 1", "0: SET b 1"));
}

TEST(Effects, ChangesSinceSaveCountFromTheMarkOfTheSnapshot) {
  Effects effects;
  effects.count_changes(5);
  const std::uint64_t mark = effects.mark();
  effects.count_changes(2);
  EXPECT_EQ(effects.changes_since_save(), 7u);
  effects.saved(mark);
  EXPECT_EQ(effects.changes_since_save(), 2u);
}

// How a command's words to its Call become effects.
class CallEffects : public testing::Test {
 protected:
  void run(void (*command)(Call&), std::vector<std::string_view> words) {
    constexpr Family row{.group = "generic"};
    const CommandSpec spec = row("test", -1, kWrite, "Does what the test says.", "1.0.0", command);
    std::string output;
    Call call(words, spec, session_, node_, 0, output);
    node_.effects.begin();
    command(call);
    call.settle_effects();
    node_.effects.end();
  }
  void SetUp() override { node_.effects.attach(notes_); }

  Notes notes_;
  Node node_{Settings()};
  Session session_;
};

TEST_F(CallEffects, AChangeMakesTheCommandItselfTheEffect) {
  session_.database = 4;
  run([](Call& call) { call.changed("k", EventClass::kString, "set", 3); }, {"SET", "k", "v"});
  EXPECT_THAT(notes_.groups, ElementsAre("4: SET k v"));
  EXPECT_EQ(node_.effects.changes_since_save(), 3u);
}

TEST_F(CallEffects, NoChangeHasNoEffect) {
  run([](Call& call) { call.reply.null(); }, {"SET", "k", "v", "NX"});
  run([](Call& call) { call.count_changes(0); }, {"FLUSHALL"});
  EXPECT_THAT(notes_.groups, IsEmpty());
  EXPECT_EQ(node_.effects.changes_since_save(), 0u);
}

TEST_F(CallEffects, WhatTheCommandSaysReplacesIt) {
  run(
      [](Call& call) {
        call.changed("k", EventClass::kGeneric, "expire");
        call.replicate_as({"PEXPIREAT", "k", "1700000000000"});
        call.replicate_as({"PERSIST", "k"});
      },
      {"EXPIRE", "k", "10"});
  run(
      [](Call& call) {
        call.changed("k", EventClass::kGeneric, "expire");
        call.replicate_nothing();
      },
      {"EXPIRE", "k", "10"});
  EXPECT_THAT(notes_.groups, ElementsAre("[0: MULTI, 0: PEXPIREAT k 1700000000000, 0: PERSIST k, 0: EXEC]"));
}

TEST_F(CallEffects, WhatIsFoundExpiredGoesFirst) {
  run(
      [](Call& call) {
        call.node.on_removed(0, "k", RemovalReason::kExpired);
        call.changed("k", EventClass::kString, "set");
      },
      {"SET", "k", "v"});
  node_.settings.lazyfree_lazy_expire = true;
  node_.on_removed(2, "old", RemovalReason::kExpired);
  node_.on_removed(2, "cold", RemovalReason::kEvicted);
  EXPECT_THAT(notes_.groups, ElementsAre("[0: MULTI, 0: DEL k, 0: SET k v, 0: EXEC]", "2: UNLINK old", "2: DEL cold"));
  EXPECT_EQ(node_.effects.changes_since_save(), 1u);
}

TEST_F(CallEffects, WhatACommandTakesGoesAsTheSettingSays) {
  const auto run_line = [this](std::vector<std::string_view> words) {
    std::string output;
    execute(words, session_, node_, 1'700'000'000'000, output);
  };
  for (const bool lazily : {false, true}) {
    node_.settings.lazyfree_lazy_user_del = lazily;
    node_.settings.lazyfree_lazy_user_flush = lazily;
    node_.settings.lazyfree_lazy_server_del = lazily;
    notes_.groups.clear();
    run_line({"SET", "a", "1"});
    run_line({"GETDEL", "a"});
    run_line({"SET", "a", "1"});
    run_line({"DEL", "a"});
    run_line({"SET", "a", "1"});
    run_line({"RENAME", "a", "b"});
    run_line({"FLUSHALL"});
    EXPECT_THAT(notes_.groups, ElementsAre("0: SET a 1", lazily ? "0: UNLINK a" : "0: DEL a", "0: SET a 1", "0: DEL a",
                                           "0: SET a 1", "0: RENAME a b", "0: FLUSHALL"));
  }
}

TEST_F(CallEffects, ACommandThatChangesNoDataMayStillBeForReplicas) {
  run([](Call& call) { call.replicate_verbatim(EffectAudience::kReplicasOnly); }, {"PUBLISH", "c", "m"});
  EXPECT_THAT(notes_.groups, ElementsAre("0:replicas: PUBLISH c m"));
}

}  // namespace
}  // namespace weir::store
