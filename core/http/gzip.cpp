#include "core/http/gzip.h"

#include <zlib.h>

#include "core/base/text.h"

namespace cairn::http {
namespace {

// A third of the time of the default level, for a few hundredths more of the size.
constexpr int kLevel = 4;
constexpr int kWindowOfGzip = 15 + 16;
constexpr int kMemory = 8;

// "gzip;q=0.5" -> whether q is above 0.
bool has_weight(std::string_view parameters) {
  for (std::string_view parameter : split(parameters, ';')) {
    parameter = trim(parameter);
    if (!same_ignoring_case(parameter.substr(0, 2), "q=")) continue;
    return parameter.substr(2).find_first_of("123456789") != std::string_view::npos;
  }
  return true;
}

}  // namespace

bool accepts_gzip(std::string_view header) {
  bool any = false;
  for (std::string_view coding : split(header, ',')) {
    const std::size_t semicolon = coding.find(';');
    const std::string_view name = trim(coding.substr(0, semicolon));
    const bool wanted =
        semicolon == std::string_view::npos || has_weight(coding.substr(semicolon + 1));
    if (same_ignoring_case(name, "gzip") || same_ignoring_case(name, "x-gzip")) return wanted;
    if (name == "*") any = wanted;
  }
  return any;
}

bool may_be_gzipped(const Response& response) {
  if (!std::holds_alternative<std::string>(response.body)) return false;
  if (response.status == 204 || response.status == 206 || response.status == 304) return false;
  if (response.headers.count("Content-Encoding") != 0) return false;
  const std::string type = lower_case(response.headers.find("Content-Type").value_or(""));
  const std::string_view media = trim(std::string_view(type).substr(0, type.find(';')));
  return media.starts_with("text/") || media == "application/json" || media.ends_with("+json") ||
         media == "application/openmetrics-text";
}

Result<Response> gzipped(const Response& response) {
  const std::string& plain = std::get<std::string>(response.body);
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowOfGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    return make_error(ErrorCode::kResourceExhausted, "there is no memory to compress an answer");
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int ended = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) return internal_error("an answer could not be compressed");
  Response smaller{response.status, response.headers, std::move(packed), response.who};
  smaller.headers.set("Content-Encoding", "gzip");
  if (const auto tag = response.headers.find("ETag"); tag && !tag->starts_with("W/"))
    smaller.headers.set("ETag", "W/" + std::string(*tag));
  return smaller;
}

}  // namespace cairn::http
