// Table: a hash table of pointers to items that grows by small steps and is walked in the order of the hash.
//
// The keyspace, and every set, hash and sorted set that has outgrown its packed form, is a Table. What it promises:
//   - no operation moves more than one segment (about two thousand slots): growing has no pause;
//   - about 11 bytes an item at any size: segments grow by a sixth, not by doubling;
//   - a lookup touches one cache line of the directory, mostly one bucket, and the item;
//   - scan() returns every item that is there from its begin to its end, whatever is inserted, erased, grown or shrunk
//     meanwhile: a cursor is a position in the order of the hash, and an item never changes its position.
//
//   hash (64 bits)  | directory index (depth bits) | position (15 bits) ......... | tag (8 bits) |
//                     which segment                  which bucket: position * buckets / 2^15
//
//   directory       one word for each prefix of the hash: segment pointer (48 bits), its depth, its number of buckets
//   segment         header | bucket | bucket | ...      1 to 319 buckets; full: it grows, and at 319 it splits in two
//   bucket (64 B)   7 tags | passed | slot * 7          a tag of 0: the slot is free
//   slot (8 B)      item pointer (48 bits) | flag (1 bit) | position (15 bits)
//
// A full bucket passes an item on to the next bucket of its segment (around its end), and counts what it passed, so
// that a search knows where to stop and an erased item leaves no trace. A count of 255 stays until the segment is made
// anew. Keyed hashes do not come to that, unless items come in the order of their hashes, from another table: then
// segments are split before they are full, until the items have room.
//
// The flag is the owner's: the keyspace marks keys that have an expiry, and each segment counts its flagged items and
// holds a lower bound that the owner sets, so that what expires is found without an index of its own.
//
// Items are the owner's: the table neither allocates nor frees them. One thread at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "base/random.h"
#include "store/memory/heap.h"

namespace weir::store {

// Asks the processor for the line. g++ takes a function that only prefetches for one without effect and leaves the call
// out; the empty statement tells it otherwise.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("" : : "r"(address));
}

// What all tables share, whatever their items are: the shape of segments and words.
class TableShape {
 public:
  static constexpr std::size_t kSlots = 7;
  static constexpr unsigned kPositionBits = 15;

  struct Bucket {
    std::uint64_t control = 0;  // Bytes 0 to 6: the tags; byte 7: how many items were passed on.
    std::uint64_t slots[kSlots] = {};
  };
  static_assert(sizeof(Bucket) == 64);

  struct alignas(64) Segment {
    std::uint32_t items = 0;
    std::uint32_t flagged = 0;
    std::uint16_t buckets = 0;
    std::uint16_t depth = 0;
    std::int64_t lower_bound = std::numeric_limits<std::int64_t>::max();  // Of the flagged items; the owner's meaning.

    Bucket* bucket(std::size_t index) { return reinterpret_cast<Bucket*>(this + 1) + index; }
    const Bucket* bucket(std::size_t index) const { return reinterpret_cast<const Bucket*>(this + 1) + index; }
  };
  static_assert(sizeof(Segment) == 64);

  static constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << 48) - 1;
  static constexpr std::uint64_t kFlag = std::uint64_t{1} << 48;

  static std::uint64_t position_of_slot(std::uint64_t slot) { return slot >> 49; }
  static std::size_t bucket_of(std::uint64_t position, std::size_t buckets) {
    return static_cast<std::size_t>((position * buckets) >> kPositionBits);
  }
  static std::uint64_t tag_of(std::uint64_t hash) {
    const std::uint64_t tag = hash & 0xff;
    return tag == 0 ? 1 : tag;
  }

  // A bit (the highest of its byte) for each of the seven tags that equals `tag`. Exact for the lowest match; above it
  // there may be a false one, which whoever compares the slot finds out.
  static std::uint64_t match(std::uint64_t control, std::uint64_t tag) {
    constexpr std::uint64_t kOnes = 0x0001010101010101;
    constexpr std::uint64_t kHighs = 0x0080808080808080;
    const std::uint64_t difference = control ^ (tag * kOnes);
    return (difference - kOnes) & ~difference & kHighs;
  }
  static std::size_t slot_of_match(std::uint64_t matches) {
    return static_cast<std::size_t>(std::countr_zero(matches)) / 8;
  }
  static constexpr std::uint64_t kManyPassed = 255;
  static std::uint64_t passed(const Bucket& bucket) { return bucket.control >> 56; }

  static Segment* make_segment(std::size_t buckets, std::size_t depth);
  static void free_segment(Segment* segment) { Heap::release(segment); }
  // The next larger and the next smaller number of buckets, chosen so that segments fill the allocator's classes. 0:
  // there is none.
  static std::size_t larger(std::size_t buckets);
  static std::size_t smallest_for(std::size_t items);
  // As many items as a segment may hold before it grows.
  static std::size_t capacity(std::size_t buckets) { return buckets <= 1 ? kSlots : buckets * kSlots * 7 / 8; }
  static constexpr std::size_t kMaxBuckets = 319;

  // Puts a slot's word into the segment, and says where. Requires: there is room.
  static std::uint64_t* put_slot(Segment& segment, std::uint64_t word, std::uint64_t tag, std::size_t& bucket);
};

