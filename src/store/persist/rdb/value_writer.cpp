#include "store/persist/rdb/value_writer.h"

#include <bit>

#include "base/bytes.h"
#include "base/checksum.h"

namespace weir::store::rdb {

namespace {

// Longer texts are not tried as integers: none of 32 bits has more.
constexpr std::size_t kMaxIntegerDigits = 11;
// Shorter strings are not tried with LZF.
constexpr std::size_t kMinCompressedBytes = 21;
// What LZF must save at least.
constexpr std::size_t kMinSavedBytes = 4;
// One length, in its longest form.
constexpr std::size_t kMaxLengthBytes = 9;

// False if the integer takes more than 32 bits: it is written as text then.
bool append_integer(std::string& to, std::int64_t value) {
  if (value == static_cast<std::int8_t>(value)) {
    to += static_cast<char>(kInteger8);
    to += static_cast<char>(value);
  } else if (value == static_cast<std::int16_t>(value)) {
    to += static_cast<char>(kInteger16);
    base::append_little_endian(to, static_cast<std::int16_t>(value));
  } else if (value == static_cast<std::int32_t>(value)) {
    to += static_cast<char>(kInteger32);
    base::append_little_endian(to, static_cast<std::int32_t>(value));
  } else {
    return false;
  }
  return true;
}

}  // namespace

void Output::flush() {
  if (!flush_) return;
  if (summing_) checksum_ = base::crc64(buffer_, checksum_);
  if (!failure_ && !buffer_.empty()) {
    if (base::Result<void> done = flush_(buffer_); !done) failure_ = std::move(done.error());
  }
  buffer_.clear();
}

void append_length(std::string& to, std::uint64_t length) {
  if (length < 1 << 6) {
    to += static_cast<char>(length);
  } else if (length < 1 << 14) {
    to += static_cast<char>(0x40 | length >> 8);
    to += static_cast<char>(length);
  } else if (length <= 0xffffffff) {
    to += static_cast<char>(kLength32);
    base::append_big_endian(to, static_cast<std::uint32_t>(length));
  } else {
    to += static_cast<char>(kLength64);
    base::append_big_endian(to, length);
  }
}

void ValueWriter::count(std::uint64_t count) {
  append_length(output_.buffer(), count);
  output_.written();
}

void ValueWriter::string(std::string_view bytes) {
  std::string& to = output_.buffer();
  if (bytes.size() <= kMaxIntegerDigits) {
    const std::optional<std::int64_t> value = canonical_integer(bytes);
    if (value && append_integer(to, *value)) return output_.written();
  }
  if (!compress_ || bytes.size() < kMinCompressedBytes || !append_compressed(bytes)) {
    append_length(to, bytes.size());
    to += bytes;
  }
  output_.written();
}

bool ValueWriter::append_compressed(std::string_view bytes) {
  std::string& to = output_.buffer();
  // Compressed straight into the buffer, behind the room that the lengths may take.
  const std::size_t start = to.size();
  const std::size_t room = bytes.size() - kMinSavedBytes;
  const std::size_t at = start + 1 + 2 * kMaxLengthBytes;
  std::size_t size = 0;
  to.resize_and_overwrite(at + room, [&](char* buffer, std::size_t) {
    size = compressor_.compress(bytes, buffer + at, room);
    return size == 0 ? start : at + size;
  });
  if (size == 0) return false;
  std::string head(1, static_cast<char>(kCompressed));
  append_length(head, size);
  append_length(head, bytes.size());
  to.replace(start, at - start, head);
  return true;
}

void ValueWriter::integer(std::int64_t value) {
  std::string& to = output_.buffer();
  if (!append_integer(to, value)) {
    Element::Digits digits;
    const std::string_view text = Element::of_integer(value).text(digits);
    append_length(to, text.size());
    to += text;
  }
  output_.written();
}

void ValueWriter::element(const Element& element) {
  if (element.is_integer) {
    integer(element.integer);
  } else {
    string(element.bytes);
  }
}

void ValueWriter::score(double score) {
  base::append_little_endian(output_.buffer(), std::bit_cast<std::uint64_t>(score));
  output_.written();
}

void ValueWriter::packed_node(std::string_view listpack) {
  append_length(output_.buffer(), kPackedNode);
  string(listpack);
}

void ValueWriter::plain_node(std::string_view element) {
  append_length(output_.buffer(), kPlainNode);
  string(element);
}

}  // namespace weir::store::rdb
