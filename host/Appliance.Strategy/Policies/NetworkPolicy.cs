using System.Globalization;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Strategy.Policies;

/// <summary>
/// A trained network as the policy of one portfolio: features normalised as its file says, one inference in single precision, its outputs mapped and bounded as the file says,
/// at the times that the file's schedule says. It carries the schedule's clock and, for recurrent networks, the state, both functions of the states that it was asked with, so
/// a replay decides alike. A network that answers with something that is no number holds the position, and is counted.
/// </summary>
public sealed class NetworkPolicy : IHedgePolicy
{
    private readonly Mlp[] _perceptrons;
    private readonly RecurrentNetwork? _recurrent;
    private readonly NormalisedFeature[] _features;
    private readonly double[] _inverseScale;
    private readonly float[] _input, _output, _state;
    private readonly DecisionClock _clock;
    private HedgeTarget _standing;

    public NetworkPolicy(PolicyFile file)
    {
        File = file;
        Metadata = file.Metadata;
        Name = string.Create(CultureInfo.InvariantCulture, $"{PolicyMetadataWriter.Word(Metadata.Architecture)}({Path.GetFileName(file.Path)})");
        if (Metadata.IsRecurrent) (_recurrent, _perceptrons) = (new RecurrentNetwork(file.Weights.Recurrent, file.Weights.Dense[0], Metadata.Activation), []);
        else _perceptrons = [.. file.Weights.Dense.Select(layers => new Mlp(layers, Metadata.Activation))];
        _features = Metadata.Features;
        _inverseScale = _features.Select(f => 1 / f.Scale).ToArray();
        _input = new float[_features.Length];
        _output = new float[file.Weights.Outputs];
        _state = new float[_recurrent?.StateLength ?? 0];
        _clock = new DecisionClock(Metadata.Schedule);
    }

    public string Name { get; }
    public PolicyFile File { get; }
    public PolicyMetadata Metadata { get; }
    /// <summary>Decisions on which the network's answer was no number. Counts only; nothing depends on it.</summary>
    public long NonFiniteDecisions { get; private set; }
    /// <summary>Inferences made. Counts only.</summary>
    public long Inferences { get; private set; }
    /// <summary>What a recurrent network carries: for each layer h, and for an LSTM c after it. Empty for perceptrons.</summary>
    public ReadOnlySpan<float> State => _state;

    public HedgeTarget Decide(in PortfolioState state)
    {
        if (!_clock.IsDue(in state)) return _standing;
        return _standing = _clock.HasEnded ? default : Infer(in state);
    }

    private HedgeTarget Infer(in PortfolioState state)
    {
        Inferences++;
        for (int i = 0; i < _features.Length; i++)
            _input[i] = (float)((PolicyFeatures.Read(_features[i].Feature, in state) - _features[i].Mean) * _inverseScale[i]);
        if (_recurrent is not null) _recurrent.Step(_input, _state, _output);
        else _perceptrons[Math.Min(_clock.Decision, _perceptrons.Length - 1)].Infer(_input, _output);
        HedgeTarget target = PolicyOutputs.Target(Metadata, _output, in state);
        if (double.IsFinite(target.LowerUnits) && double.IsFinite(target.TargetUnits) && double.IsFinite(target.UpperUnits)) return target;
        NonFiniteDecisions++;
        // What is no number would stay in the state for ever.
        _state.AsSpan().Clear();
        double held = state.HedgePositionUnits;
        return new HedgeTarget(held, held, held);
    }

    /// <exception cref="PolicyFileException">The file cannot be used; every fault is in the message.</exception>
    public static NetworkPolicy Load(string path) => new(PolicyFile.Load(path));

    /// <exception cref="PolicyFileException">The file cannot be used; every fault is in the message.</exception>
    public static NetworkPolicy Parse(string path, byte[] bytes) => new(PolicyFile.Parse(path, bytes));
}
