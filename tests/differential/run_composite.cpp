// Run's operations that take several commands, each depending on what the last one answered.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "tests/differential/comparison.h"
#include "tests/differential/run.h"

namespace weir::differential {

namespace {

using base::Result;
using wire::resp::Type;
using wire::resp::Value;
using Words = std::vector<std::string>;

constexpr int kScanCalls = 20'000;

bool has_word(const Words& words, std::string_view name) {
  return std::ranges::any_of(words, [&](const std::string& word) { return base::equal_ignoring_case(word, name); });
}

}  // namespace

std::optional<Difference> Run::run_composite(const Operation& operation, std::size_t index) {
  switch (operation.row->compare) {
    case Compare::kRandomKey: return run_random_key(operation, index);
    case Compare::kScan: return run_scan(operation, index);
    default: return run_random_members(operation, index);
  }
}

std::optional<Difference> Run::run_random_key(const Operation& operation, std::size_t index) {
  const std::string what = quoted(operation.words);
  const std::optional<Replies> replies = ask(operation.connection, operation.words);
  if (!replies) return failed(operation.connection, index, what);
  count(*operation.row, replies->expected.value);
  if (!agree(Compare::kShape, replies->expected, replies->actual)) return differ(index, what, *replies);
  if (replies->actual.value.type != Type::kBulk) return std::nullopt;
  // The subject's key is there on both sides.
  const Words exists = {"EXISTS", replies->actual.value.text};
  const std::optional<Replies> there = ask(operation.connection, exists);
  if (!there) return failed(operation.connection, index, what);
  if (there->expected.value.integer != 1 || there->actual.value.integer != 1) {
    return differ(index, what + " -> " + quoted(exists), *there);
  }
  return std::nullopt;
}

// SRANDMEMBER, HRANDFIELD, ZRANDMEMBER and SPOP: the members are asked for first, and what comes is held against them.
std::optional<Difference> Run::run_random_members(const Operation& operation, std::size_t index) {
  const std::string what = quoted(operation.words);
  const bool pops = operation.row->compare == Compare::kPop;
  const std::string key = operation.words.size() > 1 ? operation.words[1] : "";
  Words all = {"SMEMBERS", key};
  if (is_name(operation.words, "HRANDFIELD")) all = {"HGETALL", key};
  if (is_name(operation.words, "ZRANDMEMBER")) all = {"ZRANGE", key, "0", "-1", "WITHSCORES"};

  queue(operation.connection, all);
  const std::optional<Replies> replies = ask(operation.connection, operation.words);
  const std::optional<Replies> last = replies ? take(operation.connection) : std::nullopt;
  if (!last) return failed(operation.connection, index, what);
  // The first pair taken answers the question for the members.
  const Replies& members = *replies;
  count(*operation.row, last->expected.value);
  if (!agree(Compare::kRandomMembers, last->expected, last->actual)) return differ(index, what, *last);
  if (last->expected.value.is_error() || last->expected.value.is_null()) return std::nullopt;

  const bool paired = all[0] != "SMEMBERS";
  const bool replies_paired = has_word(operation.words, "WITHVALUES") || has_word(operation.words, "WITHSCORES");
  const bool distinct = operation.words.size() > 2 && !operation.words[2].starts_with('-');
  const auto entries = [](const Value& value, bool pairs, bool both) {
    std::vector<std::string> found;
    const std::vector<std::string> texts = leaves(value);
    for (std::size_t i = 0; i < texts.size(); i += pairs ? 2 : 1) {
      found.push_back(pairs && both && i + 1 < texts.size() ? texts[i] + '\n' + texts[i + 1] : texts[i]);
    }
    return found;
  };
  for (const auto& [all_members, reply] :
       {std::pair(&members.expected, &last->expected), std::pair(&members.actual, &last->actual)}) {
    const std::vector<std::string> there = entries(all_members->value, paired, replies_paired);
    const std::set<std::string> known(there.begin(), there.end());
    const std::vector<std::string> drawn = entries(reply->value, replies_paired, replies_paired);
    const std::set<std::string> once(drawn.begin(), drawn.end());
    const bool all_known = std::ranges::includes(known, once);
    if (!all_known || (distinct && once.size() != drawn.size())) {
      return differ(index, what + (all_known ? "  (a member twice)" : "  (not a member)"), *last);
    }
  }
  if (!pops) return std::nullopt;
  // What was popped differs, and with it perhaps the encoding: the key begins again with as many members, the same on
  // both sides and whenever these operations are run again.
  std::vector<std::string> left = entries(members.expected.value, false, false);
  std::ranges::sort(left);
  left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(leaves(last->expected.value).size()));
  const Words del = {"DEL", key};
  queue(operation.connection, del);
  Words add = {"SADD", key};
  add.insert(add.end(), left.begin(), left.end());
  if (left.empty()) add = {"EXISTS", key};
  const std::optional<Replies> deleted = ask(operation.connection, add);
  const std::optional<Replies> added = deleted ? take(operation.connection) : std::nullopt;
  if (!added) return failed(operation.connection, index, what);
  // DEL says whether anything was left.
  if (!agree(Compare::kExact, deleted->expected, deleted->actual)) {
    return differ(index, what + " -> " + quoted(del), *deleted);
  }
  if (!agree(Compare::kExact, added->expected, added->actual)) {
    return differ(index, what + " -> " + quoted(add), *added);
  }
  return std::nullopt;
}

