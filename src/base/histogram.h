// Histogram: counts of non-negative integers (usually nanoseconds) in log-linear buckets, after HdrHistogram
// (Tene, hdrhistogram.org). Every power of two is cut into 32 equal buckets and a bucket answers with its middle, so a
// quantile is wrong by at most 1/64 (1.6 %) of its value. Histograms of several threads or processes merge by
// addition, which averages and percentiles do not.
//
//   value    0 .. 63          64 .. 127          128 .. 255        ...     2^42 - 1 (73 minutes in ns)
//   buckets  64 of width 1    32 of width 2      32 of width 4     ...     larger values count in the last one
//
// Fixed size (about 10 KB), no allocation after construction. Histogram has one owner; AtomicHistogram has one writer
// and any number of readers.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::base {

namespace histogram_buckets {

inline constexpr int kSubBits = 5;
inline constexpr int kMaxBits = 42;
inline constexpr std::size_t kCount = (kMaxBits - kSubBits + 1) << kSubBits;
inline constexpr std::uint64_t kMaxValue = (std::uint64_t{1} << kMaxBits) - 1;

constexpr std::size_t index_of(std::uint64_t value) {
  if (value > kMaxValue) value = kMaxValue;
  const int width = std::bit_width(value);
  const int shift = width > kSubBits + 1 ? width - kSubBits - 1 : 0;
  return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(value >> shift);
}
// The smallest value that falls into the bucket.
constexpr std::uint64_t lower_bound(std::size_t index) {
  const std::size_t shift = index < (std::size_t{2} << kSubBits) ? 0 : (index >> kSubBits) - 1;
  return static_cast<std::uint64_t>(index - (shift << kSubBits)) << shift;
}

}  // namespace histogram_buckets

class Histogram {
 public:
  Histogram() : buckets_(histogram_buckets::kCount) {}

  void record(std::uint64_t value) { record(value, 1); }
  void record(std::uint64_t value, std::uint64_t times);
  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  std::uint64_t sum() const { return sum_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }
  // The value that `q` of all recorded values do not exceed, within 1.6 %; 0 when nothing was recorded.
  // Requires: 0 <= q <= 1.
  std::uint64_t quantile(double q) const;
  // How many recorded values are at most `value`, to the bucket.
  std::uint64_t count_at_most(std::uint64_t value) const;

 private:
  friend class AtomicHistogram;

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

class AtomicHistogram {
 public:
  // One thread only.
  void record(std::uint64_t value);
  // Any thread. Values recorded meanwhile are in it or not.
  Histogram snapshot() const;

 private:
  std::array<std::atomic<std::uint64_t>, histogram_buckets::kCount> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace weir::base
