// CONFIG: the settings, read and changed while the store runs.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/glob.h"
#include "store/settings/directives.h"
#include "store/settings/redis_directives.h"

namespace weir::store {

namespace {

void config_get(Call& call) {
  std::vector<const Directive*> found;
  for (const Directive& directive : directives()) {
    for (const std::string_view pattern : call.arguments.subspan(2)) {
      if (!matches_glob(pattern, directive.name, /*ignore_case=*/true)) continue;
      found.push_back(&directive);
      break;
    }
  }
  call.reply.map(found.size());
  for (const Directive* directive : found) {
    call.reply.bulk(directive->name);
    call.reply.bulk(directive->get(call.node.settings));
  }
}

// All or nothing: the settings are replaced only after every value was accepted.
void config_set(Call& call) {
  if (call.count() % 2 != 0) return call.syntax_error();
  Settings changed = call.node.settings;
  std::vector<const Directive*> seen;
  const auto refuse = [&](std::string_view name, std::string_view why) {
    call.reply.error(fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, why));
  };
  for (std::size_t i = 2; i < call.count(); i += 2) {
    const Directive* directive = find_directive(call.argument(i));
    if (directive == nullptr && is_redis_directive(call.argument(i))) {
      return refuse(base::to_lower(call.argument(i)), "this store does not have the directive");
    }
    if (directive == nullptr) {
      return call.reply.error(fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'",
                                          base::printable(call.argument(i), 128)));
    }
    if (directive->is_protected) return refuse(directive->name, "can't set protected config");
    if (!directive->changeable) return refuse(directive->name, "can't set immutable config");
    if (std::ranges::find(seen, directive) != seen.end()) return refuse(directive->name, "duplicate parameter");
    seen.push_back(directive);
  }
  for (std::size_t i = 2; i < call.count(); i += 2) {
    const Directive* directive = find_directive(call.argument(i));
    if (auto set = directive->set(changed, call.arguments.subspan(i + 1, 1)); !set) {
      return refuse(directive->name, set.error().text());
    }
  }
  if (auto adopted = call.node.adopt_settings(changed); !adopted) {
    return refuse(seen.front()->name, adopted.error().text());
  }
  call.node.settings = std::move(changed);
  call.node.settings_changed();
  call.reply.ok();
}

void config_resetstat(Call& call) {
  call.node.stats = {};
  call.node.statistics.reset();
  call.node.keyspace.stats() = {};
  call.reply.ok();
}

void config_rewrite(Call& call) {
  const base::Result<bool> rewritten = call.node.rewrite_config();
  if (!rewritten) return call.reply.error("ERR Rewriting config file: " + rewritten.error().text());
  if (!*rewritten) return call.reply.error("ERR The server is running without a config file");
  call.reply.ok();
}

void config_help(Call& call) {
  static constexpr std::array<std::string_view, 8> kLines = {
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file."};
  call.help(kLines);
}

constexpr std::uint32_t kAdminAnyTime = kAdmin | kNoscript | kLoading | kStale;

constexpr Family row{.group = "server"};

constexpr std::array kSubcommands = {
    row("config|get", -3, kAdminAnyTime, "Returns settings by pattern.", "2.0.0", config_get)
        .takes("(parameter)...")
        .costs("O(N), N: directives"),
    row("config|help", 2, kLoading | kStale, "Describes the subcommands.", "5.0.0", config_help).costs("O(1)"),
    row("config|resetstat", 2, kAdminAnyTime, "Sets the statistics to zero.", "2.0.0", config_resetstat).costs("O(1)"),
    row("config|rewrite", 2, kAdminAnyTime, "Writes the settings to the file that they came from.", "2.8.0",
        config_rewrite)
        .costs("O(1)"),
    row("config|set", -4, kAdminAnyTime, "Changes settings, all or none.", "2.0.0", config_set)
        .tipped(kAllNodes)
        .takes("(parameter value)...")
        .costs("O(N), N: directives"),
};

constexpr std::array kCommands = {
    row("config", -2, 0, "Reads and changes settings.", "2.0.0", nullptr)
        .with_subcommands(kSubcommands)
        .costs("as the subcommand"),
};

}  // namespace

std::span<const CommandSpec> config_commands() { return kCommands; }

}  // namespace weir::store
