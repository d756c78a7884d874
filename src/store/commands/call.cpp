#include "store/commands/call.h"

#include <fmt/format.h>

#include "store/commands/command.h"

namespace weir::store {

void Call::wrong_arity() { reply.error(fmt::format("ERR wrong number of arguments for '{}' command", spec.name)); }

void Call::replicate_as(std::span<const std::string_view> words) {
  node.effects.add(session.database, words);
  effect_ = EffectForm::kSaid;
}

}  // namespace weir::store
