using Appliance.Kernels.Networks;
using Appliance.Kernels.Scalar;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;
using FileArchitecture = Appliance.Strategy.Policies.Files.PolicyArchitecture;

namespace Appliance.Lab.Episodes;

/// <summary>
/// A policy file as the lab hedges with it, a block of paths at a time: the features of the live flow (PolicyFeatures reads them from the same state), the network on training's kernels, the
/// live flow's formula from outputs to holdings (PolicyOutputs). What differs from live is the network's order of summation, in single precision.
/// </summary>
public sealed class FilePolicy : IBlockPolicy
{
    private readonly PolicyFile _file;
    private readonly NeutralHedgeTable? _neutral;
    private readonly PackedWeights _packed;
    private readonly bool _wantsVolatility;

    /// <exception cref="TrainingProblemException">The file wants what the specification's market does not have.</exception>
    public FilePolicy(PolicyFile file, LabSpecification specification, string name = "policy")
    {
        (_file, Name) = (file, name);
        PolicyMetadata m = file.Metadata;
        var faults = new List<string>();
        bool wantsNeutral = m.TargetKind != TargetKind.HedgePosition || m.Features.Any(f => f.Feature is FeatureId.Delta or FeatureId.Gamma or FeatureId.Value or FeatureId.HedgeRatio);
        if (wantsNeutral && NeutralHedgeTable.Problem(specification) is { } problem) faults.Add($"{file.Path} reads or hedges around the model's delta: {problem}");
        string[] wanted = [.. specification.Hedges.Select(h => h.Describe())], has = [.. m.Hedges.Select(h => h.Instrument)];
        if (m.HedgeCount != wanted.Length || has.Length > 0 && !has.SequenceEqual(wanted))
            faults.Add($"hedges: {file.Path} holds the hedge of {(has.Length == 0 ? "one instrument" : string.Join(", ", has))}, the specification's are {string.Join(", ", wanted)}; name those, in that order, or train a policy for these");
        _wantsVolatility = m.Features.Any(f => f.Feature is FeatureId.EwmaVolatility);
        if (_wantsVolatility && specification.Market.Model is not (MarketModel.Heston or MarketModel.Bates)) faults.Add($"{file.Path} reads ewmaVolatility, the root of the variance that heston and bates have");
        double ratio = m.Schedule.Kind == ScheduleKind.Steps ? m.Schedule.StepYears / specification.Time.StepYears : 1;
        Every = Math.Max(1, (int)Math.Round(ratio));
        if (Math.Abs(ratio - Every) > 1e-6 || specification.Time.Steps % Every != 0)
            faults.Add($"{file.Path} decides every {m.Schedule.StepYears} years; time.stepYears, {specification.Time.StepYears}, must divide that, and the {specification.Time.Steps} steps a whole number of decisions");
        if (m.IsRecurrent && !m.ResetGateAfter && m.Architecture == FileArchitecture.Gru) faults.Add($"{file.Path}: the lab knows the GRU whose reset gate stands after the product");
        if (m.LayerNorms.Length > 0) faults.Add($"{file.Path} has layer normalisation, which the lab does not compute");
        if (faults.Count > 0) throw new TrainingProblemException(specification.File, faults);
        _neutral = wantsNeutral ? new NeutralHedgeTable(specification) : null;
        Specification = specification;
        var shape = new NetworkShape(m.Features.Length, m.IsRecurrent ? m.HiddenSizes : [], m.Architecture == FileArchitecture.Gru ? RecurrentKind.GruResetAfter : RecurrentKind.Lstm,
            m.IsRecurrent ? m.HeadSizes : m.HiddenSizes, file.Weights.Outputs, m.Activation, m.StepNetworks);
        _packed = new PackedWeights(shape);
        _packed.Pack(shape.FromLayers(file.Weights.Recurrent, file.Weights.Dense));
    }

    public string Name { get; }
    public LabSpecification Specification { get; }
    /// <summary>Steps from one decision to the next.</summary>
    public int Every { get; }

    public IBlockPolicySession Open(HedgingEnvironment environment, int paths) => new Session(this, environment, paths);

