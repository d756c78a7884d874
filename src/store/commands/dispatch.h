// The way of a request: found in the table, checked, queued or held or run, counted, told to monitors; and the running
// again of requests that waited. Everything here runs on the data thread, to its end.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/commands/command.h"

namespace weir::store {

// What can be found out about a request before it runs; a default-made one says nothing.
struct Prepared {
  const CommandSpec* spec = nullptr;
  std::size_t key_argument = 0;  // Where the first key stands; 0: there is none.
  std::uint64_t key_hash = 0;    // Of that key.
};
// Requires: at least one argument.
Prepared prepare(std::span<const std::string_view> arguments, const Node& node);

// One request of a client. Appends its reply to `output`, unless it blocks (session.waiting is set then), and serves
// whoever waited for what it changed. Requires: at least one argument; the session does not wait; `now` is the calendar
// of this turn and node.mono_now is set.
void execute(std::span<const std::string_view> arguments, Session& session, Node& node, UnixMs now, std::string& output,
             const Prepared& prepared = {});

// A command inside another one (EXEC, a script): it never blocks, its effects join the outer one's, and its reply goes
// where the outer one's goes.
void run_nested(const CommandSpec& spec, std::span<const std::string_view> arguments, Call& outer);

// A command that is not a client's but the data's own, from a file of effects: runs whatever stands against commands
// now, does not block, and is not counted. EXEC runs what was queued since MULTI. The error says why it cannot be one.
base::Result<void> replay(std::span<const std::string_view> arguments, Session& session, Node& node, UnixMs now,
                          std::string& output, const Prepared& prepared = {});

// The driver calls this when a deadline of node.blocked has come or a pause has ended.
void run_due(Node& node, UnixMs now);

enum class Unblocking : unsigned char { kAsIfTimedOut, kWithError };
// False: it did not wait for a key.
bool unblock(Session& session, Node& node, UnixMs now, Unblocking how);

// The client is gone: nothing of the node refers to the session any more.
void leave(Session& session, Node& node);
// RESET: as if it had just come, but for its connection.
void reset_session(Session& session, Node& node);

}  // namespace weir::store
