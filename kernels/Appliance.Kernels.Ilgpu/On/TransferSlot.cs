using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace Appliance.Kernels.Ilgpu;

/// <summary>
/// One batch on its way: page-locked memory each way, its likeness on the device, and a stream that keeps upload, kernel and download in order. Two slots make the double buffer: while one computes, the other
/// is copied, in either direction. (ILGPU 1.5.3 cannot let one stream wait for another, so that a stream for each direction would need the host between them; a stream for each slot does not.)
/// <para>That a batch is done is seen in host memory, without a call to the driver: behind the results comes one number more, which the device held all along.</para>
/// </summary>
internal sealed class TransferSlot<T> : IDisposable where T : unmanaged
{
    private const int Marks = 256;
    private static readonly long StallTicks = 30 * Stopwatch.Frequency;

    private readonly PageLockedArray1D<T> _up, _down;
    private readonly PageLockedArray1D<long> _mark;
    private readonly MemoryBuffer1D<T, Stride1D.Dense> _deviceUp, _deviceDown;
    private readonly MemoryBuffer1D<long, Stride1D.Dense> _deviceMarks;
    private readonly string _name;
    private long _sent;

    public TransferSlot(Card card, int upLength, int downLength)
    {
        Accelerator accelerator = card.Accelerator;
        _name = card.Name;
        Stream = accelerator.CreateStream();
        _up = accelerator.AllocatePageLocked1D<T>(upLength, uninitialized: false);
        _down = accelerator.AllocatePageLocked1D<T>(downLength, uninitialized: false);
        _mark = accelerator.AllocatePageLocked1D<long>(1, uninitialized: false);
        _deviceUp = accelerator.Allocate1D<T>(upLength);
        _deviceDown = accelerator.Allocate1D<T>(downLength);
        var marks = new long[Marks];
        for (int i = 0; i < Marks; i++) marks[i] = i + 1;
        _deviceMarks = accelerator.Allocate1D(marks);
        accelerator.Synchronize();
    }

    public AcceleratorStream Stream { get; }
    public Span<T> Up => _up.Span;
    public Span<T> Down => _down.Span;
    public ArrayView<T> DeviceUp => _deviceUp.View.BaseView;
    public ArrayView<T> DeviceDown => _deviceDown.View.BaseView;

    public void Send(int count) => DeviceUp.SubView(0, count).CopyFrom(Stream, _up.ArrayView.SubView(0, count));

    public void Receive(int count)
    {
        _sent++;
        DeviceDown.SubView(0, count).CopyTo(Stream, _down.ArrayView.SubView(0, count));
        _deviceMarks.View.BaseView.SubView(_sent % Marks, 1).CopyTo(Stream, _mark.ArrayView);
    }

    /// <summary>Whether the results of the last <see cref="Receive"/> stand in <see cref="Down"/>.</summary>
    public bool IsDone => Volatile.Read(ref _mark.Span[0]) == (_sent == 0 ? 0 : _sent % Marks + 1);

    /// <exception cref="IlgpuDeviceException">The device has not answered for half a minute.</exception>
    public void Wait()
    {
        long start = Stopwatch.GetTimestamp();
        while (!IsDone)
        {
            if (Stopwatch.GetTimestamp() - start > StallTicks) throw new IlgpuDeviceException($"{_name} has not answered for 30 seconds");
            Thread.Yield();
        }
    }

    public void Dispose()
    {
        Stream.Synchronize();
        Stream.Dispose();
        _deviceMarks.Dispose();
        _deviceUp.Dispose();
        _deviceDown.Dispose();
        _mark.Dispose();
        _up.Dispose();
        _down.Dispose();
    }
}
