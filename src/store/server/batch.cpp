#include "store/server/batch.h"

#include "store/commands/command_table.h"

namespace weir::store {

using wire::resp::RequestParser;

namespace {

// A vector that once held more than this gives its memory back.
constexpr std::size_t kKeptWords = 4096;

}  // namespace

RequestParser::Step Batch::take(RequestParser& parser, std::string_view bytes, bool only_one) {
  count_ = 0;
  if (words_.capacity() > kKeptWords) words_ = {};
  words_.clear();
  std::size_t end = 0;
  while (true) {
    const RequestParser::Step step = parser.parse(bytes.substr(end));
    end += step.consumed;
    if (step.status != RequestParser::Status::kCommand) return {step.status, end};
    const std::span<const std::string_view> words = parser.arguments();
    requests_[count_++] = {.prepared = {}, .first_word = words_.size(), .words = words.size(), .end = end};
    words_.insert(words_.end(), words.begin(), words.end());
    // Words of an inline command are the parser's, until its next call.
    if (only_one || count_ == kMost || end == bytes.size() || parser.owns_arguments()) return {step.status, end};
  }
}

void Batch::prepare(const Node& node, const Session& session) {
  if (count_ < 2) return;
  const Database& database = node.keyspace.database(session.database);
  for (Request& request : std::span(requests_).first(count_)) {
    request.prepared = store::prepare(words_of(request), node);
    if (request.prepared.key_argument != 0) {
      database.prefetch_bucket(
          Key(words_[request.first_word + request.prepared.key_argument], request.prepared.key_hash));
    }
  }
  for (const Request& request : requests()) {
    if (request.prepared.key_argument != 0) {
      database.prefetch_entry(
          Key(words_[request.first_word + request.prepared.key_argument], request.prepared.key_hash));
    }
  }
}

}  // namespace weir::store
