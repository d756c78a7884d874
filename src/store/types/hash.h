// Hash: the value of a hash: fields with their values. A listpack of alternating fields and values while it is small
// ("listpack"), a table of HashFields when it is not ("hashtable"); never back.
//
// Texts that are passed in must not be borrowed from this hash. Elements that come out are valid until its next change.
// One word, relocatable as bytes, all memory from Heap and arenas. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/random.h"
#include "store/types/hash_field.h"
#include "store/types/listpack.h"
#include "store/types/member_table.h"
#include "store/types/packed_or.h"
#include "store/types/sampling.h"

namespace weir::store {

class Hash {
 public:
  // How far it stays packed: hash-max-listpack-entries and hash-max-listpack-value.
  struct Limits {
    std::size_t entries = 512;
    std::size_t text_bytes = 64;
  };
  struct Pair {
    Element field;
    Element value;
  };

  Hash() = default;
  // Of what was saved. Requires: a valid listpack of pairs, no field twice.
  Hash(Listpack&& pairs, const Limits& limits);
  Hash(Hash&&) = default;
  Hash& operator=(Hash&&) = default;

  std::size_t size() const { return form_.is_packed() ? form_.packed().count() / 2 : form_.large().size(); }
  bool empty() const { return form_.is_packed() ? form_.packed().view().empty() : form_.large().size() == 0; }
  // As OBJECT ENCODING names it.
  std::string_view encoding() const { return form_.is_packed() ? "listpack" : "hashtable"; }

  // As every kind of value (keyspace/value.h).
  Hash copy() const;
  std::size_t free_effort() const { return form_.is_packed() ? 1 : form_.large().free_effort() + 1; }
  std::size_t footprint(std::size_t samples) const;
  // Two steps ahead of looking for what has this hash_key(); nothing while packed.
  void prefetch_bucket(std::uint64_t hash) const {
    if (!form_.is_packed()) form_.large().table().prefetch_bucket(hash);
  }
  void prefetch_item(std::uint64_t hash) const {
    if (!form_.is_packed()) form_.large().table().prefetch_item(hash);
  }

  std::optional<Element> get(std::string_view field) const;
  bool contains(std::string_view field) const { return get(field).has_value(); }
  // Sets the field's value; true: it is new.
  bool set(std::string_view field, std::string_view value, const Limits& limits);
  // False: it was not there.
  bool erase(std::string_view field);
  // About so many fields will be set: if that is more than a listpack may hold, there is none to begin with.
  void expect(std::size_t fields, const Limits& limits);

  // Packed, in the order in which fields came; else in no order. `visit(const Element& field, const Element& value)`
  // must not change the hash.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    if (form_.is_packed()) {
      const Listpack& pairs = form_.packed();
      for (auto at = pairs.begin(), last = pairs.end(); at != last;) {
        const Element field = *at++;
        visit(field, *at++);
      }
    } else {
      form_.large().table().for_each([&](const HashField& item) { visit_item(item, visit); });
    }
  }
  // A step of HSCAN, as for_each; the next cursor, 0 at the end. All of a listpack is one step.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    if (!form_.is_packed()) {
      return form_.large().table().scan(cursor, [&](const HashField& item) { visit_item(item, visit); });
    }
    for_each(visit);
    return 0;
  }
  // Each with the same probability. Requires: not empty.
  Pair random(base::Random& random) const;
  // `count` different ones. Requires: count <= size().
  template <typename Visit>
  void sample(std::size_t count, base::Random& random, Visit&& visit) const {
    if (!form_.is_packed()) {
      store::sample(form_.large().table(), count, random, [&](const HashField& item) { visit_item(item, visit); });
      return;
    }
    Selection selection(count, size());
    for_each([&](const Element& field, const Element& value) {
      if (selection.takes_next(random)) visit(field, value);
    });
  }

  // To be saved as it is. Null: it is not packed.
  const Listpack* packed() const { return form_.is_packed() ? &form_.packed() : nullptr; }

 private:
  using Fields = MemberTable<HashFieldTraits>;

  template <typename Visit>
  static void visit_item(const HashField& item, Visit& visit) {
    visit(Element::of_bytes(item.field()), Element::of_bytes(item.value()));
  }
  static Fields::Place find(const Fields& fields, std::string_view field, std::uint64_t hash);
  static void insert(Fields& fields, std::string_view field, std::string_view value, std::uint64_t hash);
  static bool set_in(Fields& fields, std::string_view field, std::string_view value);
  // True: the field is new.
  static bool set_in(Listpack& pairs, std::string_view field, std::string_view value);
  // Of the field; end() if it is not there.
  static Listpack::Cursor find(const Listpack& pairs, std::string_view field) {
    return pairs.view().find(field, pairs.begin(), 1);
  }
  void unpack();

  PackedOr<Listpack, Fields> form_;
};

}  // namespace weir::store
