// Call: what a command sees when it runs, and how it says what it did.
//
// A write command changes the keyspace, then says so:
//
//   call.changed(key, EventClass::kString, "set");    the key is another one now: WATCH, blocked clients, `dirty`,
//                                                     keyspace notification, and by that the command is an effect
//   call.notify(EventClass::kGeneric, "del", key);    a notification more
//   call.replicate_as({"PEXPIREAT", key, text});      this is the effect and not the command itself; may be repeated
//   call.replicate_nothing();                         changed, but nobody else need know
//
// A command that counted a change and called no replicate_* has itself, verbatim, as its effect; one that changed
// nothing has none. Redis's counterparts: signalModifiedKey, server.dirty, notifyKeyspaceEvent, alsoPropagate.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/commands/node.h"
#include "store/commands/session.h"
#include "wire/resp/reply_writer.h"

namespace weir::store {

struct CommandSpec;

// What a command that blocks waits for.
struct Wait {
  std::span<const std::string_view> keys;  // Of the selected database.
  base::Duration timeout{};                // Zero: for ever.
  // Whether what the key holds now may serve the command (BLPOP: a list); null: anything.
  bool (*may_serve)(Database& database, std::string_view key, UnixMs now) = nullptr;
  // Replies what the command answers when the time is over. Required.
  void (*on_timeout)(Call&) = nullptr;
};

class Call {
 public:
  Call(std::span<const std::string_view> the_arguments, const CommandSpec& the_spec, Session& the_session,
       Node& the_node, UnixMs time, std::string& to)
      : arguments(the_arguments),
        spec(the_spec),
        session(the_session),
        node(the_node),
        now(time),
        output(to),
        reply(to, the_session.protocol) {}

  const std::span<const std::string_view> arguments;  // The command's own name first.
  const CommandSpec& spec;
  Session& session;
  Node& node;
  const UnixMs now;
  std::string& output;
  wire::resp::ReplyWriter reply;  // Writes to `output` in the session's protocol as it was before the call.

  std::string_view argument(std::size_t index) const { return arguments[index]; }
  std::size_t count() const { return arguments.size(); }
  Key key(std::size_t index) const {
    return index == hashed_argument_ ? Key(arguments[index], hash_) : Key(arguments[index]);
  }
  Database& database() const { return node.keyspace.database(session.database); }

  // The errors that many commands share, in Redis's words.
  void syntax_error() { reply.error("ERR syntax error"); }
  void not_an_integer() { reply.error("ERR value is not an integer or out of range"); }
  void wrong_type() { reply.error("WRONGTYPE Operation against a key holding the wrong kind of value"); }
  void wrong_arity();
  // Of a subcommand that takes several numbers of arguments.
  void wrong_subcommand_arity();
  // What HELP answers: these lines between the first and the last that all commands share.
  void help(std::span<const std::string_view> lines);

  // A key of the selected database changed; `count` is how much that adds to `dirty`.
  void changed(std::string_view key, EventClass event_class, std::string_view event, std::uint64_t count = 1) {
    changed_in(session.database, key, event_class, event, count);
  }
  // The same of another database: MOVE, COPY ... DB.
  void changed_in(std::size_t database, std::string_view key, EventClass event_class, std::string_view event,
                  std::uint64_t count = 1) {
    node.touch(database, key);
    node.notify(database, key, event_class, event);
    count_changes(count);
  }
  // A key changed without an event of its own (the source of SORT ... STORE), or the event depends on more.
  void touched(std::string_view key) { node.touch(session.database, key); }
  void notify(EventClass event_class, std::string_view event, std::string_view key) {
    node.notify(session.database, key, event_class, event);
  }
  // Changes that are no single key's (FLUSHALL), or more of a key that changed() named already.
  void count_changes(std::uint64_t count) {
    node.effects.count_changes(count);
    wrote_ |= count != 0;
  }

  void replicate_as(std::initializer_list<std::string_view> words) {
    replicate_as(std::span(words.begin(), words.size()));
  }
  void replicate_as(std::span<const std::string_view> words);
  void replicate_nothing() { effect_ = EffectForm::kSaid; }
  // The command itself though it changed no data: PUBLISH.
  void replicate_verbatim(EffectAudience audience) {
    replicate_as_is(audience);
    effect_ = EffectForm::kSaid;
  }

  // Whether the command may wait for its keys: not inside EXEC or a script. Then it answers as if the time were over.
  bool may_block() const { return !nested_; }
  // Instead of a reply: run the command again when one of the keys was touched. The client's further requests wait.
  // Requires: may_block(), nothing was replied and nothing changed.
  void block(const Wait& wait);
  // The key whose change made the command run again; it is the one to be served from. Null at the first run.
  std::string_view woken_by;

  // The functions below are the dispatcher's.
  void note_hash(std::size_t argument, std::uint64_t hash) {
    hashed_argument_ = argument;
    hash_ = hash;
  }
  void nest() { nested_ = true; }
  bool wants_to_wait() const { return waiting_.has_value(); }
  Waiting take_wait() { return std::move(*waiting_); }
  void settle_effects() {
    if (wrote_ && effect_ == EffectForm::kVerbatim) replicate_as_is(EffectAudience::kEverywhere);
  }

 private:
  enum class EffectForm : unsigned char { kVerbatim, kSaid };

  void replicate_as_is(EffectAudience audience) {
    if (node.effects.wanted()) node.effects.add(session.database, arguments, audience);
  }

  std::size_t hashed_argument_ = 0;  // Whose hash is known; 0: of none, as this is the command's own name.
  std::uint64_t hash_ = 0;
  bool nested_ = false;
  bool wrote_ = false;
  EffectForm effect_ = EffectForm::kVerbatim;
  std::optional<Waiting> waiting_;
};

}  // namespace weir::store
