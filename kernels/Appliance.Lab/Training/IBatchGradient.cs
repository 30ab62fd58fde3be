namespace Appliance.Lab.Training;

/// <summary>Risk and gradient over batches of blocks, on the processor's threads (<see cref="BatchGradient"/>) or on a device (<see cref="DeviceBatchGradient"/>).</summary>
public interface IBatchGradient : IDisposable
{
    int Threads { get; }
    /// <summary>The processor's threads, which fill paths in any case.</summary>
    ThreadTeam Team { get; }
    /// <summary>The last batch's gradient. [parameters]</summary>
    double[] Gradient { get; }
    /// <summary>Sets the parameters that the next calls use.</summary>
    void SetParameters(ReadOnlySpan<double> parameters);
    /// <summary>Take every so many-th decision only: coarse rounds are that much cheaper.</summary>
    void SetCoarseFactor(int factor);
    /// <summary>How trades are let through where the policy has a width; at first as the policy does.</summary>
    void SetGate(GateKind gate);
    /// <summary>The pool has other paths than before.</summary>
    void Filled(PathPool pool);
    /// <summary>Losses only, in the order of the blocks.</summary>
    ReadOnlySpan<float> Losses(PathPool pool, ReadOnlySpan<int> blocks);
    /// <summary>The blocks' ratios in their order; empty where each path counts once.</summary>
    ReadOnlySpan<float> Ratios(PathPool pool, ReadOnlySpan<int> blocks);
    /// <summary>The batch's risk, in the problem's units; its gradient is in <see cref="Gradient"/>.</summary>
    double Compute(PathPool pool, ReadOnlySpan<int> blocks);
}
