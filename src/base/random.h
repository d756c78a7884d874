// Random: a small, fast, seeded generator (xoshiro256**, Blackman and Vigna 2018, seeded by splitmix64). The same
// seed gives the same sequence on every machine, which std::uniform_int_distribution does not promise. Not for
// secrets. One owner, one thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace weir::base {

class Random {
 public:
  using result_type = std::uint64_t;

  explicit Random(std::uint64_t seed);
  // Seeded by the operating system, for everything that need not be replayed.
  static Random from_entropy();

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()();

  // Uniform in [0, bound), without modulo bias (Lemire 2019). Requires: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [low, high]. Requires: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);
  // Uniform in [0, 1), 53 bits.
  double unit();
  // True with the given probability.
  bool chance(double probability) { return unit() < probability; }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace weir::base
