using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Kernels.Pricing;

namespace Appliance.Kernels.Simd;

/// <summary>
/// A batch of European options stage by stage, a chunk at a time, what lies between two stages in memory of the first-level cache. One register from beginning to end is a chain of some four
/// hundred cycles in which the processor mostly waits: its window of a few hundred instructions does not reach the next register. A stage is short, so that several registers are on their way at once.
/// The operations and their order are those of <see cref="EuropeanLanes{L,V}.Evaluate(in EuropeanInputs{V}, bool, out EuropeanOutputs{V})"/>, and so are the bits.
/// </summary>
internal static unsafe class EuropeanStages<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>Of a chunk: its intermediate results are 120 bytes an option, the inputs and outputs as much again.</summary>
    private const int OptionsMax = 64;
    /// <summary>What lies between the stages, a register each: the fields of <see cref="EuropeanPlace{V}"/>, both legs, those of <see cref="EuropeanTails{V}"/>.</summary>
    private const int YearsAt = 0, VolatilityAt = 1, RootYearsAt = 2, DeviationAt = 3, PerDeviationAt = 4, PerSpotAt = 5, XAt = 6, SmallerAt = 7, LargerAt = 8,
        BellAt = 9, FirstAt = 10, FirstRestAt = 11, SecondAt = 12, OutOfMoneyAt = 13, ParityAt = 14, Slots = 15;
    private const int Alignment = 64;

    /// <summary>Prices whole registers from the front, and returns how many options that were.</summary>
    public static int Run(in EuropeanBatch batch)
    {
        byte* room = stackalloc byte[OptionsMax * Slots * sizeof(double) + Alignment];
        double* between = (double*)(((nint)room + Alignment - 1) & -Alignment);
        int count = batch.Spot.Length / L.Width * L.Width;
        bool secondOrder = !batch.Vanna.IsEmpty;
        for (int from = 0; from < count; from += OptionsMax)
        {
            int to = Math.Min(from + OptionsMax, count);
            Place(in batch, from, to, between);
            Legs(in batch, from, to, between);
            Tails(from, to, between);
            Correct(from, to, between);
            FirstOrder(in batch, from, to, between);
            if (secondOrder) SecondOrder(in batch, from, to, between);
        }
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Place(in EuropeanBatch batch, int from, int to, double* between)
    {
        V strikeMin = L.All(European.StrikeMin);
        for (int i = from; i < to; i += L.Width, between += Slots * L.Width)
        {
            EuropeanInputs<V> input = default;
            input.Spot = At(batch.Spot, i);
            input.Strike = L.Larger(At(batch.Strike, i), strikeMin);
            input.Years = At(batch.Expiry, i);
            input.Volatility = At(batch.Volatility, i);
            input.Rate = At(batch.Rate, i);
            input.Yield = At(batch.Yield, i);
            EuropeanLanes<L, V>.Place(in input, out EuropeanPlace<V> place);
            Keep(between, YearsAt, place.Years);
            Keep(between, VolatilityAt, place.Volatility);
            Keep(between, RootYearsAt, place.RootYears);
            Keep(between, DeviationAt, place.Deviation);
            Keep(between, PerDeviationAt, place.PerDeviation);
            Keep(between, PerSpotAt, place.PerSpot);
            Keep(between, XAt, place.X);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Legs(in EuropeanBatch batch, int from, int to, double* between)
    {
        V strikeMin = L.All(European.StrikeMin);
        for (int i = from; i < to; i += L.Width, between += Slots * L.Width)
        {
            EuropeanInputs<V> input = default;
            input.Spot = At(batch.Spot, i);
            input.Strike = L.Larger(At(batch.Strike, i), strikeMin);
            input.Rate = At(batch.Rate, i);
            input.Yield = At(batch.Yield, i);
            EuropeanPlace<V> place = default;
            place.Years = Kept(between, YearsAt);
            place.X = Kept(between, XAt);
            EuropeanLanes<L, V>.Legs(in input, in place, out V smaller, out V larger);
            Keep(between, SmallerAt, smaller);
            Keep(between, LargerAt, larger);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tails(int from, int to, double* between)
    {
        for (int i = from; i < to; i += L.Width, between += Slots * L.Width)
        {
            EuropeanPlace<V> place = default;
            place.Deviation = Kept(between, DeviationAt);
            place.PerDeviation = Kept(between, PerDeviationAt);
            place.X = Kept(between, XAt);
            EuropeanLanes<L, V>.Tails(in place, Kept(between, SmallerAt), Kept(between, LargerAt), out EuropeanTails<V> tails);
            Keep(between, BellAt, tails.Bell);
            Keep(between, FirstAt, tails.First);
            Keep(between, FirstRestAt, tails.FirstRest);
            Keep(between, SecondAt, tails.Second);
            Keep(between, OutOfMoneyAt, tails.OutOfMoney);
            Keep(between, ParityAt, tails.Parity);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Correct(int from, int to, double* between)
    {
        for (int i = from; i < to; i += L.Width, between += Slots * L.Width)
        {
            if (EuropeanLanes<L, V>.IsInWing(Kept(between, FirstAt), Kept(between, OutOfMoneyAt))) CorrectOne(between);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CorrectOne(double* between)
    {
        EuropeanPlace<V> place = default;
        place.Deviation = Kept(between, DeviationAt);
        place.PerDeviation = Kept(between, PerDeviationAt);
        place.X = Kept(between, XAt);
        EuropeanTails<V> tails = default;
        tails.Bell = Kept(between, BellAt);
        tails.First = Kept(between, FirstAt);
        tails.OutOfMoney = Kept(between, OutOfMoneyAt);
        tails.Parity = Kept(between, ParityAt);
        EuropeanLanes<L, V>.Correct<LaneByLaneWing<L, V>>(in place, Kept(between, SmallerAt), ref tails);
        Keep(between, OutOfMoneyAt, tails.OutOfMoney);
        Keep(between, ParityAt, tails.Parity);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FirstOrder(in EuropeanBatch batch, int from, int to, double* between)
    {
        for (int i = from; i < to; i += L.Width, between += Slots * L.Width)
        {
            EuropeanInputs<V> input = default;
            input.Rate = At(batch.Rate, i);
            input.Yield = At(batch.Yield, i);
            input.Sign = At(batch.Sign, i);
            EuropeanPlace<V> place;
            place.Years = Kept(between, YearsAt);
            place.Volatility = Kept(between, VolatilityAt);
            place.RootYears = Kept(between, RootYearsAt);
            place.Deviation = Kept(between, DeviationAt);
            place.PerDeviation = Kept(between, PerDeviationAt);
            place.PerSpot = Kept(between, PerSpotAt);
            place.X = Kept(between, XAt);
            EuropeanTails<V> tails;
            tails.Bell = Kept(between, BellAt);
            tails.First = Kept(between, FirstAt);
            tails.FirstRest = Kept(between, FirstRestAt);
            tails.Second = Kept(between, SecondAt);
            tails.OutOfMoney = Kept(between, OutOfMoneyAt);
            tails.Parity = Kept(between, ParityAt);
            EuropeanOutputs<V> output = default;
            EuropeanLanes<L, V>.FirstOrder(in input, in place, Kept(between, LargerAt), in tails, ref output);
            L.Store(output.Price, ref To(batch.Price, i));
            L.Store(output.Delta, ref To(batch.Delta, i));
            L.Store(output.Gamma, ref To(batch.Gamma, i));
            L.Store(output.Vega, ref To(batch.Vega, i));
            L.Store(output.Theta, ref To(batch.Theta, i));
            L.Store(output.Rho, ref To(batch.Rho, i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SecondOrder(in EuropeanBatch batch, int from, int to, double* between)
    {
        for (int i = from; i < to; i += L.Width, between += Slots * L.Width)
        {
            EuropeanInputs<V> input = default;
            input.Rate = At(batch.Rate, i);
            input.Yield = At(batch.Yield, i);
            EuropeanPlace<V> place;
            place.Years = Kept(between, YearsAt);
            place.Volatility = Kept(between, VolatilityAt);
            place.RootYears = Kept(between, RootYearsAt);
            place.Deviation = Kept(between, DeviationAt);
            place.PerDeviation = Kept(between, PerDeviationAt);
            place.PerSpot = Kept(between, PerSpotAt);
            place.X = Kept(between, XAt);
            EuropeanOutputs<V> output = default;
            output.Delta = At(batch.Delta, i);
            EuropeanLanes<L, V>.SecondOrder(in input, in place, Kept(between, BellAt), ref output);
            L.Store(output.Vanna, ref To(batch.Vanna, i));
            L.Store(output.Volga, ref To(batch.Volga, i));
            L.Store(output.Charm, ref To(batch.Charm, i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Kept(double* between, int slot) => L.Load(in between[slot * L.Width]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(double* between, int slot, V value) => L.Store(value, ref between[slot * L.Width]);

    // Lengths were checked at the start; the register's reach is checked by the loop's bound.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V At(ReadOnlySpan<double> span, int i) => L.Load(in Unsafe.Add(ref MemoryMarshal.GetReference(span), i));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref double To(Span<double> span, int i) => ref Unsafe.Add(ref MemoryMarshal.GetReference(span), i);
}
