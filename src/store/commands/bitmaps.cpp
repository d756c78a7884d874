// Bitmaps: strings as arrays of bits. Bit 0 is the highest of the first byte.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/key_positions.h"
#include "store/commands/string_values.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

// A bit's number, which the longest string that is allowed must have room for.
std::optional<std::uint64_t> parse_bit_offset(Call& call, std::string_view text, unsigned multiplied_by = 0) {
  const bool by_field = multiplied_by > 0 && text.starts_with('#');
  if (by_field) text.remove_prefix(1);
  auto offset = parse_integer(text);
  if (offset && by_field && __builtin_mul_overflow(*offset, std::int64_t{multiplied_by}, &*offset)) offset.reset();
  if (offset && *offset >= 0 && static_cast<std::uint64_t>(*offset) >> 3 < call.node.settings.proto_max_bulk_len) {
    return static_cast<std::uint64_t>(*offset);
  }
  call.reply.error("ERR bit offset is not an integer or out of range");
  return std::nullopt;
}

// The bytes of a string that is only read; nothing for another type, after the error.
std::optional<std::string_view> read_string(Call& call, const Key& key, NumberText& scratch) {
  const Entry* entry = call.database().look_up(key, call.now);
  if (entry == nullptr) return std::string_view();
  if (entry->type() == ValueType::kString) return entry->string(scratch);
  call.wrong_type();
  return std::nullopt;
}

bool bit_at(std::string_view bytes, std::uint64_t bit) {
  const std::uint64_t byte = bit / 8;
  return byte < bytes.size() && ((static_cast<unsigned char>(bytes[byte]) >> (7 - bit % 8)) & 1) != 0;
}

void get_bit(Call& call) {
  const auto offset = parse_bit_offset(call, call.argument(2));
  if (!offset) return;
  NumberText scratch;
  if (const auto bytes = read_string(call, call.key(1), scratch)) call.reply.integer(bit_at(*bytes, *offset));
}

void set_bit(Call& call) {
  const auto offset = parse_bit_offset(call, call.argument(2));
  if (!offset) return;
  const std::string_view bit = call.argument(3);
  const auto value = parse_integer(bit);
  if (!value || (*value & ~std::int64_t{1}) != 0) {
    return call.reply.error("ERR bit is not an integer or out of range");
  }
  const Key key = call.key(1);
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_string(call, entry)) return;
  NumberText scratch;
  const bool grew = entry == nullptr || entry->string(scratch).size() <= *offset / 8;
  const bool old = entry != nullptr && bit_at(entry->string(scratch), *offset);
  char& byte = edit_string(call, key, entry, *offset / 8 + 1).data()[*offset / 8];
  const int mask = 1 << (7 - *offset % 8);
  byte = static_cast<char>(*value == 1 ? byte | mask : byte & ~mask);
  if (grew || old != (*value == 1)) call.changed(key.bytes, EventClass::kString, "setbit");
  call.reply.integer(old);
}

std::uint64_t count_bits(std::string_view bytes) {
  std::uint64_t count = 0;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    count += static_cast<std::uint64_t>(std::popcount(base::load_little_endian<std::uint64_t>(bytes.data())));
  }
  for (const char byte : bytes) {
    count += static_cast<std::uint64_t>(std::popcount(static_cast<unsigned char>(byte)));
  }
  return count;
}

// A range of bytes or bits, both ends included, negative from the end.
struct BitRange {
  std::int64_t first = 0;
  std::int64_t last = -1;
  bool in_bits = false;

  // Within a string of this many bytes, in bits; false: empty.
  bool resolve(std::size_t bytes) {
    const auto size = static_cast<std::int64_t>(bytes) * (in_bits ? 8 : 1);
    first = std::max<std::int64_t>(first < 0 ? size + first : first, 0);
    last = std::min(std::max<std::int64_t>(last < 0 ? size + last : last, 0), size - 1);
    if (first > last) return false;
    if (!in_bits) {
      first *= 8;
      last = last * 8 + 7;
    }
    return true;
  }
};

// False: an error was replied.
bool parse_range_unit(Call& call, std::size_t index, BitRange& range) {
  if (equal_ignoring_case(call.argument(index), "BIT")) {
    range.in_bits = true;
  } else if (!equal_ignoring_case(call.argument(index), "BYTE")) {
    call.syntax_error();
    return false;
  }
  return true;
}

