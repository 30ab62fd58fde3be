using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Simd;
using ILGPU;

namespace Appliance.Kernels.Ilgpu;

/// <summary>
/// One option an iteration. The formulas are those of the processor's kernels, compiled for the device. Columns of a batch stand one after another in one buffer each way, <c>count</c> numbers each, so that a
/// batch is one copy up, one launch and one copy down. Work items stride through the batch: a card gets one for each option, the processor two for all.
/// </summary>
internal static class PricingKernels
{
    /// <summary>Strike, years, volatility, right.</summary>
    public const int GreeksInputs = 4;
    /// <summary>Price, delta, gamma, vega, theta, speed.</summary>
    public const int GreeksOutputs = 6;
    /// <summary>Spot, rate, yield, before the columns of a batch that a persistent kernel reads.</summary>
    public const int PersistentHead = 3;
    /// <summary>Spot, strike, years, volatility, rate, yield, right.</summary>
    public const int EuropeanInputs = 7;
    /// <summary>Price, delta, gamma, vega, theta, rho, vanna, volga, charm.</summary>
    public const int EuropeanOutputs = 9;
    /// <summary>Price, forward, strike, years, right.</summary>
    public const int ImpliedInputs = 5;
    /// <summary>Volatility, status.</summary>
    public const int ImpliedOutputs = 2;

    public static void Greeks(Index1D item, int items, int count, double spot, double rate, double yield, ArrayView<double> input, ArrayView<double> output)
    {
        var shared = new SharedInputs<ScalarLanes, double>(spot, rate, yield);
        for (int i = item.X; i < count; i += items)
        {
            BlackScholesLanes<ScalarLanes, double>.Evaluate(
                in shared, ref input[i], ref input[count + i], ref input[2 * count + i], ref input[3 * count + i],
                ref output[i], ref output[count + i], ref output[2 * count + i], ref output[3 * count + i], ref output[4 * count + i], ref output[5 * count + i]);
        }
    }

    /// <summary>
    /// Greeks as above, batch after batch, until the host's word is negative. The word counts batches; a batch's options and its count stand in page-locked memory, spot, rate and yield before them. Each group answers with the
    /// word it has worked off.
    /// </summary>
    /// <param name="command">The word, the count.</param>
    /// <param name="done">One a group.</param>
    public static void PersistentGreeks(ArrayView<long> command, ArrayView<long> done, ArrayView<double> input, ArrayView<double> output)
    {
        ArrayView<long> shared = SharedMemory.GetDynamic<long>();
        int items = Grid.DimX * Group.DimX;
        long last = 0;
        while (true)
        {
            // One thread watches for all, so that the bus carries one read at a time.
            if (Group.IdxX == 0)
            {
                long next = DeviceSignals.LoadAcquire(ref command[0]);
                while (next == last) next = DeviceSignals.LoadAcquire(ref command[0]);
                shared[0] = next;
            }
            Group.Barrier();
            last = shared[0];
            if (last < 0) return;
            int count = (int)command[1];
            var market = new SharedInputs<ScalarLanes, double>(input[0], input[1], input[2]);
            for (int i = Grid.IdxX * Group.DimX + Group.IdxX; i < count; i += items)
            {
                int at = PersistentHead + i;
                BlackScholesLanes<ScalarLanes, double>.Evaluate(
                    in market, ref input[at], ref input[count + at], ref input[2 * count + at], ref input[3 * count + at],
                    ref output[i], ref output[count + i], ref output[2 * count + i], ref output[3 * count + i], ref output[4 * count + i], ref output[5 * count + i]);
            }
            MemoryFence.SystemLevel();
            Group.Barrier();
            if (Group.IdxX == 0) DeviceSignals.StoreRelease(ref done[Grid.IdxX], last);
        }
    }

    public static void European(Index1D item, int items, int count, ArrayView<double> input, ArrayView<double> output)
    {
        for (int i = item.X; i < count; i += items)
        {
            EuropeanInputs<double> option;
            option.Spot = input[i];
            option.Strike = Math.Max(input[count + i], Pricing.European.StrikeMin);
            option.Years = input[2 * count + i];
            option.Volatility = input[3 * count + i];
            option.Rate = input[4 * count + i];
            option.Yield = input[5 * count + i];
            option.Sign = input[6 * count + i];
            EuropeanLanes<ScalarLanes, double>.Evaluate<SingleWing>(in option, true, out EuropeanOutputs<double> greeks);
            output[i] = greeks.Price;
            output[count + i] = greeks.Delta;
            output[2 * count + i] = greeks.Gamma;
            output[3 * count + i] = greeks.Vega;
            output[4 * count + i] = greeks.Theta;
            output[5 * count + i] = greeks.Rho;
            output[6 * count + i] = greeks.Vanna;
            output[7 * count + i] = greeks.Volga;
            output[8 * count + i] = greeks.Charm;
        }
    }

    public static void ImpliedVolatility(Index1D item, int items, int count, ArrayView<double> input, ArrayView<double> output)
    {
        for (int i = item.X; i < count; i += items)
        {
            double price = input[i], forward = input[count + i], strike = input[2 * count + i], years = input[3 * count + i], right = input[4 * count + i];
            ImpliedVolatilityLanes<ScalarLanes, double>.Prepare(price, forward, strike, years, right, out double a, out double c, out double gap, out double timeValue, out double code);
            var region = (Region)(int)code;
            var status = ImpliedVolatilityStatus.Ok;
            if (region == Region.Other) status = ImpliedVolatilitySolver.Classify(price, forward, strike, years, right, a, c, timeValue, out region);
            // As the processor's solver does, with one evaluation of each region instead of a call, which would send its result through memory.
            output[i] = status == ImpliedVolatilityStatus.Ok ? ImpliedVolatilitySolver.Deviation(region, a, c, gap) / Math.Sqrt(years) : 0;
            output[count + i] = (int)status;
        }
    }
}
