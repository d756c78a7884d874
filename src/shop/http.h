// What the HTTP handlers of all use cases share. A use case itself knows nothing of HTTP: its handler, in the same
// file, turns a request into its arguments and its outcome into a response.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "serve/message.h"

namespace weir::shop {

// Kept from the time that the server gives a handler: its work ends before, so that the answer to work of unknown
// outcome is written by the handler, who knows that, and not by the server, who does not.
inline constexpr base::Duration kAnswerMargin = std::chrono::milliseconds(500);

inline base::MonoTime work_deadline(const serve::Request& request) { return request.deadline - kAnswerMargin; }

// Whether the request says that its body is JSON.
bool has_json(const serve::Request& request);

// Answers for failures that are ours. Their texts name tables and addresses, so they go into the log and not to
// whoever asked. One loop.
class Failures {
 public:
  // "`doing` failed". 504 for an unknown outcome, else 503.
  serve::Response answer(std::string_view doing, const base::Error& error);

 private:
  base::log::Throttle throttle_{std::chrono::seconds(1)};
};

}  // namespace weir::shop
