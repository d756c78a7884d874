#include "tests/rdb_oracle/digest_sink.h"

#include <bit>
#include <cstdio>

#include "base/bytes.h"
#include "store/types/intset.h"
#include "store/types/listpack.h"

namespace weir::test {

namespace {

using store::Element;
using store::IntsetView;
using store::ListpackView;
using store::rdb::Packed;
using store::rdb::Record;
using store::rdb::Shape;

// FIPS 180-4, section 6.1.
DigestSink::Sha1 sha1(std::string_view bytes) {
  std::array<std::uint32_t, 5> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::string padded(bytes);
  padded += '\x80';
  while (padded.size() % 64 != 56) padded += '\0';
  base::append_big_endian(padded, static_cast<std::uint64_t>(bytes.size() * 8));
  for (std::size_t block = 0; block < padded.size(); block += 64) {
    std::uint32_t words[80];
    for (std::size_t i = 0; i < 16; ++i) {
      words[i] = base::load_big_endian<std::uint32_t>(padded.data() + block + 4 * i);
    }
    for (std::size_t i = 16; i < 80; ++i) {
      words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < 80; ++i) {
      std::uint32_t f = b ^ c ^ d;
      std::uint32_t constant = i < 40 ? 0x6ed9eba1 : 0xca62c1d6;
      if (i < 20) {
        f = (b & c) | (~b & d);
        constant = 0x5a827999;
      } else if (i >= 40 && i < 60) {
        f = (b & c) | (b & d) | (c & d);
        constant = 0x8f1bbcdc;
      }
      const std::uint32_t next = std::rotl(a, 5) + f + e + constant + words[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::array<std::uint32_t, 5> added = {a, b, c, d, e};
    for (std::size_t i = 0; i < 5; ++i) state[i] += added[i];
  }
  DigestSink::Sha1 result;
  for (std::size_t i = 0; i < 20; ++i) result[i] = static_cast<unsigned char>(state[i / 4] >> (24 - 8 * (i % 4)));
  return result;
}

// Redis's terms: to xor leaves the order out, to mix keeps it.
void exclusive_or(DigestSink::Sha1& digest, std::string_view bytes) {
  const DigestSink::Sha1 hash = sha1(bytes);
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] ^= hash[i];
}
std::string_view view(const DigestSink::Sha1& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
void mix(DigestSink::Sha1& digest, std::string_view bytes) {
  exclusive_or(digest, bytes);
  digest = sha1(view(digest));
}
void mix(DigestSink::Sha1& digest, const Element& element) {
  Element::Digits digits;
  mix(digest, element.text(digits));
}

std::string number(std::uint32_t value) {
  std::string bytes;
  base::append_big_endian(bytes, value);
  return bytes;
}

}  // namespace

std::optional<std::string> DigestSink::digest() const {
  if (streams_) return std::nullopt;
  Sha1 whole{};
  for (const auto& [database, keys] : databases_) {
    mix(whole, number(static_cast<std::uint32_t>(database)));
    for (std::size_t i = 0; i < whole.size(); ++i) whole[i] ^= keys[i];
  }
  std::string text;
  for (const unsigned char byte : whole) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

std::uint64_t DigestSink::loaded() const {
  std::uint64_t sum = 0;
  for (const auto& [database, count] : keys_) sum += count;
  return sum;
}

bool DigestSink::select_database(std::uint64_t number) {
  database_ = number;
  seen_keys_.clear();
  return number < 16;
}

void DigestSink::start_of_type(const Record& record, std::uint32_t type) {
  members_.clear();
  key_ = {};
  mix(key_, record.key);
  mix(key_, number(type));
  key_expires_ = record.expires_at_ms.has_value();
  key_expired_ = key_expires_ && *record.expires_at_ms <= now_ms_;
}

// The numbers of OBJ_LIST and its like.
void DigestSink::start(const Record& record, Shape shape) {
  switch (shape) {
    case Shape::kList: return start_of_type(record, 1);
    case Shape::kSet: return start_of_type(record, 2);
    case Shape::kZset: return start_of_type(record, 3);
    case Shape::kHash: return start_of_type(record, 4);
    case Shape::kStream: return start_of_type(record, 6);
  }
}

void DigestSink::end() {
  if (key_expired_) {
    ++expired_;
    return;
  }
  ++keys_[database_];
  if (key_expires_) exclusive_or(key_, "!!expire!!");
  exclusive_or(databases_[database_], view(key_));
}

bool DigestSink::string(const Record& record, const Element& value) {
  start_of_type(record, 0);
  mix(key_, value);
  end();
  return seen_keys_.emplace(record.key).second;
}

bool DigestSink::packed(const Record& record, Packed form, std::string_view blob) {
  if (form == Packed::kIntset) {
    start(record, Shape::kSet);
    const IntsetView set(blob);
    for (std::size_t i = 0; i < set.size(); ++i) set_member(Element::of_integer(set.at(i)));
  } else {
    start(record, form == Packed::kHashListpack ? Shape::kHash : Shape::kZset);
    const ListpackView list(blob);
    for (auto at = list.begin(); at != list.end();) {
      const Element first = *at++;
      const Element second = *at++;
      if (form == Packed::kHashListpack) {
        hash_field(first, second, 0);
      } else {
        Element::Digits digits;
        zset_member(first, std::stod(std::string(second.text(digits))));
      }
    }
  }
  end();
  return seen_keys_.emplace(record.key).second;
}

bool DigestSink::begin(const Record& record, Shape shape, std::uint64_t) {
  start(record, shape);
  return seen_keys_.emplace(record.key).second;
}

void DigestSink::list_element(const Element& element) { mix(key_, element); }

void DigestSink::list_node(std::string_view listpack) {
  for (const Element& element : ListpackView(listpack)) list_element(element);
}

bool DigestSink::is_new_member(const Element& member) {
  Element::Digits digits;
  return members_.emplace(member.text(digits)).second;
}

bool DigestSink::set_member(const Element& member) {
  Element::Digits digits;
  exclusive_or(key_, member.text(digits));
  return is_new_member(member);
}

bool DigestSink::zset_member(const Element& member, double score) {
  char text[128];
  std::snprintf(text, sizeof text, "%.17g", score);
  Sha1 pair{};
  mix(pair, member);
  mix(pair, std::string_view(text));
  exclusive_or(key_, view(pair));
  return is_new_member(member);
}

bool DigestSink::hash_field(const Element& field, const Element& value, std::uint64_t) {
  Sha1 pair{};
  mix(pair, field);
  mix(pair, value);
  exclusive_or(key_, view(pair));
  return is_new_member(field);
}

}  // namespace weir::test
