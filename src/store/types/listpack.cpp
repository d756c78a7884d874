#include "store/types/listpack.h"

#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "store/memory/heap.h"

namespace weir::store {

namespace {

constexpr std::size_t kHeaderBytes = ListpackView::kHeaderBytes;
constexpr std::size_t kEmptyBytes = kHeaderBytes + 1;
constexpr std::uint16_t kUncounted = 65535;

std::uint16_t stored_count(const char* blob) { return base::load_little_endian<std::uint16_t>(blob + 4); }

template <std::integral T>
void put(char* to, T value) {
  if constexpr (std::endian::native == std::endian::big) value = base::byte_swap(value);
  std::memcpy(to, &value, sizeof value);
}

void write_header(char* blob, std::size_t bytes, std::size_t count) {
  put(blob, static_cast<std::uint32_t>(bytes));
  put(blob + 4, static_cast<std::uint16_t>(count < kUncounted ? count : kUncounted));
}

char* new_empty() {
  char* const blob = static_cast<char*>(Heap::allocate(kEmptyBytes));
  write_header(blob, kEmptyBytes, 0);
  blob[kHeaderBytes] = static_cast<char>(listpack_entry::kTerminator);
  return blob;
}

}  // namespace

bool ListpackView::valid(std::string_view blob) {
  const char* const begin = blob.data();
  if (blob.size() < kEmptyBytes || blob.size() != base::load_little_endian<std::uint32_t>(begin)) return false;
  const char* at = begin + kHeaderBytes;
  const char* const end = begin + blob.size() - 1;
  if (static_cast<unsigned char>(*end) != listpack_entry::kTerminator) return false;
  std::size_t count = 0;
  for (; at != end; ++count) {
    at = listpack_entry::checked_next(at, end);
    if (at == nullptr) return false;
  }
  const std::uint16_t claimed = stored_count(begin);
  return claimed == kUncounted || claimed == count;
}

std::size_t ListpackView::size_bytes() const { return base::load_little_endian<std::uint32_t>(blob_); }

std::size_t ListpackView::count() const {
  const std::uint16_t count = stored_count(blob_);
  return count != kUncounted ? count : static_cast<std::size_t>(std::distance(begin(), end()));
}

ListpackView::Cursor ListpackView::at(std::size_t index) const {
  const std::uint16_t known = stored_count(blob_);
  if (known != kUncounted && index >= known) return end();
  if (known != kUncounted && index > known / 2u) return std::prev(end(), static_cast<std::ptrdiff_t>(known - index));
  Cursor at = begin();
  for (const Cursor last = end(); index > 0 && at != last; --index) ++at;
  return at;
}

ListpackView::Cursor ListpackView::find(std::string_view text, Cursor from, std::size_t skip) const {
  const std::optional<std::int64_t> integer = canonical_integer(text);
  const char* const last = end().address();
  const char* at = from.address();
  while (at != last) {
    if (listpack_entry::equals(at, text, integer)) break;
    at = listpack_entry::next(at);
    for (std::size_t i = 0; i < skip && at != last; ++i) at = listpack_entry::next(at);
  }
  return Cursor(at);
}

Listpack::Listpack() : blob_(new_empty()) {}

Listpack::Listpack(std::string_view blob) : blob_(static_cast<char*>(Heap::allocate(blob.size()))) {
  std::memcpy(blob_, blob.data(), blob.size());
}

Listpack Listpack::adopt(char* blob) { return {Adopted{}, blob}; }

Listpack::Listpack(Listpack&& other) noexcept : blob_(std::exchange(other.blob_, nullptr)) {}

Listpack& Listpack::operator=(Listpack&& other) noexcept {
  std::swap(blob_, other.blob_);
  return *this;
}

Listpack::~Listpack() { Heap::release(blob_); }

char* Listpack::release() { return std::exchange(blob_, nullptr); }

Listpack::Cursor Listpack::replace(Cursor at, const EncodedEntry& entry) {
  return splice(at, std::next(at), 1, std::span(&entry, 1));
}

Listpack::Cursor Listpack::erase(Cursor from, std::size_t count) {
  Cursor last = from;
  std::size_t erased = 0;
  for (const Cursor behind = end(); erased < count && last != behind; ++erased) ++last;
  return splice(from, last, erased, {});
}

void Listpack::clear() {
  Heap::release(blob_);
  blob_ = new_empty();
}

// Puts `entries` where [first, last), which is `erased` entries, stands.
Listpack::Cursor Listpack::splice(Cursor first, Cursor last, std::size_t erased,
                                  std::span<const EncodedEntry> entries) {
  const std::size_t offset = static_cast<std::size_t>(first.address() - blob_);
  const std::size_t removed = static_cast<std::size_t>(last.address() - first.address());
  std::size_t added = 0;
  for (const EncodedEntry& entry : entries) added += entry.size();
  const std::size_t before = size_bytes();
  const std::size_t after = before - removed + added;
  WEIR_ASSERT(after <= kMaxBytes || after <= before);

  const std::size_t tail = before - offset - removed;  // With the terminator.
  if (after > before) resize(after);
  if (added != removed) std::memmove(blob_ + offset + added, blob_ + offset + removed, tail);
  if (after < before) resize(after);
  char* to = blob_ + offset;
  for (const EncodedEntry& entry : entries) to = entry.write(to);

  const std::uint16_t count = stored_count(blob_);
  // Past 65,534 the count is lost for good, as in Redis, until somebody counts: erasing does not bring it back.
  write_header(blob_, after, count == kUncounted ? kUncounted : count - erased + entries.size());
  return Cursor(blob_ + offset);
}

// Growing asks the allocator only when its block is too small; shrinking gives back what is worth it.
void Listpack::resize(std::size_t bytes) {
  const std::size_t room = Heap::size_of(blob_);
  if (bytes > room || bytes < room / 2) blob_ = static_cast<char*>(Heap::reallocate(blob_, bytes));
}

}  // namespace weir::store
