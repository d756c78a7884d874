// WEIR_ASSERT: a programmer's error ends the process, in release builds too, saying what was expected and where.
// Never used on input: bad input is an Error to whoever sent it.
#pragma once

namespace weir::base {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace weir::base

#define WEIR_ASSERT(expression) \
  (static_cast<bool>(expression) ? void(0) : ::weir::base::assertion_failed(#expression, __FILE__, __LINE__))
