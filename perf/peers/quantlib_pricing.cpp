// QuantLib's prices of the contracts that Appliance.Perf draws: quantlib_pricing WORK COUNT REPEATS. WORK is european-engine (a VanillaOption asked for its price and five Greeks),
// european-calculator (BlackCalculator, the least that QuantLib can be asked for), american (QdFpAmericanEngine, accurate scheme) or heston (AnalyticHestonEngine as it comes).
// Prints {"ns": nanoseconds a contract, "sum": sum of the prices}.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <ql/exercise.hpp>
#include <ql/instruments/vanillaoption.hpp>
#include <ql/models/equity/hestonmodel.hpp>
#include <ql/pricingengines/blackcalculator.hpp>
#include <ql/pricingengines/vanilla/analyticeuropeanengine.hpp>
#include <ql/pricingengines/vanilla/analytichestonengine.hpp>
#include <ql/pricingengines/vanilla/qdfpamericanengine.hpp>
#include <ql/processes/blackscholesprocess.hpp>
#include <ql/processes/hestonprocess.hpp>
#include <ql/quotes/simplequote.hpp>
#include <ql/settings.hpp>
#include <ql/termstructures/volatility/equityfx/blackconstantvol.hpp>
#include <ql/termstructures/yield/flatforward.hpp>
#include <ql/time/calendars/nullcalendar.hpp>
#include <ql/time/daycounters/actual365fixed.hpp>

using namespace QuantLib;

// The same numbers as Appliance.Perf/Pricing/QuantLibComparison.cs: Knuth's MMIX congruence, top 53 bits.
struct Draw {
    std::uint64_t state = 1;
    double next() {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<double>(state >> 11) * (1.0 / 9007199254740992.0);
    }
};

struct Contract {
    double spot, strike, rate, yield, volatility;
    int days;
    bool call;
};

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: quantlib_pricing european-engine|european-calculator|american|heston COUNT REPEATS\n");
        return 2;
    }
    const char* work = argv[1];
    const int count = std::atoi(argv[2]), repeats = std::atoi(argv[3]);
    Draw draw;
    std::vector<Contract> contracts(count);
    for (auto& c : contracts) {
        c.spot = 80 + 40 * draw.next();
        c.strike = 80 + 40 * draw.next();
        c.days = 7 + static_cast<int>(700 * draw.next());
        c.volatility = 0.1 + 0.4 * draw.next();
        c.rate = 0.01 + 0.05 * draw.next();
        c.yield = 0.04 * draw.next();
        c.call = draw.next() < 0.5;
    }
    const Date today(21, November, 2025);
    Settings::instance().evaluationDate() = today;
    const DayCounter dc = Actual365Fixed();
    auto spot = ext::make_shared<SimpleQuote>(100), rate = ext::make_shared<SimpleQuote>(0.03), yield = ext::make_shared<SimpleQuote>(0.01), vol = ext::make_shared<SimpleQuote>(0.2);
    Handle<YieldTermStructure> r(ext::make_shared<FlatForward>(today, Handle<Quote>(rate), dc)), q(ext::make_shared<FlatForward>(today, Handle<Quote>(yield), dc));
    Handle<BlackVolTermStructure> sigma(ext::make_shared<BlackConstantVol>(today, NullCalendar(), Handle<Quote>(vol), dc));
    auto process = ext::make_shared<BlackScholesMertonProcess>(Handle<Quote>(spot), q, r, sigma);
    ext::shared_ptr<PricingEngine> engine;
    const bool calculator = !std::strcmp(work, "european-calculator"), american = !std::strcmp(work, "american"), heston = !std::strcmp(work, "heston");
    if (american)
        engine = ext::make_shared<QdFpAmericanEngine>(process, QdFpAmericanEngine::accurateScheme());
    else if (heston)
        engine = ext::make_shared<AnalyticHestonEngine>(ext::make_shared<HestonModel>(ext::make_shared<HestonProcess>(r, q, Handle<Quote>(spot), 0.04, 1.5, 0.06, 0.5, -0.6)));
    else
        engine = ext::make_shared<AnalyticEuropeanEngine>(process);
    std::vector<ext::shared_ptr<StrikedTypePayoff>> payoffs;
    std::vector<ext::shared_ptr<Exercise>> exercises;
    for (const auto& c : contracts) {
        payoffs.push_back(ext::make_shared<PlainVanillaPayoff>(c.call ? Option::Call : Option::Put, c.strike));
        if (american) exercises.push_back(ext::make_shared<AmericanExercise>(today, today + c.days));
        else exercises.push_back(ext::make_shared<EuropeanExercise>(today + c.days));
    }
    double sum = 0, greeks = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int repeat = 0; repeat < repeats; repeat++) {
        sum = 0;
        for (int i = 0; i < count; i++) {
            const Contract& c = contracts[i];
            if (calculator) {
                const double t = c.days / 365.0, discount = std::exp(-c.rate * t);
                BlackCalculator black(c.call ? Option::Call : Option::Put, c.strike, c.spot * std::exp((c.rate - c.yield) * t), c.volatility * std::sqrt(t), discount);
                sum += black.value();
                greeks += black.delta(c.spot) + black.gamma(c.spot) + black.vega(t) + black.theta(c.spot, t) + black.rho(t);
                continue;
            }
            spot->setValue(c.spot);
            rate->setValue(c.rate);
            yield->setValue(c.yield);
            if (!heston) vol->setValue(c.volatility);
            // An option that lived on would watch the quotes and make each change of them dearer; making one is the cheaper way.
            VanillaOption option(payoffs[i], exercises[i]);
            option.setPricingEngine(engine);
            sum += option.NPV();
            if (!american && !heston) greeks += option.delta() + option.gamma() + option.vega() + option.theta() + option.rho();
        }
    }
    const double ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / (static_cast<double>(count) * repeats);
    std::printf("{\"ns\": %.17g, \"sum\": %.17g, \"greeks\": %.6g}\n", ns, sum, greeks);
    return 0;
}
