using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Appliance.Lab.Costs;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <param name="Resolution">Lattice nodes to a deviation of one step.</param>
/// <param name="Holdings">Holding nodes.</param>
/// <param name="Losses">Nodes of accrued loss.</param>
public readonly record struct LossGrid(double Resolution, int Holdings, int Losses);

/// <summary>
/// The exact optimum of objectives that are not time-consistent by themselves: with the accrued loss x as a third state, V_k(S, δ′, x) = min over δ of E V_{k+1}(S′, δ, x + g·c(δ − δ′, S) − δ(g′S′ − gS)) and
/// V_N = f(x + owed + liquidation). One backward pass serves every threshold t = −x of CVaR (Bäuerle and Ott, "Markov decision processes with average-value-at-risk criteria", Mathematical
/// Methods of Operations Research 74 (2011) 361–379); nested CVaR is another quantity.
/// <para>The rows run over y = x + E[owed | S], which a hedged book moves little, on even nodes: a shift by d is then a filter with constant taps along a row, cubic on a lattice and linear on a tree (whose rows have
/// kinks; there the result is an upper bound). Beyond their ends rows go on as f does, by a line or a parabola. Holdings are whole nodes, so the figure is that of a feasible policy up to interpolation; what finer holdings
/// bring falls as the square of their spacing.</para>
/// </summary>
public sealed class LossDynamicProgramme
{
    private readonly LabSpecification _specification;
    private readonly SpotLattice _lattice;
    private readonly double[] _holdings;
    private readonly double[] _growth;
    private readonly double[][] _expected;
    private readonly TradeCost _cost;
    private readonly TerminalLoss _terminal;
    private readonly bool _linear, _costless;
    private readonly int _losses, _states;
    private readonly double _low, _spacing;

    public LossDynamicProgramme(LabSpecification specification, LossGrid grid)
    {
        _specification = specification;
        _lattice = new SpotLattice(specification, grid.Resolution);
        _holdings = LatticeLiability.Holdings(specification, _lattice, grid.Holdings);
        _growth = LatticeLiability.Growth(specification);
        _expected = LatticeLiability.Expected(specification, _lattice);
        _cost = new TradeCost(specification.Hedges[0].Costs);
        _terminal = new TerminalLoss(specification.Objective);
        _linear = specification.Market.Model == MarketModel.Trinomial;
        _costless = _cost.IsFree;
        _losses = grid.Losses;
        _states = _costless ? 1 : grid.Holdings;
        double[] owed = LatticeLiability.Owed(specification, _lattice);
        double mean = _expected[0][0], square = LatticeLiability.ExpectFromRoot(_lattice, [.. owed.Select(o => (o - mean) * (o - mean))]);
        double fourth = LatticeLiability.ExpectFromRoot(_lattice, [.. owed.Select(o => (o - mean) * (o - mean) * (o - mean) * (o - mean))]);
        // On a tree a hedged book moves less than three deviations of an unhedged one; rows go on as lines beyond. So they do where f has straight ends, and there the nodes stand closer: four deviations hold the tail
        // of a call at the money, the kurtosis says how much more a rarer payoff needs.
        double deviations = _linear ? 4 : _terminal.IsCurved || square == 0 ? 8 : Math.Clamp(1.7 * Math.Sqrt(fourth) / square, 3, 8);
        double reach = deviations * Math.Sqrt(square) + 4 * _cost.Proportional * specification.Market.Spots[0] * Math.Max(Math.Abs(_holdings[0]), Math.Abs(_holdings[^1])) + 4 * _cost.Fixed;
        if (specification.Objective.Kind == ObjectiveKind.Power) reach = Math.Min(reach, 0.98 * specification.Objective.Wealth);
        _low = -reach;
        _spacing = 2 * reach / (_losses - 1);
    }