// `Traits`: `using Item`, and `static std::uint64_t hash(const Item&)`, called when a segment splits or merges.
template <typename Traits>
class Table : private TableShape {
 public:
  using Item = typename Traits::Item;

  // Where an item stands. Valid until the next insert or erase.
  class Place {
   public:
    explicit operator bool() const { return slot_ != nullptr; }
    Item* item() const { return reinterpret_cast<Item*>(*slot_ & kPointerMask); }
    bool flagged() const { return (*slot_ & kFlag) != 0; }

   private:
    friend class Table;
    std::uint64_t* slot_ = nullptr;
    Segment* segment_ = nullptr;
    std::size_t bucket_ = 0;
  };

  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  Table(Table&& other) noexcept { swap(other); }
  Table& operator=(Table&& other) noexcept {
    Table moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Table() { drop(); }

  void swap(Table& other) noexcept {
    std::swap(directory_, other.directory_);
    std::swap(depth_, other.depth_);
    std::swap(size_, other.size_);
    std::swap(flagged_, other.flagged_);
    std::swap(deepest_, other.deepest_);
  }

  std::size_t size() const { return size_; }
  std::size_t flagged() const { return flagged_; }

  // `equals(const Item&)` tells the item that is looked for from another of the same hash.
  template <typename Equals>
  Place find(std::uint64_t hash, Equals&& equals) const {
    Place place;
    if (directory_ == nullptr) return place;
    const std::uint64_t word = directory_[index_of(hash)];
    Segment* segment = segment_of(word);
    const std::uint64_t position = position_of(hash, depth_of(word));
    const std::size_t buckets = buckets_of(word);
    const std::uint64_t tag = tag_of(hash);
    std::size_t index = bucket_of(position, buckets);
    for (std::size_t steps = 0; steps < buckets; ++steps) {
      Bucket& bucket = *segment->bucket(index);
      for (std::uint64_t matches = match(bucket.control, tag); matches != 0; matches &= matches - 1) {
        std::uint64_t& slot = bucket.slots[slot_of_match(matches)];
        if (position_of_slot(slot) != position || slot == 0) continue;  // See match(): a false one may be free.
        if (!equals(*reinterpret_cast<const Item*>(slot & kPointerMask))) continue;
        place.slot_ = &slot;
        place.segment_ = segment;
        place.bucket_ = index;
        return place;
      }
      if (passed(bucket) == 0) break;
      index = index + 1 == buckets ? 0 : index + 1;
    }
    return place;
  }

  // Brings the bucket of this hash, then the items that may be it, nearer to the processor.
  void prefetch_bucket(std::uint64_t hash) const {
    if (directory_ == nullptr) return;
    const std::uint64_t word = directory_[index_of(hash)];
    prefetch(segment_of(word)->bucket(bucket_of(position_of(hash, depth_of(word)), buckets_of(word))));
  }
  void prefetch_item(std::uint64_t hash) const {
    if (directory_ == nullptr) return;
    const std::uint64_t word = directory_[index_of(hash)];
    const Bucket& bucket = *segment_of(word)->bucket(bucket_of(position_of(hash, depth_of(word)), buckets_of(word)));
    const std::uint64_t matches = match(bucket.control, tag_of(hash));
    if (matches == 0) return;
    const auto* item = reinterpret_cast<const char*>(bucket.slots[slot_of_match(matches)] & kPointerMask);
    prefetch(item);
    prefetch(item + 64);
  }

  // Room for so many items at once, so that none of them is moved while they come. Requires: the table is empty.
  void reserve(std::size_t items) {
    drop();
    while ((items >> depth_) > kReservedItems) ++depth_;
    const std::size_t segments = std::size_t{1} << depth_;
    const std::size_t buckets = smallest_for((items >> depth_) * 9 / 8 + 1);
    directory_ = static_cast<std::uint64_t*>(Heap::allocate(segments * sizeof(std::uint64_t)));
    for (std::size_t i = 0; i < segments; ++i) directory_[i] = word_of(make_segment(buckets, depth_));
    deepest_ = segments;
  }

  // Requires: no equal item is there.
  Place insert(std::uint64_t hash, Item* item, bool flagged = false) {
    if (directory_ == nullptr) {
      directory_ = static_cast<std::uint64_t*>(Heap::allocate(sizeof(std::uint64_t)));
      directory_[0] = word_of(make_segment(1, 0));
      depth_ = 0;
      deepest_ = 1;
    }
    Segment* segment = segment_of(directory_[index_of(hash)]);
    const std::size_t home = bucket_of(position_of(hash, segment->depth), segment->buckets);
    if (passed(*segment->bucket(home)) == kManyPassed) [[unlikely]] {
      split(segment, hash);
      segment = segment_of(directory_[index_of(hash)]);
    }
    while (segment->items >= capacity(segment->buckets)) {
      grow(segment, hash);
      segment = segment_of(directory_[index_of(hash)]);
    }
    Place place;
    place.segment_ = segment;
    place.slot_ =
        put_slot(*segment, slot_word(item, flagged, position_of(hash, segment->depth)), tag_of(hash), place.bucket_);
    ++segment->items;
    ++size_;
    if (flagged) {
      ++segment->flagged;
      ++flagged_;
    }
    return place;
  }

  // Requires: the place is valid. The item itself stays the caller's.
  void erase(Place place) {
    Segment& segment = *place.segment_;
    const std::uint64_t slot = *place.slot_;
    Bucket& bucket = *segment.bucket(place.bucket_);
    const auto index = static_cast<std::size_t>(place.slot_ - bucket.slots);
    bucket.slots[index] = 0;
    bucket.control &= ~(std::uint64_t{0xff} << (index * 8));
    for (std::size_t at = bucket_of(position_of_slot(slot), segment.buckets); at != place.bucket_;
         at = at + 1 == segment.buckets ? 0 : at + 1) {
      if (passed(*segment.bucket(at)) < kManyPassed) segment.bucket(at)->control -= std::uint64_t{1} << 56;
    }
    --segment.items;
    --size_;
    if ((slot & kFlag) != 0) {
      --segment.flagged;
      --flagged_;
    }
    if (segment.items < capacity(segment.buckets) / 4) shrink(&segment, slot);
  }

  // The item moved, or another takes its place under the same hash.
  void replace(Place place, Item* item) { *place.slot_ = (*place.slot_ & ~kPointerMask) | pointer_bits(item); }
  void set_flag(Place place, bool flagged) {
    if (place.flagged() == flagged) return;
    *place.slot_ ^= kFlag;
    const std::int32_t change = flagged ? 1 : -1;
    place.segment_->flagged = static_cast<std::uint32_t>(static_cast<std::int32_t>(place.segment_->flagged) + change);
    flagged_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(flagged_) + change);
  }
  // The segment's bound falls to `bound` if it was higher.
  void lower_bound(Place place, std::int64_t bound) {
    if (bound < place.segment_->lower_bound) place.segment_->lower_bound = bound;
  }

