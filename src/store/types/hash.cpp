#include "store/types/hash.h"

#include <iterator>

namespace weir::store {

namespace {

// What an entry of a listpack takes at most beyond its text.
constexpr std::size_t kEntryOverhead = 10;

}  // namespace

Hash::Hash(Listpack&& pairs, const Limits& limits) : form_(std::move(pairs)) {
  if (size() > limits.entries) unpack();
}

Hash Hash::copy() const {
  Hash copied;
  if (form_.is_packed()) {
    copied.form_.packed() = Listpack(form_.packed().view().blob());
    return copied;
  }
  copied.form_.become(form_.large().copy());
  return copied;
}

std::size_t Hash::footprint(std::size_t samples) const {
  if (form_.is_packed()) return Heap::size_of(form_.packed().view().blob().data());
  const Fields& fields = form_.large();
  return Heap::size_of(&fields) + fields.footprint() + fields.items_footprint(samples);
}

std::optional<Element> Hash::get(std::string_view field) const {
  if (form_.is_packed()) {
    const auto at = find(form_.packed(), field);
    if (at == form_.packed().end()) return std::nullopt;
    return *std::next(at);
  }
  const auto place = find(form_.large(), field, hash_key(field));
  if (!place) return std::nullopt;
  return Element::of_bytes(place.item()->value());
}

bool Hash::set(std::string_view field, std::string_view value, const Limits& limits) {
  if (form_.is_packed()) {
    const bool fits = field.size() <= limits.text_bytes && value.size() <= limits.text_bytes &&
                      form_.packed().has_room_for(field.size() + value.size() + 2 * kEntryOverhead);
    if (fits) [[likely]] {
      const bool is_new = set_in(form_.packed(), field, value);
      // Also when nothing was added: the limit may be lower than it was.
      if (size() > limits.entries) unpack();
      return is_new;
    }
    unpack();
  }
  return set_in(form_.large(), field, value);
}

bool Hash::set_in(Listpack& pairs, std::string_view field, std::string_view value) {
  const auto at = find(pairs, field);
  if (at == pairs.end()) {
    pairs.append({EncodedEntry(field), EncodedEntry(value)});
    return true;
  }
  pairs.replace(std::next(at), value);
  return false;
}

bool Hash::set_in(Fields& fields, std::string_view field, std::string_view value) {
  const std::uint64_t hash = hash_key(field);
  const auto place = find(fields, field, hash);
  if (!place) {
    insert(fields, field, value, hash);
    return true;
  }
  HashField* const item = place.item();
  if (item->has_room_for(value.size())) {
    item->write_value(value);
  } else {
    void* const memory = fields.allocate(HashField::bytes_for(item->field().size(), value.size()));
    fields.replace(place, HashField::construct(memory, field, value));
  }
  return false;
}

Hash::Fields::Place Hash::find(const Fields& fields, std::string_view field, std::uint64_t hash) {
  return fields.find(hash, [field](const HashField& item) { return item.field() == field; });
}

void Hash::insert(Fields& fields, std::string_view field, std::string_view value, std::uint64_t hash) {
  void* const memory = fields.allocate(HashField::bytes_for(field.size(), value.size()));
  fields.insert(hash, HashField::construct(memory, field, value));
  if (fields.should_move()) fields.move_to_arena([](const HashField*, const HashField*) {});
}

bool Hash::erase(std::string_view field) {
  if (form_.is_packed()) {
    const auto at = find(form_.packed(), field);
    if (at == form_.packed().end()) return false;
    form_.packed().erase(at, 2);
    return true;
  }
  Fields& fields = form_.large();
  const auto place = find(fields, field, hash_key(field));
  if (!place) return false;
  fields.erase(place);
  return true;
}

void Hash::expect(std::size_t fields, const Limits& limits) {
  if (form_.is_packed() && fields > limits.entries) unpack();
}

Hash::Pair Hash::random(base::Random& random) const {
  if (!form_.is_packed()) {
    const HashField* const item = form_.large().table().random(random);
    return {Element::of_bytes(item->field()), Element::of_bytes(item->value())};
  }
  const auto at = form_.packed().view().at(random.below(size()) * 2);
  return {*at, *std::next(at)};
}

void Hash::unpack() {
  Fields fields;
  for_each([&](const Element& field, const Element& value) {
    Element::Digits field_digits;
    Element::Digits value_digits;
    const std::string_view text = field.text(field_digits);
    insert(fields, text, value.text(value_digits), hash_key(text));
  });
  form_.become(std::move(fields));
}

}  // namespace weir::store
