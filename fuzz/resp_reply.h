// What must hold for any bytes given to resp::ReplyParser.
#pragma once

#include <fmt/format.h>

#include "fuzz/feed.h"
#include "wire/resp/reply_parser.h"

namespace weir::fuzz {

struct ReplyTrace {
  std::vector<wire::resp::Value> values;
  std::string error;
  std::size_t consumed = 0;
  Violation violation;
};

inline std::size_t depth(const wire::resp::Value& value) {
  std::size_t deepest = 0;
  for (const auto& element : value.elements) deepest = std::max(deepest, depth(element));
  for (const auto& attribute : value.attributes) deepest = std::max(deepest, depth(attribute));
  const bool aggregate = value.type == wire::resp::Type::kArray || value.type == wire::resp::Type::kMap ||
                         value.type == wire::resp::Type::kSet || value.type == wire::resp::Type::kPush;
  return deepest + (aggregate || !value.attributes.empty() ? 1 : 0);
}

inline std::size_t count_elements(const wire::resp::Value& value) {
  std::size_t count = value.elements.size() + value.attributes.size();
  for (const auto& element : value.elements) count += count_elements(element);
  for (const auto& attribute : value.attributes) count += count_elements(attribute);
  return count;
}

inline ReplyTrace trace_replies(std::string_view input, Cut cut, const wire::resp::ReplyLimits& limits) {
  using wire::resp::ReplyParser;
  ReplyTrace trace;
  ReplyParser parser(limits);
  const Violation fed = feed(input, cut, [&](std::string_view received) -> Fed {
    const ReplyParser::Step step = parser.parse(received);
    trace.consumed += step.consumed;
    switch (step.status) {
      case ReplyParser::Status::kValue:
        trace.values.push_back(std::move(parser.value()));
        // A value with attributes counts one level more than its brackets: the attribute's own.
        if (depth(trace.values.back()) > 2 * limits.max_depth) trace.violation = "nested over the limit";
        if (count_elements(trace.values.back()) > limits.max_elements) trace.violation = "more elements than the limit";
        return {step.consumed, true};
      case ReplyParser::Status::kNeedMore:
        if (parser.expected_bytes() != 0 && parser.expected_bytes() <= received.size() - step.consumed) {
          trace.violation = "waits for bytes that are there";
        }
        return {step.consumed, false};
      case ReplyParser::Status::kError:
        trace.error = parser.error();
        if (trace.error.empty()) trace.violation = "an error without words";
        return {step.consumed, false};
    }
    return {0, false};
  });
  if (trace.violation.empty()) trace.violation = fed;
  return trace;
}

inline Violation check_resp_reply(std::string_view input) {
  const wire::resp::ReplyLimits settings[] = {
      {},
      {.max_bulk_bytes = 12, .max_line_bytes = 24, .max_depth = 3, .max_elements = 8},
  };
  for (const wire::resp::ReplyLimits& limits : settings) {
    const ReplyTrace whole = trace_replies(input, Cut::kWhole, limits);
    if (!whole.violation.empty()) return whole.violation;
    for (const Cut cut : {Cut::kBytes, Cut::kRandom}) {
      if (cut == Cut::kBytes && input.size() > 1024) continue;  // The feeding is quadratic.
      const ReplyTrace cut_up = trace_replies(input, cut, limits);
      if (!cut_up.violation.empty()) return cut_up.violation;
      if (whole.values != cut_up.values || whole.error != cut_up.error || whole.consumed != cut_up.consumed) {
        return fmt::format("{} values and error '{}' as a whole, {} and '{}' in pieces", whole.values.size(),
                           whole.error, cut_up.values.size(), cut_up.error);
      }
    }
    std::string written;
    for (const auto& value : whole.values) append_value(written, value);
    // A blob error that holds a line end is written with two bytes more than it had limits for.
    const ReplyTrace again = trace_replies(written, Cut::kWhole, {});
    if (again.values != whole.values || !again.error.empty() || again.consumed != written.size()) {
      return fmt::format("values written anew are read differently: {}", again.error);
    }
  }
  return {};
}

}  // namespace weir::fuzz
