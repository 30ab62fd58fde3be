using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>Counts of a gateway, beside those of its session.</summary>
public sealed class FixGatewayCounters
{
    public long OrdersSent, Reports, ForeignReports, UnknownSymbols, RoundedPrices, ConnectAttempts, Connects, LogFull, GapFilledButAnswered, UnknownCorrections, MassStatusReports, UnnamedOrders;
}

/// <summary>
/// Orders out by FIX 4.4, execution events in. One thread owns it: Send encodes, logs, stores and writes; Poll reads, decodes, publishes and runs the timers.
/// Send never publishes: what it causes (a session that went down) is published by the next Poll, so that the ring keeps one producer.
/// This file holds the order's road; FixOrderGateway.Inbound.cs what comes back.
/// </summary>
public sealed partial class FixOrderGateway<TSink, TClock> : IOrderGateway, IEmergencyShutdown
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
{
    private const int QueueBytes = 1 << 16;
    /// <summary>More orders of nobody's than this need no program but a telephone.</summary>
    private const int FoundOrdersMax = 1_024;

    private readonly FixSessionOptions _options;
    private readonly SymbolTable _symbols;
    private readonly OrderEncoder _encoder;
    private readonly SequenceStore _store;
    private readonly MessageLog? _messageLog;
    private readonly OrderLog _orderLog;
    private readonly bool _ownsOrderLog;
    private readonly FixSession<Actions> _session;
    private readonly TcpLink _link;
    private readonly Connector _connector;
    private readonly ReconnectSchedule _schedule;
    private readonly RecentOrders _recent;
    private readonly RecentExecutions _executions;
    private readonly ExecutionTap? _tap;
    private readonly FoundOrders _found = new(FoundOrdersMax);
    private readonly byte[] _rehearsed = new byte[SequenceStore.MaxOutgoingBytes];
    private readonly ApprovedOrder _noOrder = default;
    private int _rehearsedLength;
    private TSink _sink;
    private TClock _clock;
    private readonly SequencedClock? _time;
    private long _utcOffsetNs;
    private volatile bool _emergency;
    private bool _disposed;

    /// <param name="instruments">The desk's table; symbols are the venue's.</param>
    /// <param name="sink">Where execution events go; used by Poll only.</param>
    /// <param name="orderLog">The order log; null makes one in memory, which a restart does not find again.</param>
    /// <param name="time">Sequenced time of the events that go into the ring; null stamps them with the wall clock that Poll is given. What goes on the wire always bears the wall clock.</param>
    /// <param name="tap">Where executions go besides, to be held against the venue's drop copy; null where the desk has none.</param>
    public FixOrderGateway(FixSessionOptions options, ReadOnlySpan<InstrumentDefinition> instruments, TSink sink, TClock clock, OrderLog? orderLog, SequencedClock? time = null, ExecutionTap? tap = null)
    {
        var wrong = options.Check();
        if (wrong.Count > 0)
            throw new ArgumentException("FIX session options: " + string.Join("; ", wrong), nameof(options));
        _options = options;
        _tap = tap;
        _sink = sink;
        _clock = clock;
        _time = time;
        _symbols = new SymbolTable(instruments);
        var header = options.MakeHeader();
        _encoder = new OrderEncoder(header, _symbols, options.Account, options.EncodeOrderFields(), _found);
        _store = options.MakeStore();
        // Numbers are only taken back, never forward: what lies between was received, but whoever heard it did not live to write it down.
        if (options.NextIncomingAtMost is > 0 and var heard && heard < _store.NextIncoming) _store.NextIncoming = heard;
        _messageLog = options.MakeMessageLog(_store);
        _ownsOrderLog = orderLog is null;
        _orderLog = orderLog ?? new OrderLog(null, 1 << 16);
        _link = new TcpLink(options.ReceiveBufferBytes, QueueBytes);
        _recent = new RecentOrders(options.RecentOrders);
        _executions = new RecentExecutions(options.RecentOrders);
        _schedule = options.MakeReconnectSchedule();
        _session = new FixSession<Actions>(new Actions(this), _store, header, options.MakeSettings());
        _connector = new Connector(options);
    }

    public bool IsUp => _session.IsUp && !_emergency;
    public long LastEncodedNs { get; private set; }
    public long LastSentNs { get; private set; }
    public FixSessionState State => _session.State;
    public FixSessionCounters SessionCounters => _session.Counters;
    public FixGatewayCounters Counters { get; } = new();
    public OrderLog OrderLog => _orderLog;
    public SequenceStore Store => _store;
    /// <summary>Names of the orders that a mass status found.</summary>
    public FoundOrders Found => _found;
    /// <summary>The log of messages in plain text; null when none is asked for.</summary>
    public MessageLog? MessageLog => _messageLog;
    /// <summary>Why the last connection attempt failed; null when none did.</summary>
    public string? LastConnectError => _connector.LastError;
    /// <summary>The numbers that our next message and the venue's next message bear.</summary>
    public (uint Outgoing, uint Incoming) NextSequences => (_store.NextOutgoing, _store.NextIncoming);

    public SendResult Send(in ApprovedOrder order)
    {
        if (!order.IsApproved) ThrowNotApproved();
        if (_session.GatheredOrders > 0) ThrowGathered();
        var intent = IntentOf(in order);
        return Send(in intent, in order, gathers: false);
    }

    public bool CanGather => _session.CanGather;

    public SendResult Gather(in ApprovedOrder order)
    {
        if (!order.IsApproved) ThrowNotApproved();
        if (!_session.CanGather || IsQuestion(order.Kind)) ThrowCannotGather();
        var intent = IntentOf(in order);
        return Send(in intent, in order, gathers: true);
    }

    public SendResult WriteGathered(out int left)
    {
        left = 0;
        if (_emergency)
        {
            TakeBackGathered();
            return SendResult.Disconnected;
        }
        int count = _session.GatheredOrders;
        var result = _session.WriteGathered(_clock.NowNs(), out left);
        LastSentNs = _clock.NowNs();
        Counters.OrdersSent += left;
        _orderLog.MarkLastUnsent(count - left);
        return result;
    }

    public void TakeBackGathered()
    {
        _orderLog.MarkLastUnsent(_session.GatheredOrders);
        _session.TakeBackGathered();
    }

    /// <summary>The same code as a sending, as far as the encoded message, into a buffer that goes nowhere: without an approved order nothing else is reached.</summary>
    public void Rehearse(in OrderIntent intent)
    {
        if (Send(in intent, in _noOrder, gathers: false) != SendResult.Sent) return;
        _store.Approach(_rehearsedLength);
        _orderLog.Approach();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static OrderIntent IntentOf(in ApprovedOrder order)
    {
        OrderIntent intent;
        intent.Kind = order.Kind;
        intent.Side = order.Side;
        intent.TimeInForce = order.TimeInForce;
        intent.Instrument = order.Instrument;
        intent.Portfolio = order.Portfolio;
        intent.PriceUnits = order.PriceUnits;
        intent.QuantityUnits = order.QuantityUnits;
        intent.ClientOrderId = order.ClientOrderId;
        intent.OriginalClientOrderId = order.OriginalClientOrderId;
        intent.RingSequence = order.RingSequence;
        intent.ReceivedNs = order.ReceivedNs;
        intent.TimeUtcNs = order.TimeUtcNs;
        return intent;
    }

    /// <summary>A question is no order: it stands in no log, and nothing of it is ever unsent.</summary>
    private static bool IsQuestion(OrderRequestKind kind) => kind is OrderRequestKind.Status or OrderRequestKind.MassStatus;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private SendResult Send(in OrderIntent intent, in ApprovedOrder order, bool gathers)
    {
        if (_emergency)
            return SendResult.Disconnected;
        var ready = _session.OrderReadiness;
        if (ready != SendResult.Sent)
            return ready;
        if (_link.HasBacklog && (!_link.Flush() || _link.HasBacklog))
        {
            // The rest of an earlier message comes first; an order must not grow old in a queue. A connection that failed is seen by the next Poll.
            _session.Counters.BackPressure++;
            return SendResult.BackPressure;
        }
        bool isQuestion = IsQuestion(intent.Kind);
        if (!isQuestion && !_orderLog.HasRoomFor(intent.Kind))
        {
            Counters.LogFull++;
            return SendResult.LogFull;
        }
        long nowNs = _clock.NowNs();
        bool leaves = order.IsApproved;
        uint sequence = _store.NextOutgoing;
        int length = _encoder.Encode(leaves ? _session.NextBuffer(out sequence) : _rehearsed, in intent, sequence, nowNs + _utcOffsetNs);
        long encodedNs = _clock.NowNs();
        if (!leaves)
        {
            _rehearsedLength = length;
            return SendResult.Sent;
        }
        LastEncodedNs = encodedNs;
        _isNear = false;
        if (!isQuestion) _orderLog.TryAppend(in order, sequence);
        var stored = isQuestion ? default : new StoredOrder { ClientOrderId = order.ClientOrderId, Instrument = order.Instrument, Side = order.Side, Kind = order.Kind };
        SendResult result;
        if (gathers)
        {
            result = _session.GatherOrder(length, OrderEncoder.TypeOf(order.Kind), in stored, nowNs);
        }
        else
        {
            result = _session.SendOrder(length, OrderEncoder.TypeOf(order.Kind), in stored, nowNs);
            LastSentNs = _clock.NowNs();
        }
        if (result != SendResult.Sent)
        {
            if (!isQuestion) _orderLog.MarkLastUnsent();
            return result;
        }
        if (isQuestion)
        {
            if (order.Kind == OrderRequestKind.MassStatus) _massStatus = new MassStatusRound { Id = order.ClientOrderId, Sequence = sequence };
            return SendResult.Sent;
        }
        _recent.Add(order.ClientOrderId, order.Instrument, order.Side);
        if (!gathers) Counters.OrdersSent++;
        return SendResult.Sent;
    }

    [DoesNotReturn]
    private static void ThrowGathered() => throw new InvalidOperationException("the gateway was given something else to do before its gathered orders were written");

    [DoesNotReturn]
    private static void ThrowCannotGather() => throw new InvalidOperationException("an order was gathered where there was no room for it, or a question was");

    [DoesNotReturn]
    private static void ThrowNotApproved() => throw new InvalidOperationException("an order that the gate did not approve was handed to the gateway");

    /// <summary>Starts the Logout handshake and lets no reconnect follow.</summary>
    public void Logout(long monotonicNs, long utcNs)
    {
        _stopping = true;
        _session.Logout(default, monotonicNs, utcNs);
    }

    public void ShutdownNow()
    {
        _emergency = true;
        _link.ShutdownSocket();
    }

    public bool WasShutDown => _emergency;

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _connector.Dispose();
        _link.Dispose();
        _store.Settle();
        _messageLog?.Dispose();
        _store.Dispose();
        if (_ownsOrderLog) _orderLog.Dispose();
    }

    /// <summary>The session's actions, as direct calls into the gateway.</summary>
    private readonly struct Actions(FixOrderGateway<TSink, TClock> gateway) : IFixSessionHost
    {
        public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue) => gateway._link.Write(message, mayQueue);
        public int WriteSome(ReadOnlySpan<byte> messages) => gateway._link.WriteSome(messages);
        public bool LinkIsClear => !gateway._link.HasBacklog;
        public bool CanTakeMessage => gateway._sink.RemainingCapacity >= EventsPerMessage;
        public void Cut(FixDownReason reason) => gateway.OnCut();
        public void OnUp() => gateway.OnUp();
        public void OnDown(FixDownReason reason) => gateway.OnDown();
        public byte[]? OnLogon(in FixHeader header, ReadOnlySpan<byte> message) => null;
        public void OnMessage(in FixHeader header, ReadOnlySpan<byte> message) => gateway.OnApplicationMessage(in header, message);
        public void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order) => gateway.OnSessionReject(in header, refSequence, reason, in order);
        public void OnUnsent(uint sequence, in StoredOrder order) => gateway.OnGapFilled(sequence, in order);
    }
}
