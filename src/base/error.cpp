#include "base/error.h"

#include <system_error>

#include <fmt/format.h>

namespace weir::base {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRetry: return "retry";
    case ErrorKind::kRedirect: return "redirect";
    case ErrorKind::kReject: return "reject";
    case ErrorKind::kFatal: return "fatal";
    case ErrorKind::kUnknownOutcome: return "unknown outcome";
  }
  return "invalid";
}

Error Error::within(std::string_view doing) const { return {kind_, fmt::format("{}: {}", doing, text_)}; }

Error system_error(ErrorKind kind, std::string_view tried, int error_number) {
  return {kind, fmt::format("{}: {}", tried, std::generic_category().message(error_number))};
}

}  // namespace weir::base
