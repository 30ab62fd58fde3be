using Appliance.Contract;

namespace Appliance.Ingest;

/// <summary>
/// The trading status of each mapped instrument as one word out of the two that venues publish: the regulatory trading state and the
/// venue's own operational halt. Only changes become events, so a venue that repeats every status at each restart costs nothing downstream.
/// </summary>
internal sealed class TradingStatusTable
{
    private readonly TradingStatus[] _trading;
    private readonly TradingStatus[] _published;
    private readonly bool[] _operationallyHalted;
    private readonly SymbolMap _symbols;

    public TradingStatusTable(SymbolMap symbols)
    {
        _symbols = symbols;
        _trading = new TradingStatus[symbols.HighestIndex + 1];
        _published = new TradingStatus[symbols.HighestIndex + 1];
        _operationallyHalted = new bool[symbols.HighestIndex + 1];
    }

    public void SetTrading<TSink, TClock>(ushort instrument, TradingStatus status, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        _trading[instrument] = status;
        PublishIfChanged(instrument, ref batch);
    }

    public void SetOperationalHalt<TSink, TClock>(ushort instrument, bool halted, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        _operationallyHalted[instrument] = halted;
        PublishIfChanged(instrument, ref batch);
    }

    /// <summary>All instruments at once: the venue closed, or began again and has said nothing yet.</summary>
    public void SetAll<TSink, TClock>(TradingStatus status, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        for (int i = 0; i < _symbols.Count; i++)
        {
            ushort instrument = _symbols.InstrumentAt(i);
            _trading[instrument] = status;
            _operationallyHalted[instrument] = false;
            PublishIfChanged(instrument, ref batch);
        }
    }

    public TradingStatus Of(ushort instrument) => _published[instrument];

    private void PublishIfChanged<TSink, TClock>(ushort instrument, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        TradingStatus status = _operationallyHalted[instrument] ? TradingStatus.Halted : _trading[instrument];
        if (status == _published[instrument])
            return;
        _published[instrument] = status;
        RingEvent.AsTick(ref batch.Begin(EventKind.StatusChanged, instrument)).Detail = (uint)status;
    }
}
