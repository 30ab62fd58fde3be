// Implied volatilities one at a time: the construction of Appliance.Kernels/ImpliedVolatility in plain C++ on the platform's exp and log, with branches in place of gathered
// registers. Each option stops as soon as a step no longer moves it.
//   implied_volatility FILE REPETITIONS
// FILE holds records of five doubles: undiscounted price, forward, strike, years, +1 call or -1 put. Prints nanoseconds an option and the sum of the volatilities.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

struct Option { double price, forward, strike, years, sign; };

constexpr double sqrt2pi = 2.5066282746310002, inverseSqrt2pi = 0.3989422804014327, inverseSqrt2 = 0.7071067811865476;

// (y + 5) * Phi(-y) * exp(y*y/2) in t = (y - 5)/(y + 5): odd and even powers, highest first.
constexpr double oddCoefficients[12] = {
    -1.4191921893580604e-10, 1.322102962781694e-09, -7.068045653980906e-09, 3.87533092243584e-08, -3.337060350835977e-07, 3.979457180792049e-06, -4.976236467507681e-05,
    0.0005448989774454366, -0.002993376760347635, -0.06911863870695671, -0.31353315667128584, -0.6653825028900568};
constexpr double evenCoefficients[12] = {
    -7.842796363635921e-10, 9.268659037027118e-09, -6.740161179772032e-08, 4.334561019475754e-07, -2.768861633372941e-06, 1.6680843519640492e-05, -5.9375585163440916e-05,
    -0.0007978694284287862, 0.02079506680331947, 0.16502036617018967, 0.49530561596998063, 0.769193049750063};

// Phi(-y) * exp(y*y/2).
inline double scaledTail(double y)
{
    double r = 1 / (y + 5), t = (y - 5) * r, u = t * t, odd = oddCoefficients[0], even = evenCoefficients[0];
    for (int i = 1; i < 12; i++)
    {
        odd = std::fma(odd, u, oddCoefficients[i]);
        even = std::fma(even, u, evenCoefficients[i]);
    }
    return std::fma(odd, t, even) * r;
}

// (scaledTail(y) - scaledTail(y + s))/s by divided differences.
inline double tailSlope(double y, double s)
{
    double sum1 = y + 5, sum2 = sum1 + s, product = 1 / (sum1 * sum2), r1 = product * sum2, r2 = product * sum1;
    double t1 = (y - 5) * r1, t2 = (y + s - 5) * r2, u1 = t1 * t1, u2 = t2 * t2;
    double odd = oddCoefficients[0], oddSlope = 0, even = evenCoefficients[0], evenSlope = 0;
    for (int i = 1; i < 12; i++)
    {
        oddSlope = std::fma(oddSlope, u1, odd);
        odd = std::fma(odd, u2, oddCoefficients[i]);
        evenSlope = std::fma(evenSlope, u1, even);
        even = std::fma(even, u2, evenCoefficients[i]);
    }
    double value = std::fma(odd, t2, even), slope = std::fma(t1 + t2, std::fma(t1, oddSlope, evenSlope), odd);
    return product * (value - 10 * r1 * slope);
}

inline double householder(double s, double newton, double second, double third)
{
    return s + newton * (1 + 0.5 * newton * second) / (1 + newton * (second + third * newton / 6));
}

inline double fromBachelier(double s)
{
    double w = s * s / 24;
    return s * (1 + w * (1 + 2.2 * w));
}

inline double quantile(double logTail)
{
    double l = std::sqrt(-2 * logTail);
    return l - (2.515517 + l * (0.802853 + l * 0.010328)) / (1 + l * (1.432788 + l * (0.189269 + l * 0.001308)));
}

template <typename Step> double iterate(double s, Step step)
{
    for (int i = 0; i < 6; i++)
    {
        double next = step(s), moved = std::fabs(next - s);
        s = next;
        // The next error is of the fourth order of this one.
        if (moved < 1e-4 * s) break;
    }
    return s;
}

