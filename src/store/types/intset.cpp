#include "store/types/intset.h"

#include <concepts>
#include <cstring>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "store/memory/heap.h"

namespace weir::store {

namespace {

constexpr std::size_t kHeaderBytes = IntsetView::kHeaderBytes;

template <std::integral T>
bool fits(std::int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

std::size_t width_for(std::int64_t member) {
  if (fits<std::int16_t>(member)) return 2;
  return fits<std::int32_t>(member) ? 4 : 8;
}

std::int64_t load(const char* from, std::size_t width) {
  switch (width) {
    case 2: return base::load_little_endian<std::int16_t>(from);
    case 4: return base::load_little_endian<std::int32_t>(from);
    default: return base::load_little_endian<std::int64_t>(from);
  }
}

// The low `width` bytes. Requires: the value fits them.
void put(char* to, std::int64_t value, std::size_t width) {
  if constexpr (std::endian::native == std::endian::big) value = base::byte_swap(value);
  const char* const bytes = reinterpret_cast<const char*>(&value);
  std::memcpy(to, std::endian::native == std::endian::big ? bytes + 8 - width : bytes, width);
}

void write_header(char* blob, std::size_t width, std::size_t size) {
  put(blob, static_cast<std::int64_t>(width), 4);
  put(blob + 4, static_cast<std::int64_t>(size), 4);
}

char* member_at(char* blob, std::size_t index, std::size_t width) { return blob + kHeaderBytes + index * width; }

}  // namespace

bool IntsetView::valid(std::string_view blob) {
  if (blob.size() <= kHeaderBytes) return false;
  const IntsetView view(blob);
  const std::size_t width = view.width_bytes();
  if (width != 2 && width != 4 && width != 8) return false;
  if (view.size() * width != blob.size() - kHeaderBytes) return false;  // 2^32 times 8 does not wrap.
  const char* at = blob.data() + kHeaderBytes;
  const char* const end = blob.data() + blob.size();
  std::int64_t before = load(at, width);
  while ((at += width) != end) {
    const std::int64_t member = load(at, width);
    if (member <= before) return false;
    before = member;
  }
  return true;
}

std::size_t IntsetView::width_bytes() const { return base::load_little_endian<std::uint32_t>(blob_); }
std::size_t IntsetView::size() const { return base::load_little_endian<std::uint32_t>(blob_ + 4); }

std::int64_t IntsetView::at(std::size_t index) const {
  const std::size_t width = width_bytes();
  return load(blob_ + kHeaderBytes + index * width, width);
}

std::size_t IntsetView::lower_bound(std::int64_t member) const {
  const std::size_t width = width_bytes();
  const char* const members = blob_ + kHeaderBytes;
  std::size_t low = 0;
  for (std::size_t left = size(); left > 0;) {
    const std::size_t half = left / 2;
    if (load(members + (low + half) * width, width) < member) {
      low += half + 1;
      left -= half + 1;
    } else {
      left = half;
    }
  }
  return low;
}

bool IntsetView::contains(std::int64_t member) const {
  if (width_for(member) > width_bytes()) return false;
  const std::size_t index = lower_bound(member);
  return index < size() && at(index) == member;
}

Intset::Intset() : blob_(static_cast<char*>(Heap::allocate(kHeaderBytes))) { write_header(blob_, 2, 0); }

Intset::Intset(std::string_view blob) : blob_(static_cast<char*>(Heap::allocate(blob.size()))) {
  std::memcpy(blob_, blob.data(), blob.size());
}

Intset Intset::adopt(char* blob) { return {Adopted{}, blob}; }

Intset::Intset(Intset&& other) noexcept : blob_(std::exchange(other.blob_, nullptr)) {}

Intset& Intset::operator=(Intset&& other) noexcept {
  std::swap(blob_, other.blob_);
  return *this;
}

Intset::~Intset() { Heap::release(blob_); }

char* Intset::release() { return std::exchange(blob_, nullptr); }

bool Intset::insert(std::int64_t member) {
  if (width_for(member) > view().width_bytes()) widen(width_for(member));
  const std::size_t width = view().width_bytes();
  const std::size_t count = size();
  // In ascending order, as they often come, the place is the end.
  const std::size_t index = count == 0 || at(count - 1) < member ? count : view().lower_bound(member);
  if (index < count && at(index) == member) return false;
  resize(kHeaderBytes + (count + 1) * width);
  char* const place = member_at(blob_, index, width);
  std::memmove(place + width, place, (count - index) * width);
  put(place, member, width);
  write_header(blob_, width, count + 1);
  return true;
}

bool Intset::erase(std::int64_t member) {
  if (!contains(member)) return false;
  const std::size_t width = view().width_bytes();
  const std::size_t count = size();
  const std::size_t index = view().lower_bound(member);
  char* const place = member_at(blob_, index, width);
  std::memmove(place, place + width, (count - index - 1) * width);
  resize(kHeaderBytes + (count - 1) * width);
  write_header(blob_, width, count - 1);
  return true;
}

// From the back, so that no member is written over before it is read.
void Intset::widen(std::size_t width) {
  const std::size_t before = view().width_bytes();
  const std::size_t count = size();
  resize(kHeaderBytes + count * width);
  for (std::size_t i = count; i-- > 0;) {
    put(member_at(blob_, i, width), load(member_at(blob_, i, before), before), width);
  }
  write_header(blob_, width, count);
}

// Growing asks the allocator only when its block is too small; shrinking gives back what is worth it.
void Intset::resize(std::size_t bytes) {
  const std::size_t room = Heap::size_of(blob_);
  if (bytes > room || bytes < room / 2) blob_ = static_cast<char*>(Heap::reallocate(blob_, bytes));
}

}  // namespace weir::store
