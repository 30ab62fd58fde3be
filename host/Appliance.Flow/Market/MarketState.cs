using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Strategy.Features;

namespace Appliance.Flow.Market;

/// <summary>All books and their features, as a function of the ring's events.</summary>
public sealed class MarketState
{
    private readonly TopOfBook[] _tops;
    private readonly InstrumentFeatures[] _features;
    private readonly ushort[] _dirty;
    private int _dirtyCount;

    public MarketState(ReadOnlySpan<InstrumentDefinition> instruments, MarketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _tops = new TopOfBook[instruments.Length];
        _features = new InstrumentFeatures[instruments.Length];
        _dirty = new ushort[instruments.Length];
    }

    public MarketCounters Counters { get; } = new();

    /// <summary>Takes one event of the ring; events that are no market data are ignored.</summary>
    public void Apply(ref RingEvent e)
    {
        if (e.Instrument < _tops.Length)
            _tops[e.Instrument].TimeUtcNs = e.TimeUtcNs;
    }

    /// <summary>The best of the book as of the instrument's last decide mark.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly TopOfBook Top(int instrument) => ref _tops[instrument];

    /// <summary>The features as of the instrument's last decide mark.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly InstrumentFeatures Features(int instrument) => ref _features[instrument];

    /// <summary>Instruments that a decide mark has settled since the last <see cref="ClearDirty"/>, each once.</summary>
    public ReadOnlySpan<ushort> Dirty => _dirty.AsSpan(0, _dirtyCount);

    public void ClearDirty() => _dirtyCount = 0;
}
