using Appliance.Kernels.Networks;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Hedging;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;
using FileArchitecture = Appliance.Strategy.Policies.Files.PolicyArchitecture;
using SpecifiedArchitecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Lab.Training;

/// <summary>
/// A specification as a training problem: its scales, features with their normalisation, network and head, the filling of blocks from the simulator, and the policy file that comes of it.
/// Everything follows from the specification and the training seed.
/// </summary>
public sealed class SpecifiedProblem
{
    /// <summary>Paths from which features are normalised.</summary>
    private const int NormalisingPaths = 4096;
    /// <summary>Where a band begins around its middle, in the problem's units.</summary>
    private const float BandAtFirst = 0.05f;
    /// <summary>The least width that training begins with, in the problem's units: as fine as any hedge is said.</summary>
    private const double WidthLeast = 0.01;
    private readonly HedgingEnvironment _environment;
    private readonly NeutralHedgeTable? _neutral;
    private readonly NormalisedFeature[] _features;
    private readonly int[] _rowOf;
    private readonly bool _wantsNeutral;
    private readonly TeacherHoldings? _teacher;

    /// <exception cref="TrainingProblemException">The specification asks for what training does not know; every mistake with its key.</exception>
    public SpecifiedProblem(LabSpecification specification)
    {
        Specification = specification;
        var faults = Faults(specification);
        if (faults.Count > 0) throw new TrainingProblemException(specification.File, faults);
        _environment = new HedgingEnvironment(specification, specification.Training.Seed);
        TrainingEnvironment = specification.Training.Importance is { } importance ? new HedgingEnvironment(specification, specification.Training.Seed, importance) : _environment;
        bool knowsNeutral = NeutralHedgeTable.Problem(specification) is null;
        PolicySpecification policy = specification.Policy;
        (FeatureId Id, int Hedge)[] features = Features(specification, knowsNeutral);
        // A net around delta begins where the model would be; a digital's delta has no bound near expiry, and no one who pays costs follows it.
        // Bounds bind the position, and cannot be said as bounds of what is added to delta: a bounded hedge is learned as a position.
        _wantsNeutral = knowsNeutral && specification.Hedges is [{ Instrument: HedgeKind.Spot or HedgeKind.Perpetual, IsBounded: false }] && specification.Liability.Contracts.All(c => c.Contract == ContractKind.European) && features.Any(f => f.Id == FeatureId.Delta);
        _neutral = knowsNeutral && (_wantsNeutral || features.Any(f => f.Id is FeatureId.Delta or FeatureId.Gamma or FeatureId.Value)) ? new NeutralHedgeTable(specification) : null;
        double moneyScale = MoneyScale(specification);
        double[] priceScale = [.. PriceScales()];
        _teacher = specification.Training.Teacher == "" ? null : new TeacherHoldings(specification);
        _features = Normalise(features, moneyScale, priceScale);
        _rowOf = new int[_features.Length];
        Problem = MakeProblem(moneyScale, priceScale);
        int recurrent = policy.Architecture is SpecifiedArchitecture.Lstm or SpecifiedArchitecture.Gru ? policy.Hidden.Count : 0;
        Shape = new NetworkShape(_features.Length, recurrent > 0 ? policy.Hidden : [], policy.Architecture == SpecifiedArchitecture.Gru ? RecurrentKind.GruResetAfter : RecurrentKind.Lstm,
            recurrent > 0 ? [] : policy.Hidden, Problem.Outputs, ActivationOf(policy.Activation), policy.NetworkPerStep ? Problem.Decisions : 1);
    }

    public LabSpecification Specification { get; }
    public HedgeProblem Problem { get; }
    public NetworkShape Shape { get; }
    /// <summary>The market itself.</summary>
    public HedgingEnvironment Environment => _environment;
    /// <summary>Where training's paths come from: the market, or the mixture of importance sampling.</summary>
    public HedgingEnvironment TrainingEnvironment { get; }

