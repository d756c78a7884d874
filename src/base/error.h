// Error and Result: how every operating failure in Weir is reported.
//
// A normal outcome (no such key) is an optional or an enum, never an Error. An operating failure is a Result that
// holds an Error. A programmer's error is WEIR_ASSERT (base/assert.h) and ends the process. Exceptions that a
// library throws are caught at the edge of a task and turned into an Error there.
//
// Values only: no thread, no clock, no I/O.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace weir::base {

// What the caller can do about a failure. Every Error is one of these and nothing finer: code that wants to tell
// two failures of the same kind apart should have had a normal outcome instead.
enum class ErrorKind : unsigned char {
  kRetry,           // Nothing was applied; the same call may succeed later or on another node.
  kRedirect,        // Nothing was applied; another node is responsible for this.
  kReject,          // The input is wrong; the same call fails again, wherever it is sent.
  kFatal,           // This process or connection cannot go on.
  kUnknownOutcome,  // It may or may not have been applied. Never repeat it without an id that makes it idempotent.
};

std::string_view to_string(ErrorKind kind);

// A kind, and a text that says what was tried, on what, and what to do about it.
class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string text) : text_(std::move(text)), kind_(kind) {}

  ErrorKind kind() const { return kind_; }
  const std::string& text() const { return text_; }

  // The same failure seen from one level up: "while doing: text".
  Error within(std::string_view doing) const;

  friend bool operator==(const Error&, const Error&) = default;

 private:
  std::string text_;
  ErrorKind kind_;
};

// "tried: strerror(error_number)"; `tried` names the call and what it was made on.
Error system_error(ErrorKind kind, std::string_view tried, int error_number);

// std::expected<T, Error> that the compiler does not let anyone drop.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using Base = std::expected<T, Error>;
  using Base::Base;
  Result(Error error) : Base(std::unexpected(std::move(error))) {}
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
 public:
  using Base = std::expected<void, Error>;
  using Base::Base;
  Result(Error error) : Base(std::unexpected(std::move(error))) {}
};

inline Error retry(std::string text) { return {ErrorKind::kRetry, std::move(text)}; }
inline Error reject(std::string text) { return {ErrorKind::kReject, std::move(text)}; }
inline Error fatal(std::string text) { return {ErrorKind::kFatal, std::move(text)}; }
inline Error unknown_outcome(std::string text) { return {ErrorKind::kUnknownOutcome, std::move(text)}; }

}  // namespace weir::base
