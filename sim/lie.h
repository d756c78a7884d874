// Lie: a mutant. The cores are shipped as they are tested, so a rule is taken out of one by lying to it: the simulated
// disk says that a record is synced, a message is changed on its way, an answer is made up. The core then behaves as
// one that lacks the rule, and the invariants must notice.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::sim {

enum class Lie : std::uint8_t {
  kNone,
  kVoteNotSynced,      // A sentinel's record is called synced when it is written.
  kOathNotSynced,      // A member's record is.
  kOffsetIgnored,      // Oaths carry no position: any who swore may become master.
  kEpochReused,        // A restarted master goes on in its epoch.
  kAckCountedTwice,    // The acknowledgement of one member counts for all.
  kRosterOfAttached,   // R is taken from who can be reached: others are counted as if they had sworn.
  kForgottenIsWhole,   // A member that lost unsynced data counts as if it had not.
  kAnswerBeforeAcked,  // Replies leave at once.
  kReadWithoutRound,   // READS are gated by offset alone.
};

constexpr std::string_view kLieNames[] = {"none",
                                          "vote-not-synced",
                                          "oath-not-synced",
                                          "offset-ignored",
                                          "epoch-reused",
                                          "ack-counted-twice",
                                          "roster-of-attached",
                                          "forgotten-is-whole",
                                          "answer-before-acked",
                                          "read-without-round"};

inline std::string_view name_of(Lie lie) { return kLieNames[static_cast<std::size_t>(lie)]; }
inline std::optional<Lie> lie_of(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kLieNames); ++i) {
    if (kLieNames[i] == name) return static_cast<Lie>(i);
  }
  return std::nullopt;
}

}  // namespace weir::sim
