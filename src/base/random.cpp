#include "base/random.h"

#include <bit>
#include <random>

#include "base/assert.h"

namespace weir::base {

namespace {

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed) {
  for (auto& word : state_) word = splitmix64(seed);
}

Random Random::from_entropy() {
  std::random_device device;
  return Random((std::uint64_t{device()} << 32) | device());
}

Random::result_type Random::operator()() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  WEIR_ASSERT(bound > 0);
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide((*this)()) * bound;
  auto low = static_cast<std::uint64_t>(product);
  if (low < bound) {
    // The smallest part of the range would be drawn too often; draw again until outside it.
    const std::uint64_t threshold = -bound % bound;
    while (low < threshold) {
      product = Wide((*this)()) * bound;
      low = static_cast<std::uint64_t>(product);
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
  WEIR_ASSERT(low <= high);
  const auto width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  const std::uint64_t offset = width == 0 ? (*this)() : below(width);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

double Random::unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

}  // namespace weir::base
