// The link that signs a person in, and how a browser gets it without anybody looking on. Pure.
#pragma once

#include <string>
#include <string_view>

namespace cairn {

// "URL/#code=CODE". What stands after '#' is sent to no server and logged by none. An address that
// means all of this machine's becomes localhost.
[[nodiscard]] std::string ui_link(const std::string& url, std::string_view code);

// A page that goes on to the link at once. A browser is started with the name of this file: the
// arguments of a program are there for everybody on the machine to read, and a private file is not.
[[nodiscard]] std::string landing_page(const std::string& link);

}  // namespace cairn
