#include "store/commands/call.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "store/commands/command.h"

namespace weir::store {

void Call::wrong_arity() { reply.error(fmt::format("ERR wrong number of arguments for '{}' command", spec.name)); }

void Call::wrong_subcommand_arity() {
  reply.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                          arguments[1].substr(0, 128), base::to_upper(spec.name.substr(0, spec.name.find('|')))));
}

void Call::help(std::span<const std::string_view> lines) {
  reply.array(lines.size() + 3);
  reply.simple(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                           base::to_upper(spec.name.substr(0, spec.name.find('|')))));
  for (const std::string_view line : lines) reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Prints this help.");
}

void Call::block(const Wait& wait) {
  WEIR_ASSERT(may_block() && wait.on_timeout != nullptr);
  Waiting waiting;
  waiting.kind = Waiting::Kind::kForKeys;
  for (const std::string_view key : wait.keys) waiting.keys.push_back({session.database, std::string(key)});
  if (wait.timeout != base::Duration::zero()) waiting.deadline = node.mono_now + wait.timeout;
  waiting.may_serve = wait.may_serve;
  waiting.on_timeout = wait.on_timeout;
  waiting_ = std::move(waiting);
}

void Call::replicate_as(std::span<const std::string_view> words) {
  node.effects.add(session.database, words);
  effect_ = EffectForm::kSaid;
}

}  // namespace weir::store
