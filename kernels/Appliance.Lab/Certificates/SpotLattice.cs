using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>
/// The price as a chain on nodes, one set a step, with transition weights; what the dynamic programmes run on.
/// <para>For gbm, merton and kou, step k's nodes are S0·exp(k·m + i·h) with m the drift of a step without jump and h a fraction of its deviation s: transitions then lead from nodes to nodes, nothing
/// is interpolated, and the expectation of a smooth function is the trapezoidal rule, whose error falls as exp(−2π²(s/h)²) (Trefethen and Weideman, "The exponentially convergent trapezoidal
/// rule", SIAM Review 56 (2014) 385–458). The last step, where the payoff has kinks and jumps, leads to the nodes of a composite Gauss-Legendre rule whose panels end at them.
/// A trinomial tree is its own lattice and exact.</para>
/// Nodes that are reached with a probability below 1e-20 are cut off, and what would lead beyond the edge stays on it.
/// </summary>
public sealed class SpotLattice
{
    private const double Negligible = 1e-20;
    private static readonly double[] _legendreNodes = [-0.932469514203152, -0.6612093864662645, -0.23861918608319693, 0.23861918608319693, 0.6612093864662645, 0.932469514203152];
    private static readonly double[] _legendreWeights = [0.17132449237917027, 0.3607615730481387, 0.46791393457269104, 0.46791393457269104, 0.3607615730481387, 0.17132449237917027];

    private readonly double[][] _prices;
    private readonly int[] _lowest;
    private readonly double[] _kernel;
    private readonly int _kernelLowest;
    private readonly double[][]? _lastWeights;
    private readonly int[]? _lastFirst;

    /// <param name="resolution">Nodes to a deviation of one step; ignored for a tree.</param>
    public SpotLattice(LabSpecification specification, double resolution)
    {
        var (market, time) = (specification.Market, specification.Time);
        Steps = time.Steps;
        _prices = new double[Steps + 1][];
        _lowest = new int[Steps + 1];
        double spacing, drift;
        Func<double, double>? density = null;
        if (market.Model == MarketModel.Trinomial)
        {
            (spacing, drift) = (Math.Log(market.Up), 0);
            _kernel = [market.Probabilities[2], market.Probabilities[1], market.Probabilities[0]];
            _kernelLowest = -1;
        }
        else
        {
            double h = time.StepYears, deviation = market.Volatilities[0] * Math.Sqrt(h);
            spacing = deviation / resolution;
            drift = StepDrift(market, h);
            density = StepDensity(market, h);
            (_kernelLowest, _kernel) = Kernel(density, spacing, market, h);
        }
        int last = density is null ? Steps : Steps - 1;
        FindNodes(market, spacing, drift, last);
        if (density is null) return;
        (_prices[Steps], var logs, var quadrature) = LastNodes(specification, spacing * resolution, drift);
        (_lastFirst, _lastWeights) = LastTransitions(density, drift, logs, quadrature);
    }

    public int Steps { get; }
    public int Nodes(int step) => _prices[step].Length;
    public ReadOnlySpan<double> Prices(int step) => _prices[step];
    /// <summary>Place of the initial price among the nodes of step 0.</summary>
    public static int Root => 0;

    /// <summary>Weights of the transition from a node, and the node of the next step at which they begin.</summary>
    public ReadOnlySpan<double> Transition(int step, int node, out int first)
    {
        if (_lastWeights is not null && step == Steps - 1)
        {
            first = _lastFirst![node];
            return _lastWeights[node];
        }
        first = _lowest[step] + node + _kernelLowest - _lowest[step + 1];
        return _kernel;
    }

    /// <summary>Whether the model is a chain of one dimension that this lattice knows.</summary>
    public static bool Knows(MarketModel model) => model is MarketModel.Gbm or MarketModel.Merton or MarketModel.Kou or MarketModel.Trinomial;

    private static double StepDrift(MarketSpecification market, double h)
    {
        double v = market.Volatilities[0];
        double k = market.Model switch { MarketModel.Merton => Math.Exp(market.JumpMean + 0.5 * market.JumpStdDev * market.JumpStdDev) - 1, MarketModel.Kou => KouSimulator.MeanJump(market), _ => 0 };
        return (market.Drift - market.Lambda * k - 0.5 * v * v) * h;
    }

    /// <summary>Density of a step's log return less its drift: normal, a Poisson mixture of normals, or Kou's.</summary>
    private static Func<double, double> StepDensity(MarketSpecification market, double h)
    {
        if (market.Model == MarketModel.Kou) return new KouStepDensity(market, h).Of;
        double variance = market.Volatilities[0] * market.Volatilities[0] * h;
        double mean = market.Model == MarketModel.Merton ? market.Lambda * h : 0;
        var parts = new List<(double Weight, double Mean, double Variance)>();
        double weight = Math.Exp(-mean);
        for (int n = 0; n < 200 && (weight > 1e-22 || n < mean); n++)
        {
            parts.Add((weight, n * market.JumpMean, variance + n * market.JumpStdDev * market.JumpStdDev));
            weight *= mean / (n + 1);
        }
        var components = parts.ToArray();
        return x =>
        {
            double sum = 0;
            foreach (var (w, m, v) in components) sum += w * Math.Exp(-0.5 * (x - m) * (x - m) / v) / Math.Sqrt(2 * Math.PI * v);
            return sum;
        };
    }

