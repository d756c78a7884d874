// Reads a .tar.zst into memory: small archives of test cases. Only what such archives hold: regular files (ustar).
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <zstd.h>

namespace weir::test {

// Path to content, or nothing if the file cannot be read as what it says it is.
inline std::optional<std::map<std::string, std::string>> read_tar_zst(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  const std::string compressed{std::istreambuf_iterator<char>(file), {}};

  std::string tar;
  ZSTD_DStream* const stream = ZSTD_createDStream();
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  bool good = true;
  while (good && in.pos < in.size) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    good = ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)) == 0;
    tar.append(piece, 0, out.pos);
  }
  ZSTD_freeDStream(stream);
  if (!good) return std::nullopt;

  // Blocks of 512 bytes: a header with the name at 0 and the octal size at 124, then the content, padded.
  constexpr std::size_t kBlock = 512;
  std::map<std::string, std::string> files;
  for (std::size_t at = 0; at + kBlock <= tar.size() && tar[at] != '\0';) {
    const std::string_view header = std::string_view(tar).substr(at, kBlock);
    const std::string name(header.substr(0, std::min<std::size_t>(header.find('\0'), 100)));
    const std::size_t size = std::stoull(std::string(header.substr(124, 11)), nullptr, 8);
    const char type = header[156];
    at += kBlock;
    if (at + size > tar.size()) return std::nullopt;
    if (type == '0' || type == '\0') files[name] = tar.substr(at, size);
    at += (size + kBlock - 1) / kBlock * kBlock;
  }
  return files;
}

}  // namespace weir::test
