// LCS: the longest subsequence that two strings have in common.
#include <algorithm>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/types/number_text.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

struct LcsOptions {
  bool length_only = false;
  bool ranges = false;
  bool with_lengths = false;
  std::int64_t min_length = 0;
};

bool parse_lcs_options(Call& call, LcsOptions& options) {
  for (std::size_t i = 3; i < call.count(); ++i) {
    const std::string_view word = call.argument(i);
    if (equal_ignoring_case(word, "IDX")) {
      options.ranges = true;
    } else if (equal_ignoring_case(word, "LEN")) {
      options.length_only = true;
    } else if (equal_ignoring_case(word, "WITHMATCHLEN")) {
      options.with_lengths = true;
    } else if (equal_ignoring_case(word, "MINMATCHLEN") && i + 1 < call.count()) {
      const auto length = parse_integer(call.argument(++i));
      if (!length) {
        call.not_an_integer();
        return false;
      }
      options.min_length = std::max<std::int64_t>(*length, 0);
    } else {
      call.syntax_error();
      return false;
    }
  }
  if (options.ranges && options.length_only) {
    call.reply.error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
  }
  return true;
}

struct LcsRange {
  std::size_t a_begin, b_begin, length;
};

void reply_lcs_ranges(Call& call, const std::vector<LcsRange>& ranges, std::size_t length, const LcsOptions& options) {
  const auto integer = [&](std::size_t value) { call.reply.integer(static_cast<std::int64_t>(value)); };
  call.reply.map(2);
  call.reply.bulk("matches");
  call.reply.array(ranges.size());
  for (const LcsRange& range : ranges) {
    call.reply.array(options.with_lengths ? 3 : 2);
    for (const std::size_t begin : {range.a_begin, range.b_begin}) {
      call.reply.array(2);
      integer(begin);
      integer(begin + range.length - 1);
    }
    if (options.with_lengths) integer(range.length);
  }
  call.reply.bulk("len");
  integer(length);
}

// By the table of lengths of all pairs of prefixes.
void lcs(Call& call) {
  NumberText scratch[2];
  std::string_view text[2];
  for (const std::size_t i : {0u, 1u}) {
    const Entry* entry = call.database().look_up(call.key(i + 1), call.now);
    if (entry != nullptr && entry->type() != ValueType::kString) {
      return call.reply.error("ERR The specified keys must contain string values");
    }
    if (entry != nullptr) text[i] = entry->string(scratch[i]);
  }
  LcsOptions options;
  if (!parse_lcs_options(call, options)) return;
  const std::string_view a = text[0], b = text[1];
  // The table is 4 bytes a pair. Redis refuses what it cannot allocate; more than this would stop everybody for long.
  constexpr std::size_t kMaxPairs = std::size_t{1} << 28;
  if ((a.size() + 1) * (b.size() + 1) > kMaxPairs) {
    return call.reply.error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const std::size_t width = b.size() + 1;
  std::vector<std::uint32_t> lengths((a.size() + 1) * width);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      lengths[i * width + j] = a[i - 1] == b[j - 1]
                                   ? lengths[(i - 1) * width + j - 1] + 1
                                   : std::max(lengths[(i - 1) * width + j], lengths[i * width + j - 1]);
    }
  }
  const std::size_t length = lengths.back();
  if (options.length_only) return call.reply.integer(static_cast<std::int64_t>(length));
  // Back from the end: what is in both is collected, and runs of it are ranges.
  std::string common(length, '\0');
  std::vector<LcsRange> ranges;
  std::size_t left = length, i = a.size(), j = b.size(), run = 0;
  const auto end_run = [&](std::size_t a_begin, std::size_t b_begin) {
    if (run > 0 && static_cast<std::int64_t>(run) >= options.min_length) ranges.push_back({a_begin, b_begin, run});
    run = 0;
  };
  while (i > 0 && j > 0) {
    if (a[i - 1] == b[j - 1]) {
      common[--left] = a[i - 1];
      ++run;
      --i;
      --j;
      continue;
    }
    end_run(i, j);
    if (lengths[(i - 1) * width + j] > lengths[i * width + j - 1]) {
      --i;
    } else {
      --j;
    }
  }
  end_run(i, j);
  if (options.ranges) return reply_lcs_ranges(call, ranges, length, options);
  call.reply.bulk(common);
}

constexpr Family row{.group = "string", .categories = kStringCategory};

constexpr std::array kCommands = {
    row("lcs", -3, kReadonly, "Finds the longest subsequence that two strings have in common.", "7.0.0", lcs)
        .on_keys({.first = 1, .last = 2, .step = 1, .access = kReadsValue})
        .takes("key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]")
        .costs("O(N*M), N and M: bytes of the two"),
};

}  // namespace

std::span<const CommandSpec> lcs_commands() { return kCommands; }

}  // namespace weir::store
