#include "client/redis/command.h"

#include "base/bytes.h"

namespace weir::client::redis {

Command::Command(std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) add(word);
}

Command& Command::add(std::string_view word) {
  ++words_;
  bulks_ += '$';
  base::append_decimal(bulks_, word.size());
  bulks_ += "\r\n";
  bulks_ += word;
  bulks_ += "\r\n";
  return *this;
}

std::string Command::bytes() const {
  std::string bytes;
  bytes.reserve(bulks_.size() + 16);
  bytes += '*';
  base::append_decimal(bytes, words_);
  bytes += "\r\n";
  bytes += bulks_;
  return bytes;
}

}  // namespace weir::client::redis