std::optional<Difference> Run::run_scan(const Operation& operation, std::size_t index) {
  const std::string what = quoted(operation.words);
  const bool of_keys = is_name(operation.words, "SCAN");
  const std::size_t cursor_at = of_keys ? 1 : 2;
  const std::optional<Replies> first = ask(operation.connection, operation.words);
  if (!first) return failed(operation.connection, index, what);
  count(*operation.row, first->expected.value);
  if (!agree(Compare::kShape, first->expected, first->actual)) return differ(index, what, *first);
  if (first->expected.value.is_error()) return std::nullopt;

  const bool pairs = is_name(operation.words, "HSCAN") || is_name(operation.words, "ZSCAN");
  std::set<std::string> found[2];
  for (int i = 0; i < 2; ++i) {
    Connection& connection = *(i == 0 ? oracle_ : subject_).connections[operation.connection];
    Value value = i == 0 ? first->expected.value : first->actual.value;
    Words words = operation.words;
    for (int calls = 0;; ++calls) {
      if (value.type != Type::kArray || value.elements.size() != 2 || calls == kScanCalls) {
        return differ(index, what + "  (an iteration that does not end)", *first);
      }
      const std::vector<std::string> texts = leaves(value.elements[1]);
      for (std::size_t at = 0; at < texts.size(); at += pairs ? 2 : 1) {
        found[i].insert(pairs && at + 1 < texts.size() ? texts[at] + '\n' + texts[at + 1] : texts[at]);
      }
      words[cursor_at] = value.elements[0].text;
      if (words[cursor_at] == "0") break;
      Result<Value> next = ask_alone(connection, words);
      if (!next) return failed(operation.connection, index, what);
      value = std::move(*next);
      ++commands_;
    }
  }
  if (found[0] == found[1]) return std::nullopt;
  const auto list = [](const std::set<std::string>& elements) {
    return base::printable(fmt::format("{}", fmt::join(elements, " ")), 1000) + "\n";
  };
  return Difference{index, what + "  (a whole iteration)", list(found[0]), list(found[1])};
}

// One client waits for keys, another one works meanwhile, and at last the keys are filled so that the wait ends.
std::optional<Difference> Run::run_blocked(Operation& operation, std::size_t index) {
  const std::string what = quoted(operation.words);
  const Words select = {"SELECT", std::to_string(operation.database)};
  for (const unsigned connection : {kBlocked, kControl}) {
    if (!ask(connection, select)) return failed(connection, index, what);
  }
  queue(kBlocked, operation.words);
  exchange(*oracle_.connections[kBlocked], *subject_.connections[kBlocked], /*wait=*/false);
  // The command stands in the server's socket before these are sent. It may come after the first in one turn of the
  // server's loop, but not after the second.
  const Words ping = {"PING"};
  for (int turn = 0; turn < 2; ++turn) {
    if (!ask(kControl, ping)) return failed(kControl, index, what);
  }
  std::vector<Words> steps;
  for (Operation& other : operation.meanwhile) {
    resolve_payloads(other.words);
    steps.push_back(other.words);
  }
  for (const std::string& key : operation.waits_for) {
    steps.push_back({"DEL", key});
    if (operation.row->family == Family::kList) {
      steps.push_back({"RPUSH", key, "released"});
    } else {
      steps.push_back({"ZADD", key, "1", "released"});
    }
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::optional<Replies> replies = ask(kControl, steps[i]);
    if (!replies) return failed(kControl, index, what + " -> " + quoted(steps[i]));
    if (i < operation.meanwhile.size()) count(*operation.meanwhile[i].row, replies->expected.value);
    if (!agree(Compare::kExact, replies->expected, replies->actual)) {
      return differ(index, what + " -> " + quoted(steps[i]), *replies);
    }
  }
  exchange(*oracle_.connections[kBlocked], *subject_.connections[kBlocked]);
  const std::optional<Replies> replies = take(kBlocked);
  if (!replies) return failed(kBlocked, index, what);
  count(*operation.row, replies->expected.value);
  if (!agree(Compare::kExact, replies->expected, replies->actual)) return differ(index, what, *replies);
  return std::nullopt;
}

}  // namespace weir::differential
