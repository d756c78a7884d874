#include "tests/differential/run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "tests/differential/comparison.h"
#include "tests/differential/kinds.h"

namespace weir::differential {

namespace {

using base::Result;
using wire::resp::Type;
using wire::resp::Value;
using Words = std::vector<std::string>;

constexpr std::size_t kBatch = 100;

}  // namespace

Result<CommandNames> implemented_commands(const Server& server) {
  Result<std::unique_ptr<Connection>> connection = Connection::open(server.port());
  if (!connection) return connection.error();
  Result<Value> reply = ask_alone(**connection, {"COMMAND"});
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
    Result<Value> reply = ask_alone(**connection, {"CONFIG", "GET", std::string(directive.name)});
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
        if (Result<Value> hello = ask_alone(*connection, {"HELLO", "3"}); !hello) return hello.error();
      }
    }
    Connection& control = *side->connections[kControl];
    if (side->defaults.empty()) {
      for (const Directive& directive : all_directives()) {
        Result<Value> value = ask_alone(control, {"CONFIG", "GET", std::string(directive.name)});
        if (!value) return value.error();
        if (value->elements.size() == 2) side->defaults.emplace_back(directive.name, value->elements[1].text);
      }
    }
    for (const auto& [name, value] : side->defaults) {
      if (Result<Value> set = ask_alone(control, {"CONFIG", "SET", name, value}); !set) return set.error();
    }
    Result<Value> flushed = ask_alone(control, {"FLUSHALL"});
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
