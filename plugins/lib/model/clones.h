// Functions compiled once for each of several instruction sets; which one runs is chosen when the
// program loads. For kernels alone: their callers know nothing of it.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define CAIRN_CLONES_FOR(...) __attribute__((target_clones(__VA_ARGS__, "default")))
#else
#define CAIRN_CLONES_FOR(...)
#endif
// What a clone calls is to be compiled for its instruction set, too.
#define CAIRN_INLINE inline __attribute__((always_inline))