std::uint64_t count_bits(std::string_view bytes, const BitRange& range) {
  const auto first = static_cast<std::uint64_t>(range.first), last = static_cast<std::uint64_t>(range.last);
  std::uint64_t count = count_bits(bytes.substr(first / 8, last / 8 - first / 8 + 1));
  for (std::uint64_t bit = first / 8 * 8; bit < first; ++bit) count -= bit_at(bytes, bit);
  for (std::uint64_t bit = last + 1; bit % 8 != 0; ++bit) count -= bit_at(bytes, bit);
  return count;
}

void bit_count(Call& call) {
  // Redis 7.0 looks for the key before it reads anything else: what is wrong with the rest goes unnoticed without one.
  const Entry* entry = call.database().look_up(call.key(1), call.now);
  if (entry == nullptr) return call.reply.integer(0);
  if (entry->type() != ValueType::kString) return call.wrong_type();
  NumberText scratch;
  const std::string_view bytes = entry->string(scratch);
  BitRange range;
  if (call.count() == 4 || call.count() == 5) {
    const auto first = parse_integer(call.argument(2)), last = parse_integer(call.argument(3));
    if (!first || !last) return call.not_an_integer();
    range.first = *first;
    range.last = *last;
    if (*first < 0 && *last < 0 && *first > *last) return call.reply.integer(0);  // Whatever comes behind it.
    if (call.count() == 5 && !parse_range_unit(call, 4, range)) return;
  } else if (call.count() != 2) {
    return call.syntax_error();
  }
  call.reply.integer(range.resolve(bytes.size()) ? static_cast<std::int64_t>(count_bits(bytes, range)) : 0);
}

// The first bit of this value in the range; nothing: there is none.
std::optional<std::uint64_t> find_bit(std::string_view bytes, const BitRange& range, bool wanted) {
  const char skipped = wanted ? '\0' : '\xff';
  const auto last = static_cast<std::uint64_t>(range.last);
  for (auto bit = static_cast<std::uint64_t>(range.first); bit <= last;) {
    if (bit % 8 == 0 && bytes[bit / 8] == skipped) {
      bit += 8;
      continue;
    }
    if (bit_at(bytes, bit) == wanted) return bit;
    ++bit;
  }
  return std::nullopt;
}

void bit_position(Call& call) {
  const auto wanted = parse_integer(call.argument(2));
  if (!wanted) return call.not_an_integer();
  if (*wanted != 0 && *wanted != 1) return call.reply.error("ERR The bit argument must be 1 or 0.");
  const Key key = call.key(1);
  const Entry* entry = call.database().look_up(key, call.now);
  if (entry == nullptr) return call.reply.integer(*wanted == 1 ? -1 : 0);
  if (entry->type() != ValueType::kString) return call.wrong_type();
  NumberText scratch;
  const std::string_view bytes = entry->string(scratch);
  BitRange range;
  if (call.count() > 6) return call.syntax_error();
  if (call.count() >= 4) {
    const auto first = parse_integer(call.argument(3));
    if (!first) return call.not_an_integer();
    range.first = *first;
  }
  if (call.count() == 6 && !parse_range_unit(call, 5, range)) return;
  if (call.count() >= 5) {
    const auto last = parse_integer(call.argument(4));
    if (!last) return call.not_an_integer();
    range.last = *last;
  }
  const bool open_ended = call.count() < 5;
  if (bytes.empty() || !range.resolve(bytes.size())) return call.reply.integer(-1);
  if (const auto found = find_bit(bytes, range, *wanted == 1)) {
    return call.reply.integer(static_cast<std::int64_t>(*found));
  }
  // Behind a string that was searched to its end are zeros.
  call.reply.integer(*wanted == 0 && open_ended ? static_cast<std::int64_t>(bytes.size()) * 8 : -1);
}

enum class BitOperation : unsigned char { kAnd, kOr, kXor, kNot };

std::optional<BitOperation> parse_operation(std::string_view word) {
  constexpr std::array<std::string_view, 4> kWords = {"AND", "OR", "XOR", "NOT"};
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (equal_ignoring_case(word, kWords[i])) return static_cast<BitOperation>(i);
  }
  return std::nullopt;
}

