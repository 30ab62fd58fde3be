using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>
/// Figures computed outside of this code, in Python: linear programmes over the tree of paths by HiGHS (scipy 1.10), prices by two Fourier integrals that agree to 1e-8, a simulation of 100,000 paths of a portfolio
/// of two expiries.
/// </summary>
public sealed class IndependentFigureTests
{
    private const string Tree5 = "\"market\": { \"model\": \"trinomial\", \"spot\": 100, \"up\": 1.05, \"probabilities\": [0.25, 0.5, 0.25]";
    private const string Tree4 = "\"market\": { \"model\": \"trinomial\", \"spot\": 100, \"up\": 1.04, \"probabilities\": [0.25, 0.5, 0.25]";
    private const string Tree3 = "\"market\": { \"model\": \"trinomial\", \"spot\": 100, \"up\": 1.03, \"probabilities\": [0.25, 0.5, 0.25]";

    /// <summary>Initial holdings of either sign, bounds, a rate, payoffs that depend on the path, an early expiry, the mean beside the CVaR.</summary>
    [Theory]
    [InlineData(Tree5, ", \"rate\": 0.08", "\"strike\": 100", "\"costs\": { \"proportional\": 0.01 }", ", \"initialHolding\": 0.8, \"liquidateAtEnd\": true", "\"cvar\", \"level\": 0.9", 5.8368102)]
    [InlineData("\"market\": { \"model\": \"trinomial\", \"spot\": 100, \"up\": 1.05, \"probabilities\": [0.35, 0.4, 0.25]", ", \"rate\": -0.03", "\"right\": \"put\", \"strike\": 103, \"position\": -2, \"notional\": 1.5", "\"costs\": { \"proportional\": 0.003 }, \"bounds\": [-2, 0.5]", ", \"initialHolding\": -1", "\"cvar\", \"level\": 0.7", 19.6532008)]
    [InlineData(Tree3, "", "\"contract\": \"up-and-out\", \"strike\": 98, \"barrier\": 106, \"rebate\": 1, \"position\": -3", "\"costs\": { \"proportional\": 0.002 }", ", \"liquidateAtEnd\": true", "\"cvar\", \"level\": 0.8", 9.0970121)]
    [InlineData(Tree4, "", "\"contract\": \"lookback-floating\", \"right\": \"put\"", "\"costs\": { \"proportional\": 0.004 }", "", "\"mean-cvar\", \"weight\": 0.5, \"level\": 0.9", 4.5156237)]
    [InlineData(Tree4, "", "\"contract\": \"asian-arithmetic\", \"strike\": 100, \"position\": 2", "\"costs\": { \"proportional\": 0.004 }", "", "\"cvar\", \"level\": 0.6", -1.6562609)]
    [InlineData("\"market\": { \"model\": \"trinomial\", \"spot\": 100, \"up\": 1.04, \"probabilities\": [0.3, 0.4, 0.3]", "", "\"contract\": \"cash-digital\", \"strike\": 101, \"cash\": 10", "\"costs\": { \"proportional\": 0.006 }, \"bounds\": [0, 1]", ", \"liquidateAtEnd\": true", "\"mean-cvar\", \"weight\": 0.3, \"level\": 0.95", 5.5556365)]
    [InlineData(Tree5, "", "\"strike\": 100, \"expiryStep\": 3, \"position\": -2", "\"costs\": { \"proportional\": 0.005 }", ", \"liquidateAtEnd\": true", "\"cvar\", \"level\": 0.85", 8.4696638)]
    public void TheLinearProgrammeKnowsWhatATreeCanBe(string market, string rate, string liability, string hedge, string more, string objective, double optimum)
    {
        var s = SpecFileTests.Good($$"""
            { {{market}}{{rate}} }, "time": { "steps": 5, "stepYears": 0.02 }, "liability": { {{liability}} }, "hedges": [{ "instrument": "spot", {{hedge}} }]{{more}},
              "objective": { "kind": {{objective}} }, "certificate": "lp" }
            """);
        Assert.Null(Certificate.WhyNot(s));
        Assert.Equal(optimum, TreeLinearProgramme.Solve(s), 2e-6);
    }

