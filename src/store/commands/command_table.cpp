#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/command.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

struct Table {
  std::vector<const CommandSpec*> rows;
  std::unordered_map<std::string_view, const CommandSpec*> by_name;

  Table() {
    for (const auto family : {config_commands(), connection_commands(), introspection_commands(), key_commands(),
                              server_commands(), string_commands()}) {
      for (const CommandSpec& spec : family) {
        rows.push_back(&spec);
        by_name.emplace(spec.name, &spec);
        for (const CommandSpec& subcommand : spec.subcommands) by_name.emplace(subcommand.name, &subcommand);
      }
    }
  }
};

const Table& table() {
  static const Table instance;
  return instance;
}

// The text that quotes what a client sent is cut, as in Redis, at 128 bytes.
std::string unknown_command(std::span<const std::string_view> arguments) {
  constexpr std::size_t kQuoted = 128;
  std::string quoted;
  for (const std::string_view argument : arguments.subspan(1)) {
    if (quoted.size() >= kQuoted) break;
    quoted += fmt::format("'{}' ", argument.substr(0, kQuoted - quoted.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}", arguments[0].substr(0, kQuoted), quoted);
}

// The row of this request: the command's, or its subcommand's. Null: an error was replied.
const CommandSpec* resolve(std::span<const std::string_view> arguments, wire::resp::ReplyWriter& reply) {
  const CommandSpec* spec = find_command(arguments[0]);
  if (spec == nullptr || spec->name.find('|') != std::string_view::npos) {
    reply.error(unknown_command(arguments));
    return nullptr;
  }
  if (spec->subcommands.empty() || arguments.size() < 2) return spec;
  for (const CommandSpec& subcommand : spec->subcommands) {
    if (base::equal_ignoring_case(subcommand.name.substr(spec->name.size() + 1), arguments[1])) return &subcommand;
  }
  reply.error(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", arguments[1].substr(0, 128),
                          base::to_upper(spec->name)));
  return nullptr;
}

}  // namespace

std::span<const CommandSpec* const> all_commands() { return table().rows; }

const CommandSpec* find_command(std::string_view name) {
  constexpr std::size_t kLongestName = 32;
  if (name.size() > kLongestName) return nullptr;
  std::array<char, kLongestName> lowered{};
  std::ranges::transform(name, lowered.begin(), base::ascii_lower);
  const auto found = table().by_name.find(std::string_view(lowered.data(), name.size()));
  return found == table().by_name.end() ? nullptr : found->second;
}

void execute(std::span<const std::string_view> arguments, Session& session, Node& node, UnixMs now,
             std::string& output) {
  const std::size_t reply_begin = output.size();
  wire::resp::ReplyWriter reply(output, session.protocol);
  if (const CommandSpec* spec = resolve(arguments, reply)) {
    Call call(arguments, *spec, session, node, now, output);
    if (!spec->accepts(arguments.size()) || spec->run == nullptr) {
      call.wrong_arity();
    } else if (!session.authenticated && !spec->has(kNoAuth)) {
      reply.error("NOAUTH Authentication required.");
    } else {
      node.effects.begin();
      spec->run(call);
      call.settle_effects();
      node.effects.end();
      ++node.stats.commands_processed;
    }
  }
  if (output[reply_begin] == '-') ++node.stats.error_replies;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  if (digits[0] == '0' && text.size() > 1) return std::nullopt;
  return base::parse_decimal<std::int64_t>(text);
}

}  // namespace weir::store
