// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
#include "base/assert.h"
#include "store/commands/command.h"
#include "store/commands/dispatch.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

void end_transaction(Call& call) {
  call.session.transaction = {};
  call.node.watches.unwatch(call.session);
}

void multi(Call& call) {
  if (call.session.transaction.open) return call.reply.error("ERR MULTI calls can not be nested");
  call.session.transaction.open = true;
  call.reply.ok();
}

void discard(Call& call) {
  if (!call.session.transaction.open) return call.reply.error("ERR DISCARD without MULTI");
  end_transaction(call);
  call.reply.ok();
}

// Whether a watched key has changed, or has expired since it was watched.
bool watch_is_broken(Call& call) {
  if (call.session.watch_broken) return true;
  // A copy: looking at an expired key removes it, which touches it, which ends the watching.
  const std::vector<WatchedKey> watched = call.session.watched;
  for (const WatchedKey& one : watched) {
    if (one.existed && !call.node.exists(one.at.database, one.at.key, call.now)) return true;
  }
  return false;
}

void exec(Call& call) {
  if (!call.session.transaction.open) return call.reply.error("ERR EXEC without MULTI");
  const bool aborted = call.session.transaction.aborted;
  if (aborted || watch_is_broken(call)) {
    end_transaction(call);
    if (aborted) return call.reply.error("EXECABORT Transaction discarded because of previous errors.");
    return call.reply.null_array();
  }
  // Nothing that the commands do to their own session (RESET cannot be queued) may change what is run.
  const std::vector<KeptRequest> queued = std::move(call.session.transaction.queued);
  end_transaction(call);
  call.reply.array(queued.size());
  for (const KeptRequest& request : queued) {
    const std::vector<std::string_view> words(request.words.begin(), request.words.end());
    run_nested(*request.spec, words, call);
  }
}

void watch(Call& call) {
  if (call.session.transaction.open) return call.reply.error("ERR WATCH inside MULTI is not allowed");
  // Once one was touched EXEC fails whatever else is watched.
  if (!call.session.watch_broken) {
    for (const std::string_view key : call.arguments.subspan(1)) {
      const bool exists = call.node.exists(call.session.database, key, call.now);
      call.node.watches.watch(call.session, {call.session.database, key}, exists);
    }
  }
  call.reply.ok();
}

void unwatch(Call& call) {
  call.node.watches.unwatch(call.session);
  call.reply.ok();
}

constexpr std::uint32_t kControl = kNoscript | kLoading | kStale | kFast | kAllowBusy;
constexpr std::array<std::string_view, 1> kWatched = {"RO"};

constexpr Family row{.group = "transactions", .categories = kTransactionCategory};

constexpr std::array kCommands = {
    row("discard", 1, kControl | kNeverQueued, "Forgets the commands that were queued since MULTI.", "2.0.0", discard)
        .costs("O(N), N: commands queued"),
    row("exec", 1, kNoscript | kLoading | kStale | kSkipSlowlog | kNeverQueued | kRunsQueue,
        "Runs the commands that were queued since MULTI, unless a watched key changed.", "1.2.0", exec)
        .costs("as the commands queued"),
    row("multi", 1, kControl | kNeverQueued, "Begins a transaction: what follows is queued until EXEC.", "1.2.0", multi)
        .costs("O(1)"),
    row("unwatch", 1, kControl, "Watches no key any more.", "2.2.0", unwatch).costs("O(1)"),
    row("watch", -2, kControl | kNeverQueued, "Lets the next EXEC fail if one of the keys changes before.", "2.2.0",
        watch)
        .on_keys({.first = 1, .last = -1, .step = 1, .access = kWatched})
        .takes("key...")
        .costs("O(N), N: keys given"),
};

}  // namespace

std::span<const CommandSpec> transaction_commands() { return kCommands; }

}  // namespace weir::store
