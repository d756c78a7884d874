#include "store/server/batch.h"

namespace weir::store {

using wire::resp::RequestParser;

namespace {

// A vector that once held more than this gives its memory back.
constexpr std::size_t kKeptWords = 4096;

}  // namespace

RequestParser::Step Batch::take(RequestParser& parser, std::string_view bytes, bool only_one) {
  const RequestParser::Step step = parse(parser, bytes, only_one);
  // Only now the words stay where they are.
  std::size_t first = 0;
  for (std::size_t i = 0; i < count_; first += counts_[i++]) {
    requests_[i] = {.words = std::span(words_).subspan(first, counts_[i]), .prepared = {}};
  }
  return step;
}

RequestParser::Step Batch::parse(RequestParser& parser, std::string_view bytes, bool only_one) {
  count_ = 0;
  if (words_.capacity() > kKeptWords) words_ = {};
  words_.clear();
  std::size_t end = 0;
  while (true) {
    const RequestParser::Step step = parser.parse(bytes.substr(end));
    end += step.consumed;
    if (step.status != RequestParser::Status::kCommand) return {step.status, end};
    const std::span<const std::string_view> words = parser.arguments();
    counts_[count_] = words.size();
    ends_[count_++] = end;
    words_.insert(words_.end(), words.begin(), words.end());
    // Words of an inline command are the parser's, until its next call.
    if (only_one || count_ == kMostUpcoming || end == bytes.size() || parser.owns_arguments()) {
      return {step.status, end};
    }
  }
}

void Batch::prepare(const Node& node, const Session& session) {
  if (count_ < 2) return;
  store::prepare(std::span(requests_).first(count_), node, node.keyspace.database(session.database));
}

}  // namespace weir::store
