#include "store/types/set.h"

namespace weir::store {

Set::Set(Intset&& integers, std::size_t intset_limit) : form_(std::move(integers)) {
  if (size() > intset_limit) unpack();
}

Set Set::copy() const {
  Set copied;
  if (form_.is_packed()) {
    copied.form_.packed() = Intset(form_.packed().view().blob());
  } else {
    copied.form_.become(form_.large().copy());
  }
  return copied;
}

std::size_t Set::footprint(std::size_t samples) const {
  if (form_.is_packed()) return Heap::size_of(form_.packed().view().blob().data());
  const Members& members = form_.large();
  return Heap::size_of(&members) + members.footprint() + members.items_footprint(samples);
}

bool Set::contains(const SoughtMember& member) const {
  if (!form_.is_packed()) return static_cast<bool>(find(form_.large(), member));
  return member.integer() && form_.packed().contains(*member.integer());
}

bool Set::insert(const SoughtMember& member, std::size_t intset_limit) {
  if (form_.is_packed()) {
    if (const auto integer = member.integer()) {
      if (!form_.packed().insert(*integer)) return false;
      if (size() > intset_limit) unpack();
      return true;
    }
    unpack();
  }
  Members& members = form_.large();
  if (find(members, member)) return false;
  add(members, member);
  return true;
}

void Set::add(Members& members, const SoughtMember& member) {
  void* const memory = members.allocate(SetMember::bytes_for(member.text().size()));
  members.insert(member.hash(), SetMember::construct(memory, member.text()));
  if (members.should_move()) members.move_to_arena([](const SetMember*, const SetMember*) {});
}

bool Set::erase(const SoughtMember& member) {
  if (form_.is_packed()) return member.integer() && form_.packed().erase(*member.integer());
  Members& members = form_.large();
  const auto place = find(members, member);
  if (!place) return false;
  members.erase(place);
  return true;
}

Element Set::random(base::Random& random) const {
  if (form_.is_packed()) return Element::of_integer(form_.packed().at(random.below(size())));
  return element_of(*form_.large().table().random(random));
}

void Set::unpack() {
  Members members;
  for_each([&](const Element& member) { add(members, SoughtMember(member)); });
  form_.become(std::move(members));
}

}  // namespace weir::store
