using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Certificates;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>
/// Figures computed outside of this code, in Python: linear programmes over the tree of paths by HiGHS (scipy 1.10), prices by two Fourier integrals that agree to 1e-8, dynamic programmes of other
/// grids, a simulation of 100,000 paths of a portfolio of two expiries.
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

    /// <summary>A basket of two prices has no formula here; by conditioning on the first price its own is 4.8443187.</summary>
    [Fact]
    public void ASimulatedPremiumIsGoodToFourDigits()
    {
        var s = SpecFileTests.Good("""
            {
              "market": { "model": "gbm", "spot": [100, 80], "volatility": [0.2, 0.35], "correlation": [[1, 0.6], [0.6, 1]], "drift": 0.04, "rate": 0.02 }, "time": { "steps": 12, "stepYears": 0.019230769230769232 },
              "liability": { "contract": "basket", "weights": [0.5, 0.6], "strike": 98, "premium": "model" }, "hedges": ["spot"], "objective": { "kind": "std-dev" }
            }
            """);
        Assert.Equal(4.8443187, Premium.Of(s), 5e-4);
    }

    /// <summary>
    /// Entropic optima by a dynamic programme in numpy (even log prices, densities summed as they are, 400 to 800 holdings, no interpolation), with drift, rate, initial holdings, quadratic costs, bounds and a portfolio.
    /// Not hedging keeps the initial holding, on paths and in the programme.
    /// </summary>
    [Theory]
    [InlineData(", \"drift\": 0.1, \"rate\": 0.04", 12, 0.01, "\"strike\": 1.02, \"right\": \"put\", \"position\": -2", "\"proportional\": 0.003", "", 8, ", \"initialHolding\": 0.3, \"liquidateAtEnd\": true", 0.0813923)]
    [InlineData(", \"rate\": 0.1", 10, 0.02, "\"contract\": \"cash-digital\", \"strike\": 1, \"cash\": 0.1", "\"proportional\": 0.002, \"quadratic\": 0.01", "", 20, ", \"liquidateAtEnd\": true", 0.0647949)]
    [InlineData("", 15, 0.01, "\"positions\": [{ \"strike\": 0.97 }, { \"strike\": 1.03, \"position\": 2 }, { \"strike\": 1, \"right\": \"put\" }]", "\"proportional\": 0.004", ", \"bounds\": [-0.5, 0.4]", 15, ", \"initialHolding\": -0.2", 0.0455603)]
    public void EntropicOptimaAreAnotherProgrammes(string market, int steps, double stepYears, string liability, string costs, string bounds, double a, string more, double optimum)
    {
        var s = SpecFileTests.Good(FormattableString.Invariant($$"""
            {
              "market": { "model": "gbm", "spot": 1, "volatility": 0.2{{market}} }, "time": { "steps": {{steps}}, "stepYears": {{stepYears}} }, "liability": { {{liability}} },
              "hedges": [{ "instrument": "spot", "costs": { {{costs}} }{{bounds}} }], "objective": { "kind": "entropic", "riskAversion": {{a}} }{{more}},
              "certificate": "dp", "evaluation": { "paths": 40000, "resamples": 20 }, "baselines": ["none"]
            }
            """));
        var report = Evaluation.Run(s, [BaselineFactory.Make(s, s.Baselines[0])], []);
        Assert.Equal(optimum, report.Optimum.Risk, report.Optimum.GridError + 3e-7);
        Assert.Equal(report.NoHedgeRisk, report.Strategies[0].Risk, 5 * report.Strategies[0].RiskStdErr);
    }

    /// <summary>Optima over path-dependent holdings of a tree of four steps, by minimising over them all with L-BFGS (scipy 1.10).</summary>
    [Theory]
    [InlineData("\"std-dev\"", ", \"initialHolding\": 0.3", "\"strike\": 104, \"right\": \"put\"", "\"proportional\": 0.004, \"quadratic\": 0.002", 0.8373047)]
    [InlineData("\"mean-variance\", \"riskAversion\": 0.4", ", \"liquidateAtEnd\": true", "\"strike\": 100", "\"proportional\": 0.005", 4.1309880)]
    public void OptimaOverAccruedLossAreThoseOverPaths(string objective, string more, string liability, string costs, double optimum)
    {
        string rate = objective.StartsWith("\"mean", StringComparison.Ordinal) ? ", \"rate\": 0.05" : "";
        var s = SpecFileTests.Good($$"""
            {
              {{Tree5}}{{rate}} }, "time": { "steps": 4, "stepYears": 0.05 }, "liability": { {{liability}} }, "hedges": [{ "instrument": "spot", "costs": { {{costs}} } }]{{more}},
              "objective": { "kind": {{objective}} }, "certificate": "dp"
            }
            """);
        var certificate = Certificate.Compute(s);
        Assert.Equal(optimum, certificate.Risk, certificate.GridError);
        Assert.True(certificate.GridError < 0.004 * optimum);
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
