#include "tests/differential/kinds.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tests/differential/generator.h"

namespace weir::differential {

namespace {

using namespace std::string_view_literals;

// --- keys

using Names = std::span<const std::string_view>;

constexpr std::array kStringKeys = {"s1"sv, "s2"sv, "s3"sv};
constexpr std::array kBitmapKeys = {"b1"sv, "b2"sv};
constexpr std::array kHyperLogLogKeys = {"p1"sv, "p2"sv};
constexpr std::array kListKeys = {"l1"sv, "l2"sv};
constexpr std::array kSetKeys = {"t1"sv, "t2"sv, "t3"sv};
constexpr std::array kHashKeys = {"h1"sv, "h2"sv};
constexpr std::array kSortedSetKeys = {"z1"sv, "z2"sv, "z3"sv};
constexpr std::array kGeoKeys = {"g1"sv, "g2"sv};
constexpr std::array kOddKeys = {""sv, "bin\x00\xff\r\n"sv, "junk"sv};
// Sorted sets whose scores are all 0: over others a lexicographical range means nothing, and what Redis answers then
// depends on the random levels of its skip list. So nothing may bring another score there.
constexpr std::array kLexKeys = {"lex1"sv, "lex2"sv, "lex3"sv};

struct OwnKeys {
  Family family;
  Names names;
};
constexpr std::array<OwnKeys, 8> kOwnKeys = {{
    {Family::kString, kStringKeys},
    {Family::kBitmap, kBitmapKeys},
    {Family::kHyperLogLog, kHyperLogLogKeys},
    {Family::kList, kListKeys},
    {Family::kSet, kSetKeys},
    {Family::kHash, kHashKeys},
    {Family::kSortedSet, kSortedSetKeys},
    {Family::kGeo, kGeoKeys},
}};

Names own_keys(Family family) {
  const auto* const own = std::ranges::find(kOwnKeys, family, &OwnKeys::family);
  return own == kOwnKeys.end() ? Names() : own->names;
}

bool text_like(Family family) {
  return family == Family::kString || family == Family::kBitmap || family == Family::kHyperLogLog;
}

std::string_view foreign_key(Draft& draft) {
  while (true) {
    const OwnKeys& other = kOwnKeys[draft.random.below(kOwnKeys.size())];
    const bool alike = other.family == draft.family || (text_like(other.family) && text_like(draft.family)) ||
                       (other.family == Family::kGeo && draft.family == Family::kSortedSet);
    if (!alike) return draft.pick(other.names);
  }
}

// HyperLogLogs are strings, but commands that change bytes keep away from them: of runs of
// registers that were cut in two Redis reads what lies behind the string, keeps half of what it was told, or refuses
// the rest, and we refuse the whole. hyperloglog_test.cpp has broken ones.
bool keeps_away(Family family, Family owner) {
  const bool bytes = family == Family::kString || family == Family::kBitmap;
  return (bytes && owner == Family::kHyperLogLog) || (family == Family::kHyperLogLog && text_like(owner));
}

// A key of the command's own family most of the time, so that commands meet data of their type.
void add_key(Draft& draft) {
  std::string_view key;
  const Names own = own_keys(draft.family);
  if (draft.intent == Intent::kNil && draft.random.chance(0.8)) {
    key = "absent";
  } else if (draft.intent == Intent::kWrongType && draft.random.chance(0.7)) {
    key = foreign_key(draft);
  } else if (!own.empty() && draft.random.chance(0.85)) {
    key = draft.pick(own);
  } else if (draft.random.chance(0.15)) {
    key = draft.pick(kOddKeys);
  } else {
    const OwnKeys* other = nullptr;
    do {
      other = &kOwnKeys[draft.random.below(kOwnKeys.size())];
    } while (other->family != draft.family && keeps_away(draft.family, other->family));
    key = draft.pick(other->names);
  }
  draft.keys.emplace_back(key);
  draft.add(key);
}

void add_lex_key(Draft& draft) {
  const std::string_view key = draft.pick(kLexKeys);
  draft.keys.emplace_back(key);
  draft.add(key);
}

void add_any_key(Draft& draft) {
  if (draft.random.chance(0.1)) return add_lex_key(draft);
  add_key(draft);
}

void add_counted_keys(Draft& draft) {
  draft.numkeys = 1 + draft.random.below(3);
  draft.add(std::to_string(draft.numkeys));
  for (std::size_t i = 0; i < draft.numkeys; ++i) add_key(draft);
}

// --- values, members, elements

constexpr std::array kValues = {"x"sv,
                                ""sv,
                                "1"sv,
                                "-7"sv,
                                "0"sv,
                                "10"sv,
                                "hello world"sv,
                                "9223372036854775806"sv,
                                "9223372036854775807"sv,
                                "-9223372036854775808"sv,
                                "9223372036854775808"sv,
                                "01"sv,
                                " 1"sv,
                                "+1"sv,
                                "-0"sv,
                                "1.5"sv,
                                "3.0e3"sv,
                                "-1e-5"sv,
                                "inf"sv,
                                "nan"sv,
                                "1e40"sv,
                                "\x00\x01\xff\r\n"sv,
                                "ohmytext"sv,
                                "mynewtext"sv};

// Redis's thresholds are 44 bytes (embstr), 64 bytes (listpack values) and 8 kB (listpacks of a list).
constexpr std::array<std::size_t, 8> kLengths = {20, 44, 45, 63, 64, 65, 300, 9000};

void add_value(Draft& draft) {
  if (draft.random.chance(0.75)) return draft.add(draft.pick(kValues));
  std::string value(kLengths[draft.random.below(draft.random.chance(0.1) ? 8 : 6)], '\0');
  const bool plain = draft.random.chance(0.5);
  for (char& byte : value) byte = plain ? 'v' : static_cast<char>(draft.random.below(256));
  draft.add(value);
}

// Of members at most one holds a NUL, since SORT ALPHA compares as C does and would find two such equal.
constexpr std::array kMembers = {"a"sv,
                                 "b"sv,
                                 "c"sv,
                                 "d"sv,
                                 "e"sv,
                                 "0"sv,
                                 "1"sv,
                                 "2"sv,
                                 "3"sv,
                                 "10"sv,
                                 ""sv,
                                 "-1"sv,
                                 "01"sv,
                                 "32768"sv,
                                 "2147483648"sv,
                                 "9223372036854775807"sv,
                                 "-9223372036854775808"sv,
                                 "1.5"sv,
                                 "nan"sv,
                                 "binary\x00\xff"sv,
                                 "Palermo"sv,
                                 "Catania"sv};

constexpr std::array kPlaces = {"Palermo"sv, "Catania"sv, "a"sv};

void add_member(Draft& draft) {
  if (draft.family == Family::kGeo && draft.random.chance(0.8)) return draft.add(draft.pick(kPlaces));
  if (draft.generator.drawing_many()) {
    const auto number = draft.random.below(5000);  // Enough for more than 512 different ones.
    return draft.add(draft.generator.many_numbers() ? std::to_string(number) : fmt::format("m{}", number));
  }
  if (draft.random.chance(0.93)) return draft.add(draft.pick(kMembers));
  draft.add(std::string(draft.random.chance(0.5) ? 64 : 65, 'M'));
}

// --- numbers

constexpr std::array kNoIntegers = {"abc"sv, ""sv, "1.5"sv, "9223372036854775808"sv, " 1"sv, "01"sv, "+1"sv};
constexpr std::array kNoFloats = {"abc"sv, ""sv, "nan"sv, "1e400"sv, " 1"sv, "1,5"sv, "0x10x"sv};
constexpr std::array kFloats = {"1"sv,
                                "-1.5"sv,
                                "0"sv,
                                "-0"sv,
                                "0.1"sv,
                                "3.25"sv,
                                "1e3"sv,
                                "1e-10"sv,
                                "1e17"sv,
                                "-1e30"sv,
                                "2"sv,
                                "3"sv,
                                "0x1p3"sv,
                                "100.5"sv,
                                "1e308"sv,
                                "5e-324"sv,
                                "0.30000000000000004"sv,
                                "9007199254740993"sv};
constexpr std::array kScores = {"1"sv,    "-1.5"sv,  "0"sv,    "-0"sv,     "0.1"sv, "3.25"sv,
                                "1e3"sv,  "1e-10"sv, "2"sv,    "2"sv,      "3"sv,   "inf"sv,
                                "-inf"sv, "+inf"sv,  "1e17"sv, "-1e300"sv, "2.5"sv, "17179869184"sv};
constexpr std::array kScoreEnds = {"-inf"sv, "+inf"sv, "0"sv,    "(0"sv,  "1"sv,     "(1"sv,
                                   "2"sv,    "(2"sv,   "3.25"sv, "1e3"sv, "(-inf"sv, "inf"sv};
constexpr std::array kNoScoreEnds = {"abc"sv, "(abc"sv, ""sv, "[1"sv, "nan"sv, "(nan"sv};
constexpr std::array kLexEnds = {"-"sv, "+"sv, "[a"sv, "(a"sv, "[b"sv,  "(c"sv,
                                 "["sv, "("sv, "[m"sv, "[1"sv, "(10"sv, "[m300"sv};
constexpr std::array kNoLexEnds = {"a"sv, ""sv, "1"sv, "-a"sv};
constexpr std::array kIntegers = {"1"sv,
                                  "2"sv,
                                  "10"sv,
                                  "-1"sv,
                                  "-5"sv,
                                  "0"sv,
                                  "100"sv,
                                  "9223372036854775807"sv,
                                  "-9223372036854775808"sv,
                                  "9223372036854775806"sv};

void add_integer(Draft& draft) { draft.add(draft.pick(kIntegers)); }
void add_float(Draft& draft) { draft.add(draft.pick(kFloats)); }
void add_score(Draft& draft) {
  if (draft.generator.drawing_many()) return draft.add(std::to_string(draft.random.below(50)));
  draft.add(draft.pick(kScores));
}

constexpr std::array kIndices = {
    "0"sv, "1"sv, "-1"sv, "2"sv, "5"sv, "-3"sv, "100"sv, "-100"sv, "9223372036854775807"sv, "-9223372036854775808"sv};
void add_index(Draft& draft) { draft.add(draft.pick(kIndices)); }

// The least number of all is not drawn: Redis 7.0 overflows there.
constexpr std::array kRanks = {"1"sv, "-1"sv, "2"sv, "5"sv, "-3"sv, "9223372036854775807"sv, "-9223372036854775807"sv};
constexpr std::array kNoRanks = {"0"sv, "abc"sv, ""sv, "9223372036854775808"sv, "1.5"sv};
void add_rank(Draft& draft) { draft.add(draft.pick(kRanks)); }

constexpr std::array kNoCounts = {"-1"sv, "abc"sv, ""sv, "9223372036854775808"sv, "1.5"sv};
void add_count(Draft& draft) { draft.add(std::to_string(draft.random.below(6))); }
constexpr std::array kNoPositiveCounts = {"0"sv, "-1"sv, "abc"sv, ""sv, "9223372036854775808"sv};
void add_positive_count(Draft& draft) {
  draft.add(std::to_string(1 + draft.random.below(draft.random.chance(0.1) ? 200 : 5)));
}
// The least number is refused; one above it would be asked for in earnest.
constexpr std::array kNoSignedCounts = {"-9223372036854775808"sv, "abc"sv, ""sv, "9223372036854775808"sv};
void add_signed_count(Draft& draft) { draft.add(std::to_string(draft.random.between(-8, 8))); }

constexpr std::array kNoByteOffsets = {"-1"sv, "abc"sv, ""sv, "536870912"sv, "9223372036854775807"sv};
void add_byte_offset(Draft& draft) {
  draft.add(std::to_string(draft.random.below(draft.random.chance(0.05) ? 5000 : 60)));
}
constexpr std::array kNoBitOffsets = {"-1"sv, "abc"sv, ""sv, "4294967296"sv, "9223372036854775807"sv, "#1x"sv};
void add_bit_offset(Draft& draft) {
  draft.add(std::to_string(draft.random.below(draft.random.chance(0.05) ? 30'000 : 200)));
}
void add_field_offset(Draft& draft) {
  draft.add(fmt::format("{}{}", draft.random.chance(0.3) ? "#" : "", draft.random.below(80)));
}
constexpr std::array kNoBits = {"2"sv, "-1"sv, "abc"sv, ""sv, "01"sv};
void add_bit(Draft& draft) { draft.add(draft.random.chance(0.5) ? "1" : "0"); }
constexpr std::array kFieldTypes = {"u8"sv, "i8"sv, "u1"sv, "i1"sv, "u63"sv, "i64"sv, "u4"sv, "i5"sv, "u32"sv};
constexpr std::array kNoFieldTypes = {"u64"sv, "i65"sv, "u0"sv, "x8"sv, ""sv, "u"sv, "8"sv, "u8x"sv};
void add_field_type(Draft& draft) { draft.add(draft.pick(kFieldTypes)); }

// --- times

// Far apart from one another, so that two servers that read their clocks a moment apart compare two of them alike.
constexpr std::array kNoTimes = {
    "0"sv, "-1"sv, "abc"sv, ""sv, "1.5"sv, "9223372036854775807"sv, "-9223372036854775808"sv, "9223372036854775"sv};
constexpr std::array kNoMilliseconds = {
    "0"sv, "-1"sv, "abc"sv, ""sv, "1.5"sv, "9223372036854775807"sv, "-9223372036854775808"sv};
void add_seconds(Draft& draft) { draft.add(std::to_string(draft.random.between(1'000, 1'000'000) * 1'000)); }
void add_milliseconds(Draft& draft) { draft.add(std::to_string(draft.random.between(1'000, 1'000'000) * 1'000'000)); }
// From 2100 on, a few only, so that GT and LT meet equal ones.
void add_unix_seconds(Draft& draft) { draft.add(std::to_string(4'102'444'800 + draft.random.below(6))); }
void add_unix_ms(Draft& draft) { draft.add(std::to_string(4'102'444'800'000 + draft.random.below(6) * 500)); }
void add_past_seconds(Draft& draft) {
  draft.expires_at_once = true;
  draft.add(draft.random.chance(0.5) ? "1" : "1000000000");
}
void add_past_ms(Draft& draft) {
  draft.expires_at_once = true;
  draft.add(draft.random.chance(0.5) ? "1" : "1000000000000");
}
void add_restore_ttl(Draft& draft) {
  if (draft.random.chance(0.6)) return draft.add("0");
  add_milliseconds(draft);
}
constexpr std::array kNoTtls = {"-1"sv, "abc"sv, ""sv, "9223372036854775808"sv};
constexpr std::array kNoTimeouts = {"-1"sv, "abc"sv, ""sv, "nan"sv, "inf"sv, "1e300"sv, "-0.5"sv};
void add_timeout(Draft& draft) { draft.add(draft.blocked ? "0" : "0.001"); }

// --- names, patterns, places

constexpr std::array kPatterns = {"*"sv,   "s*"sv, "?1"sv, "[a-c]"sv, "[^a]*"sv, "m1*"sv,
                                  "\\*"sv, ""sv,   "1"sv,  "[a"sv,    "*x*"sv,   "h[12]"sv};
void add_pattern(Draft& draft) { draft.add(draft.pick(kPatterns)); }
// Without a '*' SORT does not sort, which has a row of its own.
constexpr std::array kByPatterns = {"s*"sv, "h1->*"sv, "*"sv, "absent_*"sv, "h*->a"sv};
void add_by_pattern(Draft& draft) { draft.add(draft.pick(kByPatterns)); }
constexpr std::array kGetPatterns = {"#"sv, "s*"sv, "h1->*"sv, "*"sv, "h*->a"sv, "nostar"sv};
void add_get_pattern(Draft& draft) { draft.add(draft.pick(kGetPatterns)); }
constexpr std::array kTypes = {"string"sv, "list"sv, "set"sv, "zset"sv, "hash"sv, "ZSET"sv, "nosuch"sv};
void add_type(Draft& draft) { draft.add(draft.pick(kTypes)); }
constexpr std::array kNoDatabases = {"16"sv, "-1"sv, "abc"sv, ""sv, "99999999999999"sv, "9223372036854775808"sv};
void add_database(Draft& draft) { draft.add(std::to_string(draft.random.below(kDatabases))); }
constexpr std::array kNames = {"name"sv, ""sv, "another-name"sv};
constexpr std::array kNoNames = {"a b"sv, "a\nb"sv, "\xff"sv};
void add_name(Draft& draft) { draft.add(draft.pick(kNames)); }
constexpr std::array kWords = {"hello"sv, "junk"sv, ""sv, "\x00\xff"sv, "foo bar"sv};
void add_word(Draft& draft) { draft.add(draft.pick(kWords)); }

constexpr std::array kLongitudes = {"13.361389"sv, "15.087269"sv,  "0"sv,      "-180"sv,
                                    "180"sv,       "-122.27652"sv, "2.3488"sv, "13.5"sv};
constexpr std::array kLatitudes = {"38.115556"sv,   "37.502669"sv, "0"sv,        "-85.05112878"sv,
                                   "85.05112878"sv, "37.805186"sv, "48.85341"sv, "38"sv};
constexpr std::array kNoLongitudes = {"180.1"sv, "-181"sv, "abc"sv, "nan"sv, "inf"sv};
constexpr std::array kNoLatitudes = {"86"sv, "-85.1"sv, "abc"sv, "nan"sv, ""sv};
void add_longitude(Draft& draft) { draft.add(draft.pick(kLongitudes)); }
void add_latitude(Draft& draft) { draft.add(draft.pick(kLatitudes)); }
constexpr std::array kRadii = {"0"sv, "1"sv, "100"sv, "200.5"sv, "20000"sv, "1e5"sv};
constexpr std::array kNoRadii = {"-1"sv, "abc"sv, "nan"sv, ""sv};
void add_radius(Draft& draft) { draft.add(draft.pick(kRadii)); }
constexpr std::array kUnits = {"m"sv, "km"sv, "ft"sv, "mi"sv, "KM"sv};
constexpr std::array kNoUnits = {"parsec"sv, ""sv, "kms"sv};
void add_unit(Draft& draft) { draft.add(draft.pick(kUnits)); }

// --- the rest

void add_weights(Draft& draft) {
  for (std::size_t i = 0; i < draft.numkeys; ++i) add_score(draft);
}
constexpr std::array kNoPayloads = {""sv, "junk"sv, "\x00\x01x\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv};
void add_payload(Draft& draft) { draft.add(draft.random.chance(0.5) ? kOraclePayload : kSubjectPayload); }
constexpr std::array kNoNumkeys = {"0"sv, "-1"sv, "100"sv, "abc"sv, "1.5"sv, "9223372036854775807"sv};

void add_directive(Draft& draft) {
  const auto directives = draft.generator.directives();
  draft.add(directives.empty() ? "nosuch"sv : directives[draft.random.below(directives.size())].name);
}
constexpr std::array kNoDirectives = {"nosuch"sv, ""sv, "hash-max"sv};
void add_directive_and_value(Draft& draft) {
  const auto directives = draft.generator.directives();
  if (directives.empty()) return draft.add("nosuch"), draft.add("1");
  const Directive& directive = directives[draft.random.below(directives.size())];
  draft.add(directive.name);
  draft.add(draft.pick(directive.values));
}
void add_command_name(Draft& draft) { draft.add(draft.generator.some_plain_command()); }
void add_command_line(Draft& draft) {
  for (const std::string& word : draft.generator.some_words()) draft.add(word);
}
void add_protocol(Draft& draft) { draft.add(draft.generator.protocol() == 3 ? "3" : "2"); }
constexpr std::array kNoProtocols = {"4"sv, "1"sv, "abc"sv, ""sv};
void add_client_id(Draft& draft) { draft.add("999999999"); }
constexpr std::array kNoClientIds = {"0"sv, "-1"sv, "abc"sv, ""sv};
void add_wait_timeout(Draft& draft) { draft.add("10"); }
constexpr std::array kNoWaitTimeouts = {"-1"sv, "abc"sv, ""sv};
// A sparse one whose registers end before their time; its cached count is stale, so that they are looked at.
constexpr std::string_view kBrokenHyperLogLog = "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00"sv;
void add_broken_hyperloglog(Draft& draft) { draft.add(kBrokenHyperLogLog); }
constexpr std::array kNoCommands = {"nosuch"sv, ""sv};

constexpr std::array kKinds = {
    Kind{"key", add_key},
    Kind{"lex-key", add_lex_key},
    Kind{"any-key", add_any_key},
    Kind{"numkeys-keys", add_counted_keys, kNoNumkeys},
    Kind{"value", add_value},
    Kind{"member", add_member},
    Kind{"integer", add_integer, kNoIntegers},
    Kind{"float", add_float, kNoFloats},
    Kind{"score", add_score, kNoFloats},
    Kind{"score-end", [](Draft& draft) { draft.add(draft.pick(kScoreEnds)); }, kNoScoreEnds},
    Kind{"lex-end", [](Draft& draft) { draft.add(draft.pick(kLexEnds)); }, kNoLexEnds},
    Kind{"index", add_index, kNoIntegers},
    Kind{"rank", add_rank, kNoRanks},
    Kind{"count", add_count, kNoCounts},
    Kind{"positive-count", add_positive_count, kNoPositiveCounts},
    Kind{"signed-count", add_signed_count, kNoSignedCounts},
    Kind{"byte-offset", add_byte_offset, kNoByteOffsets},
    Kind{"bit-offset", add_bit_offset, kNoBitOffsets},
    Kind{"field-offset", add_field_offset, kNoBitOffsets},
    Kind{"field-type", add_field_type, kNoFieldTypes},
    Kind{"bit", add_bit, kNoBits},
    Kind{"seconds", add_seconds, kNoTimes},
    Kind{"milliseconds", add_milliseconds, kNoMilliseconds},
    Kind{"unix-seconds", add_unix_seconds, kNoTimes},
    Kind{"unix-ms", add_unix_ms, kNoMilliseconds},
    Kind{"past-seconds", add_past_seconds, kNoTimes},
    Kind{"past-ms", add_past_ms, kNoMilliseconds},
    Kind{"restore-ttl", add_restore_ttl, kNoTtls},
    Kind{"timeout", add_timeout, kNoTimeouts},
    Kind{"pattern", add_pattern},
    Kind{"by-pattern", add_by_pattern},
    Kind{"get-pattern", add_get_pattern},
    Kind{"type", add_type},
    Kind{"database", add_database, kNoDatabases},
    Kind{"name", add_name, kNoNames},
    Kind{"word", add_word},
    Kind{"longitude", add_longitude, kNoLongitudes},
    Kind{"latitude", add_latitude, kNoLatitudes},
    Kind{"radius", add_radius, kNoRadii},
    Kind{"unit", add_unit, kNoUnits},
    Kind{"weights", add_weights, kNoFloats},
    Kind{"payload", add_payload, kNoPayloads},
    Kind{"directive", add_directive, kNoDirectives},
    Kind{"directive-value", add_directive_and_value, kNoDirectives},
    Kind{"broken-hyperloglog", add_broken_hyperloglog},
    Kind{"default-user", [](Draft& draft) { draft.add("default"); }},
    Kind{"protocol", add_protocol, kNoProtocols},
    Kind{"client-id", add_client_id, kNoClientIds},
    Kind{"wait-timeout", add_wait_timeout, kNoWaitTimeouts},
    Kind{"command-name", add_command_name, kNoCommands},
    Kind{"command-line", add_command_line, kNoCommands},
};

constexpr std::array kSmallCounts = {"0"sv, "3"sv, "16"sv, "128"sv};
constexpr std::array kSmallLengths = {"0"sv, "8"sv, "64"sv};
constexpr std::array kListSizes = {"-2"sv, "-1"sv, "4"sv, "128"sv};
constexpr std::array kSparseBytes = {"3000"sv, "100"sv};
constexpr std::array kIdleSeconds = {"0"sv, "3600"sv};
constexpr std::array<Directive, 8> kDirectives = {{
    {"timeout", kIdleSeconds},
    {"hash-max-listpack-entries", kSmallCounts},
    {"hash-max-listpack-value", kSmallLengths},
    {"set-max-intset-entries", kSmallCounts},
    {"zset-max-listpack-entries", kSmallCounts},
    {"zset-max-listpack-value", kSmallLengths},
    {"list-max-listpack-size", kListSizes},
    {"hll-sparse-max-bytes", kSparseBytes},
}};

}  // namespace

const Kind* find_kind(std::string_view name) {
  const auto* const kind = std::ranges::find(kKinds, name, &Kind::name);
  return kind == kKinds.end() ? nullptr : kind;
}

std::span<const std::string_view> all_keys() {
  static const std::vector<std::string_view> keys = [] {
    std::vector<std::string_view> all;
    for (const OwnKeys& own : kOwnKeys) all.insert(all.end(), own.names.begin(), own.names.end());
    all.insert(all.end(), kOddKeys.begin(), kOddKeys.end());
    all.insert(all.end(), kLexKeys.begin(), kLexKeys.end());
    all.emplace_back("absent");
    return all;
  }();
  return keys;
}

std::span<const Directive> all_directives() { return kDirectives; }

}  // namespace weir::differential