char combine(BitOperation operation, char a, char b) {
  switch (operation) {
    case BitOperation::kAnd: return static_cast<char>(a & b);
    case BitOperation::kOr: return static_cast<char>(a | b);
    case BitOperation::kXor: return static_cast<char>(a ^ b);
    case BitOperation::kNot: break;
  }
  return static_cast<char>(~a);
}

void bit_operation(Call& call) {
  const auto operation = parse_operation(call.argument(1));
  if (!operation) return call.syntax_error();
  if (*operation == BitOperation::kNot && call.count() != 4) {
    return call.reply.error("ERR BITOP NOT must be called with a single source key.");
  }
  Database& database = call.database();
  const std::size_t sources = call.count() - 3;
  std::vector<NumberText> scratch(sources);
  std::vector<std::string_view> values(sources);
  std::size_t longest = 0;
  for (std::size_t i = 0; i < sources; ++i) {
    const auto bytes = read_string(call, call.key(3 + i), scratch[i]);
    if (!bytes) return;
    values[i] = *bytes;
    longest = std::max(longest, bytes->size());
  }
  const Key target = call.key(2);
  if (longest == 0) {
    if (database.erase(target, call.now)) call.changed(target.bytes, EventClass::kGeneric, "del");
    return call.reply.integer(0);
  }
  StringBuffer result = StringBuffer::zeros(longest);
  std::ranges::copy(values[0], result.data());
  char* out = result.data();
  if (*operation == BitOperation::kNot) {
    for (std::size_t i = 0; i < longest; ++i) out[i] = combine(*operation, out[i], 0);
  }
  for (std::size_t source = 1; source < sources; ++source) {
    const std::string_view value = values[source];
    for (std::size_t i = 0; i < value.size(); ++i) out[i] = combine(*operation, out[i], value[i]);
    // What a string does not have counts as zeros.
    if (*operation == BitOperation::kAnd) std::memset(out + value.size(), 0, longest - value.size());
  }
  database.set_buffer(target, std::move(result), std::nullopt);
  call.changed(target.bytes, EventClass::kString, "set");
  call.reply.integer(static_cast<std::int64_t>(longest));
}

enum class Overflow : unsigned char { kWrap, kSaturate, kFail };

struct FieldOperation {
  enum class Kind : unsigned char { kGet, kSet, kIncrease };

  Kind kind;
  bool is_signed;
  unsigned bits;
  std::uint64_t offset;
  std::int64_t operand;
  Overflow overflow;
};

std::uint64_t field_mask(unsigned bits) { return bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1; }

std::uint64_t read_field(std::string_view bytes, const FieldOperation& field) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < field.bits; ++i) value = value << 1 | (bit_at(bytes, field.offset + i) ? 1 : 0);
  return value;
}

void write_field(char* bytes, const FieldOperation& field, std::uint64_t value) {
  for (unsigned i = 0; i < field.bits; ++i) {
    const std::uint64_t bit = field.offset + i;
    const int mask = 1 << (7 - bit % 8);
    const bool on = (value >> (field.bits - 1 - i) & 1) != 0;
    bytes[bit / 8] = static_cast<char>(on ? bytes[bit / 8] | mask : bytes[bit / 8] & ~mask);
  }
}

// The number that the field's bits mean.
std::int64_t as_number(const FieldOperation& field, std::uint64_t bits) {
  if (!field.is_signed || field.bits == 64) return static_cast<std::int64_t>(bits);
  const std::uint64_t sign = std::uint64_t{1} << (field.bits - 1);
  return static_cast<std::int64_t>((bits ^ sign) - sign);
}

// Holds the sum of any two 64-bit numbers.
__extension__ using Wide = __int128;

