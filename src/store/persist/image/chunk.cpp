#include "store/persist/image/chunk.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/assert.h"

namespace weir::store {

using rdb::Packed;
using rdb::Record;
using rdb::Shape;

namespace {

enum class Op : std::uint8_t {
  kAux,
  kDatabase,
  kResize,
  kFunction,
  kString,
  kPacked,
  kBegin,
  kListElement,
  kListNode,
  kSetMember,
  kZsetMember,
  kHashField,
  kStreamBytes,
  kEnd,
};

// What a piece's flags say. Of a pair both elements have a bit.
constexpr std::uint8_t kFirstIsInteger = 1;
constexpr std::uint8_t kSecondIsInteger = 2;
constexpr std::uint8_t kExpires = 4;
constexpr std::uint8_t kHasIdle = 8;
constexpr std::uint8_t kHasFrequency = 16;

using Length = std::uint32_t;
constexpr std::size_t kHeadBytes = 2;

// Fills a piece whose size was computed before.
class Filler {
 public:
  explicit Filler(char* at) : at_(at) {}

  Filler& head(Op op, std::uint8_t flags = 0) {
    *at_++ = static_cast<char>(op);
    *at_++ = static_cast<char>(flags);
    return *this;
  }
  template <typename T>
  Filler& number(T value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
    return *this;
  }
  Filler& bytes(std::string_view bytes) {
    WEIR_ASSERT(bytes.size() <= std::numeric_limits<Length>::max());
    number(static_cast<Length>(bytes.size()));
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
    return *this;
  }
  Filler& element(const Element& element) {
    return element.is_integer ? number(element.integer) : bytes(element.bytes);
  }
  Filler& record(const Record& record) {
    bytes(record.key);
    if (record.expires_at_ms) number(*record.expires_at_ms);
    if (record.idle_seconds) number(*record.idle_seconds);
    if (record.frequency) number(*record.frequency);
    return *this;
  }

 private:
  char* at_;
};

std::size_t size_of(std::string_view bytes) { return sizeof(Length) + bytes.size(); }
std::size_t size_of(const Element& element) {
  return element.is_integer ? sizeof element.integer : size_of(element.bytes);
}
std::size_t size_of(const Record& record) {
  return size_of(record.key) + (record.expires_at_ms ? sizeof *record.expires_at_ms : 0) +
         (record.idle_seconds ? sizeof *record.idle_seconds : 0) + (record.frequency ? sizeof *record.frequency : 0);
}
std::uint8_t flags_of(const Record& record) {
  return static_cast<std::uint8_t>((record.expires_at_ms ? kExpires : 0) | (record.idle_seconds ? kHasIdle : 0) |
                                   (record.frequency ? kHasFrequency : 0));
}
std::uint8_t flags_of(const Element& first) { return first.is_integer ? kFirstIsInteger : 0; }

// Reads what a Filler wrote.
class Scanner {
 public:
  explicit Scanner(std::string_view chunk) : at_(chunk.data()), end_(chunk.data() + chunk.size()) {}

