// Set: the value of a set. An intset while all members are integers and few ("intset"), a table of SetMembers when
// they are not ("hashtable"); never back.
//
// Texts that are passed in must not be borrowed from this set. Elements that come out are valid until its next change.
// One word, relocatable as bytes, all memory from Heap and arenas. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/random.h"
#include "store/types/intset.h"
#include "store/types/listpack_entry.h"
#include "store/types/member_table.h"
#include "store/types/packed_or.h"
#include "store/types/sampling.h"
#include "store/types/set_member.h"

namespace weir::store {

// A text that is looked for in sets: read as an integer once and hashed once, whatever the number of sets, and neither
// unless a set needs it. Borrows the text.
class SoughtMember {
 public:
  explicit SoughtMember(std::string_view text) : text_(text), known_(kText) {}
  explicit SoughtMember(const Element& element)
      : text_(element.bytes), integer_(element.integer), known_(element.is_integer ? kInteger | kIsInteger : kText) {}
  SoughtMember(const SoughtMember&) = delete;
  SoughtMember& operator=(const SoughtMember&) = delete;

  std::string_view text() const {
    if ((known_ & kText) == 0) {
      text_ = Element::of_integer(integer_).text(digits_);
      known_ |= kText;
    }
    return text_;
  }
  // Nothing: the text is not a canonical one.
  std::optional<std::int64_t> integer() const {
    if ((known_ & kInteger) == 0) {
      const auto integer = canonical_integer(text_);
      integer_ = integer.value_or(0);
      known_ |= integer ? kInteger | kIsInteger : kInteger;
    }
    return (known_ & kIsInteger) == 0 ? std::nullopt : std::optional(integer_);
  }
  std::uint64_t hash() const {
    if ((known_ & kHash) == 0) {
      hash_ = hash_key(text());
      known_ |= kHash;
    }
    return hash_;
  }

 private:
  enum : unsigned { kText = 1, kInteger = 2, kIsInteger = 4, kHash = 8 };

  mutable std::string_view text_;
  mutable std::int64_t integer_ = 0;
  mutable std::uint64_t hash_ = 0;
  mutable unsigned known_;
  mutable Element::Digits digits_;
};

class Set {
 public:
  Set() = default;
  // Of what was saved. `intset_limit`, here and below, is set-max-intset-entries.
  Set(Intset&& integers, std::size_t intset_limit);
  Set(Set&&) = default;
  Set& operator=(Set&&) = default;

  std::size_t size() const { return form_.is_packed() ? form_.packed().size() : form_.large().size(); }
  bool empty() const { return size() == 0; }
  // As OBJECT ENCODING names it.
  std::string_view encoding() const { return form_.is_packed() ? "intset" : "hashtable"; }

  // As every kind of value (keyspace/value.h).
  Set copy() const;
  std::size_t free_effort() const { return form_.is_packed() ? 1 : form_.large().free_effort() + 1; }
  std::size_t footprint(std::size_t samples) const;
  // Two steps ahead of looking for what has this hash_key(); nothing while packed.
  void prefetch_bucket(std::uint64_t hash) const {
    if (!form_.is_packed()) form_.large().table().prefetch_bucket(hash);
  }
  void prefetch_item(std::uint64_t hash) const {
    if (!form_.is_packed()) form_.large().table().prefetch_item(hash);
  }

  bool contains(const SoughtMember& member) const;
  bool contains(std::string_view text) const { return contains(SoughtMember(text)); }
  // False: it was there.
  bool insert(const SoughtMember& member, std::size_t intset_limit);
  bool insert(std::string_view text, std::size_t intset_limit) { return insert(SoughtMember(text), intset_limit); }
  // False: it was not there.
  bool erase(const SoughtMember& member);
  bool erase(std::string_view text) { return erase(SoughtMember(text)); }

  // An intset in ascending order, else in no order. `visit(const Element&)` must not change the set.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for_each_while([&](const Element& member) {
      visit(member);
      return true;
    });
  }
  // Ends when `visit` returns false.
  template <typename Visit>
  void for_each_while(Visit&& visit) const {
    if (!form_.is_packed()) {
      form_.large().table().for_each_while([&](const SetMember& item) { return visit(element_of(item)); });
      return;
    }
    const IntsetView integers = form_.packed().view();
    for (std::size_t i = 0, count = integers.size(); i < count; ++i) {
      if (!visit(Element::of_integer(integers.at(i)))) return;
    }
  }
  // A step of SSCAN, as for_each; the next cursor, 0 at the end. All of an intset is one step.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    if (!form_.is_packed()) {
      return form_.large().table().scan(cursor, [&](const SetMember& item) { visit(element_of(item)); });
    }
    for_each(visit);
    return 0;
  }
  // About so many members will come: if an intset may not hold as many, there is none to begin with.
  void expect(std::size_t members, std::size_t intset_limit) {
    if (form_.is_packed() && members > intset_limit) unpack();
  }
  // Each with the same probability. Requires: not empty.
  Element random(base::Random& random) const;
  // `count` different ones. Requires: count <= size().
  template <typename Visit>
  void sample(std::size_t count, base::Random& random, Visit&& visit) const {
    if (!form_.is_packed()) {
      store::sample(form_.large().table(), count, random, [&](const SetMember& item) { visit(element_of(item)); });
      return;
    }
    Selection selection(count, size());
    for_each([&](const Element& member) {
      if (selection.takes_next(random)) visit(member);
    });
  }

  // To be saved as it is. Null: it is not packed.
  const Intset* packed() const { return form_.is_packed() ? &form_.packed() : nullptr; }

 private:
  using Members = MemberTable<SetMemberTraits>;

  static Element element_of(const SetMember& item) { return Element::of_bytes(item.text()); }
  static Members::Place find(const Members& members, const SoughtMember& member) {
    return members.find(member.hash(), [&](const SetMember& item) { return item.text() == member.text(); });
  }
  static void add(Members& members, const SoughtMember& member);
  void unpack();

  PackedOr<Intset, Members> form_;
};

}  // namespace weir::store
