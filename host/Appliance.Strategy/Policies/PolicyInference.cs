using Appliance.Kernels.Networks;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Strategy.Policies;

/// <summary>
/// One network, laid out once, for all portfolios whose policy is the same file. Portfolios that decide at the same mark are gathered into rows and answered by one call; the rows' bits do not
/// depend on how many come together, so gathering changes speed and nothing else. It also holds each portfolio's recurrent state. It runs once when it is made, so that the
/// first decision compiles nothing and touches no page first.
/// </summary>
public sealed class PolicyInference
{
    private readonly Mlp[] _perceptrons;
    private readonly RecurrentNetwork? _recurrent;
    private readonly NormalisedFeature[] _features;
    private readonly double[] _inverseScale;
    private readonly int _outputs, _stateLength, _preparedLength;
    private readonly float[] _inputs, _rowStates, _rowOutputs, _rowPrepared, _states, _answers, _prepared;
    private readonly bool[] _isPrepared;
    private readonly int[] _slotOfRow, _rowOfSlot, _decisionOfRow;
    private int _rows, _joined;

    /// <param name="portfolios">How many portfolios join.</param>
    public PolicyInference(PolicyFile file, int portfolios)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(portfolios, 1);
        if (file.Metadata.Hedges.Length > 0)
            throw new PolicyFileException(file.Path, $"metadata \"hedges\": it holds the hedges of {file.Metadata.Hedges.Length} instruments ({string.Join(", ", file.Metadata.Hedges.Select(h => h.Instrument))}); a portfolio trades one");
        File = file;
        Portfolios = portfolios;
        PolicyMetadata m = file.Metadata;
        if (m.IsRecurrent) (_recurrent, _perceptrons) = (new RecurrentNetwork(file.Weights.Recurrent, file.Weights.Dense[0], m.Activation, m.Weights, portfolios), []);
        else _perceptrons = Mlp.Several(file.Weights.Dense, m.Activation, m.Weights, portfolios);
        _features = m.Features;
        _inverseScale = _features.Select(f => 1 / f.Scale).ToArray();
        _outputs = file.Weights.Outputs;
        _stateLength = _recurrent?.StateLength ?? 0;
        _inputs = new float[portfolios * _features.Length];
        (_rowStates, _states) = (new float[portfolios * _stateLength], new float[portfolios * _stateLength]);
        _preparedLength = _recurrent?.PreparedLength ?? 0;
        (_rowPrepared, _prepared, _isPrepared) = (new float[portfolios * _preparedLength], new float[portfolios * _preparedLength], new bool[portfolios]);
        (_rowOutputs, _answers) = (new float[portfolios * _outputs], new float[portfolios * _outputs]);
        (_slotOfRow, _rowOfSlot, _decisionOfRow) = (new int[portfolios], new int[portfolios], new int[portfolios]);
        Array.Fill(_rowOfSlot, -1);
        WarmUp();
    }

    public PolicyFile File { get; }
    public int Portfolios { get; }
    /// <summary>Calls of the network. Counts only.</summary>
    public long Calls { get; private set; }
    /// <summary>Answers given. Counts only.</summary>
    public long Answers { get; private set; }

    internal int Join() => _joined < Portfolios ? _joined++ : throw new InvalidOperationException($"{File.Path}: more than {Portfolios} portfolios join its inference.");

    /// <summary>What a recurrent network carries for this portfolio.</summary>
    internal ReadOnlySpan<float> State(int slot) => _states.AsSpan(slot * _stateLength, _stateLength);

    /// <summary>Back to the state before the first decision.</summary>
    internal void ClearState(int slot)
    {
        _states.AsSpan(slot * _stateLength, _stateLength).Clear();
        _isPrepared[slot] = false;
    }

    /// <summary>
    /// For after the orders of a decision: what the next decision of a recurrent network needs of the states alone is computed now, so that it answers sooner. It changes no bit, and where it is
    /// not called the decision does that work itself.
    /// </summary>
    internal void Prepare()
    {
        if (_recurrent is null || _rows > 0) return;
        int rows = 0;
        for (int slot = 0; slot < Portfolios; slot++)
        {
            if (_isPrepared[slot]) continue;
            State(slot).CopyTo(_rowStates.AsSpan(rows * _stateLength));
            _slotOfRow[rows++] = slot;
        }
        if (rows == 0) return;
        _recurrent.Prepare(_rowStates.AsSpan(0, rows * _stateLength), _rowPrepared.AsSpan(0, rows * _preparedLength), rows);
        for (int r = 0; r < rows; r++)
        {
            _rowPrepared.AsSpan(r * _preparedLength, _preparedLength).CopyTo(_prepared.AsSpan(_slotOfRow[r] * _preparedLength));
            _isPrepared[_slotOfRow[r]] = true;
        }
    }

    /// <summary>Puts a portfolio's features, normalised, into the next row.</summary>
    internal void Gather(int slot, int decision, in PortfolioState state)
    {
        int row = _rowOfSlot[slot];
        if (row < 0)
        {
            row = _rows++;
            _rowOfSlot[slot] = row;
            _slotOfRow[row] = slot;
        }
        _decisionOfRow[row] = decision;
        Span<float> input = _inputs.AsSpan(row * _features.Length, _features.Length);
        for (int i = 0; i < input.Length; i++)
            input[i] = (float)((PolicyFeatures.Read(_features[i].Feature, in state) - _features[i].Mean) * _inverseScale[i]);
    }

    /// <summary>The raw outputs for a portfolio that was gathered; the first to ask has all rows computed.</summary>
    internal ReadOnlySpan<float> Answer(int slot)
    {
        if (_rowOfSlot[slot] >= 0) Run();
        return _answers.AsSpan(slot * _outputs, _outputs);
    }

    private void Run()
    {
        int rows = _rows;
        if (_recurrent is not null)
        {
            bool isPrepared = true;
            for (int r = 0; r < rows; r++)
            {
                int slot = _slotOfRow[r];
                State(slot).CopyTo(_rowStates.AsSpan(r * _stateLength));
                _prepared.AsSpan(slot * _preparedLength, _preparedLength).CopyTo(_rowPrepared.AsSpan(r * _preparedLength));
                isPrepared &= _isPrepared[slot];
                _isPrepared[slot] = false;
            }
            _recurrent.StepPrepared(
                _inputs.AsSpan(0, rows * _features.Length), isPrepared ? _rowPrepared.AsSpan(0, rows * _preparedLength) : [], _rowStates.AsSpan(0, rows * _stateLength), _rowOutputs.AsSpan(0, rows * _outputs), rows);
            for (int r = 0; r < rows; r++) _rowStates.AsSpan(r * _stateLength, _stateLength).CopyTo(_states.AsSpan(_slotOfRow[r] * _stateLength));
        }
        else if (_perceptrons.Length == 1) _perceptrons[0].InferBatch(_inputs.AsSpan(0, rows * _features.Length), _rowOutputs.AsSpan(0, rows * _outputs), rows);
        else
        {
            // Each decision has weights of its own, so there is nothing to share between rows.
            for (int r = 0; r < rows; r++)
                _perceptrons[Math.Min(_decisionOfRow[r], _perceptrons.Length - 1)].Infer(_inputs.AsSpan(r * _features.Length, _features.Length), _rowOutputs.AsSpan(r * _outputs, _outputs));
        }
        for (int r = 0; r < rows; r++)
        {
            _rowOutputs.AsSpan(r * _outputs, _outputs).CopyTo(_answers.AsSpan(_slotOfRow[r] * _outputs));
            _rowOfSlot[_slotOfRow[r]] = -1;
        }
        _rows = 0;
        Calls++;
        Answers += rows;
    }

    private void WarmUp()
    {
        int decisions = Math.Max(1, _perceptrons.Length);
        for (int decision = 0; decision < decisions; decision++)
        {
            foreach (int rows in new[] { 1, Portfolios })
            {
                for (int slot = 0; slot < rows; slot++) Gather(slot, decision, default);
                _inputs.AsSpan().Clear();
                Run();
                Prepare();
            }
        }
        for (int slot = 0; slot < Portfolios; slot++) ClearState(slot);
        Prepare();
        _answers.AsSpan().Clear();
        (Calls, Answers) = (0, 0);
    }
}