  bool at_end() const { return at_ == end_; }
  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string_view bytes() {
    const auto size = number<Length>();
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  Element element(bool is_integer) {
    return is_integer ? Element::of_integer(number<std::int64_t>()) : Element::of_bytes(bytes());
  }
  Record record(std::uint8_t flags) {
    Record record;
    record.key = bytes();
    if (flags & kExpires) record.expires_at_ms = number<std::int64_t>();
    if (flags & kHasIdle) record.idle_seconds = number<std::uint64_t>();
    if (flags & kHasFrequency) record.frequency = number<std::uint8_t>();
    return record;
  }

 private:
  const char* at_;
  const char* end_;
};

void replay_piece(Scanner& from, rdb::Sink& to) {
  const auto op = Op{from.number<std::uint8_t>()};
  const auto flags = from.number<std::uint8_t>();
  const bool first_is_integer = (flags & kFirstIsInteger) != 0;
  switch (op) {
    case Op::kAux: {
      const std::string_view name = from.bytes();
      return to.aux(name, from.bytes());
    }
    case Op::kDatabase: to.select_database(from.number<std::uint64_t>()); return;
    case Op::kResize: {
      const auto keys = from.number<std::uint64_t>();
      return to.resize(keys, from.number<std::uint64_t>());
    }
    case Op::kFunction: return to.function(from.bytes());
    case Op::kString: {
      const Record record = from.record(flags);
      to.string(record, from.element(first_is_integer));
      return;
    }
    case Op::kPacked: {
      const Record record = from.record(flags);
      const auto form = Packed{from.number<std::uint8_t>()};
      to.packed(record, form, from.bytes());
      return;
    }
    case Op::kBegin: {
      const Record record = from.record(flags);
      const auto shape = Shape{from.number<std::uint8_t>()};
      to.begin(record, shape, from.number<std::uint64_t>());
      return;
    }
    case Op::kListElement: return to.list_element(from.element(first_is_integer));
    case Op::kListNode: return to.list_node(from.bytes());
    case Op::kSetMember: to.set_member(from.element(first_is_integer)); return;
    case Op::kZsetMember: {
      const Element member = from.element(first_is_integer);
      to.zset_member(member, from.number<double>());
      return;
    }
    case Op::kHashField: {
      const Element field = from.element(first_is_integer);
      const Element value = from.element((flags & kSecondIsInteger) != 0);
      to.hash_field(field, value, from.number<std::uint64_t>());
      return;
    }
    case Op::kStreamBytes: {
      const auto type = from.number<std::uint8_t>();
      return to.stream_bytes(type, from.bytes());
    }
    case Op::kEnd: return to.end();
  }
  WEIR_ASSERT(false && "not a piece of a chunk");
}

}  // namespace

char* ChunkSink::take(std::size_t count) {
  if (chunk_.room() < count) {
    flush();
    chunk_ = Chunk(std::max(Chunk::kBytes, count));
  }
  return chunk_.take(count);
}

void ChunkSink::flush() {
  if (!chunk_.empty()) target_.on_chunk(std::exchange(chunk_, Chunk()));
}

void ChunkSink::aux(std::string_view name, std::string_view value) {
  Filler(take(kHeadBytes + size_of(name) + size_of(value))).head(Op::kAux).bytes(name).bytes(value);
}

bool ChunkSink::select_database(std::uint64_t number) {
  Filler(take(kHeadBytes + sizeof number)).head(Op::kDatabase).number(number);
  return true;
}

void ChunkSink::resize(std::uint64_t keys, std::uint64_t with_expiry) {
  Filler(take(kHeadBytes + sizeof keys + sizeof with_expiry)).head(Op::kResize).number(keys).number(with_expiry);
}

void ChunkSink::function(std::string_view library) {
  Filler(take(kHeadBytes + size_of(library))).head(Op::kFunction).bytes(library);
}

bool ChunkSink::string(const Record& record, const Element& value) {
  Filler(take(kHeadBytes + size_of(record) + size_of(value)))
      .head(Op::kString, flags_of(record) | flags_of(value))
      .record(record)
      .element(value);
  return true;
}

bool ChunkSink::packed(const Record& record, Packed form, std::string_view blob) {
  Filler(take(kHeadBytes + size_of(record) + 1 + size_of(blob)))
      .head(Op::kPacked, flags_of(record))
      .record(record)
      .number(static_cast<std::uint8_t>(form))
      .bytes(blob);
  return true;
}

bool ChunkSink::begin(const Record& record, Shape shape, std::uint64_t count) {
  Filler(take(kHeadBytes + size_of(record) + 1 + sizeof count))
      .head(Op::kBegin, flags_of(record))
      .record(record)
      .number(static_cast<std::uint8_t>(shape))
      .number(count);
  return true;
}

void ChunkSink::list_element(const Element& element) {
  Filler(take(kHeadBytes + size_of(element))).head(Op::kListElement, flags_of(element)).element(element);
}

void ChunkSink::list_node(std::string_view listpack) {
  Filler(take(kHeadBytes + size_of(listpack))).head(Op::kListNode).bytes(listpack);
}

bool ChunkSink::set_member(const Element& member) {
  Filler(take(kHeadBytes + size_of(member))).head(Op::kSetMember, flags_of(member)).element(member);
  return true;
}

bool ChunkSink::zset_member(const Element& member, double score) {
  Filler(take(kHeadBytes + size_of(member) + sizeof score))
      .head(Op::kZsetMember, flags_of(member))
      .element(member)
      .number(score);
  return true;
}

bool ChunkSink::hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) {
  const auto flags = static_cast<std::uint8_t>(flags_of(field) | (value.is_integer ? kSecondIsInteger : 0));
  Filler(take(kHeadBytes + size_of(field) + size_of(value) + sizeof expires_at_ms))
      .head(Op::kHashField, flags)
      .element(field)
      .element(value)
      .number(expires_at_ms);
  return true;
}

void ChunkSink::stream_bytes(std::uint8_t type, std::string_view bytes) {
  Filler(take(kHeadBytes + 1 + size_of(bytes))).head(Op::kStreamBytes).number(type).bytes(bytes);
}

void ChunkSink::end() { Filler(take(kHeadBytes)).head(Op::kEnd); }

void replay(std::string_view chunk, rdb::Sink& to) {
  Scanner from(chunk);
  while (!from.at_end()) replay_piece(from, to);
}

}  // namespace weir::store
