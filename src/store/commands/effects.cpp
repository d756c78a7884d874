#include "store/commands/effects.h"

#include <algorithm>

#include "base/assert.h"
#include "wire/resp/request.h"

namespace weir::store {

namespace {

constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";

// A group that held a large value does not keep its memory.
constexpr std::size_t kKeptBytes = 64 << 10;

}  // namespace

void Effects::attach(EffectSink& sink) {
  WEIR_ASSERT(std::ranges::find(sinks_, &sink) == sinks_.end());
  sinks_.push_back(&sink);
}

void Effects::detach(EffectSink& sink) { std::erase(sinks_, &sink); }

void Effects::add(std::size_t database, std::span<const std::string_view> words, EffectAudience audience) {
  if (sinks_.empty()) return;
  wire::resp::append_command(bytes_, words);
  pending_.push_back({.database = database, .bytes_end = bytes_.size(), .audience = audience});
  if (depth_ == 0) flush();
}

void Effects::flush() {
  const bool transaction = pending_.size() > 1;
  // Around effects that are for replicas only, so are MULTI and EXEC.
  const bool everywhere = std::ranges::any_of(
      pending_, [](const Pending& effect) { return effect.audience == EffectAudience::kEverywhere; });
  const EffectAudience audience = everywhere ? EffectAudience::kEverywhere : EffectAudience::kReplicasOnly;
  group_.clear();
  if (transaction) group_.push_back({pending_.front().database, audience, kMulti});
  std::size_t begin = 0;
  for (const Pending& effect : pending_) {
    const std::string_view bytes = std::string_view(bytes_).substr(begin, effect.bytes_end - begin);
    group_.push_back({effect.database, effect.audience, bytes});
    begin = effect.bytes_end;
  }
  if (transaction) group_.push_back({pending_.back().database, audience, kExec});
  for (EffectSink* sink : sinks_) sink->on_effects(group_, transaction);
  pending_.clear();
  bytes_.clear();
  if (bytes_.capacity() > kKeptBytes) bytes_.shrink_to_fit();
}

}  // namespace weir::store