    /// <summary>A premium by simulation was off by 0.15 % here, and every figure of P&amp;L with it.</summary>
    [Theory]
    [InlineData("\"kou\", \"spot\": 100, \"volatility\": 0.18, \"rate\": 0.03, \"lambda\": 3, \"upProbability\": 0.35, \"upRate\": 20, \"downRate\": 12", 42, 1 / 252.0, "\"strike\": 98", 5.1917341)]
    [InlineData("\"heston\", \"spot\": 100, \"v0\": 0.05, \"kappa\": 3, \"theta\": 0.04, \"xi\": 0.5, \"rho\": -0.6, \"rate\": 0.02, \"drift\": 0.1", 30, 1 / 252.0, "\"strike\": 102", 2.1127142)]
    [InlineData("\"bates\", \"spot\": 100, \"v0\": 0.03, \"kappa\": 2, \"theta\": 0.06, \"xi\": 0.4, \"rho\": -0.5, \"lambda\": 1.5, \"jumpMean\": -0.06, \"jumpStdDev\": 0.08, \"rate\": 0.05", 26, 1 / 104.0, "\"right\": \"put\", \"strike\": 100, \"notional\": 3", 11.3333784)]
    public void ModelPremiumsAreTheModelsPrices(string market, int steps, double stepYears, string liability, double price)
    {
        var s = SimMarketTests.With($"{{ \"model\": {market} }}", steps, stepYears, liability: $"{{ {liability}, \"premium\": \"model\" }}");
        Assert.Equal(price, Premium.Of(s), 1e-6);
    }

    /// <summary>Kou without jumps is Black and Scholes, and his digitals are what the calls' slopes are.</summary>
    [Theory]
    [InlineData("call")]
    [InlineData("put")]
    public void KousDigitalsAreTheSlopesOfHisOptions(string right)
    {
        double At(string liability) => Premium.Of(SimMarketTests.With(SimMarketTests.Kou, liability: $$"""{ "right": "{{right}}", {{liability}}, "premium": "model" }"""));
        double slope = (At("\"strike\": 95.001") - At("\"strike\": 94.999")) / 0.002, cash = At("\"contract\": \"cash-digital\", \"strike\": 95"), sign = right == "call" ? 1 : -1;
        Assert.Equal(-sign * slope, cash, 1e-6);
        Assert.Equal(sign * At("\"strike\": 95"), At("\"contract\": \"asset-digital\", \"strike\": 95") - 95 * cash, 1e-9);
        const string still = """{ "model": "kou", "spot": 100, "rate": 0.05, "volatility": 0.16, "lambda": 0, "upProbability": 0.4, "upRate": 10, "downRate": 5 }""";
        var s = SimMarketTests.With(still, liability: $$"""{ "right": "{{right}}", "strike": 95, "premium": "model" }""");
        Assert.Equal(ClosedForms.BlackScholes(s.Liability.Contracts[0], 100, 0.5, 0.16, 0.05).Value, Premium.Of(s), 1e-9);
    }

    /// <summary>A call that was settled at step 10 leaves nothing to hedge. Standard deviation by numpy 0.7935 ± 0.0014; with the settled call still hedged for a step it was 1.43.</summary>
    [Fact]
    public void WhatHasExpiredIsNotHedged()
    {
        var s = SpecFileTests.Good("""
            {
              "market": { "model": "gbm", "spot": 100, "volatility": 0.25, "rate": 0.05, "drift": 0.05 }, "time": { "steps": 24, "stepYears": 0.003968253968253968 },
              "liability": { "positions": [{ "strike": 100, "expiryStep": 10 }, { "right": "put", "strike": 95, "position": 2 }], "premium": "model" },
              "hedges": [{ "instrument": "spot", "costs": { "proportional": 0.001 } }], "objective": { "kind": "std-dev" }, "evaluation": { "paths": 40000, "resamples": 20 }, "baselines": ["delta"]
            }
            """);
        Assert.Equal(0.0371928, Premium.Of(s), 1e-6);
        var delta = Evaluation.Run(s, [BaselineFactory.Make(s, s.Baselines[0])], []).Strategies[0];
        Assert.Equal(0.7935, delta.Risk, 5 * Math.Sqrt(0.0014 * 0.0014 + delta.RiskStdErr * delta.RiskStdErr));
        Assert.Equal(0.3215, delta.Figures["costs"].Value, 0.004);
        // What was settled on the way is not in the value of what is owed, so there is nothing to mark.
        Assert.True(double.IsNaN(delta.MarkedToModelVolatility));
    }
}
