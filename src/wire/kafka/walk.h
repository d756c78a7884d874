// The one reader and the one writer of all messages: they walk a message's table of fields (schema.h). Included only
// where a Codec is instantiated, since that is where the compiler's time goes.
//
// Depth is that of the declarations, which do not recurse, so a frame cannot nest deeper than they do.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "base/assert.h"
#include "wire/kafka/codec.h"

namespace weir::wire::kafka {

namespace walk {

struct Form {
  std::int16_t version;
  bool flexible;

  Reader::Width string_width() const { return flexible ? Reader::Width::kCompact : Reader::Width::kTwo; }
  Reader::Width width() const { return flexible ? Reader::Width::kCompact : Reader::Width::kFour; }
};

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsBytes = std::same_as<T, Bytes> || std::same_as<T, Records>;

template <class T>
concept Struct = requires { T::fields(); };

// What a field holds that its version does not have.
template <Struct T>
constinit const T kInitial{};

// The fewest bytes that a value takes.
template <class T>
std::size_t min_bytes(Form form) {
  if constexpr (Struct<T>) {
    const auto of = [form]<class Member>(const Field<T, Member>& field) -> std::size_t {
      return field.in(form.version) && field.tag == kNoTag ? min_bytes<Member>(form) : 0;
    };
    return std::apply([&](const auto&... fields) { return (of(fields) + ... + 0u); }, T::fields()) + form.flexible;
  } else if constexpr (kIsOptional<T>) {
    return min_bytes<typename T::value_type>(form);
  } else if constexpr (std::same_as<T, std::string_view>) {
    return form.flexible ? 1 : 2;
  } else if constexpr (kIsBytes<T> || kIsVector<T>) {
    return form.flexible ? 1 : 4;
  } else {
    return sizeof(T);
  }
}

// ---- reading ----

template <Struct T>
bool read_struct(Reader& from, Form form, T& value);

// A value that has a length in front: null leaves `present` false.
template <class T>
bool read_sized(Reader& from, Form form, bool nullable, T& value, bool& present);

template <class T>
bool read(Reader& from, Form form, bool nullable, T& value) {
  if constexpr (Struct<T>) {
    return read_struct(from, form, value);
  } else if constexpr (std::same_as<T, bool>) {
    return from.boolean(value);
  } else if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> number = 0;
    if (!from.integer(number)) return false;
    value = static_cast<T>(number);
    return true;
  } else if constexpr (std::integral<T>) {
    return from.integer(value);
  } else if constexpr (kIsOptional<T>) {
    if (!value) value.emplace();
    bool present = true;
    if (!read_sized(from, form, nullable, *value, present)) return false;
    if (!present) value.reset();
    return true;
  } else {
    bool present = true;
    return read_sized(from, form, false, value, present);
  }
}

template <class T>
bool read_sized(Reader& from, Form form, bool nullable, T& value, bool& present) {
  std::int64_t length = 0;
  if constexpr (kIsVector<T>) {
    using Element = typename T::value_type;
    if (!from.count(form.width(), nullable, min_bytes<Element>(form), length)) return false;
    if (length == Reader::kNull) return present = false, true;
    value.resize(static_cast<std::size_t>(length));
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!read(from, form, false, value[i])) return from.within(i), false;
    }
    return true;
  } else {
    constexpr bool kIsString = std::same_as<T, std::string_view>;
    if (!from.length(kIsString ? form.string_width() : form.width(), nullable, length)) return false;
    if (length == Reader::kNull) return present = false, true;
    if constexpr (kIsString) {
      return from.bytes(length, value);
    } else {
      return from.bytes(length, value.view);
    }
  }
}

template <class T, class Member>
bool read_field(Reader& from, Form form, T& value, const Field<T, Member>& field) {
  if (read(from, form, form.version >= field.first_nullable, value.*field.member)) return true;
  from.within(field.name);
  return false;
}

template <class T, class Member>
void reset_field(T& value, const Field<T, Member>& field) {
  if constexpr (kIsVector<Member>) {
    (value.*field.member).clear();  // Keeps its memory.
  } else {
    value.*field.member = kInitial<T>.*field.member;
  }
}

template <Struct T>
bool read_tagged_fields(Reader& from, Form form, T& value) {
  std::uint32_t count = 0;
  if (!from.unsigned_varint(count)) return from.within("tagged fields"), false;
  for (; count > 0; --count) {  // Each takes two bytes at least, so the bytes end before a large count does.
    std::uint32_t tag = 0;
    std::uint32_t length = 0;
    const char* outer_end = nullptr;
    if (!from.unsigned_varint(tag) || !from.unsigned_varint(length) || !from.narrow(length, outer_end)) {
      return from.within("tagged fields"), false;
    }
    bool known = false;
    const auto one = [&](const auto& field) {
      if (field.tag == kNoTag || static_cast<std::uint32_t>(field.tag) != tag || !field.in(form.version)) return true;
      known = true;
      return read_field(from, form, value, field);
    };
    if (!std::apply([&](const auto&... fields) { return (one(fields) && ...); }, T::fields())) return false;
    std::string_view skipped;
    if (!known && !from.bytes(length, skipped)) return false;
    if (!from.widen(outer_end)) return from.within("tagged fields"), false;
  }
  return true;
}

