// KEYS, SCAN, RANDOMKEY: finding keys.
#include "store/commands/scan.h"

#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

}  // namespace

std::optional<std::uint64_t> parse_scan_cursor(Call& call, std::string_view text) {
  // As strtoul reads it: a sign may stand there, minus one is the largest, and nothing at all is zero.
  if (text.empty()) return 0;
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  std::uint64_t cursor = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), cursor);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    call.reply.error("ERR invalid cursor");
    return std::nullopt;
  }
  return negative ? 0 - cursor : cursor;
}

std::optional<ScanOptions> parse_scan_options(Call& call, std::size_t first, bool with_type) {
  ScanOptions options;
  for (std::size_t i = first; i < call.count(); i += 2) {
    const std::string_view word = call.argument(i);
    const bool has_value = i + 1 < call.count();
    if (equal_ignoring_case(word, "COUNT") && has_value) {
      const auto count = parse_integer(call.argument(i + 1));
      if (!count) {
        call.not_an_integer();
        return std::nullopt;
      }
      if (*count < 1) {
        call.syntax_error();
        return std::nullopt;
      }
      options.count = static_cast<std::uint64_t>(*count);
    } else if (equal_ignoring_case(word, "MATCH") && has_value) {
      options.pattern = call.argument(i + 1);
      if (*options.pattern == "*") options.pattern.reset();
    } else if (with_type && equal_ignoring_case(word, "TYPE") && has_value) {
      options.type = call.argument(i + 1);
    } else {
      call.syntax_error();
      return std::nullopt;
    }
  }
  return options;
}

namespace {

// Removes those that have expired, and replies the others after the header that `reply_header(count)` writes.
template <typename ReplyHeader>
void reply_live_keys(Call& call, std::vector<std::string>& keys, ReplyHeader&& reply_header) {
  std::erase_if(keys, [&](const std::string& key) { return call.database().peek(key, call.now) == nullptr; });
  reply_header(keys.size());
  for (const std::string& key : keys) call.reply.bulk(key);
}

void keys(Call& call) {
  const std::string_view pattern = call.argument(1);
  std::vector<std::string> found;
  call.database().for_each([&](const Entry& entry) {
    if (pattern == "*" || matches_glob(pattern, entry.key())) found.emplace_back(entry.key());
  });
  reply_live_keys(call, found, [&](std::size_t count) { call.reply.array(count); });
}

void scan(Call& call) {
  auto cursor = parse_scan_cursor(call, call.argument(1));
  if (!cursor) return;
  const auto options = parse_scan_options(call, 2, /*with_type=*/true);
  if (!options) return;
  std::vector<std::string> found;
  // Like Redis, it looks at about as many keys as were asked for, and gives up on empty places after ten times that.
  std::uint64_t seen = 0;
  const std::uint64_t most_steps = options->count > ~std::uint64_t{0} / 10 ? options->count : options->count * 10;
  for (std::uint64_t steps = 0; steps < most_steps && seen < options->count; ++steps) {
    cursor = call.database().scan(*cursor, [&](const Entry& entry) {
      ++seen;
      if (options->type && !equal_ignoring_case(*options->type, type_name(entry.type()))) return;
      if (options->matches(entry.key())) found.emplace_back(entry.key());
    });
    if (*cursor == 0) break;
  }
  call.reply.array(2);
  call.reply.bulk(fmt::to_string(*cursor));
  reply_live_keys(call, found, [&](std::size_t count) { call.reply.array(count); });
}

void random_key(Call& call) {
  // A database of expired keys alone is tried so often.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const Entry* entry = call.database().random_entry();
    if (entry == nullptr) break;
    const std::string key(entry->key());
    if (call.database().peek(key, call.now) == nullptr) continue;
    return call.reply.bulk(key);
  }
  call.reply.null();
}

constexpr std::array<std::string_view, 2> kScanTips = {"nondeterministic_output", "request_policy:special"};
constexpr std::array<std::string_view, 2> kKeysTips = {"request_policy:all_shards", "nondeterministic_output_order"};
constexpr std::array<std::string_view, 2> kRandomTips = {"request_policy:all_shards", "nondeterministic_output"};

constexpr Family row{.group = "generic", .categories = kKeyspaceCategory};

constexpr std::array kCommands = {
    row("keys", 2, kReadonly, "Returns all keys that match a pattern, however many.", "1.0.0", keys)
        .in(kKeyspaceCategory | kDangerousCategory)
        .tipped(kKeysTips)
        .takes("pattern")
        .costs("O(N), N: keys of the database"),
    row("randomkey", 1, kReadonly, "Returns any key.", "1.0.0", random_key).tipped(kRandomTips).costs("O(1)"),
    row("scan", -2, kReadonly, "Walks all keys step by step.", "2.8.0", scan)
        .tipped(kScanTips)
        .takes("cursor [MATCH pattern] [COUNT count] [TYPE type@6.0.0]")
        .costs("O(M), M: COUNT; a whole walk: O(N), N: keys of the database"),
};

}  // namespace

std::span<const CommandSpec> scan_commands() { return kCommands; }

}  // namespace weir::store
