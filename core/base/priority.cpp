#include "core/base/priority.h"

#include <sys/resource.h>

namespace cairn {

void give_way() {
  // A third of an even share where a processor is wanted by both; all of it where it is not.
  constexpr int kNice = 5;
  // On Linux 0 is the calling thread, not its process.
  (void)::setpriority(PRIO_PROCESS, 0, kNice);
}

}  // namespace cairn
