// Intset: a sorted set of integers in one blob, in Redis's format, all members in the narrowest of 16, 32 and 64 bits
// that fits every one of them. It widens when a member needs it and never narrows.
//
//   +---------------------+-------------+--------+--------+-----+
//   | width (u32) 2, 4, 8 | count (u32) | member | member | ... |     little-endian, strictly ascending
//   +---------------------+-------------+--------+--------+-----+
//
// IntsetView reads borrowed bytes at any alignment; Intset owns a blob from the Heap. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::store {

class IntsetView {
 public:
  static constexpr std::size_t kHeaderBytes = 8;

  // Whether these bytes are a whole intset with at least one member, sorted and without repetition. O(n).
  static bool valid(std::string_view blob);

  // Requires: valid(blob), or one that Intset made.
  explicit IntsetView(std::string_view blob) : blob_(blob.data()) {}
  explicit IntsetView(const char* blob) : blob_(blob) {}

  std::string_view blob() const { return {blob_, kHeaderBytes + size() * width_bytes()}; }
  std::size_t size() const;
  std::size_t width_bytes() const;
  // Requires: index < size().
  std::int64_t at(std::size_t index) const;
  bool contains(std::int64_t member) const;
  // The index of the first member that is not less than `member`. O(log n).
  std::size_t lower_bound(std::int64_t member) const;

 private:
  const char* blob_;
};

class Intset {
 public:
  Intset();
  // A copy. Requires: IntsetView::valid(blob).
  explicit Intset(std::string_view blob);
  // Takes over what release() gave away.
  static Intset adopt(char* blob);
  Intset(Intset&& other) noexcept;
  Intset& operator=(Intset&& other) noexcept;
  Intset(const Intset&) = delete;
  Intset& operator=(const Intset&) = delete;
  ~Intset();

  // Gives the blob to the caller, who must bring it back by adopt() or release it to the Heap. Ends this object's life
  // but for its destructor and assignment.
  [[nodiscard]] char* release();

  IntsetView view() const { return IntsetView(blob_); }
  std::size_t size() const { return view().size(); }
  std::int64_t at(std::size_t index) const { return view().at(index); }
  bool contains(std::int64_t member) const { return view().contains(member); }

  // False if it was there.
  bool insert(std::int64_t member);
  // False if it was not there.
  bool erase(std::int64_t member);

 private:
  struct Adopted {};
  Intset(Adopted, char* blob) : blob_(blob) {}

  void widen(std::size_t width);
  void resize(std::size_t bytes);

  char* blob_;
};

}  // namespace weir::store