    private static (int, double[]) Kernel(Func<double, double> density, double spacing, MarketSpecification market, double h)
    {
        int low = 0, high = 0;
        // Far beyond nine deviations of the widest component that matters; the loop below trims what carries nothing.
        double reach = 10 * Math.Sqrt(market.Volatilities[0] * market.Volatilities[0] * h) + (market.Model == MarketModel.Merton ? 6 * Math.Abs(market.JumpMean) + 20 * market.JumpStdDev : market.Model == MarketModel.Kou ? 45 / Math.Min(market.UpRate, market.DownRate) : 0);
        int most = (int)Math.Ceiling(reach / spacing);
        for (int j = 1; j <= most; j++)
        {
            if (density(-j * spacing) * spacing > Negligible) low = -j;
            if (density(j * spacing) * spacing > Negligible) high = j;
        }
        var kernel = new double[high - low + 1];
        for (int j = low; j <= high; j++) kernel[j - low] = density(j * spacing) * spacing;
        double sum = kernel.Sum();
        for (int j = 0; j < kernel.Length; j++) kernel[j] /= sum;
        return (low, kernel);
    }

    /// <summary>Follows the distribution from the root and keeps, for each step, the nodes between the outermost that matter.</summary>
    private void FindNodes(MarketSpecification market, double spacing, double drift, int last)
    {
        double[] probability = [1.0];
        int lowest = 0;
        for (int step = 0; ; step++)
        {
            int from = 0, to = probability.Length - 1;
            while (probability[from] < Negligible) from++;
            while (probability[to] < Negligible) to--;
            _lowest[step] = lowest + from;
            _prices[step] = [.. Enumerable.Range(lowest + from, to - from + 1).Select(i => market.Spots[0] * Math.Exp(step * drift + i * spacing))];
            if (step == last) return;
            var next = new double[to - from + _kernel.Length];
            for (int i = from; i <= to; i++)
                for (int j = 0; j < _kernel.Length; j++) next[i - from + j] += probability[i] * _kernel[j];
            lowest = _lowest[step] + _kernelLowest;
            probability = next;
        }
    }

    private (double[] Prices, double[] Logs, double[] Weights) LastNodes(LabSpecification specification, double deviation, double drift)
    {
        double low = Math.Log(_prices[Steps - 1][0]) + drift + _kernelLowest * (deviation / 2), high = Math.Log(_prices[Steps - 1][^1]) + drift + (_kernel.Length + _kernelLowest) * (deviation / 2);
        var edges = new SortedSet<double> { low, high };
        foreach (var contract in specification.Liability.Contracts)
            if (contract.Strike > 0 && Math.Log(contract.Strike) > low && Math.Log(contract.Strike) < high) edges.Add(Math.Log(contract.Strike));
        var logs = new List<double>();
        var weights = new List<double>();
        double[] ends = [.. edges];
        for (int e = 0; e + 1 < ends.Length; e++)
        {
            int panels = Math.Max(1, (int)Math.Ceiling((ends[e + 1] - ends[e]) / (0.75 * deviation)));
            double half = (ends[e + 1] - ends[e]) / panels / 2;
            for (int p = 0; p < panels; p++)
                for (int g = 0; g < _legendreNodes.Length; g++)
                {
                    logs.Add(ends[e] + (2 * p + 1) * half + half * _legendreNodes[g]);
                    weights.Add(half * _legendreWeights[g]);
                }
        }
        return ([.. logs.Select(Math.Exp)], [.. logs], [.. weights]);
    }

    private (int[], double[][]) LastTransitions(Func<double, double> density, double drift, double[] logs, double[] quadrature)
    {
        int nodes = _prices[Steps - 1].Length;
        var first = new int[nodes];
        var weights = new double[nodes][];
        Parallel.For(0, nodes, i =>
        {
            double from = Math.Log(_prices[Steps - 1][i]) + drift;
            var row = new double[logs.Length];
            int low = logs.Length, high = -1;
            double sum = 0;
            for (int q = 0; q < logs.Length; q++)
            {
                row[q] = density(logs[q] - from) * quadrature[q];
                if (row[q] <= Negligible) continue;
                low = Math.Min(low, q);
                high = q;
                sum += row[q];
            }
            first[i] = low;
            weights[i] = [.. row[low..(high + 1)].Select(w => w / sum)];
        });
        return (first, weights);
    }
}
