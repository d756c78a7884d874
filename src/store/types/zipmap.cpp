#include "store/types/zipmap.h"

#include <cstdint>

#include "base/bytes.h"

namespace weir::store {

namespace {

constexpr unsigned char kWideLength = 0xfe;
constexpr unsigned char kTerminator = 0xff;
// From here on the count is not kept.
constexpr unsigned char kUncounted = 0xfe;

unsigned char byte_at(const char* at) { return static_cast<unsigned char>(*at); }

std::size_t length_field(const char* at) { return byte_at(at) == kWideLength ? 5 : 1; }

// Requires: length_field(at) bytes are there.
std::size_t length(const char* at) {
  return byte_at(at) == kWideLength ? base::load_little_endian<std::uint32_t>(at + 1) : byte_at(at);
}

enum class Part { kField, kValue };

// Steps over a field or a value with its gap. False if it does not fit before `end`.
bool step(const char*& at, const char* end, Part part) {
  const auto left = static_cast<std::size_t>(end - at);
  if (left == 0 || byte_at(at) == kTerminator) return false;
  const std::size_t head = length_field(at) + (part == Part::kValue ? 1 : 0);
  if (head > left) return false;
  const std::size_t gap = part == Part::kValue ? byte_at(at + head - 1) : 0;
  const std::size_t bytes = length(at) + gap;
  if (bytes > left - head) return false;
  at += head + bytes;
  return true;
}

}  // namespace

bool ZipmapView::valid(std::string_view blob) {
  if (blob.size() < 2) return false;
  const char* const begin = blob.data();
  const char* at = begin + 1;
  const char* const end = begin + blob.size() - 1;
  if (byte_at(end) != kTerminator) return false;
  std::size_t count = 0;
  for (; at != end; ++count) {
    if (!step(at, end, Part::kField) || !step(at, end, Part::kValue)) return false;
  }
  const unsigned char claimed = byte_at(begin);
  return claimed >= kUncounted || claimed == count;
}

bool ZipmapView::done() const { return byte_at(at_) == kTerminator; }

ZipmapView::Pair ZipmapView::next() {
  Pair pair;
  pair.field = {at_ + length_field(at_), length(at_)};
  at_ = pair.field.data() + pair.field.size();
  const char* const gap = at_ + length_field(at_);
  pair.value = {gap + 1, length(at_)};
  at_ = pair.value.data() + pair.value.size() + byte_at(gap);
  return pair;
}

}  // namespace weir::store