// The sum as the field can hold it; nothing: it cannot, and the operation fails. (SET passes its operand.)
std::optional<std::uint64_t> fit_field(const FieldOperation& field, Wide sum) {
  const Wide one = 1;
  const Wide least = field.is_signed ? -(one << (field.bits - 1)) : 0;
  const Wide greatest = (one << (field.is_signed ? field.bits - 1 : field.bits)) - 1;
  if (sum < least || sum > greatest) {
    switch (field.overflow) {
      case Overflow::kFail: return std::nullopt;
      case Overflow::kSaturate:
        // SET takes what lies further below the greatest than 64 bits can tell for what lies above it, as in Redis.
        sum = sum >= least || (field.kind == FieldOperation::Kind::kSet &&
                               greatest - sum > std::numeric_limits<std::int64_t>::max())
                  ? greatest
                  : least;
        break;
      case Overflow::kWrap: break;
    }
  }
  return static_cast<std::uint64_t>(sum) & field_mask(field.bits);
}

bool parse_field_type(Call& call, std::string_view text, FieldOperation& field) {
  field.is_signed = text.starts_with('i');
  const auto bits =
      text.size() > 1 && (text[0] == 'i' || text[0] == 'u') ? parse_integer(text.substr(1)) : std::nullopt;
  if (bits && *bits >= 1 && *bits <= (field.is_signed ? 64 : 63)) {
    field.bits = static_cast<unsigned>(*bits);
    return true;
  }
  call.reply.error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
  return false;
}

// False: an error was replied.
bool parse_field_operations(Call& call, bool read_only, std::vector<FieldOperation>& operations) {
  Overflow overflow = Overflow::kWrap;
  for (std::size_t i = 2; i < call.count();) {
    const std::string_view word = call.argument(i);
    const std::size_t left = call.count() - i - 1;
    FieldOperation field{};
    if (equal_ignoring_case(word, "GET") && left >= 2) {
      field.kind = FieldOperation::Kind::kGet;
    } else if (equal_ignoring_case(word, "SET") && left >= 3) {
      field.kind = FieldOperation::Kind::kSet;
    } else if (equal_ignoring_case(word, "INCRBY") && left >= 3) {
      field.kind = FieldOperation::Kind::kIncrease;
    } else if (equal_ignoring_case(word, "OVERFLOW") && left >= 1) {
      const std::string_view how = call.argument(i + 1);
      if (equal_ignoring_case(how, "WRAP")) {
        overflow = Overflow::kWrap;
      } else if (equal_ignoring_case(how, "SAT")) {
        overflow = Overflow::kSaturate;
      } else if (equal_ignoring_case(how, "FAIL")) {
        overflow = Overflow::kFail;
      } else {
        call.reply.error("ERR Invalid OVERFLOW type specified");
        return false;
      }
      i += 2;
      continue;
    } else {
      call.syntax_error();
      return false;
    }
    field.overflow = overflow;
    if (!parse_field_type(call, call.argument(i + 1), field)) return false;
    const auto offset = parse_bit_offset(call, call.argument(i + 2), field.bits);
    if (!offset) return false;
    field.offset = *offset;
    const bool writes = field.kind != FieldOperation::Kind::kGet;
    if (writes) {
      const auto operand = parse_integer(call.argument(i + 3));
      if (!operand) {
        call.not_an_integer();
        return false;
      }
      field.operand = *operand;
    }
    if (writes && read_only) {
      call.reply.error("ERR BITFIELD_RO only supports the GET subcommand");
      return false;
    }
    operations.push_back(field);
    i += writes ? 4 : 3;
  }
  return true;
}

// True: it changed the string, which grew for the operations or not.
bool run_field_operation(Call& call, const FieldOperation& field, StringBuffer& bytes, bool grew) {
  const std::uint64_t old = read_field(bytes.view(), field);
  if (field.kind == FieldOperation::Kind::kGet) {
    call.reply.integer(as_number(field, old));
    return false;
  }
  const bool sets = field.kind == FieldOperation::Kind::kSet;
  // An unsigned field takes a negative operand of SET for the large number of the same bits.
  const Wide operand = sets && !field.is_signed ? static_cast<Wide>(static_cast<std::uint64_t>(field.operand))
                                                : static_cast<Wide>(field.operand);
  const auto fitted = fit_field(field, sets ? operand : as_number(field, old) + operand);
  if (!fitted) {
    call.reply.null();
    return false;
  }
  call.reply.integer(as_number(field, sets ? old : *fitted));
  write_field(bytes.data(), field, *fitted);
  return grew || *fitted != old;
}

