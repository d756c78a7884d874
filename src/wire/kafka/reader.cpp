#include "wire/kafka/reader.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::wire::kafka {

bool Reader::unsigned_varint(std::uint32_t& value) {
  std::uint32_t read = 0;
  for (int shift = 0; shift <= 28; shift += 7) {
    std::uint8_t byte = 0;
    if (!integer(byte)) return false;
    if (shift == 28 && byte > 0x0f) return fail("a varint of more than 32 bits");
    read |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = read;
      return true;
    }
  }
  return fail("a varint of more than 32 bits");
}

bool Reader::length(Width width, bool nullable, std::int64_t& value) {
  switch (width) {
    case Width::kTwo: {
      std::int16_t read = 0;
      if (!integer(read)) return false;
      value = read;
      break;
    }
    case Width::kFour: {
      std::int32_t read = 0;
      if (!integer(read)) return false;
      value = read;
      break;
    }
    case Width::kCompact: {
      std::uint32_t read = 0;
      if (!unsigned_varint(read)) return false;
      value = std::int64_t{read} - 1;
      break;
    }
  }
  if (value < kNull) return fail(fmt::format("a length of {}", value));
  if (value == kNull && !nullable) return fail("null, where this version has none");
  return true;
}

bool Reader::bytes(std::int64_t length, std::string_view& value) {
  if (static_cast<std::size_t>(length) > left())
    return fail(fmt::format("{} bytes announced, {} left", length, left()));
  value = {at_, static_cast<std::size_t>(length)};
  at_ += length;
  return true;
}

bool Reader::count(Width width, bool nullable, std::size_t element_bytes, std::int64_t& value) {
  if (!length(width, nullable, value)) return false;
  if (value == kNull) return true;
  const auto elements = static_cast<std::size_t>(value);
  if (elements > left() / element_bytes) {
    return fail(fmt::format("{} elements announced, of {} bytes at least, {} left", value, element_bytes, left()));
  }
  if (elements > elements_left_) return fail(fmt::format("{} elements, the limit leaves {}", value, elements_left_));
  elements_left_ -= elements;
  return true;
}

bool Reader::narrow(std::uint32_t length, const char*& outer_end) {
  if (length > left()) return fail(fmt::format("{} bytes announced, {} left", length, left()));
  outer_end = end_;
  end_ = at_ + length;
  return true;
}

bool Reader::widen(const char* outer_end) {
  if (at_ != end_) return fail(fmt::format("{} bytes behind its end", left()));
  end_ = outer_end;
  return true;
}

bool Reader::too_short(std::size_t wanted) { return fail(fmt::format("{} bytes expected, {} left", wanted, left())); }

bool Reader::fail(std::string why) {
  if (why_.empty()) why_ = fmt::format("at offset {}: {}", offset(), why);
  return false;
}

void Reader::within(std::string_view field) {
  if (!path_.empty() && path_.front() != '[') path_.insert(0, ".");
  path_.insert(0, field);
}

void Reader::within(std::size_t index) {
  if (!path_.empty()) path_.insert(0, ".");
  path_.insert(0, fmt::format("[{}]", index));
}

base::Error Reader::error(std::string_view reading) const {
  WEIR_ASSERT(!why_.empty());
  return base::reject(fmt::format("{}: {}{}{}", reading, path_, path_.empty() ? "" : " ", why_));
}

}  // namespace weir::wire::kafka