  // Visits the items of one bucket, `visit(Item&)`, and returns the cursor of the next; 0: that was the last. The visit
  // must not change the table.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    if (directory_ == nullptr) return 0;
    const std::uint64_t position = cursor << kCursorShift;
    const std::uint64_t word = directory_[index_of(position)];
    const Segment* segment = segment_of(word);
    const std::size_t buckets = buckets_of(word);
    const std::size_t home = bucket_of(position_of(position, depth_of(word)), buckets);
    visit_home(*segment, home, visit);
    return cursor_after(position, depth_of(word), home, buckets);
  }

  // Whether the items of the bucket at this cursor all lie at or after it. False: the bucket was made from smaller ones
  // since, and begins before the cursor.
  bool starts_bucket(std::uint64_t cursor) const {
    const std::uint64_t position = cursor << kCursorShift;
    const std::uint64_t word = directory_[index_of(position)];
    const std::uint64_t within = position_of(position, depth_of(word));
    const std::size_t home = bucket_of(within, buckets_of(word));
    const std::uint64_t unit = std::uint64_t{1} << (64 - kPositionBits - depth_of(word));
    return (position & (unit - 1)) == 0 && (within == 0 || bucket_of(within - 1, buckets_of(word)) != home);
  }
  // Where an item of this hash stands in the order of the walk: it is visited by the first scan of a cursor above this.
  static std::uint64_t cursor_of(std::uint64_t hash) { return hash >> kCursorShift; }
  // Brings the items near this cursor nearer to the processor: for a walk that will come there soon.
  void prefetch_scan(std::uint64_t cursor) const {
    const std::uint64_t position = cursor << kCursorShift;
    const std::uint64_t word = directory_[index_of(position)];
    const std::size_t home = bucket_of(position_of(position, depth_of(word)), buckets_of(word));
    for (const std::uint64_t slot : segment_of(word)->bucket(home)->slots) {
      prefetch(reinterpret_cast<const void*>(slot & kPointerMask));
    }
    if (home + 1 < buckets_of(word)) prefetch(segment_of(word)->bucket(home + 1));
  }

  // Visits the flagged items of one segment if its lower bound is at most `bound`, and returns the cursor of the next
  // segment; 0: that was the last. `visit(Item&)` must not change the table; it returns the item's own bound, and the
  // segment's becomes the least of them.
  template <typename Visit>
  std::uint64_t sweep(std::uint64_t cursor, std::int64_t bound, Visit&& visit) const {
    if (directory_ == nullptr) return 0;
    const std::uint64_t position = cursor << kCursorShift;
    const std::uint64_t word = directory_[index_of(position)];
    Segment& segment = *segment_of(word);
    if (segment.flagged == 0) segment.lower_bound = std::numeric_limits<std::int64_t>::max();
    if (segment.lower_bound <= bound) {
      std::int64_t least = std::numeric_limits<std::int64_t>::max();
      for (std::size_t i = 0; i < segment.buckets; ++i) {
        for (const std::uint64_t slot : segment.bucket(i)->slots) {
          if ((slot & kFlag) == 0) continue;
          const std::int64_t own = visit(*reinterpret_cast<Item*>(slot & kPointerMask));
          if (own < least) least = own;
        }
      }
      segment.lower_bound = least;
    }
    return cursor_after(position, depth_of(word), buckets_of(word) - 1, buckets_of(word));
  }

  template <typename Visit>
  void for_each(Visit&& visit) const {
    for_each_segment([&](const Segment& segment) {
      for (std::size_t i = 0; i < segment.buckets; ++i) {
        for (const std::uint64_t slot : segment.bucket(i)->slots) {
          if (slot != 0) visit(*reinterpret_cast<Item*>(slot & kPointerMask));
        }
      }
    });
  }

  // Ends when `visit(Item&)` returns false.
  template <typename Visit>
  void for_each_while(Visit&& visit) const {
    bool wanted = true;
    for_each_segment([&](const Segment& segment) {
      for (std::size_t i = 0; wanted && i < segment.buckets; ++i) {
        for (const std::uint64_t slot : segment.bucket(i)->slots) {
          if (wanted && slot != 0) wanted = visit(*reinterpret_cast<Item*>(slot & kPointerMask));
        }
      }
    });
  }

  // Every item is moved elsewhere: `move(Item&)` returns where it is now, with the same hash.
  template <typename Move>
  void relocate_all(Move&& move) {
    for_each_segment([&](Segment& segment) {
      for (std::size_t i = 0; i < segment.buckets; ++i) {
        for (std::uint64_t& slot : segment.bucket(i)->slots) {
          if (slot == 0) continue;
          slot = (slot & ~kPointerMask) | pointer_bits(move(*reinterpret_cast<Item*>(slot & kPointerMask)));
        }
      }
    });
  }

  // Becomes a table of the same layout as `other`: `copy(const Item&)` makes the item that stands for each, with the
  // same hash. Requires: this table is empty.
  template <typename Copy>
  void copy_from(const Table& other, Copy&& copy) {
    drop();
    if (other.directory_ == nullptr) return;
    const std::size_t count = std::size_t{1} << other.depth_;
    directory_ = static_cast<std::uint64_t*>(Heap::allocate(count * sizeof(std::uint64_t)));
    depth_ = other.depth_;
    deepest_ = other.deepest_;
    size_ = other.size_;
    flagged_ = other.flagged_;
    for (std::size_t i = 0; i < count;) {
      const Segment& from = *segment_of(other.directory_[i]);
      Segment* const segment = make_segment(from.buckets, from.depth);
      std::memcpy(static_cast<void*>(segment), &from, sizeof(Segment) + from.buckets * sizeof(Bucket));
      const std::size_t words = std::size_t{1} << (depth_ - from.depth);
      for (std::size_t word = 0; word < words; ++word) directory_[i + word] = word_of(segment);
      i += words;
    }
    relocate_all([&](const Item& item) { return copy(item); });
  }

  // Any item, each with the same probability. Null: the table is empty.
  Item* random(base::Random& random) const {
    if (size_ == 0) return nullptr;
    while (true) {
      const std::size_t index = random.below(std::uint64_t{1} << depth_);
      const std::uint64_t word = directory_[index];
      // A shallow segment stands in the directory more often than a deep one, and a small one has fewer buckets: each
      // bucket is to have the same chance.
      if ((index & ((std::size_t{1} << (depth_ - depth_of(word))) - 1)) != 0) continue;
      const std::size_t bucket = random.below(depth_ == 0 ? buckets_of(word) : kMaxBuckets);
      if (bucket >= buckets_of(word)) continue;
      const std::uint64_t slot = segment_of(word)->bucket(bucket)->slots[random.below(kSlots)];
      if (slot != 0) return reinterpret_cast<Item*>(slot & kPointerMask);
    }
  }

  // Any flagged item, of a segment that is drawn at random: good enough for sampling. Null: there is none.
  Item* random_flagged(base::Random& random) const {
    if (flagged_ == 0) return nullptr;
    const std::size_t mask = (std::size_t{1} << depth_) - 1;
    std::size_t index = random.below(mask + 1);
    while (segment_of(directory_[index])->flagged == 0) index = (index + 1) & mask;
    const Segment& segment = *segment_of(directory_[index]);
    const std::size_t slots = segment.buckets * kSlots;
    for (std::size_t at = random.below(slots);; at = at + 1 == slots ? 0 : at + 1) {
      const std::uint64_t slot = segment.bucket(at / kSlots)->slots[at % kSlots];
      if ((slot & kFlag) != 0) return reinterpret_cast<Item*>(slot & kPointerMask);
    }
  }

  // What directory and segments take, in bytes.
  std::size_t footprint() const {
    if (directory_ == nullptr) return 0;
    std::size_t bytes = Heap::size_of(directory_);
    for_each_segment([&](const Segment& segment) { bytes += Heap::size_of(&segment); });
    return bytes;
  }

  // Forgets all items.
  void drop() {
    if (directory_ == nullptr) return;
    for_each_segment([](Segment& segment) { free_segment(&segment); });
    Heap::release(directory_);
    directory_ = nullptr;
    size_ = flagged_ = deepest_ = 0;
    depth_ = 0;
  }

 private:
  // On average, in each segment of a table that was reserved: below what a segment holds by far more than chance adds.
  static constexpr std::size_t kReservedItems = 1500;
  // A cursor holds the 48 highest bits of a position, so that it is exact in every client's number type.
  static constexpr unsigned kCursorShift = 16;

  // Directory words: pointer, then 9 bits of buckets, then 6 bits of depth.
  static std::uint64_t word_of(const Segment* segment) {
    return reinterpret_cast<std::uint64_t>(segment) | (std::uint64_t{segment->buckets} << 48) |
           (std::uint64_t{segment->depth} << 57);
  }
  static Segment* segment_of(std::uint64_t word) { return reinterpret_cast<Segment*>(word & kPointerMask); }
  static std::size_t buckets_of(std::uint64_t word) { return (word >> 48) & 0x1ff; }
  static std::uint64_t depth_of(std::uint64_t word) { return word >> 57; }
  static std::uint64_t pointer_bits(const Item* item) { return reinterpret_cast<std::uint64_t>(item); }
  static std::uint64_t slot_word(const Item* item, bool flagged, std::uint64_t position) {
    return pointer_bits(item) | (flagged ? kFlag : 0) | (position << 49);
  }
  static std::uint64_t position_of(std::uint64_t hash, std::uint64_t depth) {
    return (hash << depth) >> (64 - kPositionBits);
  }
  std::size_t index_of(std::uint64_t hash) const {
    return depth_ == 0 ? 0 : static_cast<std::size_t>(hash >> (64 - depth_));
  }

  template <typename Visit>
  void for_each_segment(Visit&& visit) const {
    if (directory_ == nullptr) return;
    for (std::size_t i = 0; i < std::size_t{1} << depth_;) {
      Segment* segment = segment_of(directory_[i]);
      i += std::size_t{1} << (depth_ - segment->depth);
      visit(*segment);
    }
  }

  // The items whose home is this bucket: they stand in it, or were passed on.
  template <typename Visit>
  static void visit_home(const Segment& segment, std::size_t home, Visit& visit) {
    std::size_t at = home;
    for (std::size_t steps = 0; steps < segment.buckets; ++steps) {
      const Bucket& bucket = *segment.bucket(at);
      for (const std::uint64_t slot : bucket.slots) {
        if (slot != 0 && bucket_of(position_of_slot(slot), segment.buckets) == home) {
          visit(*reinterpret_cast<Item*>(slot & kPointerMask));
        }
      }
      if (passed(bucket) == 0) return;
      at = at + 1 == segment.buckets ? 0 : at + 1;
    }
  }

  static std::uint64_t cursor_after(std::uint64_t position, std::uint64_t depth, std::size_t home,
                                    std::size_t buckets) {
    // The lowest position whose bucket is the next one; 2^15 is the first of the next segment.
    const std::uint64_t next = (((home + 1) << kPositionBits) + buckets - 1) / buckets;
    const std::uint64_t prefix = depth == 0 ? 0 : position >> (64 - depth) << (64 - depth);
    const std::uint64_t unit = std::uint64_t{1} << (64 - kPositionBits - depth);
    return (prefix + next * unit) >> kCursorShift;  // Past the last segment it wraps around to 0.
  }

  // Makes room in the segment of this hash: a larger one takes its place, or two do.
  void grow(Segment* segment, std::uint64_t hash) {
    if (const std::size_t buckets = larger(segment->buckets); buckets != 0) return resize(segment, hash, buckets);
    split(segment, hash);
  }

  void resize(Segment* segment, std::uint64_t hash, std::size_t buckets) {
    Segment* resized = make_segment(buckets, segment->depth);
    resized->items = segment->items;
    resized->flagged = segment->flagged;
    resized->lower_bound = segment->lower_bound;
    for (std::size_t i = 0; i < segment->buckets; ++i) {
      const Bucket& bucket = *segment->bucket(i);
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        std::size_t index = 0;
        if (bucket.slots[slot] == 0) continue;
        put_slot(*resized, bucket.slots[slot], (bucket.control >> (slot * 8)) & 0xff, index);
      }
    }
    enter(resized, hash);
    free_segment(segment);
  }

  void split(Segment* segment, std::uint64_t hash) {
    if (segment->depth == depth_) double_directory();
    const std::size_t depth = segment->depth + 1u;
    const std::size_t upper = upper_half_of(*segment);
    Segment* halves[2] = {make_segment(smallest_for((segment->items - upper) * 9 / 8), depth),
                          make_segment(smallest_for(upper * 9 / 8), depth)};
    move_all(*segment, [&](std::uint64_t item_hash) -> Segment& { return *halves[(item_hash >> (64 - depth)) & 1]; });
    for (Segment* half : halves) half->lower_bound = segment->lower_bound;
    const std::uint64_t bit = std::uint64_t{1} << (64 - depth);
    enter(halves[0], hash & ~bit);
    enter(halves[1], hash | bit);
    if (depth == depth_) deepest_ += 2;
    free_segment(segment);
  }

  // How many items would go to the second of two halves: those with the highest bit of their position set.
  static std::size_t upper_half_of(const Segment& segment) {
    std::size_t upper = 0;
    for (std::size_t i = 0; i < segment.buckets; ++i) {
      // Free slots are zero.
      for (const std::uint64_t slot : segment.bucket(i)->slots) upper += slot >> 63;
    }
    return upper;
  }

  // Rehashes every item of `from` into the segment that `choose(hash)` names. The items are touched: one cache miss
  // each, asked for ahead.
  template <typename Choose>
  static void move_all(const Segment& from, Choose&& choose) {
    for (std::size_t i = 0; i < from.buckets; ++i) {
      if (i + 2 < from.buckets) {
        for (const std::uint64_t slot : from.bucket(i + 2)->slots) {
          prefetch(reinterpret_cast<const void*>(slot & kPointerMask));
        }
      }
      for (const std::uint64_t slot : from.bucket(i)->slots) {
        if (slot == 0) continue;
        const Item* item = reinterpret_cast<const Item*>(slot & kPointerMask);
        const std::uint64_t hash = Traits::hash(*item);
        Segment& to = choose(hash);
        const bool flagged = (slot & kFlag) != 0;
        std::size_t index = 0;
        put_slot(to, slot_word(item, flagged, position_of(hash, to.depth)), tag_of(hash), index);
        ++to.items;
        if (flagged) ++to.flagged;
      }
    }
  }

  // Writes the segment into all words of the directory that lead to it; `hash` is any that does.
  void enter(Segment* segment, std::uint64_t hash) {
    const std::size_t count = std::size_t{1} << (depth_ - segment->depth);
    const std::size_t begin = index_of(hash) & ~(count - 1);
    const std::uint64_t word = word_of(segment);
    for (std::size_t i = 0; i < count; ++i) directory_[begin + i] = word;
  }

  void double_directory() {
    const std::size_t count = std::size_t{1} << depth_;
    auto* doubled = static_cast<std::uint64_t*>(Heap::allocate(2 * count * sizeof(std::uint64_t)));
    for (std::size_t i = 0; i < count; ++i) doubled[2 * i] = doubled[2 * i + 1] = directory_[i];
    Heap::release(directory_);
    directory_ = doubled;
    ++depth_;
    deepest_ = 0;
  }

  // A segment that is nearly empty becomes smaller, or one with its equally deep neighbour. `slot` was in it.
  void shrink(Segment* segment, std::uint64_t slot) {
    // Any hash of the segment will do. The erased item is still whole: it is the caller's.
    const std::uint64_t hash = Traits::hash(*reinterpret_cast<const Item*>(slot & kPointerMask));
    if (segment->buckets > 1) {
      const std::size_t buckets = smallest_for(segment->items * 2);
      if (buckets < segment->buckets) {
        resize(segment, hash, buckets);
        segment = segment_of(directory_[index_of(hash)]);
      }
    }
    if (segment->depth == 0) return;
    const std::uint64_t bit = std::uint64_t{1} << (64 - segment->depth);
    Segment* other = segment_of(directory_[index_of(hash ^ bit)]);
    if (other->depth != segment->depth || segment->items + other->items > capacity(kMaxBuckets) / 3) return;
    merge(segment, other, hash);
  }

  void merge(Segment* one, Segment* other, std::uint64_t hash) {
    Segment* merged = make_segment(smallest_for((one->items + other->items) * 3 / 2), one->depth - 1u);
    for (const Segment* half : {one, other}) {
      move_all(*half, [&](std::uint64_t) -> Segment& { return *merged; });
      if (half->lower_bound < merged->lower_bound) merged->lower_bound = half->lower_bound;
    }
    if (one->depth == depth_) deepest_ -= 2;
    enter(merged, hash);
    free_segment(one);
    free_segment(other);
    while (depth_ > 0 && deepest_ == 0) halve_directory();
  }

  void halve_directory() {
    --depth_;
    const std::size_t count = std::size_t{1} << depth_;
    for (std::size_t i = 0; i < count; ++i) directory_[i] = directory_[2 * i];
    directory_ = static_cast<std::uint64_t*>(Heap::reallocate(directory_, count * sizeof(std::uint64_t)));
    for_each_segment([this](const Segment& segment) {
      if (segment.depth == depth_) ++deepest_;
    });
  }

  std::uint64_t* directory_ = nullptr;
  unsigned depth_ = 0;
  std::size_t deepest_ = 0;  // Segments as deep as the directory: none left, and it may be halved.
  std::size_t size_ = 0;
  std::size_t flagged_ = 0;
};

}  // namespace weir::store
