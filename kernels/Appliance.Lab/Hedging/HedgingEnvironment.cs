using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Hedging;

/// <summary>
/// The hedging problem of a specification on one set of paths (training and evaluation differ by the seed).
/// <para>Conventions: loss L = owed − trading gains + costs at maturity T. Cash accrues at the rate r, so that with growth g_k = e^(r(T − t_k)), holding δ_k over step k,
/// gains are Σ δ_k (g_{k+1} P_{k+1} − g_k P_k) and costs Σ g_k c(δ_k − δ_{k−1}, P_k), with δ_{−1} the initial holding (which was paid for before and is marked from P_0), and, if the end is
/// liquidated, c(−δ_{N−1}, P_N) too. A perpetual is not paid for: its gains are Σ δ_k g_{k+1} (P_{k+1} − P_k) at the price of its underlying, settled at each step's end, when the long also pays funding, at its
/// fixed rate on the notional at the step's start.</para>
/// </summary>
public sealed class HedgingEnvironment
{
    private readonly int[] _aliasOf;

    /// <param name="importance">Draws paths by importance sampling, each with its ratio; null draws them from the market.</param>
    public HedgingEnvironment(LabSpecification specification, ulong seed, ImportanceSpecification? importance = null) : this(specification, MarketSimulator.Make(specification, seed, importance)) => HasRatios = importance is not null;

    public HedgingEnvironment(LabSpecification specification, IMarketSimulator simulator)
    {
        Specification = specification;
        Simulator = simulator;
        var time = specification.Time;
        Growth = [.. Enumerable.Range(0, time.Steps + 1).Select(k => Math.Exp(specification.Market.Rate * (time.Steps - k) * time.StepYears))];
        _aliasOf = [.. specification.Hedges.Select(h => h.Instrument is HedgeKind.Spot or HedgeKind.Perpetual ? h.Underlying : -1)];
    }

    public LabSpecification Specification { get; }
    /// <summary>Whether its paths come by importance sampling.</summary>
    public bool HasRatios { get; }
    public IMarketSimulator Simulator { get; }
    public int Steps => Specification.Time.Steps;
    public int Instruments => Specification.Hedges.Count;
    /// <summary>e^(rate·(T − t_k)), k = 0 … Steps: what one unit of cash at step k is worth at maturity.</summary>
    public double[] Growth { get; }

    public EpisodeBlock NewBlock(int paths) => new(Simulator.NewBlock(paths), _aliasOf);

    /// <summary>Simulates paths firstPath … and prices hedges and liability on them.</summary>
    public void Fill(EpisodeBlock block, long firstPath)
    {
        block.FirstPath = firstPath;
        Simulator.Fill(block.Market, firstPath);
        PriceHedges(block);
        Payoffs.Owed(Specification, block.Market, Growth, block.Owed);
    }

    /// <summary>Prices of the hedges that are not an underlying itself, from the market's rows as they stand.</summary>
    internal void PriceHedges(EpisodeBlock block)
    {
        for (int i = 0; i < Instruments; i++)
            if (block.IsOwn(i)) HedgePrices.Fill(this, block, i);
    }

    /// <summary>
    /// What a perpetual's long pays at a step's end, per unit of notional at its start, beyond what the buyer of the underlying has paid: funding, less the interest on the price, which it did not lay out.
    /// Zero for other hedges.
    /// </summary>
    public static double CarryShare(LabSpecification s, HedgeSpecification hedge) =>
        hedge.Instrument == HedgeKind.Perpetual ? hedge.FundingRate * s.Time.StepYears - (Math.Exp(s.Market.Rate * s.Time.StepYears) - 1) : 0;

    /// <summary>Takes the carry of one step from what is accrued.</summary>
    internal void AddCarry(int instrument, EpisodeBlock block, int step, double[] holding, double[] accrued)
    {
        double factor = CarryShare(Specification, Specification.Hedges[instrument]) * Growth[step + 1];
        if (factor == 0) return;
        var price = block.Price(instrument, step);
        for (int p = 0; p < price.Length; p++) accrued[p] -= factor * holding[p] * price[p];
    }
}
