#include "shop/http.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "runtime/task.h"

namespace weir::shop {

bool has_json(const serve::Request& request) {
  std::string_view type = request.field("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return base::equal_ignoring_case(type, "application/json");
}

serve::Response Failures::answer(std::string_view doing, const base::Error& error) {
  if (throttle_.pass(runtime::mono_now())) {
    base::log::warning("{} failed: {} (and {} other failures before)", doing, error.text(), throttle_.suppressed());
  }
  if (error.kind() == base::ErrorKind::kUnknownOutcome) {
    return serve::problem(504,
                          fmt::format("{}: it may have been done or not; the same request may be sent again", doing));
  }
  serve::Response response = serve::problem(503, fmt::format("{} is not possible at the moment", doing));
  response.fields.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace weir::shop
