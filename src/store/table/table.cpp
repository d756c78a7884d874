#include "store/table/table.h"

#include <array>

namespace weir::store {

namespace {

// With the header of one line they fill the classes of 128 B, 256 B, ... 10, 12, 14, 16 and 20 KiB.
constexpr std::array<std::uint16_t, 18> kSteps = {1,  2,  3,  4,   6,   9,   15,  23,  31,
                                                  47, 63, 95, 127, 159, 191, 223, 255, 319};

}  // namespace

TableShape::Segment* TableShape::make_segment(std::size_t buckets, std::size_t depth) {
  const std::size_t bytes = sizeof(Segment) + buckets * sizeof(Bucket);
  auto* segment = new (Heap::allocate_aligned(alignof(Segment), bytes)) Segment();
  std::memset(static_cast<void*>(segment->bucket(0)), 0, buckets * sizeof(Bucket));
  segment->buckets = static_cast<std::uint16_t>(buckets);
  segment->depth = static_cast<std::uint16_t>(depth);
  return segment;
}

std::size_t TableShape::larger(std::size_t buckets) {
  for (const std::uint16_t step : kSteps) {
    if (step > buckets) return step;
  }
  return 0;
}

std::size_t TableShape::smallest_for(std::size_t items) {
  for (const std::uint16_t step : kSteps) {
    if (capacity(step) >= items) return step;
  }
  return kMaxBuckets;
}

std::uint64_t* TableShape::put_slot(Segment& segment, std::uint64_t word, std::uint64_t tag, std::size_t& index) {
  index = bucket_of(position_of_slot(word), segment.buckets);
  while (true) {
    Bucket& bucket = *segment.bucket(index);
    if (const std::uint64_t free = match(bucket.control, 0); free != 0) {
      const std::size_t slot = slot_of_match(free);
      bucket.slots[slot] = word;
      bucket.control |= tag << (slot * 8);
      return &bucket.slots[slot];
    }
    if (passed(bucket) < kManyPassed) bucket.control += std::uint64_t{1} << 56;
    index = index + 1 == segment.buckets ? 0 : index + 1;
  }
}

}  // namespace weir::store
