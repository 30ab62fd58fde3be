using System.Runtime.CompilerServices;
using System.Text;
using Appliance.Contract;
using Appliance.Ingest.Pcap;

namespace Appliance.Ingest.Binance;

/// <summary>
/// A capture of Binance's streams as tick source. A line is a packet and a venue transaction: its last event bears the decide mark. A line is decoded whole before its first event
/// is published, so it is known how much room it needs; while the ring lacks that room the line waits, and none is lost. Every line is accounted for:
/// Packets = Messages + DecodeErrors, and Messages = the sum of the counts by type.
/// </summary>
public sealed class BinanceCaptureSource<TSink, TClock> : ITickSource
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
{
    private const int FirstUnknownName = 16, FurtherNames = 255;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly LineReader _lines;
    private readonly BinanceMessage _message;
    private readonly BinanceCaptureOptions _options;
    private readonly SymbolMap _symbols;
    private readonly TClock _clock;
    private readonly byte[][] _unknownNames = new byte[256][];
    private readonly bool[] _hasTrades;
    private TSink _sink;
    private CaptureClock _time;

    // The decoded line that waits to be published.
    private bool _isPending;
    private int _pendingEvents;
    private ushort _pendingInstrument;
    private long _pendingTimeUtcNs, _pendingReceivedNs;
    private uint _pendingDecodeNs;

    /// <summary>Longer than any symbol that the exchange lists; a longer one costs an allocation.</summary>
    private byte[] _depthSymbolBytes = new byte[32];
    private int _depthSymbolLength;
    private bool _manyDepthSymbols;

    public BinanceCaptureSource(Stream stream, BinanceCaptureOptions options, SymbolMap symbols, TSink sink, TClock clock)
    {
        options.Check();
        _options = options;
        _symbols = symbols;
        _sink = sink;
        _clock = clock;
        _time = new CaptureClock(options.Speed, options.TimerPeriodMs);
        _lines = new LineReader(stream, options.LineBytesMax);
        _message = new BinanceMessage(options.LevelsMax);
        _hasTrades = new bool[symbols.HighestIndex + 1];
        Statistics.MessageTypeNames[(int)BinanceMessageKind.DepthUpdate] = "depthUpdate";
        Statistics.MessageTypeNames[(int)BinanceMessageKind.Snapshot] = "snapshot";
        Statistics.MessageTypeNames[(int)BinanceMessageKind.Trade] = "trade";
        Statistics.MessageTypeNames[(int)BinanceMessageKind.AggregateTrade] = "aggTrade";
        Statistics.MessageTypeNames[(int)BinanceMessageKind.BookTicker] = "bookTicker";
        Statistics.MessageTypeNames[FurtherNames] = "(further names)";
    }

    public SourceStatistics Statistics { get; } = new() { Kind = "binance-json" };
    /// <summary>A snapshot's header, its levels and its end. Timers are published one by one as the ring has room.</summary>
    public int MaxEventsPerPacket => _options.LevelsMax + 2;
    public bool Ended { get; private set; }
    /// <summary>Prints without price or quantity.</summary>
    public long EmptyPrints { get; private set; }
    /// <summary>aggTrade messages that repeat what trade messages already said.</summary>
    public long RepeatedPrints { get; private set; }
    /// <summary>What was wrong with the capture's end, or null: a line cut short, a gzip file cut short or damaged.</summary>
    public string? TailError { get; private set; }

    public int Poll(int maxPackets)
    {
        int taken = 0;
        while (taken < maxPackets)
        {
            if (!_isPending && !DecodeNext()) break;
            // Capture time begins with the first line whose receive time can be read.
            if (_pendingTimeUtcNs != 0)
            {
                long nowNs = _clock.NowNs();
                _time.Start(_pendingTimeUtcNs, nowNs);
                if (_time.TimerPrecedes(_pendingTimeUtcNs))
                {
                    if (!_time.IsDue(_time.NextTimerUtcNs, nowNs) || _sink.RemainingCapacity < 1) return Waiting(taken);
                    _time.PublishTimer(ref _sink, _options.SourceIndex, nowNs);
                    _pendingReceivedNs = 0;
                    taken++;
                    continue;
                }
                if (!_time.IsDue(_pendingTimeUtcNs, nowNs)) return Waiting(taken);
            }
            if (_sink.RemainingCapacity < _pendingEvents) return Waiting(taken);
            _time.Take(_pendingTimeUtcNs);
            if (_pendingEvents > 0) PublishPending();
            _isPending = false;
            taken++;
        }
        return taken;
    }

    public void Dispose() => _lines.Dispose();

    /// <summary>A line that waits for its time, for room or behind a timer counts its latency from when it could go, not from when it was read ahead.</summary>
    private int Waiting(int taken)
    {
        _pendingReceivedNs = 0;
        return taken;
    }

    private bool DecodeNext()
    {
        if (Ended) return false;
        long receivedNs = _clock.NowNs();
        LineRead read = _lines.Read(out ReadOnlySpan<byte> line);
        if (read == LineRead.End) return End();

        var fault = BinanceFault.LineTooLong;
        ReadOnlySpan<byte> json = default;
        long timeUtcNs = 0;
        if (read != LineRead.TooLong)
        {
            fault = BinanceLine.TrySplit(line, out timeUtcNs, out json) ? BinanceDecoder.Decode(json, _message) : BinanceFault.BadReceiveTime;
            // A line without its end that still reads as a whole message is one; else the capture stops inside it.
            if (fault != BinanceFault.None && read == LineRead.LastLineWithoutEnd) return EndInsideLine();
        }
        Statistics.Packets++;
        Statistics.Bytes += line.Length;
        _isPending = true;
        _pendingEvents = 0;
        // A line whose receive time cannot be read happens when its predecessor did.
        bool hasTime = fault is not (BinanceFault.LineTooLong or BinanceFault.BadReceiveTime);
        _pendingTimeUtcNs = hasTime ? _time.Clamp(timeUtcNs, Statistics) : _time.NowUtcNs;
        _time.SkipSilence(_pendingTimeUtcNs);
        _pendingReceivedNs = receivedNs;
        if (fault == BinanceFault.None) fault = Prepare(json, timeUtcNs);
        if (fault == BinanceFault.None) Statistics.Messages++;
        else CountError(fault);
        _pendingDecodeNs = (uint)Math.Clamp(_clock.NowNs() - receivedNs, 0, uint.MaxValue);
        return true;
    }

    /// <summary>Finds the instrument and how many events the message makes, and counts it.</summary>
    private BinanceFault Prepare(ReadOnlySpan<byte> json, long receiveUtcNs)
    {
        BinanceMessage message = _message;
        if (message.Kind == BinanceMessageKind.Other)
        {
            CountUnknown(json);
            return BinanceFault.None;
        }
        ReadOnlySpan<byte> symbol = json.Slice(message.SymbolStart, message.SymbolLength);
        if (message.Kind == BinanceMessageKind.DepthUpdate) NoteDepthSymbol(symbol);
        bool isMapped = _symbols.TryFind(symbol, out _pendingInstrument);
        if (message.Kind == BinanceMessageKind.Snapshot && symbol.IsEmpty && !TryFindSnapshotOwner(out isMapped)) return BinanceFault.SnapshotOfUnknownSymbol;

        Statistics.MessageTypeCounts[(int)message.Kind]++;
        // The snapshot came by REST: its time says nothing about the stream.
        if (message.EventTimeMs > 0 && message.Kind != BinanceMessageKind.Snapshot) NoteVenueTime(receiveUtcNs);
        if (isMapped) _pendingEvents = CountEvents();
        if (_pendingEvents == 0) Statistics.IgnoredMessages++;
        return BinanceFault.None;
    }

    private int CountEvents()
    {
        switch (_message.Kind)
        {
            case BinanceMessageKind.DepthUpdate: return 1 + _message.LevelCount;
            case BinanceMessageKind.Snapshot: return 2 + _message.LevelCount;
            case BinanceMessageKind.BookTicker: return 1;
            case BinanceMessageKind.Trade: _hasTrades[_pendingInstrument] = true; break;
            default:
                if (!_hasTrades[_pendingInstrument]) break;
                RepeatedPrints++;
                return 0;
        }
        if (_message.PriceUnits != 0 && _message.QuantityUnits != 0) return 1;
        EmptyPrints++;
        return 0;
    }

    private void PublishPending()
    {
        if (_pendingReceivedNs == 0) _pendingReceivedNs = _clock.NowNs() - _pendingDecodeNs;
        switch (_message.Kind)
        {
            case BinanceMessageKind.BookTicker: PublishQuote(); break;
            case BinanceMessageKind.DepthUpdate: PublishDepth(EventKind.DepthUpdate, EventFlags.None); break;
            case BinanceMessageKind.Snapshot: PublishDepth(EventKind.DepthSnapshot, EventFlags.Snapshot); break;
            default: PublishTrade(); break;
        }
        Statistics.Ticks += _pendingEvents;
    }

    private ref RingEvent Begin(EventKind kind, EventFlags flags)
    {
        ref RingEvent e = ref _sink.Claim();
        RingEvent.Begin(ref e, kind, _pendingInstrument, _options.SourceIndex, _pendingReceivedNs, _pendingTimeUtcNs);
        e.Flags = flags;
        return ref e;
    }

    private void PublishQuote()
    {
        ref Quote quote = ref RingEvent.AsQuote(ref Begin(EventKind.QuoteSet, EventFlags.DecideMark));
        quote.BidPriceUnits = _message.BidPriceUnits;
        quote.BidQuantityUnits = _message.BidQuantityUnits;
        quote.AskPriceUnits = _message.AskPriceUnits;
        quote.AskQuantityUnits = _message.AskQuantityUnits;
        quote.DecodeNs = _pendingDecodeNs;
        quote.UpdateIdLow = (uint)_message.LastUpdateId;
        _sink.Publish();
    }

    private void PublishTrade()
    {
        ref RingEvent e = ref Begin(EventKind.Trade, EventFlags.DecideMark);
        // The buyer being the maker, the seller was the aggressor.
        e.Side = _message.BuyerIsMaker ? Side.Sell : Side.Buy;
        ref Tick tick = ref RingEvent.AsTick(ref e);
        tick.PriceUnits = _message.PriceUnits;
        tick.QuantityUnits = _message.QuantityUnits;
        tick.Reference2 = (ulong)_message.TradeId;
        tick.DecodeNs = _pendingDecodeNs;
        _sink.Publish();
    }

    private void PublishDepth(EventKind kind, EventFlags flags)
    {
        bool isSnapshot = kind == EventKind.DepthSnapshot;
        int levels = _message.LevelCount;
        ref UpdateRange range = ref RingEvent.AsUpdateRange(ref Begin(kind, levels == 0 && !isSnapshot ? EventFlags.DecideMark : flags));
        range.FirstUpdateId = _message.FirstUpdateId;
        range.LastUpdateId = _message.LastUpdateId;
        range.PreviousUpdateId = _message.PreviousUpdateId;
        range.Levels = levels;
        range.DecodeNs = _pendingDecodeNs;
        _sink.Publish();
        for (int i = 0; i < levels; i++)
        {
            ref readonly BinanceLevel level = ref _message.Levels[i];
            ref RingEvent e = ref Begin(EventKind.LevelSet, i == levels - 1 && !isSnapshot ? flags | EventFlags.DecideMark : flags);
            e.Side = level.Side;
            ref Tick tick = ref RingEvent.AsTick(ref e);
            tick.PriceUnits = level.PriceUnits;
            tick.QuantityUnits = level.QuantityUnits;
            tick.DecodeNs = _pendingDecodeNs;
            _sink.Publish();
        }
        if (!isSnapshot) return;
        ref UpdateRange end = ref RingEvent.AsUpdateRange(ref Begin(EventKind.DepthSnapshotEnd, flags | EventFlags.DecideMark));
        end.LastUpdateId = _message.LastUpdateId;
        end.DecodeNs = _pendingDecodeNs;
        _sink.Publish();
    }

    private void NoteVenueTime(long receiveUtcNs)
    {
        long leadNs = _message.EventTimeMs * NanosecondsPerMillisecond - receiveUtcNs;
        if (leadNs < Statistics.VenueClockLeadNsMin) Statistics.VenueClockLeadNsMin = leadNs;
        if (leadNs > Statistics.VenueClockLeadNsMax) Statistics.VenueClockLeadNsMax = leadNs;
    }

    private void NoteDepthSymbol(ReadOnlySpan<byte> symbol)
    {
        if (symbol.SequenceEqual(DepthSymbol)) return;
        if (_depthSymbolLength > 0)
        {
            _manyDepthSymbols = true;
            return;
        }
        if (symbol.Length > _depthSymbolBytes.Length) _depthSymbolBytes = new byte[symbol.Length];
        symbol.CopyTo(_depthSymbolBytes);
        _depthSymbolLength = symbol.Length;
    }

    private ReadOnlySpan<byte> DepthSymbol => _depthSymbolBytes.AsSpan(0, _depthSymbolLength);

    /// <summary>Whose a snapshot without symbol is: the one symbol's of the depth messages so far, or before any, the one instrument's of the desk.</summary>
    private bool TryFindSnapshotOwner(out bool isMapped)
    {
        isMapped = false;
        if (_manyDepthSymbols) return false;
        if (_depthSymbolLength > 0)
        {
            isMapped = _symbols.TryFind(DepthSymbol, out _pendingInstrument);
            return true;
        }
        if (_symbols.Count != 1) return false;
        _pendingInstrument = (ushort)_symbols.HighestIndex;
        return isMapped = true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CountUnknown(ReadOnlySpan<byte> json)
    {
        Statistics.UnknownMessages++;
        ReadOnlySpan<byte> name = _message.IsPartialDepth ? "partialDepth"u8
            : _message.EventNameLength == 0 ? "(unnamed)"u8
            : json.Slice(_message.EventNameStart, _message.EventNameLength);
        int slot = FirstUnknownName;
        while (slot < FurtherNames && _unknownNames[slot] is not null && !name.SequenceEqual(_unknownNames[slot])) slot++;
        if (slot < FurtherNames && _unknownNames[slot] is null)
        {
            _unknownNames[slot] = name.ToArray();
            Statistics.MessageTypeNames[slot] = Encoding.UTF8.GetString(name);
        }
        Statistics.MessageTypeCounts[slot]++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CountError(BinanceFault fault)
    {
        Statistics.DecodeErrors++;
        Statistics.FirstError ??= $"line {_lines.LineNumber}: {Words(fault)}";
    }

    private bool EndInsideLine()
    {
        TailError = $"line {_lines.LineNumber}: the capture ends inside it";
        return End();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool End()
    {
        Ended = true;
        if (_lines.StreamError is { } error) TailError = $"after line {_lines.LineNumber - (TailError is null ? 0 : 1)}: {error}";
        if (TailError is null) return false;
        Statistics.TornTail = true;
        Statistics.FirstError ??= TailError;
        return false;
    }

    private string Words(BinanceFault fault) => fault switch
    {
        BinanceFault.MalformedJson => "malformed JSON",
        BinanceFault.BadNumber => "a price or quantity is no decimal number of at most eight decimals that fits",
        BinanceFault.BadIdentifier => "an identifier or time is no whole number",
        BinanceFault.BadLevels => "a list of levels is not of [price, quantity]",
        BinanceFault.TooManyLevels => $"more than {_options.LevelsMax} levels",
        BinanceFault.MissingField => "a field of its kind is missing",
        BinanceFault.ZeroPrice => "a level with price zero",
        BinanceFault.BadReceiveTime => "does not begin with a receive time in nanoseconds and a space",
        BinanceFault.LineTooLong => $"longer than {_options.LineBytesMax} bytes",
        _ => "a snapshot without symbol, and the depth messages before it are of none or several",
    };
}
