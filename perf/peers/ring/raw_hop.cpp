// raw_hop ROUNDS CPU_A CPU_B: two threads hand one cache line back and forth: the floor under every hop between these two cores now.
#include <atomic>
#include <thread>

#include "measure.hpp"

struct alignas(128) Line {
    std::atomic<int64_t> turn{0};
};

int main(int argc, char** argv) {
    if (argc != 4) return std::fprintf(stderr, "usage: raw_hop ROUNDS CPU_A CPU_B\n"), 2;
    const int64_t rounds = std::atoll(argv[1]);
    const int cpu_a = std::atoi(argv[2]), cpu_b = std::atoi(argv[3]);
    static Line line;
    std::vector<int64_t> stamps;
    stamps.reserve(rounds / measure::kRoundsPerBlock + 1);

    std::thread echo([&] {
        measure::pin(cpu_b);
        for (int64_t i = 0; i < rounds; i++) {
            while (line.turn.load(std::memory_order_acquire) != 2 * i + 1) {}
            line.turn.store(2 * i + 2, std::memory_order_release);
        }
    });
    measure::pin(cpu_a);
    for (int64_t i = 0; i < rounds; i++) {
        if (i % measure::kRoundsPerBlock == 0) stamps.push_back(measure::now_ns());
        line.turn.store(2 * i + 1, std::memory_order_release);
        while (line.turn.load(std::memory_order_acquire) != 2 * i + 2) {}
    }
    echo.join();
    const bool right = line.turn.load() == 2 * rounds;
    std::printf("{\"peer\":\"raw_hop\",\"count\":%lld,\"ns\":%.3f,\"right\":%s}\n", (long long)rounds, measure::median_hop_ns(stamps), right ? "true" : "false");
    return right ? 0 : 1;
}
