#include "store/settings/keyspace_events.h"

#include <array>
#include <utility>

namespace weir::store {

namespace {

constexpr EventClasses bit(EventClass one) { return static_cast<EventClasses>(one); }

using Letter = std::pair<char, EventClasses>;

// Those that A stands for, in the order in which CONFIG GET shows them.
constexpr std::array<Letter, 10> kInA = {{{'g', bit(EventClass::kGeneric)},
                                          {'$', bit(EventClass::kString)},
                                          {'l', bit(EventClass::kList)},
                                          {'s', bit(EventClass::kSet)},
                                          {'h', bit(EventClass::kHash)},
                                          {'z', bit(EventClass::kSortedSet)},
                                          {'x', bit(EventClass::kExpired)},
                                          {'e', bit(EventClass::kEvicted)},
                                          {'t', bit(EventClass::kStream)},
                                          {'d', bit(EventClass::kModule)}}};
constexpr Letter kNewKeys = {'n', bit(EventClass::kNewKey)};
constexpr std::array<Letter, 3> kApart = {
    {{'K', kKeyspaceChannel}, {'E', kKeyeventChannel}, {'m', bit(EventClass::kKeyMiss)}}};

constexpr EventClasses all_in_a() {
  EventClasses all = 0;
  for (const Letter& letter : kInA) all |= letter.second;
  return all;
}

}  // namespace

std::optional<EventClasses> parse_event_classes(std::string_view letters) {
  EventClasses classes = 0;
  for (const char c : letters) {
    EventClasses found = c == 'A' ? all_in_a() : 0;
    for (const Letter& letter : kInA) found |= letter.first == c ? letter.second : 0;
    for (const Letter& letter : kApart) found |= letter.first == c ? letter.second : 0;
    if (c == kNewKeys.first) found = kNewKeys.second;
    if (found == 0) return std::nullopt;
    classes |= found;
  }
  return classes;
}

std::string to_letters(EventClasses classes) {
  std::string letters;
  if ((classes & all_in_a()) == all_in_a()) {
    letters = "A";
  } else {
    for (const auto& [letter, one] : kInA) {
      if (classes & one) letters += letter;
    }
    // Redis shows it only here, though A does not stand for it.
    if (classes & kNewKeys.second) letters += kNewKeys.first;
  }
  for (const auto& [letter, one] : kApart) {
    if (classes & one) letters += letter;
  }
  return letters;
}

}  // namespace weir::store