    public double Solve()
    {
        int m = _holdings.Length, steps = _lattice.Steps, row = _losses;
        double[] next = [];
        for (int step = steps - 1; step >= 0; step--)
        {
            int nodes = _lattice.Nodes(step), k = step;
            var own = new double[nodes * _states * row];
            double[] following = next;
            Parallel.For(0, nodes, () => new double[(m + 3) * row], (i, _, scratch) =>
            {
                for (int j = 0; j < m; j++) Expect(k, i, j, following, scratch.AsSpan(j * row, row));
                if (!_costless && !_linear && _cost.Quadratic == 0) MinimiseAll(k, i, scratch, own.AsSpan(i * _states * row, _states * row), scratch.AsSpan(m * row, 3 * row));
                else
                    for (int s = 0; s < _states; s++) Minimise(k, i, scratch, _costless ? double.NaN : _holdings[s], own.AsSpan((i * _states + s) * row, row), scratch.AsSpan(m * row, row));
                return scratch;
            }, _ => { });
            if (step == 0)
            {
                var continuation = new double[(m + 1) * row];
                for (int j = 0; j < m; j++) Expect(0, SpotLattice.Root, j, following, continuation.AsSpan(j * row, row));
                var start = new double[row];
                Minimise(0, SpotLattice.Root, continuation, _costless ? double.NaN : _specification.InitialHolding[0], start, continuation.AsSpan(m * row, row));
                double centre = _expected[0][0], reach = -_low;
                return _terminal.Risk(x => At(start, x + centre), -centre - 0.97 * reach, -centre + 0.97 * reach);
            }
            next = own;
        }
        throw new InvalidOperationException("A lattice has at least one step.");
    }

    /// <summary>Expected next value of holding node j at every y.</summary>
    private void Expect(int step, int node, int holding, double[] next, Span<double> target)
    {
        var weights = _lattice.Transition(step, node, out int first);
        var prices = _lattice.Prices(step + 1);
        double delta = _holdings[holding], price = _growth[step] * _lattice.Prices(step)[node], own = _expected[step][node];
        bool last = step == _lattice.Steps - 1;
        target.Clear();
        for (int w = 0; w < weights.Length; w++)
        {
            if (weights[w] < 1e-15) continue;
            int q = Math.Clamp(first + w, 0, prices.Length - 1);
            double shift = _expected[step + 1][q] - own - delta * (_growth[step + 1] * prices[q] - price);
            if (last)
            {
                shift += _specification.LiquidateAtEnd ? _cost.Of(delta, prices[q]) : 0;
                for (int n = 0; n < target.Length; n++) target[n] += weights[w] * _terminal.Of(_low + n * _spacing + shift);
            }
            else AddShifted(target, next.AsSpan((q * _states + (_costless ? 0 : holding)) * _losses, _losses), shift, weights[w]);
        }
    }

    /// <summary>
    /// The same for all holdings at once, in time linear in their number, where a trade costs a + b·size: read at y − bδ, the best purchase is one least row over the nodes above for every holding
    /// below, the best sale one over the nodes below.
    /// </summary>
    private void MinimiseAll(int step, int node, double[] continuation, Span<double> values, Span<double> scratch)
    {
        int m = _holdings.Length;
        double slope = _growth[step] * _cost.Proportional * _lattice.Prices(step)[node], perTrade = _growth[step] * _cost.Fixed;
        Span<double> best = scratch[.._losses], shifted = scratch.Slice(_losses, _losses), traded = scratch.Slice(2 * _losses, _losses);
        continuation.AsSpan(0, m * _losses).CopyTo(values);
        foreach (int side in (ReadOnlySpan<int>)[1, -1])
        {
            best.Fill(double.PositiveInfinity);
            for (int n = 1; n < m; n++)
            {
                int from = side > 0 ? m - n : n - 1, to = from - side;
                shifted.Clear();
                AddShifted(shifted, continuation.AsSpan(from * _losses, _losses), side * slope * _holdings[from], 1);
                Lower(best, shifted);
                traded.Clear();
                AddShifted(traded, best, perTrade - side * slope * _holdings[to], 1);
                Lower(values.Slice(to * _losses, _losses), traded);
            }
        }
    }

