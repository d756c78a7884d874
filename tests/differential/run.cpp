#include "tests/differential/run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "tests/differential/comparison.h"
#include "tests/differential/kinds.h"

namespace weir::differential {

namespace {

using base::equal_ignoring_case;
using base::Result;
using wire::resp::Type;
using wire::resp::Value;
using Words = std::vector<std::string>;

constexpr unsigned kBlocked = 2;
constexpr unsigned kControl = 3;
constexpr std::size_t kBatch = 100;
constexpr int kScanCalls = 20'000;

// A command on one server alone.
Result<Value> ask_one(Connection& connection, const Words& words) {
  connection.queue(std::span<const std::string>(words));
  exchange(connection, connection);
  std::optional<Reply> reply = connection.take();
  if (!reply) return base::fatal(fmt::format("{}: {}", quoted(words), connection.failure()));
  return std::move(reply->value);
}

bool is_name(const Words& words, std::string_view name) {
  return !words.empty() && equal_ignoring_case(words[0], name);
}

bool has_word(const Words& words, std::string_view name) {
  return std::ranges::any_of(words, [&](const std::string& word) { return equal_ignoring_case(word, name); });
}

}  // namespace

Result<CommandNames> implemented_commands(const Server& server) {
  Result<std::unique_ptr<Connection>> connection = Connection::open(server.port());
  if (!connection) return connection.error();
  Result<Value> reply = ask_one(**connection, {"COMMAND"});
  if (!reply) return reply.error();
  CommandNames names;
  const auto add = [&](const auto& self, const Value& rows) -> void {
    for (const Value& row : rows.elements) {
      if (row.elements.empty()) continue;
      names.insert(row.elements[0].text);
      if (row.elements.size() > 9) self(self, row.elements[9]);
    }
  };
  add(add, *reply);
  return names;
}

Result<std::set<std::string>> known_directives(const Server& server) {
  Result<std::unique_ptr<Connection>> connection = Connection::open(server.port());
  if (!connection) return connection.error();
  std::set<std::string> known;
  for (const Directive& directive : all_directives()) {
    Result<Value> reply = ask_one(**connection, {"CONFIG", "GET", std::string(directive.name)});
    if (!reply) return reply.error();
    if (reply->elements.size() == 2) known.emplace(directive.name);
  }
  return known;
}

Run::Run(Server& oracle, Server& subject, RunSettings settings, Outcomes* outcomes)
    : settings_(std::move(settings)), outcomes_(outcomes) {
  oracle_.server = &oracle;
  subject_.server = &subject;
}

Result<void> Run::reset() {
  batch_.clear();
  in_transaction_ = {};
  for (Queued& queued : queued_) queued.clear();
  index_ = 0;
  for (Side* side : {&oracle_, &subject_}) {
    side->payload.clear();
    if (Result<bool> restarted = side->server->restart_if_ended(); !restarted) return restarted.error();
    for (std::unique_ptr<Connection>& connection : side->connections) {
      connection.reset();
      Result<std::unique_ptr<Connection>> opened = Connection::open(side->server->port());
      if (!opened) return opened.error();
      connection = std::move(*opened);
      if (settings_.protocol == 3) {
        if (Result<Value> hello = ask_one(*connection, {"HELLO", "3"}); !hello) return hello.error();
      }
    }
    Connection& control = *side->connections[kControl];
    if (side->defaults.empty()) {
      for (const Directive& directive : all_directives()) {
        Result<Value> value = ask_one(control, {"CONFIG", "GET", std::string(directive.name)});
        if (!value) return value.error();
        if (value->elements.size() == 2) side->defaults.emplace_back(directive.name, value->elements[1].text);
      }
    }
    for (const auto& [name, value] : side->defaults) {
      if (Result<Value> set = ask_one(control, {"CONFIG", "SET", name, value}); !set) return set.error();
    }
    Result<Value> flushed = ask_one(control, {"FLUSHALL"});
    if (!flushed) return flushed.error();
  }
  return {};
}

std::optional<Difference> Run::run(std::span<Operation> operations) {
  for (Operation& operation : operations) {
    const std::size_t index = index_++;
    if (operation.blocked) {
      if (auto difference = flush()) return difference;
      if (auto difference = run_blocked(operation, index)) return difference;
    } else if (is_composite(operation.row->compare)) {
      // Its replies would be one QUEUED, and what it did unknown.
      if (in_transaction_[operation.connection]) continue;
      if (auto difference = flush()) return difference;
      if (auto difference = run_composite(operation, index)) return difference;
    } else {
      const bool needs_payload = std::ranges::any_of(
          operation.words, [](const std::string& word) { return word == kOraclePayload || word == kSubjectPayload; });
      if (needs_payload || operation.connection != batch_connection_ || batch_.size() >= kBatch) {
        if (auto difference = flush()) return difference;
      }
      if (needs_payload) resolve_payloads(operation.words);
      enqueue(operation, index);
    }
    if (index_ % settings_.state_every == 0) {
      if (auto difference = flush()) return difference;
      if (auto difference = compare_state()) return difference;
    }
  }
  return flush();
}

void Run::resolve_payloads(Words& words) const {
  for (std::string& word : words) {
    if (word == kOraclePayload) {
      word = oracle_.payload;
    } else if (word == kSubjectPayload) {
      word = subject_.payload;
    }
  }
}

void Run::queue(unsigned connection, std::span<const std::string> words) {
  oracle_.connections[connection]->queue(words);
  subject_.connections[connection]->queue(words);
  ++commands_;
}

void Run::enqueue(Operation& operation, std::size_t index) {
  batch_connection_ = operation.connection;
  bool& in_transaction = in_transaction_[operation.connection];
  const Words& words = operation.words;
  const bool by_encoding = operation.row->compare == Compare::kMembers || operation.row->compare == Compare::kFields;
  if (by_encoding && !in_transaction && words.size() == 2 && settings_.commands.contains("object|encoding")) {
    encoding_words_ = {"OBJECT", "ENCODING", words[1]};
    queue(operation.connection, encoding_words_);
    batch_.push_back({&operation, index, true});
  }
  queue(operation.connection, words);
  batch_.push_back({&operation, index, false});
  if (is_name(words, "EXEC")) in_transaction = false;  // With superfluous arguments too: it aborts then.
  if (words.size() != 1) return;
  if (is_name(words, "MULTI")) in_transaction = true;
  if (is_name(words, "DISCARD") || is_name(words, "RESET")) in_transaction = false;
}

std::optional<Difference> Run::flush() {
  if (batch_.empty()) return std::nullopt;
  exchange(*oracle_.connections[batch_connection_], *subject_.connections[batch_connection_]);
  const std::vector<Pending> batch = std::exchange(batch_, {});
  bool compact = false;
  for (const Pending& pending : batch) {
    std::optional<Replies> replies = take(batch_connection_);
    // Any command of the batch may be the one that the server did not survive.
    if (!replies) return failed(batch_connection_, batch.back().index, quoted(pending.operation->words));
    if (pending.encoding_probe) {
      if (!agree(Compare::kExact, replies->expected, replies->actual)) {
        return differ(pending.index, "OBJECT ENCODING " + quoted({pending.operation->words[1]}), *replies);
      }
      const std::string& encoding = replies->expected.value.text;
      compact = encoding == "listpack" || encoding == "intset";
      continue;
    }
    const Compare compare = compact ? Compare::kExact : pending.operation->row->compare;
    compact = false;
    if (auto difference = judge(pending, compare, *replies)) return difference;
  }
  return std::nullopt;
}

std::optional<Difference> Run::judge(const Pending& pending, Compare compare, const Replies& replies) {
  const Operation& operation = *pending.operation;
  Queued& queued = queued_[operation.connection];
  if (replies.expected.raw == "+QUEUED\r\n" && replies.actual.raw == replies.expected.raw) {
    queued.push_back(operation.row);
    return std::nullopt;
  }
  count(*operation.row, replies.expected.value);
  if (is_name(operation.words, "EXEC")) return judge_exec(pending, replies);
  if (is_name(operation.words, "MULTI") && !replies.expected.value.is_error()) queued.clear();
  if (!agree(compare, replies.expected, replies.actual)) {
    return differ(pending.index, quoted(operation.words), replies);
  }
  if (operation.row->compare == Compare::kDump && replies.expected.value.type == Type::kBulk) {
    oracle_.payload = replies.expected.value.text;
    subject_.payload = replies.actual.value.text;
  }
  return std::nullopt;
}

std::optional<Difference> Run::judge_exec(const Pending& pending, const Replies& replies) {
  const Queued queued = std::exchange(queued_[pending.operation->connection], {});
  const Value& expected = replies.expected.value;
  const Value& actual = replies.actual.value;
  const bool executed = expected.type == Type::kArray && expected.elements.size() == queued.size();
  for (std::size_t i = 0; executed && i < queued.size(); ++i) count(*queued[i], expected.elements[i]);
  if (replies.expected.raw == replies.actual.raw) return std::nullopt;
  const Difference difference = differ(pending.index, quoted(pending.operation->words), replies);
  if (!executed || actual.type != Type::kArray || actual.elements.size() != queued.size()) return difference;
  bool all_exact = true;
  for (std::size_t i = 0; i < queued.size(); ++i) {
    const Compare compare = queued[i]->compare;
    all_exact = all_exact && compare == Compare::kExact;
    if (!agree(compare, expected.elements[i], actual.elements[i])) return difference;
  }
  // The values are equal, the bytes are not: one nil for another.
  if (all_exact) return difference;
  return std::nullopt;
}

std::optional<Run::Replies> Run::take(unsigned connection) {
  std::optional<Reply> expected = oracle_.connections[connection]->take();
  std::optional<Reply> actual = subject_.connections[connection]->take();
  if (!expected || !actual) return std::nullopt;
  return Replies{std::move(*expected), std::move(*actual)};
}

std::optional<Run::Replies> Run::ask(unsigned connection, std::span<const std::string> words) {
  queue(connection, words);
  exchange(*oracle_.connections[connection], *subject_.connections[connection]);
  return take(connection);
}

Difference Run::failed(unsigned connection, std::size_t index, std::string what) const {
  const auto state = [&](const Side& side) {
    const std::string& failure = side.connections[connection]->failure();
    return "(" + (failure.empty() ? std::string("a reply") : failure) + ")\n";
  };
  return {index, std::move(what), state(oracle_), state(subject_)};
}

Difference Run::differ(std::size_t index, std::string what, const Replies& replies) {
  Difference difference{index, std::move(what), describe(replies.expected.value), describe(replies.actual.value)};
  if (difference.expected == difference.actual) {
    difference.expected = base::printable(replies.expected.raw, 1000) + "\n";
    difference.actual = base::printable(replies.actual.raw, 1000) + "\n";
  }
  return difference;
}

void Run::count(const Row& row, const Value& reply) {
  if (outcomes_ != nullptr) outcomes_->count(row, outcome_of(reply));
}

// --- what takes several commands

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
  std::vector<std::string> left;  // Of the oracle's members, without what it popped.
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
    if (left.empty()) std::ranges::set_difference(known, once, std::back_inserter(left));
  }
  if (!pops) return std::nullopt;
  // What was popped differs, and with it perhaps the encoding: the key begins again, the same on both sides.
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
      Result<Value> next = ask_one(connection, words);
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

