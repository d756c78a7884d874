// Command: the words of one request, kept as they will be sent.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace weir::client::redis {

class Command {
 public:
  // The first word is the command's name.
  Command(std::initializer_list<std::string_view> words);

  Command& add(std::string_view word);
  template <std::integral T>
  Command& add(T number) {
    return add(std::string_view(std::to_string(number)));
  }

  // A RESP multibulk.
  std::string bytes() const;

 private:
  std::size_t words_ = 0;
  std::string bulks_;
};

}  // namespace weir::client::redis
