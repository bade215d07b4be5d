// Instead of the page, where it was left out of the build.
#include "ui/page_files.h"

namespace cairn::page {
namespace {

constexpr std::string_view kText =
    "This cairn was built without its page (CAIRN_WITH_UI=OFF).\n"
    "Build it with node 20.19 or newer, which deploy/setup brings, for the page; the command line\n"
    "and the API below /api/v1 are all there.\n";

const PageFile kFiles[] = {
    {"/", kText, {}, "text/plain; charset=utf-8", "no-page"},
};

}  // namespace

std::span<const PageFile> page_files() {
  return kFiles;
}

}  // namespace cairn::page
