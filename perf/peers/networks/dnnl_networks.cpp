// oneDNN on the policy networks of the benchmark `networks`: single precision, one thread, primitives made once, weights in the layout that the library prefers.
// It reads lines "case iterations" from standard input and answers each with one line of JSON: percentiles of a call in nanoseconds, and the first outputs, so that
// the caller can check that both sides computed the same thing. Weights and inputs come from one linear congruence, in the order in which perf/Appliance.Perf draws them.
#include <dnnl.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using tag = memory::format_tag;
using dt = memory::data_type;

namespace {

engine cpu(engine::kind::cpu, 0);
dnnl::stream queue(cpu);

struct Draw {
    uint64_t state;
    float next(double scale) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        double u = static_cast<double>(state >> 40) / 16777216.0;
        return static_cast<float>(scale * (2 * u - 1));
    }
    std::vector<float> many(size_t n, double scale) {
        std::vector<float> v(n);
        for (auto &x : v) x = next(scale);
        return v;
    }
};

memory filled(const memory::desc &md, const std::vector<float> &values) {
    memory m(md, cpu);
    std::copy(values.begin(), values.end(), static_cast<float *>(m.get_data_handle()));
    return m;
}

memory as_preferred(memory from, const memory::desc &wanted) {
    if (from.get_desc() == wanted) return from;
    memory to(wanted, cpu);
    reorder(from, to).execute(queue, from, to);
    queue.wait();
    return to;
}

struct Network {
    std::vector<primitive> primitives;
    std::vector<std::unordered_map<int, memory>> arguments;
    memory input, output;

    void run() {
        for (size_t i = 0; i < primitives.size(); i++) primitives[i].execute(queue, arguments[i]);
        queue.wait();
    }

    // y = W x + b, with max(0, y) where there is a next layer.
    memory dense(memory from, int rows, int inputs, int outputs, const std::vector<float> &weight, const std::vector<float> &bias, bool rectified) {
        memory::desc x({rows, inputs}, dt::f32, tag::ab), y({rows, outputs}, dt::f32, tag::ab), any({outputs, inputs}, dt::f32, tag::any), b({outputs}, dt::f32, tag::a);
        primitive_attr attributes;
        if (rectified) {
            post_ops ops;
            ops.append_eltwise(1.0f, algorithm::eltwise_relu, 0, 0);
            attributes.set_post_ops(ops);
        }
        inner_product_forward::primitive_desc pd(inner_product_forward::desc(prop_kind::forward_inference, x, any, b, y), attributes, cpu);
        memory w = as_preferred(filled(memory::desc({outputs, inputs}, dt::f32, tag::ab), weight), pd.weights_desc());
        memory to(y, cpu);
        if (!from) from = input = memory(x, cpu);
        primitives.emplace_back(inner_product_forward(pd));
        arguments.push_back({{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_BIAS, filled(b, bias)}, {DNNL_ARG_DST, to}});
        return output = to;
    }

    // Layers of equal width in one primitive; weights are drawn layer by layer as [gate unit, input], gates i f g o.
    memory lstm(memory from, int steps, int layers, int inputs, int units, Draw &draw, bool carries) {
        double scale = 1 / std::sqrt(static_cast<double>(units));
        std::vector<float> wx(static_cast<size_t>(layers) * inputs * 4 * units), wh(static_cast<size_t>(layers) * units * 4 * units), bias(static_cast<size_t>(layers) * 4 * units);
        for (int l = 0; l < layers; l++) {
            auto w = draw.many(static_cast<size_t>(4) * units * inputs, scale), u = draw.many(static_cast<size_t>(4) * units * units, scale);
            auto bi = draw.many(4 * units, scale), bh = draw.many(4 * units, scale);
            for (int r = 0; r < 4 * units; r++) {
                for (int i = 0; i < inputs; i++) wx[(static_cast<size_t>(l) * inputs + i) * 4 * units + r] = w[static_cast<size_t>(r) * inputs + i];
                for (int i = 0; i < units; i++) wh[(static_cast<size_t>(l) * units + i) * 4 * units + r] = u[static_cast<size_t>(r) * units + i];
                bias[static_cast<size_t>(l) * 4 * units + r] = bi[r] + bh[r];
            }
        }
        memory::desc x({steps, 1, inputs}, dt::f32, tag::tnc), y({steps, 1, units}, dt::f32, tag::tnc), none;
        memory::desc state({layers, 1, 1, units}, dt::f32, tag::ldnc);
        memory::dims wxd {layers, 1, inputs, 4, units}, whd {layers, 1, units, 4, units}, bd {layers, 1, 4, units};
        lstm_forward::desc d(prop_kind::forward_inference, rnn_direction::unidirectional_left2right, x, carries ? state : none, carries ? state : none,
            memory::desc(wxd, dt::f32, tag::any), memory::desc(whd, dt::f32, tag::any), memory::desc(bd, dt::f32, tag::ldgo), y, carries ? state : none, carries ? state : none);
        lstm_forward::primitive_desc pd(d, cpu);
        memory to(y, cpu);
        if (!from) from = input = memory(x, cpu);
        std::unordered_map<int, memory> a {{DNNL_ARG_SRC_LAYER, from}, {DNNL_ARG_DST_LAYER, to},
            {DNNL_ARG_WEIGHTS_LAYER, as_preferred(filled(memory::desc(wxd, dt::f32, tag::ldigo), wx), pd.weights_layer_desc())},
            {DNNL_ARG_WEIGHTS_ITER, as_preferred(filled(memory::desc(whd, dt::f32, tag::ldigo), wh), pd.weights_iter_desc())},
            {DNNL_ARG_BIAS, filled(memory::desc(bd, dt::f32, tag::ldgo), bias)}};
        if (carries) {
            // In place: what one step leaves, the next one reads.
            memory h = filled(state, std::vector<float>(static_cast<size_t>(layers) * units)), c = filled(state, std::vector<float>(static_cast<size_t>(layers) * units));
            a.insert({{DNNL_ARG_SRC_ITER, h}, {DNNL_ARG_SRC_ITER_C, c}, {DNNL_ARG_DST_ITER, h}, {DNNL_ARG_DST_ITER_C, c}});
        }
        primitives.emplace_back(lstm_forward(pd));
        arguments.push_back(a);
        return output = to;
    }

