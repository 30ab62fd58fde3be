using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>How a classical rule goes from delta to a holding.</summary>
public enum ClassicalRule { None, Delta, Band, WhalleyWilmott }

/// <summary>
/// Rules around a delta. Delta: hold it at every decision. Band: trade to delta when the holding is off by more than a threshold. Whalley-Wilmott: trade to the nearer edge of delta ± (3cSΓ²/2a)^⅓
/// ("An asymptotic analysis of an optimal hedging model for option pricing with transaction costs", Mathematical Finance 7 (1997) 307–324); with c a pure number, S in money per unit, Γ in units² per
/// money and a in 1/money the cube root is in units. Leland's rule is Delta at his volatility (see <see cref="BaselineFactory"/>).
/// Hedges that are neither the underlying nor its perpetual stay at their initial holding. Holdings keep to the hedge's bounds.
/// </summary>
public sealed class ClassicalPolicy(string name, ClassicalRule rule, DeltaSource? source, int every, double parameter) : IBlockPolicy
{
    public string Name => name;
    /// <summary>Threshold in units, or risk aversion.</summary>
    public double Parameter => parameter;

    public IBlockPolicySession Open(HedgingEnvironment environment, int paths) => new Session(this, environment, paths);

    private ClassicalRule Rule => rule;
    private DeltaSource? Source => source;
    private int Every => every;

    private sealed class Session(ClassicalPolicy policy, HedgingEnvironment environment, int paths) : IBlockPolicySession
    {
        private readonly double[] _delta = new double[paths], _gamma = new double[paths];

        public void Begin(EpisodeBlock block) { }

        public void Decide(EpisodeBlock block, int step, HoldingBook book)
        {
            int n = block.Paths;
            for (int i = 0; i < environment.Instruments; i++)
            {
                var hedge = environment.Specification.Hedges[i];
                double[] holding = book.Holding[i], target = book.Target[i];
                if (policy.Rule == ClassicalRule.None || step % policy.Every != 0 || hedge.Instrument is not (HedgeKind.Spot or HedgeKind.Perpetual) || AlreadyHedged(i, hedge.Underlying))
                {
                    holding.AsSpan(0, n).CopyTo(target);
                    continue;
                }
                bool wantsGamma = policy.Rule == ClassicalRule.WhalleyWilmott;
                policy.Source!.Evaluate(block, step, hedge.Underlying, _delta.AsSpan(0, n), wantsGamma ? _gamma.AsSpan(0, n) : default);
                if (policy.Rule == ClassicalRule.Delta) _delta.AsSpan(0, n).CopyTo(target);
                else if (policy.Rule == ClassicalRule.Band)
                    for (int p = 0; p < n; p++) target[p] = Math.Abs(_delta[p] - holding[p]) > policy.Parameter ? _delta[p] : holding[p];
                else WithinBand(block.Price(i, step), holding, target, hedge.Costs.Proportional);
                if (hedge.IsBounded)
                    for (int p = 0; p < n; p++) target[p] = Math.Clamp(target[p], hedge.LowestHolding, hedge.HighestHolding);
            }
        }

        private void WithinBand(ReadOnlySpan<double> price, double[] holding, double[] target, double cost)
        {
            double factor = 1.5 * cost / policy.Parameter;
            for (int p = 0; p < price.Length; p++)
            {
                double width = Math.Cbrt(factor * price[p] * _gamma[p] * _gamma[p]);
                target[p] = Math.Clamp(holding[p], _delta[p] - width, _delta[p] + width);
            }
        }

        /// <summary>Two hedges on one underlying: the first of them takes the delta.</summary>
        private bool AlreadyHedged(int instrument, int underlying)
        {
            for (int j = 0; j < instrument; j++)
                if (environment.Specification.Hedges[j] is { Instrument: HedgeKind.Spot or HedgeKind.Perpetual } earlier && earlier.Underlying == underlying) return true;
            return false;
        }
    }
}
