// Effects: what the write commands did, as the commands that replicas and the append-only file have to run to do the
// same. One write, one effect: everything that follows the data (file, backlog, replicas) consumes this one stream.
//
//   client's command         its effect
//   SET k v                  SET k v                        itself, verbatim: it called changed() and said no more
//   EXPIRE k 10              PEXPIREAT k 1700000010000      replicate_as(): an absolute time, a removal, a result
//   GET expired              DEL expired                    what was found expired goes before the command's own effect
//   SPOP k                   SREM k member
//   MULTI; SET a 1; INCR a; EXEC          MULTI; SET a 1; INCR a; EXEC             one group
//
// A group is all the effects of one client's command, of one EXEC or of one script, in order. It goes to the sinks when
// the command has ended and before its reply leaves, as RESP that was encoded once; with more than one effect
// MULTI and EXEC stand around it, so that who replays it does all or nothing. Without a sink nothing is
// encoded, which is what keeps a store without file and replicas fast.
//
// A core, on the data thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/keyspace/removal.h"

namespace weir::store {

// Who is told. PUBLISH goes to replicas but has no place in a file of the data.
enum class EffectAudience : unsigned char { kEverywhere, kReplicasOnly };

struct Effect {
  std::size_t database;  // In which it is to run.
  EffectAudience audience;
  std::string_view bytes;  // The command as a RESP multibulk.
};

class EffectSink {
 public:
  // One whole group. With `transaction` its first effect is MULTI and its last EXEC. The bytes are valid during the
  // call.
  virtual void on_effects(std::span<const Effect> group, bool transaction) = 0;

 protected:
  ~EffectSink() = default;
};

class Effects {
 public:
  Effects() = default;
  Effects(const Effects&) = delete;
  Effects& operator=(const Effects&) = delete;

  // The sink outlives this, or is detached first. Not called by a sink.
  void attach(EffectSink& sink);
  void detach(EffectSink& sink);
  // Whether anybody listens: without, add() does nothing, and what is only computed for it can be left out.
  bool wanted() const { return !sinks_.empty(); }

  // All that is added between begin() and the matching end() is one group. Pairs may nest: the outermost counts. What
  // is added outside is a group of its own at once.
  void begin() { ++depth_; }
  void end() {
    if (--depth_ == 0 && !pending_.empty()) flush();
  }

  void add(std::size_t database, std::span<const std::string_view> words,
           EffectAudience audience = EffectAudience::kEverywhere);
  void add(std::size_t database, std::initializer_list<std::string_view> words) {
    add(database, std::span(words.begin(), words.size()));
  }

  // Changes of the data, counted as Redis counts them (one for each key or element that a command touched): what
  // `save` points and INFO's rdb_changes_since_last_save go by.
  std::uint64_t changes_since_save() const { return changes_ - saved_; }
  void count_changes(std::uint64_t count) { changes_ += count; }
  // A mark to give back to saved() when the snapshot that begins now was written.
  std::uint64_t mark() const { return changes_; }
  void saved(std::uint64_t mark) { saved_ = mark; }

 private:
  struct Pending {
    std::size_t database;
    std::size_t bytes_end;  // In bytes_; it begins where the one before ends.
    EffectAudience audience;
  };

  void flush();

  std::vector<EffectSink*> sinks_;
  unsigned depth_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t saved_ = 0;

  // The open group. Kept between groups for their capacity, up to a bound.
  std::string bytes_;
  std::vector<Pending> pending_;
  std::vector<Effect> group_;
};

}  // namespace weir::store