    void fill(Draw &draw) {
        float *x = static_cast<float *>(input.get_data_handle());
        size_t n = input.get_desc().get_size() / sizeof(float);
        for (size_t i = 0; i < n; i++) x[i] = draw.next(1);
    }

    // The last step's h feeds a dense layer of one output.
    void head(memory from, int steps, int units, Draw &draw) {
        memory::desc last({1, units}, dt::f32, tag::ab);
        auto w = draw.many(units, 1 / std::sqrt(static_cast<double>(units))), b = draw.many(1, 0.5);
        memory h(last, cpu, static_cast<float *>(from.get_data_handle()) + static_cast<size_t>(steps - 1) * units);
        dense(h, 1, units, 1, w, b, false);
    }
};

std::unique_ptr<Network> mlp(const std::vector<int> &sizes, int rows) {
    auto n = std::make_unique<Network>();
    Draw draw {1};
    memory x;
    for (size_t l = 0; l + 1 < sizes.size(); l++) {
        auto w = draw.many(static_cast<size_t>(sizes[l]) * sizes[l + 1], 1 / std::sqrt(static_cast<double>(sizes[l]))), b = draw.many(sizes[l + 1], 0.5);
        x = n->dense(x, rows, sizes[l], sizes[l + 1], w, b, l + 2 < sizes.size());
    }
    n->fill(draw);
    return n;
}

std::unique_ptr<Network> lstm(int steps, int features, int units, int layers, bool carries) {
    auto n = std::make_unique<Network>();
    Draw draw {1};
    memory x;
    if (features == units) x = n->lstm(x, steps, layers, features, units, draw, carries);
    else {
        x = n->lstm(x, steps, 1, features, units, draw, carries);
        x = n->lstm(x, steps, layers - 1, units, units, draw, carries);
    }
    n->head(x, steps, units, draw);
    n->fill(draw);
    return n;
}

} // namespace

int main() {
    const std::map<std::string, std::function<std::unique_ptr<Network>()>> cases {
        {"mlp-small", [] { return mlp({16, 32, 32, 1}, 1); }},
        {"mlp-wide-1", [] { return mlp({256, 384, 384, 128}, 1); }},
        {"mlp-wide-64", [] { return mlp({256, 384, 384, 128}, 64); }},
        {"lstm-a-window", [] { return lstm(50, 100, 100, 2, false); }},
        {"lstm-a-step", [] { return lstm(1, 100, 100, 2, true); }},
        {"lstm-b-window", [] { return lstm(100, 250, 200, 3, false); }},
    };
    std::map<std::string, std::unique_ptr<Network>> made;
    std::string name;
    int iterations;
    while (std::cin >> name >> iterations) {
        auto found = cases.find(name);
        if (found == cases.end() || iterations < 1) {
            std::printf("{\"error\":\"unknown case %s\"}\n", name.c_str());
            return 2;
        }
        auto &network = made[name];
        if (!network) network = found->second();
        network->run();
        const float *y = static_cast<const float *>(network->output.get_data_handle());
        float first = y[0];
        std::vector<double> ns(iterations);
        for (int i = 0; i < iterations; i++) {
            auto begin = std::chrono::steady_clock::now();
            network->run();
            ns[i] = static_cast<double>((std::chrono::steady_clock::now() - begin).count());
        }
        std::sort(ns.begin(), ns.end());
        std::printf("{\"p50\":%.0f,\"p99\":%.0f,\"first\":%.9g}\n", ns[iterations / 2], ns[std::min(iterations - 1, iterations * 99 / 100)], first);
        std::fflush(stdout);
    }
    return 0;
}