    /// <summary>Draws the paths firstPath … into a block of the pool.</summary>
    public void Fill(PathPool pool, int block, EpisodeBlock scratch, HedgingEnvironment environment, long firstPath)
    {
        environment.Fill(scratch, firstPath);
        if (_teacher is not null) FillTeacher(_teacher.Of(environment, scratch), pool, block);
        for (int h = 0; h < Problem.Hedges; h++)
            for (int step = 0; step <= Problem.Steps; step++) Scale(scratch.Price(h, step), 1 / Problem.PriceScale[h], pool.Row(block, Problem.PriceRow(step, h)));
        Scale(scratch.Owed, 1 / Problem.MoneyScale, pool.Row(block, Problem.OwedRow));
        if (Problem.HasRatios) Scale(scratch.Market.Ratios, 1, pool.Row(block, Problem.RatioRow));
        for (int step = 0; step < Problem.Steps; step++)
        {
            ReadOnlySpan<double> spot = scratch.Market.Row(0, step);
            for (int f = 0; f < _features.Length; f++)
            {
                if (Problem.Inputs[f].Kind != InputKind.PathRow) continue;
                Span<float> to = pool.Row(block, Problem.PathRow(step, _rowOf[f]));
                (FeatureId id, double mean, double scale, _) = _features[f];
                ReadOnlySpan<double> seen = Seen(_features[f], scratch, step);
                for (int p = 0; p < seen.Length; p++) to[p] = (float)((OfPath(id, seen[p], step) - mean) / scale);
            }
            if (!_wantsNeutral) continue;
            Span<float> neutral = pool.Row(block, Problem.PathRow(step, Problem.NeutralRow[0]));
            double units = Problem.PriceScale[0] / Problem.MoneyScale;
            for (int p = 0; p < spot.Length; p++) neutral[p] = (float)(-_neutral!.Delta(Elementary.Log(spot[p]), step) * units);
        }
    }

    private void FillTeacher(double[][] holdings, PathPool pool, int block)
    {
        for (int step = 0; step < Problem.Steps; step++) Scale(holdings[step], Problem.PriceScale[0] / Problem.MoneyScale, pool.Row(block, Problem.PathRow(step, Problem.TeacherRow[0])));
    }

