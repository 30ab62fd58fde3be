using Appliance.Lab.Certificates;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>
/// The optimal hedge of an exponential utility by the dynamic programme itself: at each step the band of holdings outside which a trade leads to the nearer edge, interpolated in the log price between the
/// programme's nodes (Hodges and Neuberger 1989). With a fixed cost nothing is traded before a holding is so far outside the band that the trade is worth it (Davis, Panas and Zariphopoulou 1993 have the proportional
/// case; the outer edges follow from the same minimum).
/// </summary>
public sealed class HodgesNeubergerPolicy : IBlockPolicy
{
    /// <summary>Nodes of the grid of holdings, and while a risk aversion is being looked for.</summary>
    public const int Holdings = 281, HoldingsTuning = 101;
    private readonly double[][] _low, _high, _outerLow, _outerHigh, _logs;
    private readonly int _every;

    public HodgesNeubergerPolicy(string name, LabSpecification s, double riskAversion, int every, int holdings = Holdings)
    {
        Name = name;
        (_every, RiskAversion) = (every, riskAversion);
        var problem = s with { Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = riskAversion }, Certificate = CertificateKind.DynamicProgramme };
        if (Certificate.WhyNot(problem) is { } why) throw new ArgumentException(why, nameof(s));
        if (s.Hedges[0].Costs.Quadratic > 0) throw new ArgumentException("hodges-neuberger knows proportional and fixed costs", nameof(s));
        var lattice = new SpotLattice(problem, 1.25);
        var programme = new EntropicDynamicProgramme(problem, lattice, LatticeLiability.Holdings(problem, lattice, holdings));
        Optimum = programme.Solve(keepBand: true);
        (_low, _high, _outerLow, _outerHigh) = (programme.BandLow!, programme.BandHigh!, programme.OuterLow!, programme.OuterHigh!);
        _logs = [.. Enumerable.Range(0, lattice.Steps).Select(k => lattice.Prices(k).ToArray().Select(price => Math.Log(price)).ToArray())];
    }

    public string Name { get; }
    public double RiskAversion { get; }
    /// <summary>The programme's own risk at this risk aversion, on this grid.</summary>
    public double Optimum { get; }

    public IBlockPolicySession Open(HedgingEnvironment environment, int paths) => new Session(this);

    private sealed class Session(HodgesNeubergerPolicy policy) : IBlockPolicySession
    {
        public void Begin(EpisodeBlock block) { }

        public void Decide(EpisodeBlock block, int step, HoldingBook book)
        {
            double[] holding = book.Holding[0], target = book.Target[0];
            var price = block.Price(0, step);
            if (step % policy._every != 0)
            {
                holding.AsSpan(0, price.Length).CopyTo(target);
                return;
            }
            double[] logs = policy._logs[step], low = policy._low[step], high = policy._high[step], outerLow = policy._outerLow[step], outerHigh = policy._outerHigh[step];
            double inverse = logs.Length > 1 ? 1 / (logs[1] - logs[0]) : 0;
            for (int p = 0; p < price.Length; p++)
            {
                double place = Math.Clamp((Kernels.Scalar.Elementary.Log(price[p]) - logs[0]) * inverse, 0, logs.Length - 1);
                int i = Math.Min((int)place, Math.Max(0, logs.Length - 2));
                double t = place - i;
                int j = Math.Min(i + 1, logs.Length - 1);
                double from = Between(low, i, j, t), to = Between(high, i, j, t);
                if (holding[p] >= Between(outerLow, i, j, t) && holding[p] <= Between(outerHigh, i, j, t) && from <= to) target[p] = holding[p];
                else target[p] = from <= to ? Math.Clamp(holding[p], from, to) : 0.5 * (from + to);
            }
        }

        /// <summary>An edge between two nodes; beside one where nothing is ever traded it is the other's, or there is none.</summary>
        private static double Between(double[] edge, int i, int j, double t) => double.IsInfinity(edge[i]) || double.IsInfinity(edge[j]) ? (t < 0.5 ? edge[i] : edge[j]) : edge[i] + t * (edge[j] - edge[i]);
    }
}
