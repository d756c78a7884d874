#include "store/persist/image/digest_sink.h"

#include <iterator>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/types/intset.h"
#include "store/types/listpack.h"
#include "store/types/number_text.h"

namespace weir::store {

using base::Sha1;
using rdb::Packed;
using rdb::Record;
using rdb::Shape;

namespace {

// The numbers of Redis's OBJ_STRING and its like.
constexpr std::uint32_t kString = 0;
std::uint32_t number_of(Shape shape) {
  switch (shape) {
    case Shape::kList: return 1;
    case Shape::kSet: return 2;
    case Shape::kZset: return 3;
    case Shape::kHash: return 4;
    case Shape::kStream: return 6;
  }
  return kString;
}

// Redis's terms: to xor leaves the order out, to mix keeps it.
void exclusive_or(Sha1& digest, const Sha1& other) {
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] ^= other[i];
}
void exclusive_or(Sha1& digest, std::string_view bytes) { exclusive_or(digest, base::sha1(bytes)); }
std::string_view view(const Sha1& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }
void mix(Sha1& digest, std::string_view bytes) {
  exclusive_or(digest, bytes);
  digest = base::sha1(view(digest));
}
void mix(Sha1& digest, const Element& element) {
  Element::Digits digits;
  mix(digest, element.text(digits));
}
void mix_number(Sha1& digest, std::uint32_t number) {
  std::string bytes;
  base::append_big_endian(bytes, number);
  mix(digest, bytes);
}

}  // namespace

std::optional<std::string> DigestSink::digest() const {
  if (streams_) return std::nullopt;
  Sha1 whole{};
  for (const auto& [database, keys] : databases_) {
    mix_number(whole, static_cast<std::uint32_t>(database));
    exclusive_or(whole, keys);
  }
  return base::to_hex(whole);
}

bool DigestSink::select_database(std::uint64_t number) {
  database_ = number;
  return true;
}

void DigestSink::start_of_type(const Record& record, std::uint32_t type) {
  key_ = {};
  if (of_ == Of::kKeys) mix(key_, record.key);
  mix_number(key_, type);
  expires_at_ms_ = record.expires_at_ms;
}

void DigestSink::start(const Record& record, Shape shape) { start_of_type(record, number_of(shape)); }

void DigestSink::end() {
  if (expires_at_ms_) exclusive_or(key_, "!!expire!!");
  if (!counts(expires_at_ms_)) return;
  ++keys_[database_];
  exclusive_or(databases_[database_], view(key_));
}

bool DigestSink::string(const Record& record, const Element& value) {
  start_of_type(record, kString);
  mix(key_, value);
  end();
  return true;
}

bool DigestSink::packed(const Record& record, Packed form, std::string_view blob) {
  if (form == Packed::kIntset) {
    start(record, Shape::kSet);
    const IntsetView set(blob);
    for (std::size_t i = 0; i < set.size(); ++i) DigestSink::set_member(Element::of_integer(set.at(i)));
  } else {
    start(record, form == Packed::kHashListpack ? Shape::kHash : Shape::kZset);
    const ListpackView list(blob);
    for (auto at = list.begin(); at != list.end();) {
      const Element first = *at++;
      const Element second = *at++;
      if (form == Packed::kHashListpack) {
        DigestSink::hash_field(first, second, 0);
      } else {
        Element::Digits digits;
        DigestSink::zset_member(first, parse_double(second.text(digits)).value_or(0));
      }
    }
  }
  end();
  return true;
}

bool DigestSink::begin(const Record& record, Shape shape, std::uint64_t) {
  start(record, shape);
  return true;
}

void DigestSink::list_element(const Element& element) { mix(key_, element); }

void DigestSink::list_node(std::string_view listpack) {
  for (const Element& element : ListpackView(listpack)) list_element(element);
}

bool DigestSink::set_member(const Element& member) {
  Element::Digits digits;
  exclusive_or(key_, member.text(digits));
  return true;
}

bool DigestSink::zset_member(const Element& member, double score) {
  char text[128];
  const char* const end = fmt::format_to_n(text, sizeof text, "{:.17g}", score).out;
  Sha1 pair{};
  mix(pair, member);
  mix(pair, std::string_view(text, static_cast<std::size_t>(end - text)));
  exclusive_or(key_, view(pair));
  return true;
}

bool DigestSink::hash_field(const Element& field, const Element& value, std::uint64_t) {
  Sha1 pair{};
  mix(pair, field);
  mix(pair, value);
  exclusive_or(key_, view(pair));
  return true;
}

}  // namespace weir::store
