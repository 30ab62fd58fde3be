using Appliance.Contract;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Appliance.Kernels.Ilgpu;

/// <summary>
/// Greeks by a kernel that never ends: it watches a word of page-locked memory, reads the batch over the bus, writes the results back and says so, without a copy, a launch or a call to the driver for each batch. One batch at a time. While it
/// runs, nothing else may be asked of the device that waits for it to be idle: everything is allocated before.
/// </summary>
internal sealed class PersistentGreeksSlot : IGreeksSlot
{
    private const int GroupsMax = 16, GroupThreads = 128;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly PageLockedArray1D<long> _command, _done;
    private readonly PageLockedArray1D<double> _input, _output;
    private readonly AcceleratorStream _stream;
    private readonly Thread _thread;
    private volatile Exception? _failure;
    private long _sent;

    public PersistentGreeksSlot(Card card, int optionsMax)
    {
        Accelerator accelerator = card.Accelerator;
        if (card.Kind == "opencl" || accelerator is CudaAccelerator cuda && !cuda.Device.SupportsUsingHostPointerForRegisteredMemory)
            throw new IlgpuDeviceException($"{card.Name} has no memory that a running kernel shares with the host, which compute.persistent needs");
        // The simulator runs a kernel's groups one after another: a second would wait for the first for ever.
        int groups = card.IsSimulated ? 1 : Math.Min(accelerator.NumMultiprocessors, GroupsMax);
        _command = accelerator.AllocatePageLocked1D<long>(2, uninitialized: false);
        _done = accelerator.AllocatePageLocked1D<long>(groups, uninitialized: false);
        _input = accelerator.AllocatePageLocked1D<double>(PricingKernels.PersistentHead + PricingKernels.GreeksInputs * optionsMax, uninitialized: false);
        _output = accelerator.AllocatePageLocked1D<double>(PricingKernels.GreeksOutputs * optionsMax, uninitialized: false);
        _stream = accelerator.CreateStream();
        var kernel = accelerator.LoadKernel<ArrayView<long>, ArrayView<long>, ArrayView<double>, ArrayView<double>>(PricingKernels.PersistentGreeks);
        accelerator.Synchronize();
        var size = new KernelConfig(groups, card.GroupSize(GroupThreads), SharedMemoryConfig.RequestDynamic<long>(1));
        // A launch on the simulator returns when the kernel ends.
        _thread = new Thread(() =>
        {
            try
            {
                kernel(_stream, size, _command.ArrayView, _done.ArrayView, _input.ArrayView, _output.ArrayView);
                _stream.Synchronize();
            }
            catch (Exception e) { _failure = e; }
        })
        { IsBackground = true, Name = "persistent kernel" };
        _thread.Start();
    }

    public bool IsDone
    {
        get
        {
            if (_failure is { } failure) throw new IlgpuDeviceException($"the persistent kernel ended: {failure.Message}");
            foreach (ref long done in _done.Span)
                if (Volatile.Read(ref done) != _sent) return false;
            return true;
        }
    }

    public void Start(in GreeksBatch batch)
    {
        int n = batch.Count;
        Span<double> input = _input.Span;
        (input[0], input[1], input[2]) = (batch.Spot, batch.Rate, batch.Yield);
        Span<double> columns = input[PricingKernels.PersistentHead..];
        batch.Strike.AsSpan(0, n).CopyTo(columns);
        batch.Years.AsSpan(0, n).CopyTo(columns[n..]);
        batch.Volatility.AsSpan(0, n).CopyTo(columns[(2 * n)..]);
        batch.CallPut.AsSpan(0, n).CopyTo(columns[(3 * n)..]);
        _command.Span[1] = n;
        Volatile.Write(ref _command.Span[0], ++_sent);
    }

    public void Take(in GreeksBatch batch) => GreeksSlot.Copy(_output.Span, in batch);

    public void Dispose()
    {
        Volatile.Write(ref _command.Span[0], -1);
        // Memory that a kernel may still write to is not given back.
        if (!_thread.Join(StopPatience)) return;
        _stream.Dispose();
        _command.Dispose();
        _done.Dispose();
        _input.Dispose();
        _output.Dispose();
    }
}
