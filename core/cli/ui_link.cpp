#include "core/cli/ui_link.h"

namespace cairn {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result.push_back(letter);
    }
  }
  return result;
}

}  // namespace

std::string ui_link(const std::string& url, std::string_view code) {
  std::string reachable = url;
  for (const std::string_view all : {"//0.0.0.0:", "//[::]:"}) {
    if (const auto at = reachable.find(all); at != std::string::npos)
      reachable.replace(at, all.size(), "//localhost:");
  }
  while (reachable.ends_with('/')) reachable.pop_back();
  return reachable + "/#code=" + std::string(code);
}

std::string landing_page(const std::string& link) {
  return "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" "
         "content=\"no-referrer\">\n<meta http-equiv=\"refresh\" content=\"0; url=" +
         escaped(link) + "\">\n<title>Cairn</title>\n<a href=\"" + escaped(link) +
         "\">Go on to Cairn</a>\n";
}

}  // namespace cairn