    private sealed unsafe class Session : IBlockPolicySession
    {
        private readonly FilePolicy _policy;
        private readonly PolicyMetadata _metadata;
        private readonly NetworkTape _tape;
        private readonly double[] _inverseScale, _growth;
        private readonly PortfolioState[] _states;
        private readonly float[] _output;
        private readonly int _rowLength;
        private readonly double _logStrike;
        private readonly bool _hasStrike;

        public Session(FilePolicy policy, HedgingEnvironment environment, int paths)
        {
            _policy = policy;
            _metadata = policy._file.Metadata;
            _rowLength = (paths + DenseKernels.PathTile - 1) / DenseKernels.PathTile * DenseKernels.PathTile;
            _tape = NetworkTape.Make(policy._packed, environment.Steps, _rowLength, records: false);
            _inverseScale = [.. _metadata.Features.Select(f => 1 / f.Scale)];
            _states = new PortfolioState[paths];
            _output = new float[policy._packed.Shape.Outputs];
            _growth = environment.Growth;
            double strike = policy.Specification.Liability.Contracts[0].Strike;
            _hasStrike = strike > 0;
            _logStrike = _hasStrike ? Elementary.Log(strike) : 0;
        }

        public void Begin(EpisodeBlock block) => _tape.Begin();

        public void Decide(EpisodeBlock block, int step, HoldingBook book)
        {
            if (step % _policy.Every != 0)
            {
                for (int h = 0; h < book.Holding.Length; h++) book.Holding[h].CopyTo(book.Target[h], 0);
                return;
            }
            ReadOnlySpan<double> price = block.Market.Row(0, step), hedge = block.Price(0, step);
            double years = (block.Steps - step) * _policy.Specification.Time.StepYears;
            for (int p = 0; p < price.Length; p++)
            {
                ref PortfolioState state = ref _states[p];
                double log = Elementary.Log(price[p]);
                state.Spot = price[p];
                state.Market.Mid = hedge[p];
                state.Market.Microprice = hedge[p];
                state.ContractSize = 1;
                state.YearsToExpiry = years;
                state.Moneyness = _hasStrike ? log - _logStrike : 0;
                state.HedgePositionUnits = book.Holding[0][p];
                // The live account carries no interest; with a rate the book's figure is brought back to today.
                state.AccruedPnl = book.AccruedPnl[p] / _growth[step];
                if (_policy._wantsVolatility) state.Market.EwmaVolatility = Math.Sqrt(Math.Max(block.Market.Row(1, step)[p], 0));
                if (_policy._neutral is { } neutral)
                {
                    state.Delta = neutral.Delta(log, step);
                    state.Gamma = neutral.Gamma(log, step);
                    state.Value = neutral.Value(log, step);
                }
            }
            int decision = step / _policy.Every;
            float* input = _tape.Input(decision);
            for (int f = 0; f < _metadata.Features.Length; f++)
            {
                NormalisedFeature feature = _metadata.Features[f];
                float* to = input + (long)f * _rowLength;
                // The state is that of the first hedge; what another hedge has of its own is read beside it.
                ReadOnlySpan<double> own = feature.Hedge == 0 ? default : feature.Feature == FeatureId.HedgePosition ? book.Holding[feature.Hedge] : block.Price(feature.Hedge, step);
                for (int p = 0; p < _states.Length; p++)
                    to[p] = (float)(((own.IsEmpty ? PolicyFeatures.Read(feature.Feature, in _states[p]) : own[p]) - feature.Mean) * _inverseScale[f]);
            }
            _tape.Forward(decision);
            float* output = _tape.Output(decision);
            for (int p = 0; p < _states.Length; p++)
            {
                for (int o = 0; o < _output.Length; o++) _output[o] = output[(long)o * _rowLength + p];
                for (int h = 0; h < book.Holding.Length; h++)
                {
                    double held = book.Holding[h][p];
                    HedgeTarget target = _metadata.Hedges.Length == 0 ? PolicyOutputs.Target(_metadata, _output, in _states[p]) : PolicyOutputs.TargetOf(_metadata, h, _output, held);
                    // A file may come from a problem without the bounds of this one.
                    HedgeSpecification hedging = _policy.Specification.Hedges[h];
                    book.Target[h][p] = Math.Clamp(target.IsInside(held) ? held : target.TargetUnits, hedging.LowestHolding, hedging.HighestHolding);
                }
            }
        }
    }
}
