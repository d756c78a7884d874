// REPLCONF, SYNC, PSYNC: a snapshot of the data over the connection, as redis-cli --rdb asks for it. There is no stream
// of changes behind it yet: who wants to follow is refused, rather than left in the belief that it does.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/transfers.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

constexpr std::string_view kNoReplication =
    "ERR this store does not replicate yet: only snapshots are sent, to clients that do not want to follow";

// False: an error was replied.
bool set_option(Call& call, std::string_view option, std::string_view value) {
  SyncWishes& wishes = call.session.sync_wishes;
  const auto is = [option](std::string_view name) { return equal_ignoring_case(option, name); };
  if (is("listening-port")) {
    if (!parse_integer(value)) return call.not_an_integer(), false;
    wishes.is_replica = true;
  } else if (is("ip-address")) {
    wishes.is_replica = true;
  } else if (is("capa")) {
    // Capabilities that are not known are ignored, as the protocol wants it.
    wishes.takes_marked_end |= equal_ignoring_case(value, "eof");
    wishes.is_replica |= equal_ignoring_case(value, "psync2");
  } else if (is("rdb-only")) {
    const auto flag = parse_integer(value);
    if (!flag) return call.not_an_integer(), false;
    if (*flag < 0 || *flag > 1) {
      return call.reply.error("ERR value is out of range, value must between 0 and 1"), false;
    }
    wishes.snapshot_only = *flag == 1;
  } else if (is("rdb-filter-only")) {
    if (equal_ignoring_case(value, "functions")) return call.reply.error("ERR this store has no functions"), false;
    if (!value.empty()) {
      return call.reply.error(fmt::format("ERR Unsupported rdb-filter-only option: {}", base::printable(value, 128))),
             false;
    }
  } else {
    call.reply.error(fmt::format("ERR Unrecognized REPLCONF option: {}", base::printable(option, 128)));
    return false;
  }
  return true;
}

void replconf(Call& call) {
  if (call.count() % 2 == 0) return call.syntax_error();
  for (std::size_t i = 1; i < call.count(); i += 2) {
    if (!set_option(call, call.argument(i), call.argument(i + 1))) return;
  }
  call.reply.ok();
}

void refuse(Call& call, std::string_view why) {
  call.reply.error(why);
  call.session.close_after_reply = true;
}

void sync(Call& call) {
  Transfers* const transfers = call.node.transfers;
  if (transfers == nullptr || call.session.sync_wishes.is_replica) return refuse(call, kNoReplication);
  if (!call.session.sync_wishes.takes_marked_end) {
    return refuse(call, "ERR this store sends snapshots only to who says REPLCONF capa eof before");
  }
  // The reply is the snapshot; requests behind it do not run.
  call.block({.keys = {}, .on_timeout = [](Call& late) {
                late.reply.error("ERR the snapshot was given up");
                late.session.close_after_reply = true;
              }});
  transfers->begin(call.session);
}

void psync(Call& call) { refuse(call, kNoReplication); }

constexpr std::uint32_t kSyncs = kAdmin | kNoscript | kNoAsyncLoading | kNoMulti;

constexpr Family row{.group = "server"};

constexpr std::array kCommands = {
    row("psync", -3, kSyncs, "Refused: there is nothing to follow yet.", "2.8.0", psync).takes("replicationid offset"),
    row("replconf", -1, kAdmin | kNoscript | kLoading | kStale | kAllowBusy, "Says what SYNC is to send.", "3.0.0",
        replconf)
        .costs("O(1)")
        .internal(),
    row("sync", 1, kSyncs, "Sends the data as an RDB file.", "1.0.0", sync),
};

}  // namespace

std::span<const CommandSpec> replication_commands() { return kCommands; }

}  // namespace weir::store
