using System.Collections.Concurrent;
using System.Globalization;
using Appliance.Contract;
using global::QuickFix;
using global::QuickFix.Logger;
using global::QuickFix.Store;
using global::QuickFix.Transport;
using MsgType = global::QuickFix.Fields.MsgType;
using StringField = global::QuickFix.Fields.StringField;
using Tags = global::QuickFix.Fields.Tags;

namespace Appliance.Fix.QuickFix;

/// <summary>
/// Orders out and execution events in by QuickFIX/n (github.com/connamara/quickfixn). The library has threads of its own and calls back on them: what it says goes into a queue, and Poll publishes
/// on the owner's thread, so that the ring keeps its producers. Every message allocates some tens of kilobytes there, and Send writes to a blocking socket: a profile that
/// chooses this gateway waives the rule of no collections, and the bound of a send.
/// </summary>
internal sealed class QuickFixOrderGateway<TSink, TClock> : IQuickFixGateway
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
{
    private readonly QuickFixGatewayOptions _options;
    private readonly InstrumentDefinition[] _instruments;
    private readonly IOrderRecord? _record;
    private readonly SequencedClock? _time;
    private readonly SentRequests _sent;
    private readonly ConcurrentQueue<RingEvent> _events = new();
    private readonly SocketInitiator _initiator;
    private readonly SessionID _id;
    private readonly QuickFixReports _reports;
    private TSink _sink;
    private TClock _clock;
    private long _utcOffsetNs;
    // Of the library's thread: a logon that Poll has still to make sure of.
    private volatile bool _isLoggedOn, _isUp, _wasUp, _asksWhetherInSequence, _emergency;
    private long _logons;
    private string _testRequest = "";
    // The order that Send hands to the library, for the callback that comes before its bytes leave; both on the owner's thread.
    private ApprovedOrder _leaving;
    private bool _hasLeft;
    private int _disposed;

    public QuickFixOrderGateway(QuickFixGatewayOptions options, ReadOnlySpan<InstrumentDefinition> instruments, TSink sink, TClock clock, IOrderRecord? record, SequencedClock? time)
    {
        _options = options;
        _instruments = instruments.ToArray();
        (_sink, _clock, _record, _time) = (sink, clock, record, time);
        _sent = new SentRequests(options.RecentOrders);
        _reports = new QuickFixReports(options.Index, _instruments, _sent);
        _id = new SessionID(options.BeginString, options.SenderCompId, options.TargetCompId);
        var settings = new SessionSettings(new StringReader(Settings(options)));
        IMessageStoreFactory stores = options.StoreDirectory is null ? new MemoryStoreFactory() : new FileStoreFactory(settings);
        _initiator = new SocketInitiator(new Callbacks(this), stores, settings, (ILogFactory?)null);
        _initiator.Start();
    }

    private static string Settings(QuickFixGatewayOptions o) => string.Join('\n', [
        "[DEFAULT]", "ConnectionType=initiator", "ReconnectInterval=1", "StartTime=00:00:00", "EndTime=00:00:00", "UseDataDictionary=N", "SocketNodelay=Y", "ValidateUserDefinedFields=N",
        $"TimeStampPrecision={(o.Microseconds ? "Microsecond" : "Millisecond")}", $"FileStorePath={o.StoreDirectory ?? "unused"}", "[SESSION]", $"BeginString={o.BeginString}",
        .. o.DefaultApplVerId == "" ? Array.Empty<string>() : [$"DefaultApplVerID={o.DefaultApplVerId}"],
        $"SenderCompID={o.SenderCompId}", $"TargetCompID={o.TargetCompId}", $"SocketConnectHost={o.Host}", $"SocketConnectPort={o.Port.ToString(CultureInfo.InvariantCulture)}",
        $"HeartBtInt={o.HeartbeatSeconds.ToString(CultureInfo.InvariantCulture)}", $"ResetOnLogon={(o.ResetSequenceNumbersOnLogon ? "Y" : "N")}", ""]);

    public bool IsUp => _isUp && !_emergency;
    public bool IsLoggedOn => _isLoggedOn;
    public bool WasShutDown => _emergency;
    public long LastEncodedNs { get; private set; }
    public long LastSentNs { get; private set; }
    public long Reports => _reports.Count;
    public (ulong Outgoing, ulong Incoming) NextSequences => Session.LookupSession(_id) is { } session ? (session.NextSenderMsgSeqNum, session.NextTargetMsgSeqNum) : default;

    public SendResult Send(in ApprovedOrder order)
    {
        if (!order.IsApproved) throw new InvalidOperationException("an order that the gate did not approve was handed to the gateway");
        if (!IsUp || Session.LookupSession(_id) is not { } session) return SendResult.Disconnected;
        if (order.Kind != OrderRequestKind.Status && _record is not null && !_record.HasRoomFor(order.Kind)) return SendResult.LogFull;
        Message message = Encode(in order);
        (_leaving, _hasLeft) = (order, false);
        LastEncodedNs = _clock.NowNs();
        bool written = session.Send(message);
        LastSentNs = _clock.NowNs();
        if (written) return SendResult.Sent;
        // The library numbered and stored it but had no connection. It may go out by a resend, or come back gap-filled: until then it counts as sent.
        return _hasLeft ? SendResult.Sent : SendResult.Disconnected;
    }

    /// <summary>The least that a venue asks for, in the order that the embedded session writes it.</summary>
    private Message Encode(in ApprovedOrder order)
    {
        InstrumentDefinition instrument = _instruments[order.Instrument];
        var message = new Message();
        message.Header.SetField(new StringField(Tags.MsgType, order.Kind switch { OrderRequestKind.New => "D", OrderRequestKind.Amend => "G", OrderRequestKind.Cancel => "F", _ => "H" }));
        void Set(int tag, string value) => message.SetField(new StringField(tag, value));
        if (_options.Account != "") Set(Tags.Account, _options.Account);
        Set(Tags.ClOrdID, order.ClientOrderId.ToString(CultureInfo.InvariantCulture));
        Set(Tags.Symbol, instrument.Symbol);
        Set(Tags.Side, order.Side == Contract.Side.Buy ? "1" : "2");
        if (order.Kind == OrderRequestKind.Status) return message;
        Set(Tags.TransactTime, FixWords.Time(_clock.NowNs() + _utcOffsetNs, _options.Microseconds));
        if (order.Kind != OrderRequestKind.New) Set(Tags.OrigClOrdID, order.OriginalClientOrderId.ToString(CultureInfo.InvariantCulture));
        if (order.QuantityUnits > 0) Set(Tags.OrderQty, FixWords.Text(order.QuantityUnits, instrument.QuantityUnitsPerOne));
        if (order.Kind == OrderRequestKind.Cancel) return message;
        Set(Tags.HandlInst, "1");
        Set(Tags.OrdType, "2");
        Set(Tags.TimeInForce, FixWords.TimeInForce(order.TimeInForce));
        Set(Tags.Price, FixWords.Text(order.PriceUnits, instrument.PriceUnitsPerOne));
        foreach (var (tag, value) in _options.OrderFields) Set(tag, value);
        return message;
    }

    public int Poll(long monotonicNs, long utcNs)
    {
        _utcOffsetNs = utcNs - monotonicNs;
        if (_asksWhetherInSequence) AskWhetherInSequence();
        int published = 0;
        long sequencedNs = _time?.At(monotonicNs) ?? utcNs;
        while (_sink.RemainingCapacity > 0 && _events.TryDequeue(out RingEvent e))
        {
            (e.ReceivedNs, e.TimeUtcNs) = (monotonicNs, sequencedNs);
            _sink.Claim() = e;
            _sink.Publish();
            published++;
        }
        return published;
    }

    /// <summary>What was missed comes before the answer to a TestRequest sent after the logon: then both directions are in sequence, as the embedded session has it.</summary>
    private void AskWhetherInSequence()
    {
        _asksWhetherInSequence = false;
        _testRequest = $"UP{Interlocked.Increment(ref _logons)}";
        var request = new Message();
        request.Header.SetField(new StringField(Tags.MsgType, MsgType.TEST_REQUEST));
        request.SetField(new StringField(Tags.TestReqID, _testRequest));
        Session.LookupSession(_id)?.Send(request);
    }

    private void Enqueue(EventKind kind)
    {
        RingEvent e = default;
        RingEvent.Begin(ref e, kind, RingEvent.AllInstruments, _options.Index, 0, 0);
        _events.Enqueue(e);
    }

    public void Logout() => Session.LookupSession(_id)?.Logout();

    public void ShutdownNow()
    {
        _emergency = true;
        // The lever must not wait for the library's locks.
        ThreadPool.QueueUserWorkItem(_ =>
        {
            Session.LookupSession(_id)?.Disconnect("watchdog");
            _initiator.Stop(true);
        });
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _initiator.Stop(true);
        _initiator.Dispose();
    }

    /// <summary>What the library says, on its threads; and what it is about to send.</summary>
    private sealed class Callbacks(QuickFixOrderGateway<TSink, TClock> gateway) : IApplication
    {
        public void OnCreate(SessionID sessionID)
        {
            // Numbers are only taken back, never forward: what lies between was received, but whoever heard it did not live to write it down.
            if (gateway._options.NextIncomingAtMost is > 0 and var heard && Session.LookupSession(sessionID) is { } session && session.NextTargetMsgSeqNum > heard) session.NextTargetMsgSeqNum = heard;
        }

        public void OnLogon(SessionID sessionID)
        {
            gateway._isLoggedOn = true;
            gateway._asksWhetherInSequence = true;
        }

        public void OnLogout(SessionID sessionID)
        {
            (gateway._isLoggedOn, gateway._isUp, gateway._asksWhetherInSequence) = (false, false, false);
            if (!gateway._wasUp) return;
            gateway._wasUp = false;
            gateway.Enqueue(EventKind.SessionDown);
        }

        public void ToAdmin(Message message, SessionID sessionID)
        {
            foreach (var (tag, value) in gateway._options.HeaderFields) message.Header.SetField(new StringField(tag, value));
            if (message.Header.GetString(Tags.MsgType) != MsgType.LOGON) return;
            foreach (var (tag, value) in gateway._options.LogonFields) message.SetField(new StringField(tag, value));
        }

        public void FromAdmin(Message message, SessionID sessionID)
        {
            switch (message.Header.GetString(Tags.MsgType))
            {
                case MsgType.HEARTBEAT when message.IsSetField(Tags.TestReqID) && message.GetString(Tags.TestReqID) == gateway._testRequest:
                    if (gateway._isUp) return;
                    (gateway._isUp, gateway._wasUp) = (true, true);
                    gateway.Enqueue(EventKind.SessionUp);
                    break;
                case MsgType.REJECT when gateway._reports.TrySessionReject(message, out RingEvent e):
                    gateway._events.Enqueue(e);
                    break;
            }
        }

        /// <summary>Before the bytes of an application message leave. For an order that is sent now: it goes into the log. For one that the venue asks for again: it is not repeated, but reported unsent.</summary>
        public void ToApp(Message message, SessionID sessionID)
        {
            foreach (var (tag, value) in gateway._options.HeaderFields) message.Header.SetField(new StringField(tag, value));
            uint sequence = (uint)message.Header.GetULong(Tags.MsgSeqNum);
            bool isRepetition = message.Header.IsSetField(Tags.PossDupFlag) && message.Header.GetBoolean(Tags.PossDupFlag);
            if (!isRepetition)
            {
                gateway._sent.Add(in gateway._leaving, sequence);
                if (gateway._leaving.Kind != OrderRequestKind.Status) gateway._record?.Append(in gateway._leaving, sequence);
                gateway._hasLeft = true;
                return;
            }
            if (gateway._options.ResendApplicationMessages) return;
            if (gateway._reports.TryUnsent(sequence, out RingEvent e)) gateway._events.Enqueue(e);
            throw new DoNotSend();
        }

        public void FromApp(Message message, SessionID sessionID)
        {
            if (gateway._reports.TryRead(message, out RingEvent e)) gateway._events.Enqueue(e);
        }
    }
}
