// The classes of keyspace notifications, and the letters by which the directive notify-keyspace-events turns them on.
// Pure. https://redis.io/docs/manual/keyspace-notifications
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::store {

// What an event is about. A bit each; `EventClasses` is a sum of them and of the two channels.
enum class EventClass : std::uint32_t {
  kGeneric = 1u << 2,    // g: DEL, EXPIRE, RENAME: whatever the type.
  kString = 1u << 3,     // $
  kList = 1u << 4,       // l
  kSet = 1u << 5,        // s
  kHash = 1u << 6,       // h
  kSortedSet = 1u << 7,  // z
  kExpired = 1u << 8,    // x
  kEvicted = 1u << 9,    // e
  kStream = 1u << 10,    // t
  kKeyMiss = 1u << 11,   // m: a reading command did not find its key. Not in A.
  kModule = 1u << 13,    // d
  kNewKey = 1u << 14,    // n: a key came to be. Not in A.
};

using EventClasses = std::uint32_t;
inline constexpr EventClasses kKeyspaceChannel = 1u << 0;  // K: __keyspace@DB__:KEY, the message is the event.
inline constexpr EventClasses kKeyeventChannel = 1u << 1;  // E: __keyevent@DB__:EVENT, the message is the key.

constexpr bool contains(EventClasses classes, EventClass one) {
  return (classes & static_cast<EventClasses>(one)) != 0;
}

// "KEA", "Kg$", in any order; nothing when a letter is none.
std::optional<EventClasses> parse_event_classes(std::string_view letters);
// As CONFIG GET shows them: in Redis's order, with A for all that it stands for (and then without n).
std::string to_letters(EventClasses classes);

}  // namespace weir::store
