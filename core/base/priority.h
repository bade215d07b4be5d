// Priorities of threads.
#pragma once

namespace cairn {

// From now on the calling thread gives way to the others of this process: what people read waits
// for what runs go on with, and not the other way round. Where the system does not let it, nothing
// changes.
void give_way();

}  // namespace cairn
