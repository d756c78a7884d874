#include "sim/faults.h"

#include <algorithm>
#include <numeric>

namespace weir::sim {

FaultMix::FaultMix(base::Random& random)
    : burst_(random.unit()),
      at_once_(random.unit()),
      master_(0.6 * random.unit()),
      bound_(0.6 * random.unit()),
      client_pause_us_(random.between(40'000, 200'000)) {
  for (std::uint64_t& weight : weights_) weight = random.chance(0.4) ? 0 : 1 + random.below(8);
  const auto weight_of = [&](Fault fault) -> std::uint64_t& { return weights_[static_cast<std::size_t>(fault)]; };
  if (random.chance(0.4)) {
    weight_of(Fault::kPower) = weight_of(Fault::kRack) = 0;
  } else {
    weight_of(Fault::kDisk) = 0;
    weight_of(Fault::kRack) = std::min<std::uint64_t>(weight_of(Fault::kRack), 1);
  }
  // Something has to go wrong.
  weight_of(Fault::kPartition) += 2;
}

Fault FaultMix::pick(base::Random& random) const {
  std::uint64_t dice = random.below(std::reduce(weights_.begin(), weights_.end()));
  std::size_t fault = 0;
  for (; dice >= weights_[fault]; ++fault) dice -= weights_[fault];
  return static_cast<Fault>(fault);
}

std::int64_t FaultMix::pause_us(base::Random& random) const {
  return random.chance(burst_) ? random.between(0, 200'000) : random.between(50'000, 1'200'000);
}

std::int64_t FaultMix::restart_us(base::Random& random) const {
  return random.between(0, random.chance(at_once_) ? 60'000 : 3'000'000);
}

}  // namespace weir::sim
