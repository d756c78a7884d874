// Batch: the requests that stand complete at the front of what a client sent, a few at a time, so that the memory which
// they will touch is asked for before the first of them runs (commands/prefetch.h).
//
// Views borrow what the client sent. Data thread only.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "store/commands/prefetch.h"
#include "wire/resp/request.h"

namespace weir::store {

class Batch {
 public:
  // Takes what stands at the front of `bytes`; the last step says why there is no more, or that there may be. With
  // `only_one` it does not look beyond the first request.
  wire::resp::RequestParser::Step take(wire::resp::RequestParser& parser, std::string_view bytes, bool only_one);
  // Asks for the memory that the requests will touch.
  void prepare(const Node& node, const Session& session);

  std::span<const Upcoming> requests() const { return {requests_.data(), count_}; }
  // Of the request at `index`, in the bytes that the batch was taken from.
  std::size_t end_of(std::size_t index) const { return ends_[index]; }

 private:
  wire::resp::RequestParser::Step parse(wire::resp::RequestParser& parser, std::string_view bytes, bool only_one);

  std::size_t count_ = 0;
  std::array<Upcoming, kMostUpcoming> requests_;
  std::array<std::size_t, kMostUpcoming> counts_;  // Of their words.
  std::array<std::size_t, kMostUpcoming> ends_;
  std::vector<std::string_view> words_;
};

}  // namespace weir::store
