#include "store/replica/history.h"

#include <gtest/gtest.h>

namespace weir::store::replica {
namespace {

// 3 from 0 to 180, 5 from 180 to 300, 9 from 300 to 320.
History three_branches() {
  History history;
  history.begin(3, 20);
  history.advance(180);
  history.begin(5, 200);
  history.advance(300);
  history.begin(9, 320);
  return history;
}

TEST(History, ItsPositionIsTheLastBranchAndTheOffset) {
  EXPECT_EQ(History().position(), (Position{0, 0}));
  EXPECT_EQ(three_branches().position(), (Position{9, 320}));
}

TEST(History, ContainsWhatItsBranchesWentThrough) {
  const History history = three_branches();
  for (const Position inside :
       {Position{0, 0}, Position{3, 20}, Position{3, 180}, Position{5, 300}, Position{9, 320}}) {
    EXPECT_TRUE(history.contains(inside)) << inside.epoch << ", " << inside.offset;
  }
}

TEST(History, DoesNotContainTailsOfOtherBranches) {
  const History history = three_branches();
  // Behind where the next epoch began; of an epoch that it never had; ahead; data of before the founding.
  for (const Position outside :
       {Position{3, 181}, Position{5, 180}, Position{4, 100}, Position{9, 321}, Position{0, 7}}) {
    EXPECT_FALSE(history.contains(outside)) << outside.epoch << ", " << outside.offset;
  }
}

TEST(History, ForgetsTheOldestBranchesBeyondItsLimit) {
  History history;
  for (Epoch epoch = 1; epoch <= History::kMaxBranches + 1; ++epoch) history.begin(epoch, epoch * 10);
  EXPECT_FALSE(history.contains({1, 10}));
  EXPECT_TRUE(history.contains({2, 20}));
}

TEST(HistoryDeathTest, NoEpochIsBegunTwice) {
  History history = three_branches();
  EXPECT_DEATH(history.begin(9, 400), "epoch > position");
}

}  // namespace
}  // namespace weir::store::replica
