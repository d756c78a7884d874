// Batch: the requests that stand complete at the front of what a client sent, a few at a time. What each will touch is
// known before the first of them runs, so the memory is asked for while the others are looked at: a request that waits
// for main memory costs as much as all its other work.
//
//   parse all  ->  find each command, hash its key, ask for the key's bucket  ->  ask for its entry  ->  run in order
//
// Only a guess at what will be needed: a request of the batch may select another database or remove the next one's key.
// Views borrow what the client sent. Data thread only.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "store/commands/dispatch.h"
#include "wire/resp/request.h"

namespace weir::store {

class Batch {
 public:
  struct Request {
    Prepared prepared;
    std::size_t first_word;
    std::size_t words;
    std::size_t end;  // Of the request, in the bytes that the batch was taken from.
  };

  // Takes what stands at the front of `bytes`; the last step says why there is no more, or that there may be. With
  // `only_one` it does not look beyond the first request.
  wire::resp::RequestParser::Step take(wire::resp::RequestParser& parser, std::string_view bytes, bool only_one);
  // Asks for the memory that the requests will touch.
  void prepare(const Node& node, const Session& session);

  std::span<const Request> requests() const { return {requests_.data(), count_}; }
  std::span<const std::string_view> words_of(const Request& request) const {
    return std::span(words_).subspan(request.first_word, request.words);
  }

 private:
  static constexpr std::size_t kMost = 16;

  std::array<Request, kMost> requests_;
  std::size_t count_ = 0;
  std::vector<std::string_view> words_;
};

}  // namespace weir::store
