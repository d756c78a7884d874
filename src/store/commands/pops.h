// What taking from lists and from sorted sets shares: of several keys the first that holds anything is served, at once
// or as soon as one does (BLPOP, BZPOPMIN, LMPOP, BZMPOP and their like).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.h"
#include "store/commands/call.h"

namespace weir::store {

// The timeout of what blocks: seconds, which need not be whole; 0 is for ever. In whole milliseconds, rounded up; what
// is longer than a century is a century. Nothing: an error was replied.
std::optional<base::Duration> parse_blocking_timeout(Call& call, std::string_view text);

struct PopArguments {
  std::span<const std::string_view> keys;
  std::string_view where;
  std::size_t count = 1;
};
// numkeys key ... WHERE [COUNT count], from argument `first` on. Nothing: an error was replied.
std::optional<PopArguments> parse_pop_arguments(Call& call, std::size_t first, bool (*is_where)(std::string_view));

enum class Served : std::uint8_t { kYes, kNothingThere, kRefused };  // Refused: an error was replied.

// `pop(const Key&, T&)` takes from the first of the keys that holds a T, and replies.
template <typename T, typename Pop>
Served pop_first(Call& call, std::span<const std::string_view> keys, Pop&& pop) {
  for (const std::string_view name : keys) {
    const Key key(name);
    Entry* entry = call.database().find_for_write(key, call.now);
    if (entry == nullptr) continue;
    if (entry->kind() != kKindOf<T>) {
      call.wrong_type();
      return Served::kRefused;
    }
    pop(key, entry->as<T>());
    return Served::kYes;
  }
  return Served::kNothingThere;
}

// Until one of the keys holds a T; when the time is over the reply is a null array.
template <typename T>
Wait wait_for(std::span<const std::string_view> keys, base::Duration timeout) {
  const auto holds_one = [](Database& database, std::string_view key, UnixMs now) {
    const Entry* entry = database.peek(key, now);
    return entry != nullptr && entry->kind() == kKindOf<T>;
  };
  return {.keys = keys, .timeout = timeout, .may_serve = holds_one, .on_timeout = [](Call& late) {
            late.reply.null_array();
          }};
}

// As pop_first; when there is nothing the client waits. One that was woken is served from the key that came.
template <typename T, typename Pop>
void pop_or_wait(Call& call, std::span<const std::string_view> keys, base::Duration timeout, Pop&& pop) {
  const bool was_woken = call.woken_by.data() != nullptr;
  if (pop_first<T>(call, was_woken ? std::span(&call.woken_by, 1) : keys, pop) != Served::kNothingThere) return;
  if (!call.may_block()) return call.reply.null_array();
  call.block(wait_for<T>(keys, timeout));
}

}  // namespace weir::store
