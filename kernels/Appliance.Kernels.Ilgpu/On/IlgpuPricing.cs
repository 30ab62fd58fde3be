using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Pricing;
using ILGPU;
using ILGPU.Runtime;

namespace Appliance.Kernels.Ilgpu;

/// <summary>Europeans and implied volatilities in pieces through two slots: while the device computes one piece, the next is laid out and the one before is taken away.</summary>
internal sealed class IlgpuPricing : IDevicePricing
{
    private readonly Card _card;
    private readonly int _piece;
    private readonly TransferSlot<double>[] _slots;
    private readonly Action<AcceleratorStream, Index1D, int, int, ArrayView<double>, ArrayView<double>> _european, _implied;

    public IlgpuPricing(IlgpuOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.OptionsMax, 1);
        _card = Card.Open(options);
        _piece = options.OptionsMax;
        int up = Math.Max(PricingKernels.EuropeanInputs, PricingKernels.ImpliedInputs) * _piece, down = Math.Max(PricingKernels.EuropeanOutputs, PricingKernels.ImpliedOutputs) * _piece;
        _slots = [new(_card, up, down), new(_card, up, down)];
        _european = _card.Accelerator.LoadAutoGroupedKernel<Index1D, int, int, ArrayView<double>, ArrayView<double>>(PricingKernels.European);
        _implied = _card.Accelerator.LoadAutoGroupedKernel<Index1D, int, int, ArrayView<double>, ArrayView<double>>(PricingKernels.ImpliedVolatility);
    }

    public string Device => _card.Name;

    public void Evaluate(in EuropeanBatch batch)
    {
        batch.CheckLengths();
        int n = batch.Spot.Length, pieces = (n + _piece - 1) / _piece;
        for (int k = 0; k < pieces + 1; k++)
        {
            if (k < pieces)
            {
                TransferSlot<double> slot = _slots[k % 2];
                int from = k * _piece, count = Math.Min(_piece, n - from);
                Span<double> up = slot.Up;
                batch.Spot.Slice(from, count).CopyTo(up);
                batch.Strike.Slice(from, count).CopyTo(up[count..]);
                batch.Expiry.Slice(from, count).CopyTo(up[(2 * count)..]);
                batch.Volatility.Slice(from, count).CopyTo(up[(3 * count)..]);
                batch.Rate.Slice(from, count).CopyTo(up[(4 * count)..]);
                batch.Yield.Slice(from, count).CopyTo(up[(5 * count)..]);
                batch.Sign.Slice(from, count).CopyTo(up[(6 * count)..]);
                Launch(_european, slot, count, PricingKernels.EuropeanInputs, PricingKernels.EuropeanOutputs);
            }
            if (k > 0)
            {
                TransferSlot<double> slot = _slots[(k - 1) % 2];
                int from = (k - 1) * _piece, count = Math.Min(_piece, n - from);
                slot.Wait();
                ReadOnlySpan<double> down = slot.Down;
                down[..count].CopyTo(batch.Price[from..]);
                down.Slice(count, count).CopyTo(batch.Delta[from..]);
                down.Slice(2 * count, count).CopyTo(batch.Gamma[from..]);
                down.Slice(3 * count, count).CopyTo(batch.Vega[from..]);
                down.Slice(4 * count, count).CopyTo(batch.Theta[from..]);
                down.Slice(5 * count, count).CopyTo(batch.Rho[from..]);
                if (batch.Vanna.IsEmpty) continue;
                down.Slice(6 * count, count).CopyTo(batch.Vanna[from..]);
                down.Slice(7 * count, count).CopyTo(batch.Volga[from..]);
                down.Slice(8 * count, count).CopyTo(batch.Charm[from..]);
            }
        }
    }

    public void Solve(
        ReadOnlySpan<double> price, ReadOnlySpan<double> forward, ReadOnlySpan<double> strike, ReadOnlySpan<double> years, ReadOnlySpan<double> callPut,
        Span<double> volatility, Span<ImpliedVolatilityStatus> status)
    {
        int n = price.Length, pieces = (n + _piece - 1) / _piece;
        if (forward.Length < n || strike.Length < n || years.Length < n || callPut.Length < n || volatility.Length < n || status.Length < n)
            throw new ArgumentException($"Every span must hold the {n} options of the prices.");
        for (int k = 0; k < pieces + 1; k++)
        {
            if (k < pieces)
            {
                TransferSlot<double> slot = _slots[k % 2];
                int from = k * _piece, count = Math.Min(_piece, n - from);
                Span<double> up = slot.Up;
                price.Slice(from, count).CopyTo(up);
                forward.Slice(from, count).CopyTo(up[count..]);
                strike.Slice(from, count).CopyTo(up[(2 * count)..]);
                years.Slice(from, count).CopyTo(up[(3 * count)..]);
                callPut.Slice(from, count).CopyTo(up[(4 * count)..]);
                Launch(_implied, slot, count, PricingKernels.ImpliedInputs, PricingKernels.ImpliedOutputs);
            }
            if (k > 0)
            {
                TransferSlot<double> slot = _slots[(k - 1) % 2];
                int from = (k - 1) * _piece, count = Math.Min(_piece, n - from);
                slot.Wait();
                slot.Down[..count].CopyTo(volatility[from..]);
                for (int i = 0; i < count; i++) status[from + i] = (ImpliedVolatilityStatus)(int)slot.Down[count + i];
            }
        }
    }

    public void Dispose()
    {
        foreach (TransferSlot<double> slot in _slots) slot.Dispose();
        _card.Dispose();
    }

    private void Launch(Action<AcceleratorStream, Index1D, int, int, ArrayView<double>, ArrayView<double>> kernel, TransferSlot<double> slot, int count, int inputs, int outputs)
    {
        int items = _card.Items(count);
        slot.Send(inputs * count);
        kernel(slot.Stream, items, items, count, slot.DeviceUp, slot.DeviceDown);
        slot.Receive(outputs * count);
    }
}
