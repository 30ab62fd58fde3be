// What the ring peers share: pinned threads, a clock, the median of block means. A ping-pong is timed in blocks of rounds, because a look
// at the clock costs a good part of a hop; the figure is the median block's mean, as in the harness for our ring.
#pragma once
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace measure {

constexpr int kRoundsPerBlock = 64;

inline void pin(int cpu) {
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0) std::fprintf(stderr, "cannot pin to cpu %d\n", cpu);
}

inline int64_t now_ns() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

// Stamps taken every kRoundsPerBlock rounds become nanoseconds a one-way hop, half a round.
inline double median_hop_ns(const std::vector<int64_t>& stamps) {
    std::vector<double> hops;
    for (size_t i = 1; i < stamps.size(); i++) hops.push_back(double(stamps[i] - stamps[i - 1]) / (2.0 * kRoundsPerBlock));
    std::nth_element(hops.begin(), hops.begin() + hops.size() / 2, hops.end());
    return hops[hops.size() / 2];
}

}  // namespace measure
