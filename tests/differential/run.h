// Run: takes two servers through the same operations and compares what they answer.
//
// Commands of one connection go out in batches; all replies of a batch are read before another connection speaks, so
// both servers see one order. What needs the replies of several commands (SPOP, SCAN, blocked clients) is done
// command by command. Four connections to each server: two that draw commands, one that is blocked now and then, and
// one for the tester's own questions.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/differential/outcomes.h"
#include "tests/differential/row.h"
#include "tests/differential/server.h"

namespace weir::differential {

// Names as COMMAND spells them.
using CommandNames = std::set<std::string, std::less<>>;
base::Result<CommandNames> implemented_commands(const Server& server);
// Those of all_directives() that CONFIG GET knows on the server.
base::Result<std::set<std::string>> known_directives(const Server& server);

struct RunSettings {
  unsigned protocol = 2;
  bool digest = false;             // Both servers have DEBUG DIGEST.
  CommandNames commands;           // What both servers have.
  std::size_t state_every = 2000;  // Operations between two comparisons of the whole state.
};

struct Difference {
  std::size_t operation;  // Its index; of the whole state: one past the last that ran.
  std::string what;       // The command as redis-cli takes it, or what of the state was asked.
  std::string expected;
  std::string actual;
};

class Run {
 public:
  // `outcomes` may be null.
  Run(Server& oracle, Server& subject, RunSettings settings, Outcomes* outcomes);

  // Before the first operation, and to begin again: new connections, no keys, settings as they were at first.
  base::Result<void> reset();
  // Goes on with these. Replaces the arguments that stand for payloads by the bytes that they stood for.
  std::optional<Difference> run(std::span<Operation> operations);
  // Compares databases key by key.
  std::optional<Difference> compare_state();

  std::uint64_t commands() const { return commands_; }

 private:
  struct Side {
    Server* server = nullptr;
    std::array<std::unique_ptr<Connection>, 4> connections;
    std::string payload;  // The latest that DUMP answered.
    std::vector<std::pair<std::string, std::string>> defaults;
  };
  struct Pending {
    const Operation* operation;
    std::size_t index;
    bool encoding_probe;  // Its own question, whose answer says how to compare the next reply.
  };
  struct Replies {
    Reply expected;
    Reply actual;
  };
  // Connections; below them those that draw commands.
  static constexpr unsigned kBlocked = 2;
  static constexpr unsigned kControl = 3;

  using Queued = std::vector<const Row*>;

  std::optional<Difference> flush();
  std::optional<Difference> judge(const Pending& pending, Compare compare, const Replies& replies);
  std::optional<Difference> judge_exec(const Pending& pending, const Replies& replies);
  void enqueue(Operation& operation, std::size_t index);
  void resolve_payloads(std::vector<std::string>& words) const;

  std::optional<Difference> run_composite(const Operation& operation, std::size_t index);
  std::optional<Difference> run_random_members(const Operation& operation, std::size_t index);
  std::optional<Difference> run_random_key(const Operation& operation, std::size_t index);
  std::optional<Difference> run_scan(const Operation& operation, std::size_t index);
  std::optional<Difference> run_blocked(Operation& operation, std::size_t index);

  void queue(unsigned connection, std::span<const std::string> words);
  // Sends one command to both; nothing when a connection failed, which failed() then tells.
  std::optional<Replies> ask(unsigned connection, std::span<const std::string> words);
  std::optional<Replies> take(unsigned connection);
  Difference failed(unsigned connection, std::size_t index, std::string what) const;
  static Difference differ(std::size_t index, std::string what, const Replies& replies);
  void count(const Row& row, const wire::resp::Value& reply);

  Side oracle_;
  Side subject_;
  const RunSettings settings_;
  Outcomes* const outcomes_;

  std::uint64_t commands_ = 0;
  std::size_t index_ = 0;  // Of the next operation since reset().
  // Since reset(), of the connections that draw commands: foreseen when a command is queued, since what may follow it
  // depends on that before it is answered; and what was really queued.
  std::array<bool, 2> in_transaction_{};
  std::array<Queued, 2> queued_;
  unsigned batch_connection_ = 0;
  std::vector<Pending> batch_;
  std::vector<std::string> encoding_words_;
};

}  // namespace weir::differential
