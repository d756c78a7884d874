#include "base/histogram.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace weir::base {

using histogram_buckets::index_of;
using histogram_buckets::lower_bound;

void Histogram::record(std::uint64_t value, std::uint64_t times) {
  buckets_[index_of(value)] += times;
  count_ += times;
  sum_ += value * times;
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() { *this = Histogram(); }

std::uint64_t Histogram::quantile(double q) const {
  WEIR_ASSERT(q >= 0 && q <= 1);
  if (count_ == 0) return 0;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) {
      const std::uint64_t low = lower_bound(i);
      const std::uint64_t middle = low + (lower_bound(i + 1) - low) / 2;
      return std::min(middle, max_);
    }
  }
  return max_;
}

std::uint64_t Histogram::count_at_most(std::uint64_t value) const {
  std::uint64_t seen = 0;
  const std::size_t last = index_of(value);
  for (std::size_t i = 0; i <= last; ++i) seen += buckets_[i];
  return seen;
}

void AtomicHistogram::record(std::uint64_t value) {
  auto& bucket = buckets_[index_of(value)];
  bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  if (value > max_.load(std::memory_order_relaxed)) max_.store(value, std::memory_order_relaxed);
}

Histogram AtomicHistogram::snapshot() const {
  Histogram copy;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    copy.buckets_[i] = buckets_[i].load(std::memory_order_relaxed);
    copy.count_ += copy.buckets_[i];
  }
  copy.sum_ = sum_.load(std::memory_order_relaxed);
  copy.max_ = max_.load(std::memory_order_relaxed);
  return copy;
}

}  // namespace weir::base
