// SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF, SHUTDOWN: the data in its files, by order.
#include "store/commands/persistence.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

// Null: replied.
Persistence* persistence_of(Call& call) {
  if (call.node.persistence == nullptr) call.reply.error("ERR this store keeps no files");
  return call.node.persistence;
}

void reply_to(Call& call, const base::Result<void>& done) {
  if (done) return call.reply.ok();
  call.reply.error(fmt::format("ERR {}", base::printable(done.error().text(), 512)));
}

void save(Call& call) {
  Persistence* const persistence = persistence_of(call);
  if (persistence == nullptr) return;
  const bool transferring = call.node.transfers != nullptr && call.node.transfers->walking();
  if (persistence->facts().saving || transferring) {
    return call.reply.error("ERR Background save already in progress");
  }
  reply_to(call, persistence->save());
}

void bgsave(Call& call) {
  Persistence* const persistence = persistence_of(call);
  if (persistence == nullptr) return;
  const bool schedules = call.count() == 2 && equal_ignoring_case(call.argument(1), "SCHEDULE");
  if (call.count() > 1 && !schedules) return call.syntax_error();
  const PersistenceFacts facts = persistence->facts();
  if (facts.saving) return call.reply.error("ERR Background save already in progress");
  // Inside of EXEC or a script: when that is over.
  if (!call.may_block() || (facts.rewriting && schedules)) {
    persistence->schedule_save();
    return call.reply.simple("Background saving scheduled");
  }
  if (facts.rewriting) {
    return call.reply.error(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule "
        "a BGSAVE whenever possible.");
  }
  if (const base::Result<void> begun = persistence->begin_save(); !begun) return reply_to(call, begun);
  call.reply.simple("Background saving started");
}

void bgrewriteaof(Call& call) {
  Persistence* const persistence = persistence_of(call);
  if (persistence == nullptr) return;
  const PersistenceFacts facts = persistence->facts();
  if (facts.rewriting) return call.reply.error("ERR Background append only file rewriting already in progress");
  if (facts.saving || !call.may_block()) {
    persistence->schedule_rewrite();
    return call.reply.simple("Background append only file rewriting scheduled");
  }
  persistence->begin_rewrite();
  call.reply.simple("Background append only file rewriting started");
}

void lastsave(Call& call) {
  const Persistence* const persistence = call.node.persistence;
  call.reply.integer(persistence == nullptr ? 0 : persistence->facts().last_save_at_s);
}

void shutdown(Call& call) {
  SaveAtEnd save = SaveAtEnd::kIfSet;
  bool wants_save = false, wants_none = false, force = false, abort = false;
  for (const std::string_view word : call.arguments.subspan(1)) {
    const auto is = [word](std::string_view one) { return equal_ignoring_case(word, one); };
    if (is("SAVE")) {
      wants_save = true;
      save = SaveAtEnd::kYes;
    } else if (is("NOSAVE")) {
      wants_none = true;
      save = SaveAtEnd::kNo;
    } else if (is("FORCE")) {
      force = true;
    } else if (is("ABORT")) {
      abort = true;
    } else if (!is("NOW")) {
      return call.syntax_error();
    }
  }
  if ((abort && call.count() > 2) || (wants_save && wants_none)) return call.syntax_error();
  if (abort) return call.reply.error("ERR No shutdown in progress.");
  if (const base::Result<void> saved = save_at_end(call.node, save); !saved && !force) {
    return call.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  call.node.shutdown_requested = true;
  call.session.close_after_reply = true;
}

constexpr Family row{.group = "server"};

constexpr std::array kCommands = {
    row("bgrewriteaof", 1, kAdmin | kNoscript | kNoAsyncLoading, "Writes the append-only file anew.", "1.0.0",
        bgrewriteaof)
        .costs("O(1)"),
    row("bgsave", -1, kAdmin | kNoscript | kNoAsyncLoading, "Saves the data in the background.", "1.0.0", bgsave)
        .takes("[SCHEDULE@3.2.2]")
        .costs("O(1)"),
    row("lastsave", 1, kLoading | kStale | kFast, "Returns when the data was saved last.", "1.0.0", lastsave)
        .in(kAdminCategory | kDangerousCategory)
        .tipped(kNondeterministic)
        .costs("O(1)"),
    row("save", 1, kAdmin | kNoscript | kNoAsyncLoading | kNoMulti, "Saves the data; nothing else happens meanwhile.",
        "1.0.0", save)
        .costs("O(N), N: keys of all databases"),
    row("shutdown", -1, kAdmin | kNoscript | kLoading | kStale | kNoMulti | kAllowBusy, "Ends the store.", "1.0.0",
        shutdown)
        .takes("[(NOSAVE|SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]")
        .costs("O(1), or O(N) if it saves, N: keys of all databases"),
};

}  // namespace

base::Result<void> save_at_end(Node& node, SaveAtEnd save) {
  if (node.persistence == nullptr) {
    if (save == SaveAtEnd::kYes) return base::reject("this store keeps no files");
    return {};
  }
  // What was loaded only in part must not take the place of the whole.
  const bool saves =
      !node.loading && (save == SaveAtEnd::kYes || (save == SaveAtEnd::kIfSet && !node.settings.save_points.empty()));
  if (!node.loading) {
    if (base::Result<void> done = node.persistence->end_appending(); !done) {
      base::Error why = done.error().within("append-only file");
      return why;
    }
  }
  node.persistence->abandon_save();
  if (!saves) return {};
  return node.persistence->save();
}

std::span<const CommandSpec> persistence_commands() { return kCommands; }

}  // namespace weir::store