template <Struct T>
bool read_struct(Reader& from, Form form, T& value) {
  const auto one = [&](const auto& field) {
    if (field.tag == kNoTag && field.in(form.version)) return read_field(from, form, value, field);
    reset_field(value, field);
    return true;
  };
  if (!std::apply([&](const auto&... fields) { return (one(fields) && ...); }, T::fields())) return false;
  return !form.flexible || read_tagged_fields(from, form, value);
}

// ---- writing ----

template <Struct T>
void write_struct(Writer& to, Form form, const T& value);

template <class T>
void write(Writer& to, Form form, bool nullable, const T& value) {
  if constexpr (Struct<T>) {
    write_struct(to, form, value);
  } else if constexpr (std::same_as<T, bool>) {
    to.boolean(value);
  } else if constexpr (std::is_enum_v<T>) {
    to.integer(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::integral<T>) {
    to.integer(value);
  } else if constexpr (kIsOptional<T>) {
    if (value || !nullable) return write(to, form, false, value ? *value : typename T::value_type());
    if (form.flexible) return to.unsigned_varint(0);
    if constexpr (std::same_as<typename T::value_type, std::string_view>) {
      to.integer(std::int16_t{-1});
    } else {
      to.integer(std::int32_t{-1});
    }
  } else if constexpr (std::same_as<T, std::string_view>) {
    form.flexible ? to.compact_length(value.size()) : to.short_length(value.size());
    to.bytes(value);
  } else if constexpr (kIsBytes<T>) {
    form.flexible ? to.compact_length(value.view.size()) : to.long_length(value.view.size());
    std::same_as<T, Records> ? to.records(value.view) : to.bytes(value.view);
  } else {
    static_assert(kIsVector<T>);
    form.flexible ? to.compact_length(value.size()) : to.long_length(value.size());
    for (const auto& element : value) write(to, form, false, element);
  }
}

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (Struct<T>) {
    const auto one = [&](const auto& field) { return same(a.*field.member, b.*field.member); };
    return std::apply([&](const auto&... fields) { return (one(fields) && ...); }, T::fields());
  } else if constexpr (kIsOptional<T>) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  } else if constexpr (kIsVector<T>) {
    return std::ranges::equal(a, b, same<typename T::value_type>);
  } else {
    return a == b;
  }
}

template <class T, class Member>
bool is_written_tagged(Form form, const T& value, const Field<T, Member>& field) {
  return field.tag != kNoTag && field.in(form.version) && !same(value.*field.member, kInitial<T>.*field.member);
}

template <Struct T>
void write_tagged_fields(Writer& to, Form form, const T& value) {
  const auto count = [&](const auto&... fields) {
    return (std::uint32_t{is_written_tagged(form, value, fields)} + ... + 0u);
  };
  to.unsigned_varint(std::apply(count, T::fields()));
  const auto one = [&](const auto& field) {
    if (!is_written_tagged(form, value, field)) return;
    std::string bytes;
    Writer aside(bytes);
    write(aside, form, form.version >= field.first_nullable, value.*field.member);
    to.unsigned_varint(static_cast<std::uint32_t>(field.tag));
    to.unsigned_varint(static_cast<std::uint32_t>(bytes.size()));
    to.bytes(bytes);
  };
  std::apply([&](const auto&... fields) { (one(fields), ...); }, T::fields());
}

template <Struct T>
void write_struct(Writer& to, Form form, const T& value) {
  const auto one = [&](const auto& field) {
    if (field.tag != kNoTag || !field.in(form.version)) return;
    write(to, form, form.version >= field.first_nullable, value.*field.member);
  };
  std::apply([&](const auto&... fields) { (one(fields), ...); }, T::fields());
  if (form.flexible) write_tagged_fields(to, form, value);
}

}  // namespace walk

template <class M>
base::Result<void> Codec<M>::decode(std::string_view body, std::int16_t version, M& into, ReadLimits limits) {
  const Api& api = M::kMessage.api();
  WEIR_ASSERT(api.declares(version));
  Reader from(body, limits);
  if (walk::read_struct(from, {version, api.flexible(version)}, into)) {
    if (from.left() == 0) return {};
    from.fail(fmt::format("{} bytes behind the last field", from.left()));
  }
  return from.error(fmt::format("{} v{} {}", api.name, version,
                                M::kMessage.direction == Direction::kRequest ? "request" : "response"));
}

template <class M>
void Codec<M>::encode(const M& message, std::int16_t version, Writer& to) {
  const Api& api = M::kMessage.api();
  WEIR_ASSERT(api.declares(version));
  walk::write_struct(to, {version, api.flexible(version)}, message);
}

}  // namespace weir::wire::kafka
