using Appliance.Lab.Certificates;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>
/// The optimal hedge of an exponential utility by the dynamic programme itself: at each step the band of holdings outside which a trade leads to the nearer edge, interpolated in the log price between the
/// programme's nodes (Hodges and Neuberger 1989). Proportional costs; with a fixed cost the band says where trades lead, and its edges are taken as its bounds too.
/// </summary>
public sealed class HodgesNeubergerPolicy : IBlockPolicy
{
    /// <summary>Nodes of the grid of holdings.</summary>
    public const int Holdings = 141;
    private readonly double[][] _low, _high, _logs;
    private readonly int _every;

    public HodgesNeubergerPolicy(string name, LabSpecification s, double riskAversion, int every)
    {
        Name = name;
        (_every, RiskAversion) = (every, riskAversion);
        var problem = s with { Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = riskAversion }, Certificate = CertificateKind.DynamicProgramme };
        if (Certificate.WhyNot(problem) is { } why) throw new ArgumentException(why, nameof(s));
        if (s.Hedges[0].Costs.Quadratic > 0) throw new ArgumentException("hodges-neuberger knows proportional and fixed costs", nameof(s));
        var lattice = new SpotLattice(problem, 1.25);
        var programme = new EntropicDynamicProgramme(problem, lattice, LatticeLiability.Holdings(problem, lattice, Holdings));
        Optimum = programme.Solve(keepBand: true);
        (_low, _high) = (programme.BandLow!, programme.BandHigh!);
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
            double[] logs = policy._logs[step], low = policy._low[step], high = policy._high[step];
            double inverse = logs.Length > 1 ? 1 / (logs[1] - logs[0]) : 0;
            for (int p = 0; p < price.Length; p++)
            {
                double place = Math.Clamp((Kernels.Scalar.Elementary.Log(price[p]) - logs[0]) * inverse, 0, logs.Length - 1);
                int i = Math.Min((int)place, Math.Max(0, logs.Length - 2));
                double t = place - i;
                int j = Math.Min(i + 1, logs.Length - 1);
                double from = low[i] + t * (low[j] - low[i]), to = high[i] + t * (high[j] - high[i]);
                target[p] = from <= to ? Math.Clamp(holding[p], from, to) : 0.5 * (from + to);
            }
        }
    }
}
