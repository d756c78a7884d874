// Scripts: what is asked, what goes out, what comes in, and what is broken between.
#include "client/redis/pipeline.h"

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "client/redis/command.h"

namespace weir::client::redis {
namespace {

using base::ErrorKind;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_view_literals;

class PipelineTest : public testing::Test {
 protected:
  Pipeline::CallId add(std::string request) { return pipeline_.add(std::move(request)).value(); }

  // "1=reply 2=retry 3=unknown", in the order in which the calls ended.
  std::string shown() {
    std::string text;
    for (const auto& [id, outcome] : ended_) {
      if (!text.empty()) text += ' ';
      fmt::format_to(std::back_inserter(text), "{}={}", id,
                     outcome ? std::string_view(outcome->text) : to_string(outcome.error().kind()));
    }
    ended_.clear();
    return text;
  }
  std::string receive(std::string_view bytes) {
    const auto received = pipeline_.receive(bytes, ended_);
    EXPECT_TRUE(received) << received.error().text();
    return shown();
  }
  std::string lose() {
    pipeline_.lost(base::retry("connection reset"), ended_);
    return shown();
  }

  Pipeline pipeline_{{.calls = 4, .queued_bytes = 10, .batch_bytes = 4}};
  std::vector<Pipeline::Ended> ended_;
};

TEST_F(PipelineTest, RepliesBelongToRequestsInOrder) {
  add("a");
  add("b");
  EXPECT_EQ(pipeline_.take_output(), "ab");
  EXPECT_EQ(pipeline_.take_output(), "");
  add("c");
  EXPECT_EQ(pipeline_.take_output(), "c");
  EXPECT_EQ(receive("+A\r\n+"), "1=A");
  EXPECT_EQ(receive("B\r\n$1\r\nC\r\n"), "2=B 3=C");
  EXPECT_EQ(pipeline_.awaited(), 0u);
}

TEST_F(PipelineTest, ReplyOfACallThatWasGivenUpGoesToNobody) {
  const auto first = add("a");
  add("b");
  pipeline_.take_output();
  EXPECT_EQ(pipeline_.give_up(first).kind(), ErrorKind::kUnknownOutcome);
  EXPECT_EQ(receive("+A\r\n"), "");
  EXPECT_EQ(receive("+B\r\n"), "2=B");
}

TEST_F(PipelineTest, CallGivenUpBeforeItWasWrittenIsNeverSent) {
  add("a");
  const auto second = add("b");
  add("c");
  EXPECT_EQ(pipeline_.give_up(second).kind(), ErrorKind::kRetry);
  EXPECT_EQ(pipeline_.queued_bytes(), 2u);
  EXPECT_EQ(pipeline_.take_output(), "ac");
  EXPECT_EQ(pipeline_.awaited(), 2u);
  EXPECT_EQ(receive("+A\r\n+C\r\n"), "1=A 3=C");
}

TEST_F(PipelineTest, LossEndsEachCallTruthfully) {
  add("aaaa");  // A batch of its own.
  add("b");
  EXPECT_EQ(pipeline_.take_output(), "aaaa");
  EXPECT_EQ(lose(), "1=unknown outcome 2=retry");
  EXPECT_EQ(pipeline_.queued_bytes(), 0u);
  EXPECT_EQ(lose(), "");
}

TEST_F(PipelineTest, LossDoesNotEndACallTwice) {
  const auto skipped = add("aaaa");
  const auto gone = add("b");
  pipeline_.take_output();
  (void)pipeline_.give_up(skipped);
  (void)pipeline_.give_up(gone);
  EXPECT_EQ(lose(), "");
}

TEST_F(PipelineTest, NextConnectionKnowsNothingOfTheLastOne) {
  add("a");
  pipeline_.take_output();
  EXPECT_EQ(receive("$100\r\nhalf of a"), "");
  EXPECT_EQ(lose(), "1=unknown outcome");
  EXPECT_EQ(add("b"), 2u);
  EXPECT_EQ(pipeline_.take_output(), "b");
  EXPECT_EQ(receive("+B\r\n"), "2=B");
}

TEST_F(PipelineTest, BothLimitsRefuseAndSayNothingWasSent) {
  add("123456789");
  const auto too_many_bytes = pipeline_.add("12");
  ASSERT_FALSE(too_many_bytes);
  EXPECT_EQ(too_many_bytes.error().kind(), ErrorKind::kRetry);
  pipeline_.take_output();
  for (const char* request : {"b", "c", "d"}) add(request);
  const auto too_many_calls = pipeline_.add("e");
  ASSERT_FALSE(too_many_calls);
  EXPECT_EQ(too_many_calls.error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(receive("+A\r\n"), "1=A");
  EXPECT_TRUE(pipeline_.add("e"));
}

TEST_F(PipelineTest, PushIsNoReply) {
  add("a");
  pipeline_.take_output();
  EXPECT_EQ(receive(">1\r\n+invalidate\r\n+A\r\n"), "1=A");
  EXPECT_EQ(pipeline_.pushes(), 1u);
}

TEST_F(PipelineTest, ErrorReplyIsAReply) {
  add("a");
  pipeline_.take_output();
  EXPECT_EQ(receive("-WRONGTYPE no\r\n"), "1=WRONGTYPE no");
}

TEST_F(PipelineTest, ServerThatBreaksTheProtocolIsNotReadOn) {
  add("a");
  pipeline_.take_output();
  const auto received = pipeline_.receive("+A\r\nnonsense\r\n", ended_);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(shown(), "1=A") << "what came before it counts";
}

TEST_F(PipelineTest, ReplyThatNobodyAskedForIsAnError) {
  const auto gone = add("a");
  (void)pipeline_.give_up(gone);
  pipeline_.take_output();
  EXPECT_FALSE(pipeline_.receive("+A\r\n", ended_));
  EXPECT_THAT(ended_, IsEmpty());
}

// Whatever happens in whatever order, a call ends once, and with its own reply.
TEST(Pipeline, RandomSchedulesEndEachCallOnceWithItsOwnReply) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    base::Random random(seed);
    Pipeline pipeline({.calls = 20, .queued_bytes = 60, .batch_bytes = 12});
    std::map<Pipeline::CallId, int> open;  // The number that the call carries, and its reply must.
    std::string on_the_wire, answers;
    int next_number = 1000;
    const auto settle = [&](std::vector<Pipeline::Ended> ended) {
      for (const auto& [id, outcome] : ended) {
        ASSERT_TRUE(open.contains(id));
        if (outcome) {
          ASSERT_EQ(outcome->text, std::to_string(open[id]));
        }
        open.erase(id);
      }
    };
    for (int step = 0; step < 400; ++step) {
      std::vector<Pipeline::Ended> ended;
      switch (random.below(8)) {
        case 0:
        case 1:
        case 2:
          if (const auto id = pipeline.add(std::to_string(next_number))) open[*id] = next_number++;
          break;
        case 3: on_the_wire += pipeline.take_output(); break;
        case 4:  // The server answers some requests, each of four digits.
          for (auto n = random.below(4); n > 0 && on_the_wire.size() >= 4; --n) {
            answers += fmt::format("+{}\r\n", on_the_wire.substr(0, 4));
            on_the_wire.erase(0, 4);
          }
          break;
        case 5: {
          const std::size_t some = random.below(answers.size() + 1);
          ASSERT_TRUE(pipeline.receive(answers.substr(0, some), ended));
          answers.erase(0, some);
          break;
        }
        case 6:
          if (!open.empty()) {
            const auto any = std::next(open.begin(), static_cast<long>(random.below(open.size())));
            (void)pipeline.give_up(any->first);
            open.erase(any);
          }
          break;
        case 7:
          if (random.chance(0.1)) {
            pipeline.lost(base::retry("reset"), ended);
            settle(std::move(ended));
            ended.clear();
            ASSERT_THAT(open, IsEmpty());
            on_the_wire.clear();
            answers.clear();
          }
          break;
      }
      settle(std::move(ended));
    }
  }
}

TEST(Command, IsAMultibulk) {
  Command command{"SET", "key"};
  command.add(std::string_view("v\0", 2)).add(-12);
  EXPECT_EQ(command.bytes(), "*4\r\n$3\r\nSET\r\n$3\r\nkey\r\n$2\r\nv\0\r\n$3\r\n-12\r\n"sv);
}

}  // namespace
}  // namespace weir::client::redis
