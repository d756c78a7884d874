// What goes into and comes out of a database, in the words that all of them share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace weir::client::sql {

// Bytes that are no text.
struct Blob {
  std::string bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};

// NULL, a whole number, a floating point number, text in UTF-8, bytes.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

std::string_view type_name(const Value& value);

// Stand for the question marks of a statement, in their order.
using Parameters = std::vector<Value>;

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;

  bool empty() const { return rows.empty(); }
  std::size_t size() const { return rows.size(); }

  // The value in row `row` of the column called `column`, which must be of type T; std::optional<T> also takes NULL.
  // kReject, with what is there instead, when it is not so. Requires: row < size().
  template <class T>
  base::Result<T> get(std::size_t row, std::string_view column) const;

 private:
  base::Result<const Value*> at(std::size_t row, std::string_view column) const;
  static base::Error mismatch(std::string_view column, const Value& value);
};

// What a statement that returns no rows did.
struct Changes {
  std::int64_t rows = 0;
  // Of the last INSERT, where the table numbers its rows.
  std::int64_t inserted_id = 0;
};

namespace detail {
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
}  // namespace detail

template <class T>
base::Result<T> Rows::get(std::size_t row, std::string_view column) const {
  const auto value = at(row, column);
  if (!value) return value.error();
  if constexpr (detail::is_optional<T>) {
    if (std::holds_alternative<std::monostate>(**value)) return T();
    if (const auto* held = std::get_if<typename T::value_type>(*value)) return T(*held);
  } else {
    if (const auto* held = std::get_if<T>(*value)) return *held;
  }
  return mismatch(column, **value);
}

}  // namespace weir::client::sql