double low(double a, double c, double gap)
{
    double logPrice = std::log(c), sMax = std::sqrt(2 * a) * 1.001, z = 1 / std::sqrt(std::log(1 + gap)), x = z / (1 + z);
    double p = 0.6900055259 + x * (0.0109375866 + x * (-4.992068101 + x * (38.43831803 + x * (-73.11736574 + x * (59.38064793 - 17.89990104 * x)))));
    return iterate(std::min(fromBachelier(a * z * (1 + z) * p), sMax), [=](double s) {
        s = std::min(s, sMax);
        double h = a / s, near = h - s / 2, slope = s * tailSlope(near, s), logHere = std::log(slope) - near * near / 2;
        double byVega = slope * sqrt2pi, growth = 1 / byVega, perLog = 1 / logHere, scaled = h / s;
        double second = h * scaled - s / 4, third = second * second - 3 * scaled * scaled - 0.25;
        double newton = (logPrice - logHere) * logHere / logPrice * byVega, bend = growth * (1 + 2 * perLog);
        third += 2 * growth * growth * (1 + 3 * perLog * (1 + perLog)) - 3 * second * bend;
        return householder(s, newton, second - bend, third);
    });
}

double middle(double a, double c, double w)
{
    double p = 1.0001681 + w * (0.49600037 + w * (-0.064340899 + w * (0.015979427 + w * (-0.0024580965 + w * 0.00015710636)))), rise = std::expm1(a);
    return iterate(fromBachelier(c * sqrt2pi * (1 + a * (a / 12 - 0.5)) * p), [=](double s) {
        double h = a / s, t = s / 2, d1 = t - h, e2 = 0.5 * std::erf((t + h) * inverseSqrt2), here = 0.5 * std::erf(d1 * inverseSqrt2) + e2 - rise * (0.5 - e2), scaled = h / s;
        double second = h * scaled - s / 4, third = second * second - 3 * scaled * scaled - 0.25;
        return householder(s, (c - here) / (inverseSqrt2pi * std::exp(-d1 * d1 / 2)), second, third);
    });
}

double high(double a, double c)
{
    double logRest = std::log1p(-c), logTail = logRest - a / 2 - 0.6931471805599453, t = quantile(logTail), h = a / (2 * t), sMin = std::sqrt(2 * a) * 0.999;
    return iterate(2 * quantile(std::min(logTail + h * h / 2, -0.7985)), [=](double s) {
        s = std::max(s, sMin);
        double h = a / s, t = s / 2, d1 = t - h, tails = scaledTail(d1) + scaledTail(t + h), logHere = std::log(tails) - d1 * d1 / 2;
        double byVega = tails * sqrt2pi, decline = 1 / byVega, scaled = h / s;
        double second = h * scaled - s / 4, third = second * second - 3 * scaled * scaled - 0.25;
        return householder(s, (logHere - logRest) * byVega, second + decline, third + decline * (3 * second + 2 * decline));
    });
}

double solve(const Option& o)
{
    double smaller = std::min(o.forward, o.strike), larger = std::max(o.forward, o.strike), ratio = larger / smaller;
    double a = std::log(ratio) + std::fma(-ratio, smaller, larger) / larger, timeValue = o.price - std::max(0.0, o.sign * (o.forward - o.strike)), c = timeValue / smaller;
    if (!(c >= 1e-290 && c < 1)) return NAN;
    double gap = (larger - smaller) / timeValue;
    double s = c < 0.5 - scaledTail(std::sqrt(2 * a)) ? low(a, c, gap) : c < 0.4 && a < 0.75 ? middle(a, c, gap) : high(a, c);
    return s / std::sqrt(o.years);
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 3) return std::fprintf(stderr, "usage: implied_volatility FILE REPETITIONS\n"), 2;
    std::FILE* file = std::fopen(arguments[1], "rb");
    if (!file) return std::perror(arguments[1]), 2;
    std::vector<Option> options;
    for (Option o; std::fread(&o, sizeof o, 1, file) == 1;) options.push_back(o);
    std::fclose(file);
    int repetitions = std::atoi(arguments[2]);
    if (options.empty() || repetitions < 1) return std::fprintf(stderr, "nothing to do\n"), 2;
    std::vector<double> found(options.size());
    double best = 1e300, sum = 0;
    for (int i = 0; i < repetitions; i++)
    {
        auto start = std::chrono::steady_clock::now();
        for (std::size_t k = 0; k < options.size(); k++) found[k] = solve(options[k]);
        best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(options.size()));
    }
    for (double v : found) sum += v;
    std::printf("{\"ns\": %.3f, \"sum\": %.17g}\n", best, sum);
}
