using Appliance.Lab.Costs;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>
/// The exact optimum of entropic risk with one hedge: log J_k(S, δ′) = min over δ of a·g_k·c(δ − δ′, S) + log E[exp(−aδ(g_{k+1}S′ − g_k S)) J_{k+1}(S′, δ)], with J at maturity
/// exp(a·(owed + liquidation)). Since the holding does not change between steps, the expectation runs at one and the same holding node; only the minimum over δ looks between nodes, by a parabola.
/// Source of the recursion: Hodges and Neuberger, "Optimal replication of contingent claims under transaction costs", Review of Futures Markets 8 (1989) 222–239; Davis, Panas and Zariphopoulou,
/// "European option pricing with transaction costs", SIAM Journal on Control and Optimization 31 (1993) 470–493.
/// </summary>
public sealed class EntropicDynamicProgramme
{
    private readonly LabSpecification _specification;
    private readonly SpotLattice _lattice;
    private readonly double[] _holdings;
    private readonly double[] _growth;
    private readonly TradeCost _cost;
    private readonly double _a;

    public EntropicDynamicProgramme(LabSpecification specification, SpotLattice lattice, double[] holdings)
    {
        (_specification, _lattice, _holdings) = (specification, lattice, holdings);
        _a = specification.Objective.RiskAversion;
        _cost = new TradeCost(specification.Hedges[0].Costs);
        _growth = LatticeLiability.Growth(specification);
    }

    /// <summary>Least and greatest holding at which a trade out of the band ends, per step and node; filled by <see cref="Solve"/> when asked for. [step][node]</summary>
    public double[][]? BandLow { get; private set; }
    public double[][]? BandHigh { get; private set; }
    /// <summary>Between these nothing is traded; further out than the band where a trade has a fixed cost, infinite where it is never worth that. [step][node]</summary>
    public double[][]? OuterLow { get; private set; }
    public double[][]? OuterHigh { get; private set; }
    public SpotLattice Lattice => _lattice;

    /// <summary>The least risk (1/a) log E e^{aL}.</summary>
    public double Solve(bool keepBand = false)
    {
        int m = _holdings.Length, steps = _lattice.Steps;
        if (keepBand) (BandLow, BandHigh, OuterLow, OuterHigh) = (new double[steps][], new double[steps][], new double[steps][], new double[steps][]);
        double[] next = Terminal();
        for (int step = steps - 1; step >= 0; step--)
        {
            int nodes = _lattice.Nodes(step);
            var own = new double[nodes * m];
            if (keepBand) (BandLow![step], BandHigh![step], OuterLow![step], OuterHigh![step]) = (new double[nodes], new double[nodes], new double[nodes], new double[nodes]);
            ScaledExponentials scaled = Scale(next, step + 1);
            int k = step;
            Parallel.For(0, nodes, () => new double[3 * m], (i, _, scratch) =>
            {
                var continuation = scratch.AsSpan(0, m);
                Expect(k, i, scaled, continuation, scratch.AsSpan(m, 2 * m));
                Minimise(k, i, continuation, own.AsSpan(i * m, m), scratch.AsSpan(m, m), scratch.AsSpan(2 * m, m));
                return scratch;
            }, _ => { });
            if (step == 0)
            {
                var continuation = new double[m];
                Expect(0, SpotLattice.Root, scaled, continuation, new double[2 * m]);
                return FromStart(continuation, _specification.InitialHolding[0]) / _a;
            }
            next = own;
        }
        throw new InvalidOperationException("A lattice has at least one step.");
    }

    /// <summary>The risk of never trading, which is what the rule "none" does: the initial holding is kept, and sold at the end only where that is asked for.</summary>
    public double NoHedge()
    {
        double[] owed = LatticeLiability.Owed(_specification, _lattice);
        var prices = _lattice.Prices(_lattice.Steps);
        double initial = _specification.InitialHolding[0], paid = _growth[0] * _specification.Market.Spots[0];
        for (int q = 0; q < owed.Length; q++) owed[q] += -initial * (prices[q] - paid) + (_specification.LiquidateAtEnd && initial != 0 ? _cost.Of(initial, prices[q]) : 0);
        double greatest = owed.Max();
        var value = owed.Select(o => Math.Exp(_a * (o - greatest))).ToArray();
        return Math.Log(LatticeLiability.ExpectFromRoot(_lattice, value)) / _a + greatest;
    }

    private double[] Terminal()
    {
        int m = _holdings.Length, steps = _lattice.Steps;
        double[] owed = LatticeLiability.Owed(_specification, _lattice);
        var value = new double[owed.Length * m];
        var prices = _lattice.Prices(steps);
        for (int q = 0; q < owed.Length; q++)
            for (int j = 0; j < m; j++)
                value[q * m + j] = _a * (owed[q] + (_specification.LiquidateAtEnd ? _cost.Of(_holdings[j], prices[q]) : 0));
        return value;
    }

    /// <summary>log J − aδ g S at every node and holding, ready for expectations.</summary>
    private ScaledExponentials Scale(double[] logValue, int step)
    {
        int m = _holdings.Length;
        double[] prices = _lattice.Prices(step).ToArray();
        Parallel.For(0, prices.Length, q =>
        {
            for (int j = 0; j < m; j++) logValue[q * m + j] -= _a * _holdings[j] * _growth[step] * prices[q];
        });
        return new ScaledExponentials(logValue, prices.Length, m);
    }

