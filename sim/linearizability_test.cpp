#include "sim/linearizability.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::sim {
namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

Operation write(std::uint64_t value, std::int64_t begin_us, std::int64_t end_us, Outcome outcome = Outcome::kDone) {
  return {.kind = Kind::kWrite,
          .client = 0,
          .key = 0,
          .outcome = outcome,
          .begin_us = begin_us,
          .end_us = end_us,
          .value = value};
}

Operation read(std::uint64_t value, std::int64_t begin_us, std::int64_t end_us) {
  Operation operation = write(value, begin_us, end_us);
  operation.kind = Kind::kStrictRead;
  return operation;
}

bool linearizable(const std::vector<Operation>& operations) { return linearizability_violation(operations, 0).empty(); }

TEST(Linearizability, OneAfterTheOther) {
  EXPECT_TRUE(linearizable({read(0, 0, 1), write(1, 2, 3), read(1, 4, 5), write(2, 6, 7), read(2, 8, 9)}));
}

TEST(Linearizability, AStaleReadIsNot) {
  EXPECT_FALSE(linearizable({write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)}));
  EXPECT_FALSE(linearizable({write(1, 0, 1), read(0, 2, 3)}));
}

TEST(Linearizability, ConcurrentOperationsMayBeSeenInEitherOrder) {
  EXPECT_TRUE(linearizable({write(1, 0, 9), write(2, 0, 9), read(1, 10, 11)}));
  EXPECT_TRUE(linearizable({write(1, 0, 9), write(2, 0, 9), read(2, 10, 11)}));
  EXPECT_TRUE(linearizable({write(1, 0, 9), read(0, 1, 2), read(1, 3, 4)}));
}

TEST(Linearizability, ButAllSeeTheSameOrder) {
  EXPECT_FALSE(linearizable({write(1, 0, 9), write(2, 0, 9), read(1, 10, 11), read(2, 12, 13), read(1, 14, 15)}));
  EXPECT_FALSE(linearizable({write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)}));
}

TEST(Linearizability, AnUnknownWriteMayHappenLateOrNeverButOnce) {
  EXPECT_TRUE(linearizable({write(1, 0, 1, Outcome::kUnknown), read(0, 2, 3)}));
  EXPECT_TRUE(linearizable({write(1, 0, 1, Outcome::kUnknown), read(0, 2, 3), read(1, 90, 91)}));
  EXPECT_FALSE(linearizable({write(1, 0, 1, Outcome::kUnknown), read(1, 2, 3), write(2, 4, 5), read(1, 90, 91)}));
}

TEST(Linearizability, NobodyReadsWhatWasNotWritten) {
  EXPECT_FALSE(linearizable({read(7, 0, 1)}));
  EXPECT_FALSE(linearizable({write(7, 0, 1, Outcome::kNotRun), read(7, 2, 3)}));
  EXPECT_FALSE(linearizable({read(7, 0, 1), write(7, 2, 3)}));
}

}  // namespace
}  // namespace weir::sim
