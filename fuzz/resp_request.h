// What must hold for any bytes given to resp::RequestParser.
#pragma once

#include <functional>

#include <fmt/format.h>

#include "fuzz/feed.h"
#include "wire/resp/request.h"

namespace weir::fuzz {

struct RequestTrace {
  std::vector<std::vector<std::string>> commands;
  std::string error;
  std::size_t consumed = 0;
  Violation violation;

  bool same_outcome(const RequestTrace& other) const {
    return commands == other.commands && error == other.error && (!error.empty() || consumed == other.consumed);
  }
};

inline RequestTrace trace_requests(std::string_view input, Cut cut, const wire::resp::RequestLimits& limits,
                                   bool authenticated) {
  using wire::resp::RequestParser;
  RequestTrace trace;
  RequestParser parser(limits);
  parser.set_authenticated(authenticated);
  const Violation fed = feed(input, cut, [&](std::string_view received) -> Fed {
    const RequestParser::Step step = parser.parse(received);
    trace.consumed += step.consumed;
    switch (step.status) {
      case RequestParser::Status::kCommand: {
        auto& words = trace.commands.emplace_back(parser.arguments().begin(), parser.arguments().end());
        if (words.empty()) trace.violation = "a command without words";
        if (step.consumed == 0) trace.violation = "a command out of no bytes";
        // A multibulk's words are views into what was received; an inline command's are not.
        const std::string_view all = received.substr(0, step.consumed);
        const bool inside = std::all_of(parser.arguments().begin(), parser.arguments().end(), [all](auto word) {
          return std::less_equal<>()(all.begin(), word.begin()) && std::less_equal<>()(word.end(), all.end());
        });
        if (inside) {
          for (const std::string& word : words) {
            if (word.size() > limits.max_bulk_bytes) trace.violation = "a bulk over its limit";
            if (!authenticated && word.size() > limits.max_unauthenticated_bulk_bytes) {
              trace.violation = "an unauthenticated bulk over its limit";
            }
          }
          if (!authenticated && words.size() > static_cast<std::size_t>(limits.max_unauthenticated_arguments)) {
            trace.violation = "too many unauthenticated arguments";
          }
        }
        return {step.consumed, true};
      }
      case RequestParser::Status::kNeedMore:
        if (parser.expected_bytes() != 0 && parser.expected_bytes() <= received.size() - step.consumed) {
          trace.violation = "waits for bytes that are there";
        }
        return {step.consumed, false};
      case RequestParser::Status::kError:
        trace.error = parser.error();
        if (trace.error.empty()) trace.violation = "an error without words";
        if (trace.error.find_first_of("\r\n") != std::string::npos) trace.violation = "an error of two lines";
        return {step.consumed, false};
    }
    return {0, false};
  });
  if (trace.violation.empty()) trace.violation = fed;
  return trace;
}

inline Violation check_resp_request(std::string_view input) {
  struct Setting {
    wire::resp::RequestLimits limits;
    bool authenticated;
  };
  // The small limits are there to be reached by small inputs.
  const Setting settings[] = {
      {{}, true},
      {{}, false},
      {{.max_bulk_bytes = 12, .max_arguments = 4, .max_line_bytes = 24}, true},
  };
  for (const Setting& setting : settings) {
    const RequestTrace whole = trace_requests(input, Cut::kWhole, setting.limits, setting.authenticated);
    if (!whole.violation.empty()) return whole.violation;
    for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
      if (cut == Cut::kBytes && input.size() > 1024) continue;  // The feeding is quadratic.
      const RequestTrace cut_up = trace_requests(input, cut, setting.limits, setting.authenticated);
      if (!cut_up.violation.empty()) return cut_up.violation;
      if (!whole.same_outcome(cut_up)) {
        return fmt::format("{} commands and error '{}' as a whole, {} and '{}' in pieces", whole.commands.size(),
                           whole.error, cut_up.commands.size(), cut_up.error);
      }
    }
    std::string written;
    for (const auto& words : whole.commands) {
      const std::vector<std::string_view> views(words.begin(), words.end());
      wire::resp::append_command(written, views);
    }
    const RequestTrace again = trace_requests(written, Cut::kWhole, {}, true);
    if (again.commands != whole.commands || !again.error.empty() || again.consumed != written.size()) {
      return "commands written anew are read differently";
    }
  }
  return {};
}

}  // namespace weir::fuzz