// --- the whole state

std::optional<Difference> Run::compare_state() {
  struct Question {
    Words words;
    Compare compare;
  };
  const auto has = [&](std::string_view name) { return settings_.commands.contains(name); };
  const auto ask_all = [&](const std::vector<Question>& questions,
                           std::vector<Value>* answers) -> std::optional<Difference> {
    for (const Question& question : questions) queue(kControl, question.words);
    exchange(*oracle_.connections[kControl], *subject_.connections[kControl]);
    for (const Question& question : questions) {
      const std::optional<Replies> replies = take(kControl);
      if (!replies) return failed(kControl, index_, quoted(question.words));
      if (!agree(question.compare, replies->expected, replies->actual)) {
        return differ(index_, quoted(question.words) + "  (the state)", *replies);
      }
      if (answers != nullptr) answers->push_back(replies->expected.value);
    }
    return std::nullopt;
  };

  for (unsigned database = 0; database < kDatabases; ++database) {
    std::vector<Question> about_keys = {{{"SELECT", std::to_string(database)}, Compare::kExact}};
    const std::size_t before = about_keys.size();
    std::vector<Question> contents;
    for (const std::string_view name : all_keys()) {
      const std::string key(name);
      if (has("type")) about_keys.push_back({{"TYPE", key}, Compare::kExact});
      if (has("object|encoding")) contents.push_back({{"OBJECT", "ENCODING", key}, Compare::kExact});
      if (has("pttl")) contents.push_back({{"PTTL", key}, Compare::kMilliseconds});
      if (has("ttl")) contents.push_back({{"TTL", key}, Compare::kSeconds});
    }
    std::vector<Value> types;
    if (auto difference = ask_all(about_keys, &types)) return difference;
    for (std::size_t i = 0; i < all_keys().size(); ++i) {
      const std::string key(all_keys()[i]);
      const std::string type = has("type") ? types[before + i].text : "string";
      if (type == "string" && has("get")) contents.push_back({{"GET", key}, Compare::kExact});
      if (type == "list" && has("lrange")) contents.push_back({{"LRANGE", key, "0", "-1"}, Compare::kExact});
      if (type == "set" && has("smembers")) contents.push_back({{"SMEMBERS", key}, Compare::kUnordered});
      if (type == "hash" && has("hgetall")) contents.push_back({{"HGETALL", key}, Compare::kFields});
      if (type == "zset" && has("zrange")) {
        contents.push_back({{"ZRANGE", key, "0", "-1", "WITHSCORES"}, Compare::kExact});
      }
    }
    // At last: by now every key was looked at, and one that had expired is not counted any more.
    if (has("dbsize")) contents.push_back({{"DBSIZE"}, Compare::kExact});
    if (auto difference = ask_all(contents, nullptr)) return difference;
  }
  if (settings_.digest) return ask_all({{{"DEBUG", "DIGEST"}, Compare::kExact}}, nullptr);
  return std::nullopt;
}

}  // namespace weir::differential
