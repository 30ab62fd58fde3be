using System.Globalization;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Strategy.Policies;

/// <summary>
/// A trained network as the policy of one portfolio: features normalised as its file says, one inference in single precision, its outputs mapped and bounded as the file says,
/// at the times that the file's schedule says. It carries the schedule's clock and, for recurrent networks, the state, both functions of the states that it was asked with, so
/// a replay decides alike. A network that answers with something that is no number holds the position, and is counted.
/// </summary>
public sealed class NetworkPolicy : IHedgePolicy
{
    private readonly PolicyInference _inference;
    private readonly int _slot;
    private readonly DecisionClock _clock;
    private bool _isGathered;
    private HedgeTarget _standing;

    /// <param name="inference">Shared by the portfolios of one policy file; made for at least as many of them as join.</param>
    public NetworkPolicy(PolicyInference inference)
    {
        _inference = inference;
        _slot = inference.Join();
        Name = string.Create(CultureInfo.InvariantCulture, $"{PolicyMetadataWriter.Word(Metadata.Architecture)}({Path.GetFileName(File.Path)})");
        _clock = new DecisionClock(Metadata.Schedule);
    }

    public NetworkPolicy(PolicyFile file) : this(new PolicyInference(file, 1)) { }

    public string Name { get; }
    public PolicyFile File => _inference.File;
    public PolicyMetadata Metadata => _inference.File.Metadata;
    /// <summary>Several portfolios have this policy file: at a decide mark they are gathered first and answered by one call.</summary>
    public bool IsShared => _inference.Portfolios > 1;
    /// <summary>Decisions on which the network's answer was no number. Counts only; nothing depends on it.</summary>
    public long NonFiniteDecisions { get; private set; }
    /// <summary>Answers of the network. Counts only.</summary>
    public long Inferences { get; private set; }
    /// <summary>What a recurrent network carries: for each layer h, and for an LSTM c after it. Empty for perceptrons.</summary>
    public ReadOnlySpan<float> State => _inference.State(_slot);

    /// <summary>Puts this portfolio's features among the rows of the next call, where a decision is due. <see cref="Decide"/> must follow with the same state.</summary>
    public void Gather(in PortfolioState state)
    {
        if (_isGathered || !_clock.IsDue(in state)) return;
        if (_clock.HasEnded) _standing = default;
        else
        {
            _inference.Gather(_slot, _clock.Decision, in state);
            _isGathered = true;
        }
    }

    public HedgeTarget Decide(in PortfolioState state)
    {
        Gather(in state);
        if (!_isGathered) return _standing;
        _isGathered = false;
        return _standing = Answer(in state);
    }

    /// <summary>For after the orders: see <see cref="PolicyInference.Prepare"/>. No decision depends on whether it was called.</summary>
    public void Prepare() => _inference.Prepare();

    private HedgeTarget Answer(in PortfolioState state)
    {
        Inferences++;
        HedgeTarget target = PolicyOutputs.Target(Metadata, _inference.Answer(_slot), in state);
        if (double.IsFinite(target.LowerUnits) && double.IsFinite(target.TargetUnits) && double.IsFinite(target.UpperUnits)) return target;
        NonFiniteDecisions++;
        // What is no number would stay in the state for ever.
        _inference.ClearState(_slot);
        double held = state.HedgePositionUnits;
        return new HedgeTarget(held, held, held);
    }

    /// <exception cref="PolicyFileException">The file cannot be used; every fault is in the message.</exception>
    public static NetworkPolicy Load(string path) => new(PolicyFile.Load(path));

    /// <exception cref="PolicyFileException">The file cannot be used; every fault is in the message.</exception>
    public static NetworkPolicy Parse(string path, byte[] bytes) => new(PolicyFile.Parse(path, bytes));
}