    /// <summary>The policy file of these parameters.</summary>
    public byte[] ToPolicyFile(ReadOnlySpan<double> parameters, string parentHash = "")
    {
        (List<RecurrentLayer> recurrent, List<List<DenseLayer>> dense) = Shape.ToLayers(parameters);
        HedgeHead head = Problem.Head;
        OutputMap Map(int output)
        {
            double unit = Problem.MoneyScale / Problem.PriceScale[output / head.OutputsPerHedge];
            HoldingMap map = head.Maps[output];
            return new(map.Scale * unit, map.Offset * unit, Bound(map.Lower * unit), Bound(map.Upper * unit));
        }
        bool several = Problem.Hedges > 1;
        int perHedge = head.OutputsPerHedge;
        PolicyHedge HedgeOf(string instrument, int first) => new(instrument, head.HasBand ? default : Map(first), head.HasBand ? new BandMap(Map(first), Map(first + 1)) : null)
        {
            HalfWidth = head.HasWidth ? Map(first + perHedge - 1) : null,
        };
        PolicyHedge own = HedgeOf("", 0);
        TargetKind kind = head.Meaning == OutputMeaning.NeutralOffset ? TargetKind.HedgeOffset : TargetKind.HedgePosition;
        TimeSpecification time = Specification.Time;
        var metadata = new PolicyMetadata
        {
            Architecture = Specification.Policy.Architecture switch
            {
                SpecifiedArchitecture.Ntb => FileArchitecture.Ntb, SpecifiedArchitecture.Lstm => FileArchitecture.Lstm, SpecifiedArchitecture.Gru => FileArchitecture.Gru, _ => FileArchitecture.Mlp,
            },
            HiddenSizes = [.. Specification.Policy.Hidden], Activation = Shape.Activation,
            OutputTransform = head.Squash switch
            {
                OutputSquash.Softplus => OutputTransform.Softplus, OutputSquash.Sigmoid => OutputTransform.Sigmoid, OutputSquash.Tanh => OutputTransform.Tanh, _ => OutputTransform.Identity,
            },
            Features = _features,
            StepNetworks = Shape.StepNetworks, TargetKind = kind,
            Target = several ? default : own.Target,
            HalfWidth = several ? default : own.HalfWidth ?? default,
            HasBandWidth = !several && head.HasBand && head.HasWidth,
            Band = several ? null : own.Band,
            Hedges = !several ? [] : [.. Specification.Hedges.Select((h, i) => HedgeOf(h.Describe(), perHedge * i))],
            Schedule = new DecisionSchedule(ScheduleKind.Steps, time.StepYears * Problem.DecideEvery, Problem.Decisions, ScheduleAnchor.Expiry),
            Objective = Describe(Specification.Objective), MarketModel = Specification.Market.Model.ToString().ToLowerInvariant(),
            TrainingSeed = Specification.Training.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), ParentHash = parentHash,
        };
        return PolicyFile.Write(metadata, new PolicyWeights(recurrent, dense));
    }

    /// <summary>Infinite bounds as JSON can hold them.</summary>
    private static double Bound(double bound) => double.IsInfinity(bound) ? Math.CopySign(1e300, bound) : bound;

    /// <summary>The objective in words, for files and reports.</summary>
    public static string Describe(ObjectiveSpecification o) => FormattableString.Invariant($"{o.Kind switch
    {
        ObjectiveKind.Entropic => $"entropic {o.RiskAversion}", ObjectiveKind.MeanVariance => $"mean-variance {o.RiskAversion}", ObjectiveKind.MeanStd => $"mean-std {o.K}",
        ObjectiveKind.Cvar => $"cvar {o.Level}", ObjectiveKind.MeanCvar => $"mean-cvar {o.Level} weight {o.Weight}",
        ObjectiveKind.MeanVarianceCvar => $"mean-variance-cvar {o.RiskAversion} level {o.Level} weight {o.Weight}",
        ObjectiveKind.Power => $"power {o.RiskAversion} wealth {o.Wealth}",
        ObjectiveKind.Expectile => $"expectile {o.Tau}", _ => "std-dev",
    }}");

    private static List<string> Faults(LabSpecification s)
    {
        var faults = new List<string>();
        if (s.Policy.Architecture is not (SpecifiedArchitecture.Mlp or SpecifiedArchitecture.Ntb or SpecifiedArchitecture.Lstm or SpecifiedArchitecture.Gru))
            faults.Add("policy.architecture: a classical rule needs no training; allowed are mlp, ntb, lstm and gru");
        if (s.Policy.Architecture is SpecifiedArchitecture.Lstm or SpecifiedArchitecture.Gru)
        {
            if (s.Policy.NetworkPerStep) faults.Add("policy.networkPerStep: a recurrent network is one for all steps; remove it, or take mlp or ntb");
            if (s.Policy.Hidden.Any(h => h % DenseKernels.UnitTile != 0)) faults.Add($"policy.hidden: units of recurrent layers come in multiples of {DenseKernels.UnitTile}");
            if (s.Policy.Hidden.Count == 0) faults.Add("policy.hidden: a recurrent network has at least one layer");
        }
        if (s.Policy.LearnInitialHolding && !s.Policy.NetworkPerStep)
            faults.Add("policy.learnInitialHolding: the first holding is a parameter of its own only with networkPerStep, where the first network's biases are it; set both, or neither");
        if (s.Training.Importance?.Fault(s) is { } fault) faults.Add($"training.importance.{fault.Key}: allowed is {fault.Allowed}");
        else if (s.Training.Importance is not null && s.Training.Teacher != "") faults.Add("training.importance: a pupil's distance to its teacher has no tail to look at; remove one of the two");
        if (s.Training.Teacher != "" && TeacherHoldings.WhyNot(s) is { } noTeacher) faults.Add($"training.teacher: {noTeacher}");
        for (int h = 0; h < s.Hedges.Count; h++)
            if (!s.Hedges[h].Costs.IsSimple) faults.Add($"hedges[{h}].costs: training charges proportional, quadratic and fixed costs; remove the others and judge the policy under them with `appliance backtest`");
        if (s.Policy.Rule.Every > 1 && s.Time.Steps % s.Policy.Rule.Every != 0)
            faults.Add($"policy.every: {s.Policy.Rule.Every} does not divide time.steps, {s.Time.Steps}: the file counts decisions back from expiry; take a divisor");
        string? noDelta = NeutralHedgeTable.Problem(s);
        bool hasStrike = s.Liability.Contracts.Count > 0 && s.Liability.Contracts[0].Strike > 0;
        foreach (string name in s.Policy.Features)
        {
            if (!FeatureCatalogue.TryFind(name, out FeatureId id, out int hedge)) { faults.Add($"policy.features: \"{name}\" is no feature"); continue; }
            if (hedge >= s.Hedges.Count) faults.Add($"policy.features: \"{name}\": there are {s.Hedges.Count} hedges, counted from 0");
            else if (id is FeatureId.Delta or FeatureId.Gamma or FeatureId.Value && noDelta is not null) faults.Add($"policy.features: \"{name}\": {noDelta}");
            else if (id is FeatureId.Moneyness && !hasStrike) faults.Add("policy.features: \"moneyness\" needs a first contract with a strike");
            else if (id is FeatureId.EwmaVolatility && s.Market.Model is not (MarketModel.Heston or MarketModel.Bates))
                faults.Add("policy.features: \"ewmaVolatility\" is the root of the market's own variance, which heston and bates have");
            else if (id is not (FeatureId.EwmaVolatility or FeatureId.Delta or FeatureId.Gamma or FeatureId.Value or FeatureId.Moneyness or FeatureId.Spot or FeatureId.Mid or FeatureId.Microprice or FeatureId.YearsToExpiry
                or FeatureId.HedgePosition or FeatureId.AccruedPnl))
                faults.Add($"policy.features: \"{name}\" is nothing that a simulated market has; allowed in training are moneyness, spot, yearsToExpiry, delta, gamma, value, ewmaVolatility, hedgePosition, accruedPnl");
        }
        return faults;
    }

    /// <summary>What the network sees, in order. A feature that each hedge has stands for that of every hedge, unless it says of which.</summary>
    private static (FeatureId Id, int Hedge)[] Features(LabSpecification s, bool knowsNeutral)
    {
        var features = new List<(FeatureId, int)>();
        void Add(FeatureId id, int hedge = -1)
        {
            if (hedge >= 0 || !FeatureCatalogue.IsOfHedge(id)) features.Add((id, Math.Max(hedge, 0)));
            else features.AddRange(Enumerable.Range(0, s.Hedges.Count).Select(h => (id, h)));
        }
        foreach (string name in s.Policy.Features)
        {
            if (!FeatureCatalogue.TryFind(name, out FeatureId id, out int hedge)) throw new ArgumentException(name);
            Add(id, hedge);
        }
        if (features.Count > 0) return [.. features];
        Add(s.Market.Spots.Count > 1 ? FeatureId.Mid : s.Liability.Contracts[0].Strike > 0 ? FeatureId.Moneyness : FeatureId.Spot);
        if (s.Market.Model is MarketModel.Heston or MarketModel.Bates) Add(FeatureId.EwmaVolatility);
        Add(FeatureId.YearsToExpiry);
        Add(FeatureId.HedgePosition);
        if (knowsNeutral) Add(FeatureId.Delta);
        // An exponential utility has no memory of what was earned; every other objective does better with it.
        if (s.Objective.Kind != ObjectiveKind.Entropic) Add(FeatureId.AccruedPnl);
        return [.. features];
    }

    private static double MoneyScale(LabSpecification s)
    {
        double scale = 0;
        foreach (ContractSpecification c in s.Liability.Contracts)
            scale += Math.Abs(c.Position * c.Notional) * (c.Contract == ContractKind.CashDigital ? c.Cash : s.Market.Spots[c.Underlying]);
        return scale > 0 ? scale : s.Market.Spots[0];
    }

    private IEnumerable<double> PriceScales()
    {
        EpisodeBlock block = _environment.NewBlock(DenseKernels.PathTile);
        _environment.Fill(block, 0);
        for (int h = 0; h < _environment.Instruments; h++)
        {
            double scale = Math.Abs(block.Price(h, 0)[0]);
            // A swap may begin at nothing: then its moves set the scale.
            for (int step = 1; step <= _environment.Steps && !(scale > 0); step++)
                foreach (double p in block.Price(h, step)) scale = Math.Max(scale, Math.Abs(p));
            yield return scale > 0 ? scale : 1;
        }
    }

    private NormalisedFeature[] Normalise((FeatureId Id, int Hedge)[] features, double moneyScale, double[] priceScale)
    {
        EpisodeBlock block = _environment.NewBlock(NormalisingPaths);
        _environment.Fill(block, 0);
        var normalised = new NormalisedFeature[features.Length];
        for (int f = 0; f < features.Length; f++)
        {
            (FeatureId id, int hedge) = features[f];
            double sum = 0, square = 0;
            long count = 0;
            void Take(double v)
            {
                sum += v;
                square += v * v;
                count++;
            }
            switch (id)
            {
                case FeatureId.HedgePosition:
                    normalised[f] = new NormalisedFeature(id, 0, moneyScale / priceScale[hedge], hedge);
                    continue;
                case FeatureId.AccruedPnl:
                    foreach (double owed in block.Owed) Take(owed);
                    break;
                default:
                    for (int step = 0; step < _environment.Steps; step++)
                        foreach (double seen in Seen(new NormalisedFeature(id, 0, 1, hedge), block, step)) Take(OfPath(id, seen, step));
                    break;
            }
            double mean = sum / count, deviation = Math.Sqrt(Math.Max(square / count - mean * mean, 0));
            if (id == FeatureId.AccruedPnl) mean = 0;
            normalised[f] = new NormalisedFeature(id, mean, deviation > 1e-12 * Math.Abs(mean) && deviation > 0 ? deviation : 1, hedge);
        }
        return normalised;
    }

    /// <summary>The row that a feature is computed from: the market's, or the price of the hedge that it is of.</summary>
    private static ReadOnlySpan<double> Seen(in NormalisedFeature feature, EpisodeBlock block, int step) => feature.Feature switch
    {
        FeatureId.EwmaVolatility => block.Market.Row(1, step),
        FeatureId.Mid or FeatureId.Microprice => block.Price(feature.Hedge, step),
        _ => block.Market.Row(0, step),
    };

    private double OfPath(FeatureId id, double spot, int step) => id switch
    {
        // The market's own variance: what an average of squared returns comes to as returns are taken ever closer together.
        FeatureId.EwmaVolatility => Math.Sqrt(Math.Max(spot, 0)),
        FeatureId.Moneyness => Elementary.Log(spot / Specification.Liability.Contracts[0].Strike),
        FeatureId.YearsToExpiry => (Specification.Time.Steps - step) * Specification.Time.StepYears,
        FeatureId.Delta => _neutral!.Delta(Elementary.Log(spot), step),
        FeatureId.Gamma => _neutral!.Gamma(Elementary.Log(spot), step),
        FeatureId.Value => _neutral!.Value(Elementary.Log(spot), step),
        _ => spot,
    };

    private HedgeProblem MakeProblem(double money, double[] price)
    {
        LabSpecification s = Specification;
        int hedges = s.Hedges.Count, rows = 0;
        var inputs = new NetworkInput[_features.Length];
        for (int f = 0; f < inputs.Length; f++)
        {
            (FeatureId id, double mean, double scale, int hedge) = _features[f];
            if (id is not (FeatureId.HedgePosition or FeatureId.AccruedPnl or FeatureId.YearsToExpiry)) _rowOf[f] = rows++;
            inputs[f] = id switch
            {
                FeatureId.HedgePosition => new NetworkInput(InputKind.Holding, hedge, (float)(mean * price[hedge] / money), (float)(money / price[hedge] / scale)),
                FeatureId.AccruedPnl => new NetworkInput(InputKind.AccruedPnl, 0, (float)(mean / money), (float)(money / scale)),
                FeatureId.YearsToExpiry => new NetworkInput(InputKind.StepConstant, StepValues: [.. Enumerable.Range(0, s.Time.Steps).Select(k => (float)((OfPath(id, 0, k) - mean) / scale))]),
                _ => new NetworkInput(InputKind.PathRow, _rowOf[f]),
            };
        }
        double[] Units(Func<HedgeSpecification, double> of) => [.. s.Hedges.Select((h, i) => of(h) * price[i] / money)];
        float[] start = _wantsNeutral ? new float[hedges] : StaticHedges(money, price);
        double[] lowest = Units(h => h.LowestHolding), highest = Units(h => h.HighestHolding);
        bool band = s.Policy.Architecture == SpecifiedArchitecture.Ntb;
        // A cost a trade is learned by how far off a holding must be to be traded; a pupil trades as its teacher does.
        bool hasWidth = _teacher is null && s.Hedges.Any(h => h.Costs.Fixed > 0);
        OutputSquash squash = band && _wantsNeutral ? OutputSquash.Softplus : OutputSquash.Identity;
        int perHedge = (band ? 2 : 1) + (hasWidth ? 1 : 0);
        var maps = new HoldingMap[perHedge * hedges];
        for (int i = 0; i < maps.Length; i++)
        {
            int h = i / perHedge;
            if (hasWidth && i % perHedge == perHedge - 1)
            {
                maps[i] = WidthMap(s.Hedges[h].Costs.Fixed / money, squash);
                continue;
            }
            float low = _wantsNeutral ? float.NegativeInfinity : (float)lowest[h], high = _wantsNeutral ? float.PositiveInfinity : (float)highest[h];
            bool isLower = i % perHedge == 0;
            maps[i] = !band ? new HoldingMap(1, start[h], low, high)
                : _wantsNeutral ? new HoldingMap(isLower ? -BandAtFirst : BandAtFirst, 0, low, high)
                : new HoldingMap(1, start[h] + (isLower ? -BandAtFirst : BandAtFirst), low, high);
        }
        return new HedgeProblem
        {
            Steps = s.Time.Steps, DecideEvery = Math.Max(1, s.Policy.Rule.Every), Hedges = hedges, PathRows = rows + (_wantsNeutral ? 1 : 0) + (_teacher is null ? 0 : 1), Inputs = inputs,
            Head = new HedgeHead(band, _wantsNeutral ? OutputMeaning.NeutralOffset : OutputMeaning.Position, squash, maps, hasWidth),
            NeutralRow = _wantsNeutral ? [rows] : [], TeacherRow = _teacher is null ? [] : [rows + (_wantsNeutral ? 1 : 0)],
            Growth = [.. _environment.Growth.Select(g => (float)g)],
            Funding = s.Hedges.All(h => HedgingEnvironment.CarryShare(s, h) == 0) ? [] : [.. s.Hedges.Select(h => (float)HedgingEnvironment.CarryShare(s, h))],
            Proportional = [.. s.Hedges.Select(h => (float)h.Costs.Proportional)],
            Quadratic = [.. s.Hedges.Select((h, i) => (float)(h.Costs.Quadratic * money / price[i]))],
            Fixed = [.. s.Hedges.Select(h => (float)(h.Costs.Fixed / money))],
            InitialHolding = [.. s.InitialHolding.Select((n, i) => (float)(n * price[i] / money))],
            LiquidateAtEnd = s.LiquidateAtEnd, HasRatios = s.Training.Importance is not null, MoneyScale = money, PriceScale = price,
        };
    }

    /// <summary>
    /// Where a width begins: at the fourth root of the cost a trade, in the problem's units. Trading back from a distance w costs f a time and the times come 1/w² as often as the hedge moves, while what is
    /// lost by standing off grows as w²: the best w has w⁴ in proportion to f.
    /// </summary>
    private static HoldingMap WidthMap(double perTrade, OutputSquash squash)
    {
        double width = Math.Max(Math.Sqrt(Math.Sqrt(perTrade)), WidthLeast);
        return squash == OutputSquash.Softplus ? new HoldingMap((float)(width / Math.Log(2)), 0, 0, float.PositiveInfinity) : new HoldingMap((float)width, (float)width, 0, float.PositiveInfinity);
    }

    /// <summary>
    /// The holding kept from start to end that explains most of what is owed, hedge by hedge: cov(owed, P_T) / var(P_T). Where a network begins: a band that held nothing from the start
    /// would have no derivative to learn from.
    /// </summary>
    private float[] StaticHedges(double money, double[] price)
    {
        EpisodeBlock block = _environment.NewBlock(NormalisingPaths);
        _environment.Fill(block, 0);
        double meanOwed = RiskMeasure.Mean(block.Owed);
        var start = new float[Specification.Hedges.Count];
        for (int h = 0; h < start.Length; h++)
        {
            ReadOnlySpan<double> last = block.Price(h, _environment.Steps);
            double mean = RiskMeasure.Mean(last), covariance = 0, variance = 0;
            for (int p = 0; p < last.Length; p++)
            {
                covariance += (last[p] - mean) * (block.Owed[p] - meanOwed);
                variance += (last[p] - mean) * (last[p] - mean);
            }
            double units = variance > 0 ? Math.Clamp(covariance / variance / start.Length, Specification.Hedges[h].LowestHolding, Specification.Hedges[h].HighestHolding) : 0;
            start[h] = (float)(units * price[h] / money);
        }
        return start;
    }

    private static Activation ActivationOf(string name) => name switch { "relu" => Activation.Relu, "tanh" => Activation.Tanh, _ => Activation.Silu };

    private static void Scale(ReadOnlySpan<double> from, double factor, Span<float> to)
    {
        for (int p = 0; p < from.Length; p++) to[p] = (float)(from[p] * factor);
    }
}

/// <summary>What training does not know of a specification.</summary>
public sealed class TrainingProblemException(string file, IReadOnlyList<string> faults) : Exception(string.Join(System.Environment.NewLine, faults.Select(f => $"{file}: {f}")))
{
    public IReadOnlyList<string> Lines { get; } = [.. faults.Select(f => $"{file}: {f}")];
}
