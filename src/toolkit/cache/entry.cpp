#include "toolkit/cache/entry.h"

#include "base/assert.h"

namespace weir::toolkit {

using wire::resp::Type;
using wire::resp::Value;

namespace {

constexpr char kPresent = '+';
constexpr char kAbsent = '-';

}  // namespace

std::string encode_entry(const std::optional<std::string>& value) {
  if (!value) return std::string(1, kAbsent);
  std::string entry;
  entry.reserve(1 + value->size());
  entry += kPresent;
  entry += *value;
  return entry;
}

std::string_view to_string(Source source) {
  switch (source) {
    case Source::kHit: return "hit";
    case Source::kMiss: return "miss";
    case Source::kBypass: return "bypass";
  }
  return "?";
}

Lookup judge_lookup(base::Result<Value> reply) {
  if (!reply) return {Source::kBypass};
  if (reply->is_null()) return {Source::kMiss};
  if (reply->type != Type::kBulk) return {Source::kBypass};
  std::string& entry = reply->text;
  if (entry.size() == 1 && entry[0] == kAbsent) return {Source::kHit};
  if (entry.empty() || entry[0] != kPresent) return {Source::kMiss};
  entry.erase(0, 1);
  return {Source::kHit, std::move(entry)};
}

std::chrono::milliseconds jittered(base::Duration expiry, double share, base::Random& random) {
  WEIR_ASSERT(share >= 0 && share <= 1);
  const auto longest = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(expiry).count(), std::int64_t{1});
  const auto shortest = static_cast<std::int64_t>(static_cast<double>(longest) * (1 - share));
  return std::chrono::milliseconds(random.between(std::max(shortest, std::int64_t{1}), longest));
}

}  // namespace weir::toolkit
