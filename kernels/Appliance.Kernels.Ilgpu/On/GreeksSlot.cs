using Appliance.Contract;
using ILGPU;
using ILGPU.Runtime;

namespace Appliance.Kernels.Ilgpu;

/// <summary>One batch of Greeks on a device.</summary>
internal sealed class GreeksSlot(Card card, int optionsMax) : IGreeksSlot
{
    private readonly TransferSlot<double> _transfer = new(card, PricingKernels.GreeksInputs * optionsMax, PricingKernels.GreeksOutputs * optionsMax);
    private readonly Action<AcceleratorStream, Index1D, int, int, double, double, double, ArrayView<double>, ArrayView<double>> _kernel =
        card.Accelerator.LoadAutoGroupedKernel<Index1D, int, int, double, double, double, ArrayView<double>, ArrayView<double>>(PricingKernels.Greeks);

    public bool IsDone => _transfer.IsDone;

    public void Start(in GreeksBatch batch)
    {
        int n = batch.Count, items = card.Items(n);
        Span<double> up = _transfer.Up;
        batch.Strike.AsSpan(0, n).CopyTo(up);
        batch.Years.AsSpan(0, n).CopyTo(up[n..]);
        batch.Volatility.AsSpan(0, n).CopyTo(up[(2 * n)..]);
        batch.CallPut.AsSpan(0, n).CopyTo(up[(3 * n)..]);
        _transfer.Send(PricingKernels.GreeksInputs * n);
        _kernel(_transfer.Stream, items, items, n, batch.Spot, batch.Rate, batch.Yield, _transfer.DeviceUp, _transfer.DeviceDown);
        _transfer.Receive(PricingKernels.GreeksOutputs * n);
    }

    public void Take(in GreeksBatch batch) => Copy(_transfer.Down, in batch);

    public static void Copy(ReadOnlySpan<double> down, in GreeksBatch batch)
    {
        int n = batch.Count;
        down[..n].CopyTo(batch.Price);
        down.Slice(n, n).CopyTo(batch.Delta);
        down.Slice(2 * n, n).CopyTo(batch.Gamma);
        down.Slice(3 * n, n).CopyTo(batch.Vega);
        down.Slice(4 * n, n).CopyTo(batch.Theta);
        down.Slice(5 * n, n).CopyTo(batch.Speed);
    }

    public void Dispose() => _transfer.Dispose();
}
