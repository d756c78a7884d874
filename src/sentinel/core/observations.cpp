#include "sentinel/core/observations.h"

namespace weir::sentinel {

void Observations::note(const Report& report, base::MonoTime now) {
  const auto known =
      std::ranges::find(members_, report.member, [](const MemberView& view) { return view.report.member; });
  if (known == members_.end()) {
    if (members_.size() == kMaxMembers) members_.erase(std::ranges::min_element(members_, {}, &MemberView::heard));
    members_.push_back({report, now});
  } else {
    *known = {report, now};
  }
}

void Observations::note(const Hello& hello, base::MonoTime now) {
  const Opinion opinion{hello.sentinel, hello.accepted.epoch, hello.master_down, now};
  const auto known = std::ranges::find(opinions_, hello.sentinel, &Opinion::sentinel);
  if (known == opinions_.end()) {
    opinions_.push_back(opinion);
  } else {
    *known = opinion;
  }
}

const Observations::MemberView* Observations::find(MemberId member) const {
  const auto known = std::ranges::find(members_, member, [](const MemberView& view) { return view.report.member; });
  return known == members_.end() ? nullptr : &*known;
}

bool Observations::silent_for(MemberId member, base::Duration time, base::MonoTime now) const {
  const MemberView* const view = find(member);
  return now - (view == nullptr ? start_ : view->heard) >= time;
}

std::size_t Observations::others_see_master_down(Epoch epoch, base::MonoTime now) const {
  return std::ranges::count_if(opinions_, [&](const Opinion& opinion) {
    return opinion.master_down && opinion.epoch == epoch && now - opinion.heard < down_after_;
  });
}

}  // namespace weir::sentinel
