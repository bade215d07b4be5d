// burn MILLISECONDS: uses so much processor time and ends.
#include <cstdlib>
#include <ctime>

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) / 1000.0 : 0.0;
  timespec used{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9 < seconds);
  return 0;
}