    private void Expect(int step, int node, ScaledExponentials scaled, Span<double> continuation, Span<double> scratch)
    {
        scaled.LogExpectation(_lattice.Transition(step, node, out int first), first, continuation, scratch);
        double own = _a * _growth[step] * _lattice.Prices(step)[node];
        for (int j = 0; j < continuation.Length; j++) continuation[j] += own * _holdings[j];
    }

    /// <summary>value[δ′] = min over δ of continuation(δ) + a·g·cost(δ − δ′).</summary>
    private void Minimise(int step, int node, ReadOnlySpan<double> continuation, Span<double> value, Span<double> up, Span<double> down)
    {
        double price = _lattice.Prices(step)[node], scale = _a * _growth[step];
        double slope = scale * _cost.Proportional * price, fixedCost = scale * _cost.Fixed;
        if (_cost.Quadratic > 0)
        {
            for (int j = 0; j < value.Length; j++) value[j] = QuadraticMinimum(continuation, _holdings[j], price, scale);
            return;
        }
        // With a cost a + b|n| the best purchase from δ′ ends where continuation + slope·δ is least above δ′, the best sale where continuation − slope·δ is least below it.
        int m = value.Length;
        for (int j = 0; j < m; j++) (up[j], down[j]) = (continuation[j] + slope * _holdings[j], continuation[j] - slope * _holdings[j]);
        double bestUp = Numerics.LeastByParabola(_holdings, up, out double upAt);
        double bestDown = Numerics.LeastByParabola(_holdings, down, out double downAt);
        if (BandLow is not null)
        {
            (BandLow[step][node], BandHigh![step][node]) = (upAt, downAt);
            OuterLow![step][node] = fixedCost > 0 ? WorthTrading(up, bestUp, fixedCost, upAt, -1) : upAt;
            OuterHigh![step][node] = fixedCost > 0 ? WorthTrading(down, bestDown, fixedCost, downAt, 1) : downAt;
        }
        double running = double.PositiveInfinity;
        for (int j = m - 1; j >= 0; j--)
        {
            running = Math.Min(running, up[j]);
            double best = upAt >= _holdings[j] ? bestUp : running;
            value[j] = Math.Min(continuation[j], best - slope * _holdings[j] + fixedCost);
        }
        running = double.PositiveInfinity;
        for (int j = 0; j < m; j++)
        {
            running = Math.Min(running, down[j]);
            double best = downAt <= _holdings[j] ? bestDown : running;
            value[j] = Math.Min(value[j], best + slope * _holdings[j] + fixedCost);
        }
    }

    /// <summary>Where, going from the best holding up or down, a curve over holdings first lies above its least by more than a trade's fixed cost: from there on trading is worth it. Infinite where it never does.</summary>
    private double WorthTrading(ReadOnlySpan<double> curve, double least, double fixedCost, double best, int side)
    {
        double level = least + fixedCost, before = least, at = best;
        for (int n = 0; n < curve.Length; n++)
        {
            int j = side > 0 ? n : curve.Length - 1 - n;
            if ((_holdings[j] - best) * side <= 0) continue;
            if (curve[j] > level) return at + (level - before) / (curve[j] - before) * (_holdings[j] - at);
            (before, at) = (curve[j], _holdings[j]);
        }
        return side > 0 ? double.PositiveInfinity : double.NegativeInfinity;
    }

    private double QuadraticMinimum(ReadOnlySpan<double> continuation, double from, double price, double scale)
    {
        double best = double.PositiveInfinity;
        int at = 0;
        Span<double> around = stackalloc double[3];
        for (int j = 0; j < continuation.Length; j++)
        {
            double v = continuation[j] + scale * _cost.Of(_holdings[j] - from, price);
            if (v < best) (best, at) = (v, j);
        }
        if (at == 0 || at == continuation.Length - 1 || Math.Abs(_holdings[at] - from) < 1.5 * (_holdings[1] - _holdings[0])) return best;
        for (int d = -1; d <= 1; d++) around[d + 1] = continuation[at + d] + scale * _cost.Of(_holdings[at + d] - from, price);
        return Math.Min(best, Numerics.ParabolaLeast(around[0], around[1], around[2], out _));
    }

    /// <summary>The first trade starts from a holding that need not be a node.</summary>
    private double FromStart(ReadOnlySpan<double> continuation, double initial)
    {
        double price = _specification.Market.Spots[0], scale = _a * _growth[0];
        int m = continuation.Length;
        double best = initial >= _holdings[0] && initial <= _holdings[^1] ? Numerics.Interpolate(_holdings, continuation, initial) : double.PositiveInfinity;
        foreach (int side in new[] { 1, -1 })
        {
            var total = new List<double>();
            var at = new List<double>();
            for (int j = 0; j < m; j++)
                if ((_holdings[j] - initial) * side > 0)
                {
                    at.Add(_holdings[j]);
                    total.Add(continuation[j] + scale * _cost.Of(_holdings[j] - initial, price));
                }
            if (at.Count > 0) best = Math.Min(best, Numerics.LeastByParabola([.. at], [.. total], out _));
        }
        return best;
    }
}
