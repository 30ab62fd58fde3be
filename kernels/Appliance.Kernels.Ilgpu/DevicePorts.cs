using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Pricing;

namespace Appliance.Kernels.Ilgpu;

/// <summary>Europeans and implied volatilities in arrays of any length, on a device; one thread at a time. The bits are those of the processor's kernels wherever the device rounds as IEEE 754 says.</summary>
public interface IDevicePricing : IDisposable
{
    /// <summary>Kind and name.</summary>
    string Device { get; }

    /// <summary>As <see cref="EuropeanBatch.Evaluate"/>.</summary>
    void Evaluate(in EuropeanBatch batch);

    /// <summary>As <see cref="ImpliedVolatilityBatch.Solve"/>.</summary>
    void Solve(
        ReadOnlySpan<double> price, ReadOnlySpan<double> forward, ReadOnlySpan<double> strike, ReadOnlySpan<double> years, ReadOnlySpan<double> callPut,
        Span<double> volatility, Span<ImpliedVolatilityStatus> status);
}

/// <summary>A perceptron or an LSTM in single precision on a device; one thread at a time.</summary>
public interface IDeviceNetwork : IDisposable
{
    string Device { get; }
    int Inputs { get; }
    int Outputs { get; }
    /// <summary>Floats that one stream carries from step to step; 0 for a perceptron.</summary>
    int StateLength { get; }

    /// <summary>A perceptron's answer to each row, or an LSTM's after a window of steps from a zero state.</summary>
    /// <param name="inputs">[rows, steps, inputs].</param>
    /// <param name="outputs">[rows, outputs].</param>
    /// <param name="steps">1 for a perceptron.</param>
    void Infer(ReadOnlySpan<float> inputs, Span<float> outputs, int rows, int steps = 1);

    /// <summary>Advances an LSTM's streams by one step each.</summary>
    /// <param name="inputs">[rows, inputs].</param>
    /// <param name="states">[rows, StateLength]: for each layer h, then c; read and replaced.</param>
    /// <param name="outputs">[rows, outputs].</param>
    void Step(ReadOnlySpan<float> inputs, Span<float> states, Span<float> outputs, int rows);
}

/// <summary>What the training kernels are launched with besides paths and weights.</summary>
/// <param name="Table">Whole numbers of the problem: inputs, rows, layers, the tape's places.</param>
/// <param name="Numbers">Its other numbers.</param>
/// <param name="Launch">The sizes and switches, as the kernel's first argument.</param>
/// <param name="Widest">Units of the widest layer.</param>
/// <param name="StepUnits">Numbers that the tape keeps of a path's decision.</param>
public sealed record HedgeLaunchData(int[] Table, float[] Numbers, byte[] Launch, int Widest, int StepUnits);

/// <summary>What a device can do at most, as it was measured: what a kernel's rate is to be held against.</summary>
/// <param name="UpBytesPerSecond">From page-locked memory to the device.</param>
/// <param name="MemoryBytesPerSecond">Read and written by a copy on the device.</param>
/// <param name="FusedPerSecond">Fused multiply-adds in double precision, eight independent chains an item.</param>
public sealed record DeviceFloors(double UpBytesPerSecond, double DownBytesPerSecond, double MemoryBytesPerSecond, double FusedPerSecond);

/// <summary>Times a device's kernels without the way there and back.</summary>
public interface IDeviceMeter : IDisposable
{
    string Device { get; }
    bool IsSimulated { get; }
    DeviceFloors Floors();
    /// <summary>Of one launch over so many options that stand in the device's memory: the median of several, each of a few launches.</summary>
    double EuropeanSeconds(int count);
    double ImpliedVolatilitySeconds(int count);
}
