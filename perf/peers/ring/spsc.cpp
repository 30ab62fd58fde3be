// spsc hop|throughput ITEM_BYTES COUNT CAPACITY CPU_A CPU_B: a bounded queue for one producer and one consumer, with the peer's index cached on either side, so that the
// usual push and pop read no line the other thread writes but the one that carries news. (The idea is in Lee, Bu and Chandranmenon, "A lock-free, cache-efficient
// shared ring buffer for multi-core architectures", ANCS 2009; E. Rigtorp's SPSCQueue made it well known.)
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

#include "measure.hpp"

template <typename T>
class SpscQueue {
public:
    explicit SpscQueue(int64_t capacity) : mask_(capacity - 1), slots_(static_cast<T*>(std::aligned_alloc(128, capacity * sizeof(T)))) {
        std::memset(static_cast<void*>(slots_.get()), 0, capacity * sizeof(T));
    }

    // The slot to fill, or null when the queue is full.
    T* claim() {
        if (written_ - read_seen_ > mask_) {
            read_seen_ = read_.load(std::memory_order_acquire);
            if (written_ - read_seen_ > mask_) return nullptr;
        }
        return &slots_[written_ & mask_];
    }
    void publish() { published_.store(++written_, std::memory_order_release); }

    // The oldest item, or null when the queue is empty.
    T* front() {
        if (taken_ == published_seen_) {
            published_seen_ = published_.load(std::memory_order_acquire);
            if (taken_ == published_seen_) return nullptr;
        }
        return &slots_[taken_ & mask_];
    }
    void pop() { read_.store(++taken_, std::memory_order_release); }

private:
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    const int64_t mask_;
    const std::unique_ptr<T[], Free> slots_;
    alignas(128) std::atomic<int64_t> published_{0};
    alignas(128) int64_t written_ = 0;
    int64_t read_seen_ = 0;
    alignas(128) std::atomic<int64_t> read_{0};
    alignas(128) int64_t taken_ = 0;
    int64_t published_seen_ = 0;
};

template <int Bytes>
struct Item {
    int64_t value;
    char rest[Bytes - sizeof(int64_t)];
};

template <int Bytes>
double hop(int64_t rounds, int64_t capacity, int cpu_a, int cpu_b, bool& right) {
    SpscQueue<Item<Bytes>> there(capacity), back(capacity);
    std::vector<int64_t> stamps;
    stamps.reserve(rounds / measure::kRoundsPerBlock + 1);
    int64_t sum = 0;
    auto send = [](auto& queue, int64_t value) {
        Item<Bytes>* item;
        while ((item = queue.claim()) == nullptr) {}
        item->value = value;
        queue.publish();
    };
    auto receive = [](auto& queue) {
        Item<Bytes>* item;
        while ((item = queue.front()) == nullptr) {}
        int64_t value = item->value;
        queue.pop();
        return value;
    };
    std::thread echo([&] {
        measure::pin(cpu_b);
        for (int64_t i = 0; i < rounds; i++) send(back, receive(there));
    });
    measure::pin(cpu_a);
    for (int64_t i = 0; i < rounds; i++) {
        if (i % measure::kRoundsPerBlock == 0) stamps.push_back(measure::now_ns());
        send(there, i);
        sum += receive(back);
    }
    echo.join();
    right = sum == rounds * (rounds - 1) / 2;
    return measure::median_hop_ns(stamps);
}

template <int Bytes>
double throughput(int64_t count, int64_t capacity, int cpu_a, int cpu_b, bool& right) {
    SpscQueue<Item<Bytes>> queue(capacity);
    int64_t sum = 0, end_ns = 0;
    std::atomic<bool> ready{false};
    std::thread consumer([&] {
        measure::pin(cpu_b);
        ready = true;
        for (int64_t i = 0; i < count; i++) {
            Item<Bytes>* item;
            while ((item = queue.front()) == nullptr) {}
            sum += item->value;
            queue.pop();
        }
        end_ns = measure::now_ns();
    });
    measure::pin(cpu_a);
    while (!ready) {}
    const int64_t start_ns = measure::now_ns();
    for (int64_t i = 0; i < count; i++) {
        Item<Bytes>* item;
        while ((item = queue.claim()) == nullptr) {}
        item->value = i;
        queue.publish();
    }
    consumer.join();
    right = sum == count * (count - 1) / 2;
    return double(end_ns - start_ns) / double(count);
}

int main(int argc, char** argv) {
    if (argc != 7) return std::fprintf(stderr, "usage: spsc hop|throughput 32|64 COUNT CAPACITY CPU_A CPU_B\n"), 2;
    const bool is_hop = std::strcmp(argv[1], "hop") == 0;
    const int bytes = std::atoi(argv[2]);
    const int64_t count = std::atoll(argv[3]), capacity = std::atoll(argv[4]);
    const int cpu_a = std::atoi(argv[5]), cpu_b = std::atoi(argv[6]);
    if ((bytes != 32 && bytes != 64) || capacity < 2 || (capacity & (capacity - 1)) != 0) return std::fprintf(stderr, "items of 32 or 64 bytes, capacity a power of two\n"), 2;
    bool right = false;
    const double ns = is_hop ? (bytes == 32 ? hop<32>(count, capacity, cpu_a, cpu_b, right) : hop<64>(count, capacity, cpu_a, cpu_b, right))
                             : (bytes == 32 ? throughput<32>(count, capacity, cpu_a, cpu_b, right) : throughput<64>(count, capacity, cpu_a, cpu_b, right));
    std::printf("{\"peer\":\"spsc\",\"mode\":\"%s\",\"itemBytes\":%d,\"count\":%lld,\"ns\":%.3f,\"right\":%s}\n", argv[1], bytes, (long long)count, ns, right ? "true" : "false");
    return right ? 0 : 1;
}