void run_bit_field(Call& call, bool read_only) {
  std::vector<FieldOperation> operations;
  if (!parse_field_operations(call, read_only, operations)) return;
  const Key key = call.key(1);
  std::size_t needed = 0;
  for (const FieldOperation& field : operations) {
    if (field.kind == FieldOperation::Kind::kGet) continue;
    needed = std::max(needed, static_cast<std::size_t>((field.offset + field.bits - 1) / 8 + 1));
  }
  if (needed == 0) {
    NumberText scratch;
    const auto bytes = read_string(call, key, scratch);
    if (!bytes) return;
    call.reply.array(operations.size());
    for (const FieldOperation& field : operations) call.reply.integer(as_number(field, read_field(*bytes, field)));
    return;
  }
  Entry* entry = call.database().find_for_write(key, call.now);
  if (!require_string(call, entry)) return;
  NumberText scratch;
  const bool grew = entry == nullptr || entry->string(scratch).size() < needed;
  StringBuffer& bytes = edit_string(call, key, entry, needed);
  call.reply.array(operations.size());
  std::uint64_t changes = 0;
  for (const FieldOperation& field : operations) {
    changes += run_field_operation(call, field, bytes, grew) ? 1 : 0;
  }
  if (changes > 0) call.changed(key.bytes, EventClass::kString, "setbit", changes);
}

void bit_field(Call& call) { run_bit_field(call, /*read_only=*/false); }
void bit_field_read_only(Call& call) { run_bit_field(call, /*read_only=*/true); }

constexpr std::array<std::string_view, 4> kFieldAccess = {"RW", "access", "update", "variable_flags"};
constexpr auto kOperationKeys =
    std::to_array<KeySpec>({{.access = kOverwritesValue, .index = 2}, {.access = kReadsValue, .index = 3, .last = -1}});

constexpr Family row{.group = "bitmap", .categories = kBitmapCategory};

constexpr std::array kCommands = {
    row("bitcount", -2, kReadonly, "Counts the bits that are set, in all of a string or a range.", "2.6.0", bit_count)
        .on_key(kReadsValue)
        .takes("key [index=(start:integer end:integer [index_unit=(BYTE|BIT)@7.0.0])]")
        .costs("O(N)"),
    row("bitfield", -2, kWrite | kDenyOom, "Reads and changes integers of any width at any bit.", "3.2.0", bit_field)
        .on_key(kFieldAccess, "This command allows both access and modification of the key")
        .with_keys_found_by(find_keys_of_bitfield)
        .takes("key [operation=(GET (encoding offset)|write=([OVERFLOW (WRAP|SAT|FAIL)] write_operation=(SET (encoding "
               "offset value:integer)|INCRBY (encoding offset increment))))...]")
        .costs("O(N), N: operations"),
    row("bitfield_ro", -2, kReadonly | kFast, "Reads integers of any width at any bit.", "6.0.0", bit_field_read_only)
        .on_key(kReadsValue)
        .takes("key [GET (encoding offset)]...")
        .costs("O(N), N: operations"),
    row("bitop", -4, kWrite | kDenyOom, "Combines the bits of strings and stores the result.", "2.6.0", bit_operation)
        .on_keys({.first = 2, .last = -1, .step = 1})
        .with_key_specs(kOperationKeys)
        .takes("operation destkey key#1...")
        .costs("O(N)"),
    row("bitpos", -3, kReadonly, "Finds the first bit that is set, or is not.", "2.8.7", bit_position)
        .on_key(kReadsValue)
        .takes("key bit [index=(start:integer [end_index=(end:integer [index_unit=(BYTE|BIT)@7.0.0])])]")
        .costs("O(N)"),
    row("getbit", 3, kReadonly | kFast, "Returns one bit of a string.", "2.2.0", get_bit)
        .on_key(kReadsValue)
        .takes("key offset")
        .costs("O(1)"),
    row("setbit", 4, kWrite | kDenyOom, "Sets or clears one bit of a string, which grows as needed.", "2.2.0", set_bit)
        .on_key(kUpdatesValue)
        .takes("key offset value:integer")
        .costs("O(1)"),
};

}  // namespace

std::span<const CommandSpec> bitmap_commands() { return kCommands; }

}  // namespace weir::store