    /// <summary>value(y) = min over holdings of continuation(y + cost of going there).</summary>
    private void Minimise(int step, int node, double[] continuation, double from, Span<double> value, Span<double> scratch)
    {
        double price = _lattice.Prices(step)[node];
        value.Fill(double.PositiveInfinity);
        for (int j = 0; j < _holdings.Length; j++)
        {
            ReadOnlySpan<double> row = continuation.AsSpan(j * _losses, _losses);
            double cost = _costless ? 0 : _growth[step] * _cost.Of(_holdings[j] - from, price);
            if (cost > 0)
            {
                scratch.Clear();
                AddShifted(scratch, row, cost, 1);
                row = scratch;
            }
            Lower(value, row);
        }
        if (_costless) LowerByParabolas(continuation, value);
    }

    /// <summary>Between three holding nodes around the least, the parabola's bottom: without costs the curve over holdings is smooth.</summary>
    private void LowerByParabolas(double[] continuation, Span<double> value)
    {
        if (_linear) return;
        for (int n = 0; n < value.Length; n++)
        {
            int best = 0;
            for (int j = 1; j < _holdings.Length; j++)
                if (continuation[j * _losses + n] < continuation[best * _losses + n]) best = j;
            if (best == 0 || best == _holdings.Length - 1) continue;
            value[n] = Numerics.ParabolaLeast(continuation[(best - 1) * _losses + n], continuation[best * _losses + n], continuation[(best + 1) * _losses + n], out _);
        }
    }

    /// <summary>target(y) += weight · row(y + shift).</summary>
    private void AddShifted(Span<double> target, ReadOnlySpan<double> row, double shift, double weight)
    {
        double cells = shift / _spacing, whole = Math.Floor(cells);
        int offset = (int)Math.Clamp(whole, -1e9, 1e9);
        Span<double> taps = stackalloc double[4];
        if (_linear) (taps[0], taps[1], taps[2], taps[3]) = (0, 1 - (cells - whole), cells - whole, 0);
        else Numerics.CubicTaps(cells - whole, taps);
        int from = Math.Clamp(1 - offset, 0, row.Length), to = Math.Clamp(row.Length - 2 - offset, from, row.Length);
        if (to > from) RowMath.AddFiltered(target[from..to], row[(from + offset - 1)..], weight * taps[0], weight * taps[1], weight * taps[2], weight * taps[3]);
        for (int n = 0; n < from; n++) target[n] += weight * Outside(row, n + cells);
        for (int n = to; n < target.Length; n++) target[n] += weight * Outside(row, n + cells);
    }

    /// <summary>A row at a place in cells that may lie beyond its ends.</summary>
    private double Outside(ReadOnlySpan<double> row, double place)
    {
        int last = row.Length - 1;
        if (place >= 1 && place <= last - 1) return Inside(row, place);
        bool low = place < 1;
        double a = low ? row[0] : row[last], b = low ? row[1] : row[last - 1], c = low ? row[2] : row[last - 2], t = low ? -place : place - last;
        // Newton's form from the end inwards; t is the distance beyond the end, negative within the last cell.
        double slope = a - b, bend = _terminal.IsCurved ? a - 2 * b + c : 0;
        return a + t * slope + 0.5 * t * (t + 1) * bend;
    }

    private double Inside(ReadOnlySpan<double> row, double place)
    {
        int n = Math.Clamp((int)Math.Floor(place), 1, row.Length - 3);
        if (_linear) return row[n] + (place - n) * (row[n + 1] - row[n]);
        Span<double> taps = stackalloc double[4];
        Numerics.CubicTaps(place - n, taps);
        return taps[0] * row[n - 1] + taps[1] * row[n] + taps[2] * row[n + 1] + taps[3] * row[n + 2];
    }

    private double At(double[] row, double y) => Outside(row, (y - _low) / _spacing);

    private static void Lower(Span<double> value, ReadOnlySpan<double> row)
    {
        ref double v = ref MemoryMarshal.GetReference(value);
        ref double r = ref MemoryMarshal.GetReference(row);
        int i = 0;
        for (; i <= value.Length - 4; i += 4) Vector256.Min(Vector256.LoadUnsafe(ref v, (nuint)i), Vector256.LoadUnsafe(ref r, (nuint)i)).StoreUnsafe(ref v, (nuint)i);
        for (; i < value.Length; i++) value[i] = Math.Min(value[i], row[i]);
    }
}
